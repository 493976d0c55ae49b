//! The real `certutil` and `vfychain` on databases of their own.

use std::process::Command;
use std::time::SystemTime;

use settle_transport::certificate::{PrivateKey, bridge_authority, bridge_leaf};

use super::*;
use crate::core::BRIDGE_NICKNAME;
use settle_transport::certificate::pem;

/// A bridge authority, and a server's certificate by it.
fn authority() -> (Vec<u8>, String) {
    let key = PrivateKey::make().unwrap();
    let now = SystemTime::now();
    let der = bridge_authority(&key, now).unwrap();
    let server = PrivateKey::make().unwrap();
    let leaf = bridge_leaf(&key, &der, &server, "abc.localhost", now).unwrap();
    (der.to_vec(), pem(&leaf))
}

fn only(der: &[u8]) -> Authorities {
    Authorities::new(der.to_owned(), None)
}

fn both(current: &[u8], next: &[u8]) -> Authorities {
    Authorities::new(current.to_owned(), Some(next.to_owned()))
}

#[test]
fn a_certificate_is_added_once_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (only(&authority().0), only(&authority().0));
    assert_eq!(holds(folder.path(), &first).unwrap(), Held::Nothing);
    put(folder.path(), &first).unwrap();
    assert!(holds_exactly(folder.path(), &first).unwrap());
    assert_eq!(holds(folder.path(), &second).unwrap(), Held::Older);
    put(folder.path(), &second).unwrap();
    assert_eq!(holds(folder.path(), &second).unwrap(), Held::All);
    remove(folder.path(), BRIDGE_NICKNAME).unwrap();
    assert_eq!(holds(folder.path(), &second).unwrap(), Held::Nothing);
}

#[test]
fn the_next_authority_is_beside_the_current_one_until_it_takes_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let ((current, server), (next, next_server)) = (authority(), authority());
    put(folder.path(), &only(&current)).unwrap();
    let wanted = both(&current, &next);
    assert_eq!(holds(folder.path(), &wanted).unwrap(), Held::NoNext);
    put(folder.path(), &wanted).unwrap();
    assert!(holds_exactly(folder.path(), &wanted).unwrap());
    assert_eq!(holds(folder.path(), &only(&current)).unwrap(), Held::Older);
    for server in [&server, &next_server] {
        assert_eq!(judge(folder.path(), server).unwrap(), Ok(()));
    }
    put(folder.path(), &only(&next)).unwrap();
    assert!(holds_exactly(folder.path(), &only(&next)).unwrap());
    assert!(judge(folder.path(), &server).unwrap().is_err());
    assert_eq!(judge(folder.path(), &next_server).unwrap(), Ok(()));
}

#[test]
fn each_of_both_has_to_be_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let wanted = both(&authority().0, &authority().0);
    put(folder.path(), &wanted).unwrap();
    let distrust = ["-M", "-n", BRIDGE_NICKNAME, "-t", ",,"];
    run(folder.path(), &distrust, None).unwrap();
    assert_eq!(holds(folder.path(), &wanted).unwrap(), Held::All);
    assert!(!holds_exactly(folder.path(), &wanted).unwrap());
    put(folder.path(), &wanted).unwrap();
    assert!(holds_exactly(folder.path(), &wanted).unwrap());
}

#[test]
fn nss_itself_says_whether_it_accepts_the_servers_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let (ours, server) = authority();
    let (_, foreign) = authority();
    let ours = only(&ours);
    put(folder.path(), &ours).unwrap();
    let judged = |server: &str| judge(folder.path(), server).unwrap();
    assert_eq!(judged(&server), Ok(()));
    assert!(judged(&foreign).unwrap_err().contains("ERROR"));
    // Somebody took the trust away and left the certificate.
    run(
        folder.path(),
        &["-M", "-n", BRIDGE_NICKNAME, "-t", ",,"],
        None,
    )
    .unwrap();
    assert!(judged(&server).unwrap_err().contains("not trusted"));
    // Putting it there again is a repair then.
    put(folder.path(), &ours).unwrap();
    assert_eq!(judged(&server), Ok(()));
}

#[test]
fn nss_refuses_what_the_authority_signs_for_other_names_and_for_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let key = PrivateKey::make().unwrap();
    let now = SystemTime::now();
    let stolen = bridge_authority(&key, now).unwrap();
    put(folder.path(), &only(&stolen)).unwrap();
    let judged = |name| {
        let leaf = bridge_leaf(&key, &stolen, &PrivateKey::make().unwrap(), name, now).unwrap();
        judge(folder.path(), &pem(&leaf)).unwrap()
    };
    for local in ["printer.local", "nas.home.arpa", "abc.localhost"] {
        assert_eq!(judged(local), Ok(()), "{local}");
    }
    for other in [
        "www.example.com",
        "local.example.com",
        "192.0.2.1",
        "2001:db8::1",
    ] {
        assert!(judged(other).is_err(), "{other}");
    }
}

#[test]
fn several_of_the_same_subject_are_all_removed() {
    let folder = tempfile::tempdir().unwrap();
    for _ in 0..3 {
        let (certificate, _) = authority();
        let arguments = ["-A", "-n", BRIDGE_NICKNAME, "-t", TRUST];
        run(folder.path(), &arguments, Some(&pem(&certificate))).unwrap();
    }
    let newest = only(&authority().0);
    assert_eq!(holds(folder.path(), &newest).unwrap(), Held::Older);
    put(folder.path(), &newest).unwrap();
    assert_eq!(holds(folder.path(), &newest).unwrap(), Held::All);
    remove(folder.path(), BRIDGE_NICKNAME).unwrap();
    assert!(is_empty(folder.path()).unwrap());
}

#[test]
fn a_browser_that_makes_the_database_first_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    run(folder.path(), &["-N", "--empty-password"], None).unwrap();
    assert!(is_empty(folder.path()).unwrap());
    let certificate = only(&authority().0);
    put(folder.path(), &certificate).unwrap();
    assert_eq!(holds(folder.path(), &certificate).unwrap(), Held::All);
    assert!(!is_empty(folder.path()).unwrap());
}

#[test]
fn a_database_that_was_left_half_made_is_made_whole() {
    let (first, second) = (authority().0, authority().0);
    for file in ["cert9.db", "key4.db"] {
        for is_there in [true, false] {
            let folder = tempfile::tempdir().unwrap();
            put(folder.path(), &only(&first)).unwrap();
            let file = folder.path().join(file);
            if is_there {
                std::fs::write(&file, "").unwrap();
            } else {
                std::fs::remove_file(&file).unwrap();
            }
            let wanted = both(&first, &second);
            put(folder.path(), &wanted).unwrap();
            assert!(holds_exactly(folder.path(), &wanted).unwrap());
        }
    }
}

#[test]
fn a_database_behind_a_password_is_an_error_and_no_question() {
    let folder = tempfile::tempdir().unwrap();
    let password = folder.path().join("password");
    std::fs::write(&password, "secret\n").unwrap();
    let made = Command::new("certutil")
        .args(["-N", "-d"])
        .arg(format!("sql:{}", folder.path().display()))
        .arg("-f")
        .arg(&password)
        .status();
    assert!(made.unwrap().success());
    let error = put(folder.path(), &only(&authority().0)).unwrap_err();
    assert!(matches!(error, NssError::Failed { .. }), "{error}");
}

#[test]
fn a_database_that_is_none_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cert9.db"), "no database").unwrap();
    let error = put(folder.path(), &only(&authority().0)).unwrap_err();
    assert!(matches!(error, NssError::Failed { .. }), "{error}");
}
