//! The authority of a referee: its root, whose key is sealed and may be elsewhere; and the intermediate that is
//! at work here. Several referees of one house have one root and an intermediate each.
//!
//! What is issued to whom is decided elsewhere. All calls are short and do not wait for anything but files.

mod files;
mod issuer;
mod root;
#[cfg(test)]
mod tests;

pub use self::files::{FileError, Files};
pub use self::issuer::{IssueError, Issued, Issuer, LONGEST_LIFE, Wanted};
pub use self::root::{MAX_ROOTS, Root, RootError};
