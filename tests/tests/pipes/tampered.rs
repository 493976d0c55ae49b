//! A trust store that something else has changed or put back: none of it is used, nothing is done to
//! the file, and the doctor says what to do.

use std::fs;
use std::path::PathBuf;

use settle_tests::Home;

use crate::commands::{good, json, settle, text};
use crate::doctor::{finds, installed};

fn store(home: &Home) -> PathBuf {
    home.path().join(".local/share/settle/trust-store")
}

fn import(home: &Home, name: &str) {
    let print = "ab".repeat(32);
    good(
        home,
        &["import", "--name", name, "--fingerprint", &print, "--yes"],
    );
}

/// The file's bytes, when nobody has it open.
fn bytes(home: &Home) -> Vec<u8> {
    home.end_daemon();
    fs::read(store(home)).unwrap()
}

#[test]
fn a_store_that_is_not_the_newest_of_its_own_is_an_alarm_and_left_alone() {
    let (home, other) = (installed(), installed());
    import(&other, "nas.local");
    import(&home, "nas.local");
    let older = bytes(&home);
    import(&home, "tv.local");
    let newest = bytes(&home);
    let flipped = |index: usize| {
        let mut bytes = newest.clone();
        bytes[index] ^= 1;
        bytes
    };
    let last = newest.len() - 1;
    for (what, bytes) in [
        ("first", flipped(0)),
        ("middle", flipped(last / 2)),
        ("last", flipped(last)),
        ("half", newest[..last / 2].to_vec()),
        ("empty", Vec::new()),
        ("longer", [newest.as_slice(), b"x"].concat()),
        ("older", older),
        ("another user's", bytes(&other)),
    ] {
        fs::write(store(&home), &bytes).unwrap();
        let output = settle(&home, &["list"]);
        let said = text(&output);
        assert_eq!(output.status.code(), Some(5), "{what}: {said}");
        assert!(said.contains("changed or put back"), "{what}: {said}");
        finds(&home, "changed or put back", "put the newer one back");
        home.end_daemon();
        assert_eq!(fs::read(store(&home)).unwrap(), bytes, "{what}");
    }
    fs::remove_file(store(&home)).unwrap();
    assert_eq!(settle(&home, &["list"]).status.code(), Some(5));
    home.end_daemon();
    assert!(!store(&home).exists());

    fs::write(store(&home), &newest).unwrap();
    let devices = json(&good(&home, &["list", "--json"]));
    assert_eq!(devices["devices"].as_array().unwrap().len(), 2);
    assert!(good(&home, &["audit", "--verify"]).contains("whole"));
}
