//! The browser's local trust store: connector, daemon and command line; begun, not built yet.

fn main() {}
