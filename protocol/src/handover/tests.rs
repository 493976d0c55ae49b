//! What is pasted into a shell holds nothing that a referee has made up.

use serde_json::json;
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

fn told() -> serde_json::Value {
    json!({
        "names": ["nas.local", "tv.home.arpa"],
        "directory": "https://referee.local:14000/acme/directory",
        "eab_kid": "k1d",
        "eab_hmac_key": "s3cret_-",
    })
}

#[test]
#[wasm_bindgen_test]
fn each_client_gets_the_names_the_key_and_the_directory() {
    let handover: Handover = serde_json::from_value(told()).unwrap();
    for client in [Taker::Certbot, Taker::Lego, Taker::Caddy] {
        let lines = handover.lines(client).unwrap();
        let (one, other) = ("nas.local", "tv.home.arpa");
        let key = ["k1d", "s3cret_-", ROOT_FILE, handover.directory.as_str()];
        for piece in key.into_iter().chain([one, other]) {
            assert!(lines.contains(piece), "{client:?} {piece}");
        }
    }
    assert_eq!(serde_json::to_value(&handover).unwrap(), told());
    assert!(!format!("{handover:?}").contains("s3cret"));
}

#[test]
#[wasm_bindgen_test]
fn where_no_key_is_handed_over_there_is_nothing_to_paste() {
    let mut told = told();
    for member in ["eab_kid", "eab_hmac_key"] {
        told.as_object_mut().unwrap().remove(member);
    }
    let handover: Handover = serde_json::from_value(told).unwrap();
    assert!(
        Taker::ALL
            .iter()
            .all(|taker| handover.lines(*taker).is_none())
    );
}

#[test]
#[wasm_bindgen_test]
fn a_device_of_est_gets_its_own_lines_and_no_others() {
    let told = json!({
        "names": ["cam.local", "eye.local"],
        "directory": "https://referee.local:14000/acme/directory",
        "est_user": "u5er",
        "est_secret": "s3cret",
    });
    let handover: Handover = serde_json::from_value(told).unwrap();
    let lines = |taker| handover.lines(taker).map(|lines| (*lines).clone());
    assert_eq!(lines(Taker::Certbot), None);
    let est = "https://referee.local:14000/.well-known/est";
    for taker in [Taker::Est, Taker::ByHand, Taker::ByHandAgain] {
        let lines = lines(taker).unwrap();
        assert!(lines.contains(est), "{lines}");
        assert_eq!(lines.contains("s3cret"), taker != Taker::ByHandAgain);
    }
    let first = lines(Taker::ByHand).unwrap();
    assert!(
        first.contains("subjectAltName=DNS:cam.local,DNS:eye.local -outform"),
        "{first}"
    );
}

#[test]
#[wasm_bindgen_test]
fn what_a_shell_would_read_otherwise_is_no_piece() {
    for (member, text) in [
        ("eab_kid", "$(reboot)"),
        ("eab_kid", "a;b"),
        ("eab_kid", "a\nb"),
        ("eab_kid", "--standalone"),
        ("eab_kid", ""),
        ("eab_hmac_key", "a b"),
        ("eab_hmac_key", "`id`"),
        ("eab_hmac_key", "é"),
        ("est_user", "a:b"),
        ("est_secret", "a'b"),
        ("directory", "https://referee.local/acme/directory;id"),
        ("directory", "https://referee.local:1;id/acme/directory"),
        ("directory", "https://referee.local:+1/acme/directory"),
        ("directory", "https://user@referee.local/acme/directory"),
        ("directory", "https://referee.example/acme/directory"),
        ("directory", "http://referee.local/acme/directory"),
        ("directory", "https://referee.local/x/acme/directory"),
    ] {
        let mut told = told();
        told.as_object_mut()
            .unwrap()
            .insert(member.into(), text.into());
        let read: Result<Handover, _> = serde_json::from_value(told);
        assert!(read.is_err(), "{member} {text}");
    }
    let mut told = told();
    told["names"] = json!(["nas.local;id"]);
    assert!(serde_json::from_value::<Handover>(told).is_err());
}

#[test]
#[wasm_bindgen_test]
fn a_thumbprint_is_that_of_sha_256() {
    // RFC 7638 §3.1.
    let example = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs";
    assert_eq!(Thumbprint::parse(example).unwrap().as_str(), example);
    for text in [
        "",
        "NzbLsXh8",
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9X+",
    ] {
        let error = Thumbprint::parse(text).unwrap_err();
        assert_eq!(error, HandoverError::Thumbprint, "{text}");
    }
}

#[test]
#[wasm_bindgen_test]
fn the_port_that_https_implies_is_left_out() {
    let directory = Directory::parse("https://Referee.local:443/acme/directory").unwrap();
    assert_eq!(directory.as_str(), "https://referee.local/acme/directory");
}
