//! Both ends in memory: the way it should go, and a peer that does not know the code or grants
//! something else. Whoever stands between the two is in [`attacks`].

mod attacks;
mod evidence;

use alloc::vec::Vec;

use wasm_bindgen_test::wasm_bindgen_test;

use super::evidence::Exchange;
use super::message::{AbortReason, Grant, Message, Role};
use super::*;
use crate::material::{Kind, Lifetime};
use crate::name::Label;
use crate::secret::{Entropy, PairingSecret};
use crate::spake2::Suite;

const ROOT: &[u8] = b"the root certificate";

fn root() -> KeyFingerprint {
    KeyFingerprint::of_spki(ROOT)
}

fn binding(exporter: u8) -> Binding {
    Binding {
        exporter: Secret::new([exporter; 32]),
        client: KeyFingerprint::of_spki(b"client"),
        device: root(),
        former: Vec::new(),
    }
}

fn grant() -> Grant {
    let label = Label::parse("printer").unwrap();
    Grant {
        root: ROOT.to_vec(),
        label: label.as_str().into(),
        unique_name: label.unique(&root()).as_str().into(),
        port: 443,
        kind: Kind::Device,
        role: Role::Admin,
        discovery_key: [9; 32],
        code: Lifetime::OneTime,
        evidence: None,
        authority: None,
    }
}

fn client(code: u8, exporter: u8) -> (client::AwaitingHello, Vec<u8>) {
    let offer = client::Offer {
        secret: &PairingSecret::new([code; 16]),
        suites: &Suite::SUPPORTED,
        label: "laptop",
        role: Role::Admin,
    };
    client::begin(&offer, binding(exporter), &Entropy::new([4; 64]))
}

fn device(
    code: u8,
    exporter: u8,
    hello: &[u8],
) -> Result<(device::AwaitingConfirmation, [Vec<u8>; 2]), PairingError> {
    let offered = device::AwaitingHello::new(binding(exporter)).receive(hello)?;
    offered.answer(&PairingSecret::new([code; 16]), &Entropy::new([5; 64]))
}

/// Runs an exchange in which `alter` may change frame `n`; tells how far each side came.
fn run(
    alter: impl Fn(usize, &mut Vec<u8>),
) -> (
    Result<client::Paired, PairingError>,
    Result<device::Committed, PairingError>,
) {
    let pass = |n, mut frame: Vec<u8>| {
        alter(n, &mut frame);
        frame
    };
    let mut committed = Err(PairingError::Protocol);
    let paired = (|| {
        let (client, hello) = client(1, 1);
        let (device, [device_hello, device_confirmation]) = device(1, 1, &pass(0, hello))?;
        let client = client.receive(&pass(1, device_hello))?;
        let (client, confirmation) = client.receive(&pass(2, device_confirmation))?;
        let confirmed = device.receive(&pass(3, confirmation))?;
        let (device, granted) = confirmed.grant(grant());
        let deciding =
            client.receive(&pass(4, granted), |der| Some(KeyFingerprint::of_spki(der)))?;
        let (client, _, commit) = deciding.consent();
        committed = device.receive(&pass(5, commit));
        let done = committed
            .as_ref()
            .map(device::Committed::done)
            .map_err(|error| *error)?;
        client.receive(&pass(6, done))
    })();
    (paired, committed)
}

#[test]
#[wasm_bindgen_test]
fn an_honest_exchange_pairs_both_sides() {
    let (paired, committed) = run(|_, _| {});
    assert!(paired.is_ok());
    let committed = committed.unwrap();
    assert_eq!(
        (committed.label(), committed.role()),
        ("laptop", Role::Admin)
    );
    assert_eq!(committed.client(), KeyFingerprint::of_spki(b"client"));
}

#[test]
#[wasm_bindgen_test]
fn another_code_fails_without_a_hint() {
    let (client, hello) = client(1, 1);
    let (device, [device_hello, device_confirmation]) = device(2, 1, &hello).unwrap();
    let client = client.receive(&device_hello).unwrap();
    assert_eq!(
        client.receive(&device_confirmation).unwrap_err(),
        PairingError::NotConfirmed
    );
    let guess = Message::Confirmation([0; 32]).to_bytes();
    assert_eq!(
        device.receive(&guess).unwrap_err(),
        PairingError::NotConfirmed
    );
}

#[test]
#[wasm_bindgen_test]
fn a_relay_between_two_connections_fails() {
    let (client, hello) = client(1, 1);
    let (_, [device_hello, device_confirmation]) = device(1, 2, &hello).unwrap();
    let client = client.receive(&device_hello).unwrap();
    assert_eq!(
        client.receive(&device_confirmation).unwrap_err(),
        PairingError::NotConfirmed
    );
}

#[test]
#[wasm_bindgen_test]
fn a_grant_of_another_root_or_name_is_refused() {
    let label = Label::parse("printer").unwrap();
    let other = KeyFingerprint::of_spki(b"other");
    for bad in [
        Grant {
            root: b"another root".to_vec(),
            ..grant()
        },
        Grant {
            unique_name: label.unique(&other).as_str().into(),
            ..grant()
        },
        Grant {
            label: "<b>".into(),
            ..grant()
        },
        Grant { port: 0, ..grant() },
        // A referee without an authority, and a device that would vouch for others.
        Grant {
            kind: Kind::Referee,
            ..grant()
        },
        Grant {
            authority: Some(b"authority".to_vec()),
            ..grant()
        },
    ] {
        let (paired, _) = run(|n, bytes| {
            if n == 4 {
                *bytes = Message::Grant(bad.clone()).to_bytes();
            }
        });
        assert_eq!(paired.unwrap_err(), PairingError::BadGrant);
    }
}

#[test]
#[wasm_bindgen_test]
fn a_referee_brings_its_authority() {
    let referee = Grant {
        kind: Kind::Referee,
        authority: Some(b"authority".to_vec()),
        ..grant()
    };
    let (paired, _) = run(|n, bytes| {
        if n == 4 {
            *bytes = Message::Grant(referee.clone()).to_bytes();
        }
    });
    paired.unwrap();
}

/// The name comes from the first root key, whatever the device's root is by now.
#[test]
#[wasm_bindgen_test]
fn a_unique_name_follows_from_the_first_root_and_from_no_later_one() {
    let label = Label::parse("printer").unwrap();
    let [first, second] = [&b"first"[..], b"second"].map(KeyFingerprint::of_spki);
    let exchange = Exchange::new(&binding(7), [0; 32]);
    let read = |former: &[KeyFingerprint], name: &KeyFingerprint| {
        let grant = Grant {
            unique_name: label.unique(name).as_str().into(),
            ..grant()
        };
        client::Granted::read(grant, root(), former.to_vec(), &exchange)
    };
    let granted = read(&[first, second], &first).unwrap();
    assert_eq!(granted.former, [first, second]);
    for (former, name) in [
        (&[first, second][..], second),
        (&[first, second], root()),
        (&[], first),
    ] {
        assert_eq!(read(former, &name).unwrap_err(), PairingError::BadGrant);
    }
}

#[test]
#[wasm_bindgen_test]
fn a_refusal_reaches_the_device_as_one() {
    let (_, committed) = run(|n, bytes| {
        if n == 5 {
            *bytes = Message::Abort(AbortReason::Refused).to_bytes();
        }
    });
    assert_eq!(
        committed.unwrap_err(),
        PairingError::Aborted(AbortReason::Refused)
    );
}
