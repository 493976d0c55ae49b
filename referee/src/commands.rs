//! What the commands take, do, and say.

pub(crate) mod authority;
pub(crate) mod serve;
