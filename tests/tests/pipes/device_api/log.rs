//! The audit log checked by foreign means, from docs/device-api.md §5 alone: SHA-256 over sorted
//! JSON, and OpenSSL for the signature.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use data_encoding::{BASE64, HEXLOWER};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{House, Http, ask, command};

fn hash(entry: &Value) -> String {
    let sorted: BTreeMap<&String, &Value> = entry.as_object().unwrap().iter().collect();
    HEXLOWER.encode(&Sha256::digest(serde_json::to_string(&sorted).unwrap()))
}

fn decoded(value: &Value) -> Vec<u8> {
    BASE64.decode(value.as_str().unwrap().as_bytes()).unwrap()
}

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    let mut command = Command::new("openssl");
    command.current_dir(folder).args(arguments);
    command.output().unwrap().status.success()
}

#[test]
fn the_log_verifies_by_foreign_means() {
    let mut house = House::paired();
    for _ in 0..40 {
        command(
            &house.home,
            &house.device,
            &["sticker", "--name", "printer"],
        );
    }
    let curl = house.curl();
    let anchor = ask(&curl, Http::Two, "GET", "/anchor", None).json();
    let log = ask(&curl, Http::Two, "GET", "/audit?limit=200", None).json();
    let (head, entries) = (&log["head"], log["entries"].as_array().unwrap());
    assert_eq!(hash(&entries[0]), head["hash"].as_str().unwrap());
    assert_eq!(entries[0]["number"], head["last"]);
    for pair in entries.windows(2) {
        assert_eq!(hash(&pair[1]), pair[0]["previous"].as_str().unwrap());
    }
    let oldest = entries.last().unwrap();
    assert_eq!(
        (&oldest["number"], &oldest["event"]),
        (&1.into(), &"booted".into())
    );

    let word = |name: &str| {
        let value = &head[name];
        value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned)
    };
    let fields = ["device", "first", "last", "hash", "signed_at"].map(word);
    let message = format!("settle-device audit head 1\n{}\n", fields.join("\n"));
    let folder = house.home.path();
    std::fs::write(folder.join("message"), &message).unwrap();
    std::fs::write(folder.join("signature"), decoded(&head["signature"])).unwrap();
    std::fs::write(folder.join("root.der"), decoded(&anchor["root"])).unwrap();
    let key = [
        "x509", "-inform", "DER", "-in", "root.der", "-noout", "-pubkey", "-out", "key.pem",
    ];
    assert!(openssl(folder, &key));
    let verify = [
        "dgst",
        "-sha256",
        "-verify",
        "key.pem",
        "-signature",
        "signature",
        "message",
    ];
    assert!(openssl(folder, &verify));
    std::fs::write(folder.join("message"), message.replace('1', "2")).unwrap();
    assert!(!openssl(folder, &verify));
}
