//! The two ends of a pairing that inputs are given to, with fixed keys and randomness, so that an
//! input does the same each time. Without the secret below, no input can hold a proof.

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::Label;
use settle_protocol::pairing::client::{self, Offer};
use settle_protocol::pairing::message::{Grant, Role};
use settle_protocol::pairing::{Binding, PairingError, device};
use settle_protocol::secret::{Entropy, PairingSecret, Secret};
use settle_protocol::spake2::Suite;

/// What stands for the device's root certificate; its key is its own hash.
pub(crate) const ROOT: &[u8] = b"root";
/// What the client calls itself.
pub(crate) const LABEL: &str = "laptop";
/// The role that the client asks for and that the device grants.
pub(crate) const ROLE: Role = Role::Admin;

pub(crate) fn client_key() -> KeyFingerprint {
    KeyFingerprint::of_spki(b"client")
}

pub(crate) fn device_key() -> KeyFingerprint {
    KeyFingerprint::of_spki(ROOT)
}

/// The client with its offer out.
pub(crate) fn client(suites: &[Suite]) -> (client::AwaitingHello, Vec<u8>) {
    let offer = Offer {
        secret: &secret(),
        suites,
        label: LABEL,
        role: ROLE,
    };
    client::begin(&offer, binding(), &Entropy::new([3; 64]))
}

/// The device after its answer to a hello.
pub(crate) fn device(
    hello: &[u8],
) -> Result<(device::AwaitingConfirmation, [Vec<u8>; 2]), PairingError> {
    let offered = device::AwaitingHello::new(binding()).receive(hello)?;
    offered.answer(&secret(), &Entropy::new([4; 64]))
}

/// Both ends, proved to each other, the device's grant out.
pub(crate) fn proved() -> Result<(client::AwaitingGrant, device::AwaitingCommit), PairingError> {
    // The suite that takes less time.
    let (client, hello) = client(&[Suite::Edwards25519]);
    let (device, [answer, device_proof]) = device(&hello)?;
    let (client, client_proof) = client.receive(&answer)?.receive(&device_proof)?;
    let label = Label::parse("printer").map_err(|_| PairingError::BadGrant)?;
    let (device, _) = device.receive(&client_proof)?.grant(Grant {
        root: ROOT.to_vec(),
        unique_name: label.unique(&device_key()).as_str().to_owned(),
        label: label.as_str().to_owned(),
        port: 8443,
        kind: Kind::Device,
        role: ROLE,
        discovery_key: [5; 32],
        code: Lifetime::OneTime,
        evidence: None,
        authority: None,
    });
    Ok((client, device))
}

fn binding() -> Binding {
    Binding {
        exporter: Secret::new([1; 32]),
        client: client_key(),
        device: device_key(),
        former: Vec::new(),
    }
}

fn secret() -> PairingSecret {
    PairingSecret::new([2; 16])
}
