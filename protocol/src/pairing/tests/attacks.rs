//! Somebody between the two who owns the network and not the code: every message altered at every
//! byte, left out, repeated, out of order, sent back, taken from another exchange. Nothing of it
//! ends in a proof.

use alloc::vec;

use wasm_bindgen_test::wasm_bindgen_test;

use super::super::message::{ClientHello, DeviceHello, Message, Role};
use super::super::{Binding, PairingError, VERSION, client, device};
use super::{Vec, binding};
use crate::secret::{Entropy, PairingSecret};
use crate::spake2::Suite;

/// What makes one exchange another than the next.
#[derive(Clone, Copy)]
struct Session {
    code: u8,
    connection: u8,
    entropy: u8,
    suites: &'static [Suite],
}

const HONEST: Session = Session {
    code: 1,
    connection: 1,
    entropy: 4,
    suites: &Suite::SUPPORTED,
};

impl Session {
    fn binding(self) -> Binding {
        binding(self.connection)
    }

    fn secret(self) -> PairingSecret {
        PairingSecret::new([self.code; 16])
    }

    fn client(self) -> (client::AwaitingHello, Vec<u8>) {
        let offer = client::Offer {
            secret: &self.secret(),
            suites: self.suites,
            label: "laptop",
            role: Role::Admin,
        };
        client::begin(&offer, self.binding(), &Entropy::new([self.entropy; 64]))
    }

    fn device(
        self,
        hello: &[u8],
    ) -> Result<(device::AwaitingConfirmation, [Vec<u8>; 2]), PairingError> {
        let offered = device::AwaitingHello::new(self.binding()).receive(hello)?;
        offered.answer(&self.secret(), &Entropy::new([self.entropy ^ 0xff; 64]))
    }

    /// The four messages of this exchange up to the proof of both sides.
    fn frames(self) -> [Vec<u8>; 4] {
        let (client, hello) = self.client();
        let (device, [device_hello, device_proof]) = self.device(&hello).unwrap();
        let client = client.receive(&device_hello).unwrap();
        let (_, client_proof) = client.receive(&device_proof).unwrap();
        device.receive(&client_proof).unwrap();
        [hello, device_hello, device_proof, client_proof]
    }

    /// Whether the client takes the two for the device's proof.
    fn convinces_client(self, first: &[u8], second: &[u8]) -> bool {
        let (client, _) = self.client();
        client
            .receive(first)
            .is_ok_and(|client| client.receive(second).is_ok())
    }

    /// Whether the device takes the two for the client's proof.
    fn convinces_device(self, first: &[u8], second: &[u8]) -> bool {
        self.device(first)
            .is_ok_and(|(device, _)| device.receive(second).is_ok())
    }
}

#[test]
#[wasm_bindgen_test]
fn no_altered_byte_is_taken_for_a_proof() {
    for suites in [&Suite::SUPPORTED[..1], &Suite::SUPPORTED[1..]] {
        let session = Session { suites, ..HONEST };
        let [hello, device_hello, device_proof, client_proof] = session.frames();
        let alterations = |frame: &[u8]| -> Vec<Vec<u8>> {
            let flips = [0x01, 0x80, 0xff].into_iter().flat_map(|mask| {
                (0..frame.len()).map(move |at| {
                    let mut altered = frame.to_vec();
                    altered[at] ^= mask;
                    altered
                })
            });
            let cuts = (0..frame.len()).map(|end| frame[..end].to_vec());
            let longer = [[frame, &[0]].concat(), [frame, frame].concat()];
            flips.chain(cuts).chain(longer).collect()
        };
        for altered in alterations(&hello) {
            assert!(!session.convinces_device(&altered, &client_proof));
        }
        for altered in alterations(&client_proof) {
            assert!(!session.convinces_device(&hello, &altered));
        }
        for altered in alterations(&device_hello) {
            assert!(!session.convinces_client(&altered, &device_proof));
        }
        for altered in alterations(&device_proof) {
            assert!(!session.convinces_client(&device_hello, &altered));
        }
    }
}

#[test]
#[wasm_bindgen_test]
fn an_altered_hello_is_noticed_by_both() {
    // The device answers an altered hello, and the client sees an honest answer to another offer.
    let (_, hello) = HONEST.client();
    for at in 0..hello.len() {
        let mut altered = hello.clone();
        altered[at] ^= 1;
        let Ok((_, [device_hello, device_proof])) = HONEST.device(&altered) else {
            continue;
        };
        assert!(
            !HONEST.convinces_client(&device_hello, &device_proof),
            "{at}"
        );
    }
}

#[test]
#[wasm_bindgen_test]
fn nothing_left_out_repeated_reordered_sent_back_or_from_elsewhere_is_taken() {
    let sessions = [
        HONEST,
        Session {
            entropy: 5,
            ..HONEST
        },
        Session {
            connection: 2,
            ..HONEST
        },
        Session { code: 2, ..HONEST },
        Session {
            suites: &Suite::SUPPORTED[1..],
            entropy: 6,
            ..HONEST
        },
    ];
    let mut frames: Vec<Vec<u8>> = sessions
        .iter()
        .flat_map(|session| session.frames())
        .collect();
    frames.extend([
        Vec::new(),
        Message::Done.to_bytes(),
        Message::Confirmation([0; 32]).to_bytes(),
    ]);
    let [hello, device_hello, device_proof, client_proof] = HONEST.frames();
    for first in &frames {
        for second in &frames {
            let honest = *first == device_hello && *second == device_proof;
            assert_eq!(HONEST.convinces_client(first, second), honest);
            let honest = *first == hello && *second == client_proof;
            assert_eq!(HONEST.convinces_device(first, second), honest);
        }
    }
}

fn edit(hello: &[u8], change: impl FnOnce(&mut ClientHello)) -> Vec<u8> {
    let Ok(Message::ClientHello(mut read)) = Message::read(hello) else {
        panic!("a hello");
    };
    change(&mut read);
    Message::ClientHello(read).to_bytes()
}

#[test]
#[wasm_bindgen_test]
fn no_downgrade_of_version_suite_role_or_label_is_confirmed() {
    let (_, hello) = HONEST.client();
    let changes: [fn(&mut ClientHello); 6] = [
        |hello| hello.versions = vec![VERSION, 0],
        |hello| hello.versions = vec![9, VERSION],
        |hello| drop(hello.shares.remove(0)),
        |hello| hello.shares.reverse(),
        |hello| hello.role = Role::Guest,
        |hello| hello.label = "somebody".into(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        let altered = edit(&hello, change);
        assert_ne!(altered, hello);
        let (device, [device_hello, device_proof]) = HONEST.device(&altered).unwrap();
        assert!(
            !HONEST.convinces_client(&device_hello, &device_proof),
            "{number}"
        );
        // Nor does the device take the proof of a client that offered something else.
        let [_, _, _, client_proof] = HONEST.frames();
        assert!(device.receive(&client_proof).is_err(), "{number}");
    }
}

#[test]
#[wasm_bindgen_test]
fn a_choice_that_was_not_offered_is_refused() {
    let [_, device_hello, ..] = HONEST.frames();
    let Ok(Message::DeviceHello(read)) = Message::read(&device_hello) else {
        panic!("a hello");
    };
    let answer = |version, suite| {
        let mut hello: DeviceHello = read.clone();
        hello.version = version;
        hello.share.suite = suite;
        let (client, _) = HONEST.client();
        client
            .receive(&Message::DeviceHello(hello).to_bytes())
            .err()
    };
    assert_eq!(answer(0, 1), Some(PairingError::NoCommonVersion));
    assert_eq!(answer(2, 1), Some(PairingError::NoCommonVersion));
    assert_eq!(answer(VERSION, 3), Some(PairingError::NoCommonSuite));
    // A share of the one suite is none of the other.
    assert_eq!(answer(VERSION, 2), Some(PairingError::Protocol));
}

#[test]
#[wasm_bindgen_test]
fn an_offer_of_nothing_that_is_known_is_refused_and_a_newer_one_is_not() {
    let (_, hello) = HONEST.client();
    let receive = |frame: &[u8]| {
        device::AwaitingHello::new(HONEST.binding())
            .receive(frame)
            .map(drop)
    };
    let only_newer = edit(&hello, |hello| hello.versions = vec![2]);
    assert_eq!(receive(&only_newer), Err(PairingError::NoCommonVersion));
    let unknown_suite = edit(&hello, |hello| {
        for share in &mut hello.shares {
            share.suite += 10;
        }
    });
    assert_eq!(receive(&unknown_suite), Err(PairingError::NoCommonSuite));
    let newer_too = edit(&hello, |hello| {
        hello.versions.push(2);
        hello.shares[0].suite = 77;
    });
    assert_eq!(receive(&newer_too), Ok(()));
    let too_many = edit(&hello, |hello| {
        let share = hello.shares[0].clone();
        hello.shares = vec![share; 5];
    });
    assert_eq!(receive(&too_many), Err(PairingError::Protocol));
    let long_label = edit(&hello, |hello| hello.label = "x".repeat(101));
    assert_eq!(receive(&long_label), Err(PairingError::Protocol));
}
