//! Makes any box with a web interface a SETTLE device; begun, not built yet.

fn main() {}
