//! The real program's packets, held against what the simulation takes to be announced.

use std::collections::BTreeSet;

use anyhow::ensure;
use serde::Serialize;
use settle_device::mask;
use settle_protocol::portable::{MARKS_BYTES, NONCE};
use settle_tests::device::Setup;
use settle_tests::multicast::{self, Record, Speaker};
use settle_tests::{Device, Home, Keyring, Upstream, Wire, eventually};

/// How many devices are listened to.
const DEVICES: u8 = 3;

/// What was heard of the real program.
#[derive(Debug, Serialize)]
pub(crate) struct Seen {
    bench: &'static str,
    devices: &'static str,
    /// Answers and announcements.
    packets: usize,
    /// Different masks in them.
    masks: usize,
    /// Different forms of packets, names and values left out; one is what it should be.
    forms: usize,
    /// Whether that is the form which the simulation has.
    is_as_simulated: bool,
}

/// Starts real devices and asks the network for them, as a host does.
pub(crate) fn see() -> anyhow::Result<Seen> {
    let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
    let wire = Wire::listen("udp port 5353");
    let start = |number: u8| {
        let setup = Setup {
            state: format!("portable-{number}"),
            portable: true,
            listen: ([127, 0, 1, number], 8443).into(),
            ..Setup::default()
        };
        Device::start_as(&home, upstream.address(), &setup)
    };
    let devices: Vec<Device> = (1..=DEVICES).map(start).collect();
    let answers = || -> Vec<Vec<Record>> {
        let packets = multicast::packets(&wire.heard());
        let answers = packets
            .iter()
            .filter_map(|packet| multicast::answers(packet));
        answers.filter(|records| !records.is_empty()).collect()
    };
    let masks = |answers: &[Vec<Record>]| -> BTreeSet<String> {
        let services = answers
            .iter()
            .flatten()
            .filter(|record| record.kind == multicast::SRV);
        services.map(|service| service.name.clone()).collect()
    };
    // Announced by itself, and then as an answer.
    eventually("all masks are shown", || {
        masks(&answers()).len() >= devices.len()
    });
    let before = answers().len();
    Speaker::new().ask();
    eventually("all masks answer", || {
        answers().len() >= before + devices.len()
    });
    let answers = answers();
    let forms: BTreeSet<Vec<multicast::Form>> =
        answers.iter().map(|all| multicast::form(all)).collect();
    let service = mask([7; NONCE], std::iter::empty(), [9; MARKS_BYTES], 8443);
    let text: Vec<(&str, &[u8])> = service
        .text
        .iter()
        .map(|(key, value)| (*key, &value[..]))
        .collect();
    let simulated = multicast::announcement(&service.instance, &service.host, service.port, &text);
    ensure!(
        masks(&answers).len() >= devices.len(),
        "a mask was not heard"
    );
    Ok(Seen {
        bench: "privacy",
        devices: "the real program",
        packets: answers.len(),
        masks: masks(&answers).len(),
        forms: forms.len(),
        is_as_simulated: forms.contains(&multicast::form(&simulated)),
    })
}
