//! Holds a home with bus and keyring for tests that are not written in Rust.
//!
//! Prints one JSON object with the home's path and environment, does what the lines on its
//! standard input say (`lock`, `unlock`, `end-keyring`, `end-daemon`), answers each with a line
//! `{"done":…}`, and ends, taking everything along, when that input ends.
#![expect(clippy::print_stdout, reason = "the program's one output")]

use std::collections::BTreeMap;

use serde_json::json;
use settle_tests::{Home, Keyring};

fn main() -> anyhow::Result<()> {
    let keyring = match std::env::args().nth(1).as_deref() {
        None | Some("unlocked") => Keyring::Unlocked,
        Some("locked") => Keyring::Locked,
        Some("missing") => Keyring::Missing,
        Some(other) => anyhow::bail!("{other:?} is no state of a keyring"),
    };
    let mut home = Home::new(keyring);
    let environment: BTreeMap<_, _> = home
        .environment()
        .into_iter()
        .map(|(name, value)| (name, value.to_string_lossy().into_owned()))
        .collect();
    println!(
        "{}",
        json!({ "path": home.path(), "environment": environment })
    );
    for line in std::io::stdin().lines() {
        let line = line?;
        match line.as_str() {
            "lock" => home.lock_keyring(),
            "unlock" => home.unlock_keyring(),
            "end-keyring" => home.end_keyring(),
            "end-daemon" => home.end_daemon(),
            other => anyhow::bail!("{other:?} is nothing to be done"),
        }
        println!("{}", json!({ "done": line }));
    }
    Ok(())
}
