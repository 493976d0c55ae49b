//! Callers that are not our extension, and bytes that are no messages: refused, and nobody else
//! notices.

use settle_protocol::rpc::{Call, ErrorKind, FromDaemon, Outcome};
use settle_tests::connector::ORIGIN;
use settle_tests::process::PATIENCE;
use settle_tests::{Connector, Home, Keyring};

#[test]
fn another_extension_gets_no_further_than_its_first_call() {
    let home = Home::new(Keyring::Unlocked);
    let mut connector = Connector::spawn(
        &home,
        "chrome-extension://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa/",
    );
    let refused = connector.hello().unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::CallerRefused);
    connector.wait_for_end();
    assert_eq!(home.daemon_id(), None);
}

#[test]
fn another_version_is_refused_and_so_is_a_call_before_the_hello() {
    let home = Home::new(Keyring::Unlocked);
    let mut connector = Connector::spawn(&home, ORIGIN);
    let early = connector.call::<settle_protocol::rpc::Devices>(Call::ListDevices {});
    assert_eq!(early.unwrap_err().data.kind, ErrorKind::VersionMismatch);
    for (protocol, kind) in [(99, ErrorKind::HostTooOld), (0, ErrorKind::CallerTooOld)] {
        let params = format!(r#"{{"protocol":{protocol},"client":"x"}}"#);
        let hello = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"hello","params":{params}}}"#);
        connector.send(hello.as_bytes()).unwrap();
        let Outcome::Error(error) = connector.answer(9).outcome else {
            panic!("welcomed");
        };
        assert_eq!(error.data.kind, kind);
    }
    connector.hello().unwrap();
}

#[test]
fn what_is_no_message_is_answered_and_the_session_goes_on() {
    let home = Home::new(Keyring::Unlocked);
    let mut connector = Connector::start(&home);
    for (text, want) in [
        (&b"{"[..], ErrorKind::Parse),
        (b"\xff\xff", ErrorKind::Parse),
        (b"[]", ErrorKind::InvalidRequest),
        (
            br#"{"jsonrpc":"2.0","method":"devices.list"}"#,
            ErrorKind::InvalidRequest,
        ),
    ] {
        connector.send(text).unwrap();
        let Some(FromDaemon::Response(response)) = connector.next_frame(PATIENCE) else {
            panic!("no answer");
        };
        let Outcome::Error(error) = response.outcome else {
            panic!("a result");
        };
        assert_eq!(error.data.kind, want, "{}", String::from_utf8_lossy(text));
    }
    assert!(connector.devices().is_empty());
}

#[test]
fn a_frame_beyond_the_limit_ends_its_own_session_only() {
    let home = Home::new(Keyring::Unlocked);
    let mut other = Connector::start(&home);
    let mut hostile = Connector::start(&home);
    hostile.send_raw(&u32::MAX.to_ne_bytes()).unwrap();
    hostile.wait_for_end();
    assert!(other.devices().is_empty());
}

#[test]
fn more_calls_than_are_served_are_turned_away_and_every_one_is_answered() {
    let home = Home::new(Keyring::Unlocked);
    let mut connector = Connector::start(&home);
    let calls: Vec<u64> = (0..500)
        .map(|_| connector.ask(Call::ListDevices {}))
        .collect();
    let mut open: std::collections::BTreeSet<u64> = calls.into_iter().collect();
    while !open.is_empty() {
        let Some(FromDaemon::Response(response)) = connector.next_frame(PATIENCE) else {
            panic!("{} calls without an answer", open.len());
        };
        if let Outcome::Error(error) = &response.outcome {
            assert_eq!(error.data.kind, ErrorKind::Busy);
        }
        assert!(open.remove(&response.id.unwrap()));
    }
}
