//! `settle-referee`: the command line of a referee.

fn main() {}
