//! What anybody says by multicast DNS, packet after packet: it is read in the room of its own length, and what is kept of
//! all of it is bounded, whoever floods the network.

use settle::discovery::packet::{self, Data};
use settle::discovery::table::{MAX_NAMES, Table};

/// Takes packets, each after its length in two octets.
pub fn run(mut data: &[u8]) {
    let mut table = Table::default();
    while let Some((length, rest)) = data.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length)).min(rest.len());
        let (said, others) = rest.split_at(length);
        data = others;
        let Some(records) = packet::read(said) else {
            continue;
        };
        for record in &records {
            assert!(record.name.chars().all(|it| !it.is_ascii_uppercase()));
            if let Data::Text(text) = &record.data {
                assert!(text.len() <= said.len());
            }
        }
        let heard = table.hear(records, 7);
        for found in heard.found {
            assert!(found.addresses.len() <= said.len().max(MAX_NAMES));
        }
        // A host has the places of one instance at most, and each is found once for each thing that it says.
        assert!(table.all().len() <= MAX_NAMES * MAX_NAMES);
    }
}
