//! Whose certificate it is: the exact name among its alternative names.

use std::net::IpAddr;

use rcgen::{DistinguishedName, DnType, SanType};

use super::maker::{NAME, broken, named, root, standard, verify};
use crate::anchor::BrokenRule;

#[test]
fn no_name_but_the_exact_one_is_taken() {
    let root = root(|_| {});
    for names in [
        ["a.nas.local"],
        ["local"],
        ["*.local"],
        ["*"],
        ["n*.local"],
        ["nas"],
        ["nas.local.example.com"],
        ["nas_local"],
    ] {
        let rule = broken(&root, &root.server(named(&names)));
        let malformed = names[0].starts_with("n*") || names[0] == "*";
        let expected = if malformed {
            BrokenRule::MalformedName
        } else {
            BrokenRule::OtherName
        };
        assert_eq!(rule, expected, "{names:?}");
    }
}

#[test]
fn a_malformed_name_spoils_the_certificate_even_beside_the_right_one() {
    let root = root(|_| {});
    for name in [
        "nas.local.",
        "nas.local\0.example.com",
        "",
        " ",
        ".nas.local",
        "a..local",
        "-a.local",
        "https://nas.local",
    ] {
        let rule = broken(&root, &root.server(named(&[NAME, name])));
        assert_eq!(rule, BrokenRule::MalformedName, "{name:?}");
    }
}

#[test]
fn the_common_name_and_addresses_are_no_names() {
    let root = root(|_| {});
    let common = root.server(|params| {
        params.subject_alt_names.clear();
        params.distinguished_name.push(DnType::CommonName, NAME);
    });
    assert_eq!(broken(&root, &common), BrokenRule::OtherName);
    let address = root.server(|params| {
        let address: IpAddr = "192.168.1.2".parse().unwrap();
        params.subject_alt_names = vec![SanType::IpAddress(address)];
    });
    assert_eq!(broken(&root, &address), BrokenRule::OtherName);
    let uri = root.server(|params| {
        params.subject_alt_names = vec![SanType::URI(NAME.try_into().unwrap())];
    });
    assert_eq!(broken(&root, &uri), BrokenRule::OtherName);
}

#[test]
fn without_a_subject_the_names_have_to_be_critical() {
    let root = root(|_| {});
    let critical = root.server(|params| params.distinguished_name = DistinguishedName::new());
    assert_eq!(verify(&root, &critical, &[]), Ok(()));
    let plain = root.server(|params| {
        params.distinguished_name = DistinguishedName::new();
        params.subject_alt_names.clear();
        let names = b"\x30\x0b\x82\x09nas.local";
        params.custom_extensions.push(standard(17, false, names));
    });
    assert_eq!(broken(&root, &plain), BrokenRule::UncriticalNames);
}
