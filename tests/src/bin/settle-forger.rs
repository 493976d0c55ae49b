//! Somebody in a device's place who claims to be its successor, for tests that are not written in Rust:
//! `settle-forger STATE UNIQUE-NAME ADDRESS`. Prints one JSON object when it listens, and ends with its input.
#![expect(clippy::print_stdout, reason = "the program's one output")]

use std::path::Path;

use anyhow::Context;
use data_encoding::BASE64;
use serde_json::{Value, json};
use settle_tests::Rogue;
use settle_tests::forger::forge;

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [state, unique_name, address] = arguments.as_slice() else {
        anyhow::bail!("settle-forger STATE UNIQUE-NAME ADDRESS");
    };
    // Everybody who connects is shown the root; here it is read where it is at hand.
    let identity = std::fs::read_to_string(Path::new(state).join("identity"))?;
    let (_, identity) = identity.split_once('\n').context("a state file")?;
    let identity: Value = serde_json::from_str(identity)?;
    let root = identity.get("root").and_then(Value::as_str);
    let root = BASE64.decode(root.context("a root")?.as_bytes())?;
    let forged = forge(&root.into(), unique_name);
    let address = address.parse()?;
    let rogue = Rogue::showing(address, forged.chain, forged.key, b"h2", |line| line.wait());
    println!("{}", json!({ "address": rogue.address() }));
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}
