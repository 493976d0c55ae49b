//! A demanding web interface for tests that are not written in Rust.
//!
//! Prints one JSON object with its address, and ends when its standard input ends.
#![expect(clippy::print_stdout, reason = "the program's one output")]

use serde_json::json;
use settle_tests::App;

fn main() -> anyhow::Result<()> {
    println!("{}", json!({ "address": App::start().address() }));
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
