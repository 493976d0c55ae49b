//! Devices and decisions for the tests of this crate.

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::{Label, LocalName};
use settle_protocol::rpc::{
    Decision, Device, DeviceAnchor, DeviceState, PairedAnchor, UnverifiedName,
};

pub(crate) fn name(text: &str) -> LocalName {
    LocalName::parse(text).unwrap()
}

/// A name that opens without pairing.
pub(crate) fn unverified(text: &str) -> UnverifiedName {
    UnverifiedName {
        name: name(text),
        since: 0,
    }
}

/// A paired device; its key follows from its label.
pub(crate) fn device(label: &str) -> Device {
    let petname = Label::parse(label).unwrap();
    let fingerprint = key(label);
    let unique_name = petname.unique(&fingerprint);
    Device {
        id: label.to_owned(),
        names: vec![petname.dot_local(), unique_name.clone()],
        petname,
        unique_name,
        anchor: DeviceAnchor::Device(PairedAnchor {
            fingerprint,
            role: "admin".to_owned(),
            code: Lifetime::OneTime,
            former: Vec::new(),
            authority: None,
        }),
        port: 8443,
        allowed_origins: Vec::new(),
        passing_origins: Vec::new(),
        paired_at: 0,
        last_verified_at: None,
        state: DeviceState::Active,
        unstored_rollover: None,
    }
}

/// A referee that is paired.
pub(crate) fn referee(label: &str) -> Device {
    let mut referee = device(label);
    let DeviceAnchor::Device(paired) = referee.anchor else {
        panic!("it was paired");
    };
    referee.anchor = DeviceAnchor::Referee(PairedAnchor {
        authority: Some(key("authority")),
        ..paired
    });
    referee
}

/// What a referee vouches for.
pub(crate) fn vouched_by(referee: &Device, label: &str) -> Device {
    let known = device(label);
    let name = known.petname.dot_local();
    Device {
        names: vec![name.clone()],
        unique_name: name,
        anchor: DeviceAnchor::Vouched {
            referee: referee.id.clone(),
            authority: key("authority"),
        },
        port: 443,
        ..known
    }
}

/// The fingerprint of the root key of the device of this label.
pub(crate) fn key(label: &str) -> KeyFingerprint {
    KeyFingerprint::of_spki(label.as_bytes())
}

/// A decision about the device of this label.
pub(crate) fn decision(label: &str) -> Decision {
    let device = device(label);
    Decision {
        pairing: 7,
        name: device.petname.dot_local(),
        label: device.petname,
        name_taken: false,
        unique_name: device.unique_name,
        kind: Kind::Device,
        fingerprint: key(label),
        authority: None,
        role: "admin".to_owned(),
        code: Lifetime::OneTime,
        maker: None,
    }
}
