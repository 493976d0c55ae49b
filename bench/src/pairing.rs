//! A pairing of real binaries on the loopback: from the code to the decision, and to both sides
//! having recorded each other. Nobody has to think in between.

use std::time::Instant;

use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::RpcError;
use settle_protocol::spake2::Suite;
use settle_tests::device::Setup;
use settle_tests::{Connector, Device, Home, Keyring, Upstream};

use crate::milliseconds;
use crate::row::Row;

const RUNS: usize = 30;

/// Pairs one new device a run, in each suite.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let home = Home::new(Keyring::Unlocked);
    let upstream = Upstream::start();
    let mut connector = Connector::start(&home);
    let mut rows = Vec::new();
    for (suite, decision, total) in [
        (Suite::P256, "pairing_to_decision_ms", "pairing_total_ms"),
        (
            Suite::Edwards25519,
            "pairing_to_decision_ms_edwards25519",
            "pairing_total_ms_edwards25519",
        ),
    ] {
        let (mut decisions, mut totals) = (Vec::new(), Vec::new());
        for run in 0..RUNS {
            let setup = Setup {
                name: format!("printer-{}-{run}", suite.number()),
                state: format!("device-{}-{run}", suite.number()),
                ..Setup::default()
            };
            let device = Device::start_as(&home, upstream.address(), &setup);
            // The device takes the suite that it is offered.
            let code = PairingMaterial {
                suites: vec![suite],
                ..PairingMaterial::parse(device.code())?
            }
            .to_code();
            let begin = Instant::now();
            let decision = connector.start_pairing(&code).map_err(refused)?;
            decisions.push(milliseconds(begin.elapsed()));
            let paired = connector.commit(&decision).map_err(refused)?;
            totals.push(milliseconds(begin.elapsed()));
            assert_eq!(paired.unique_name.as_str(), device.unique_name());
        }
        rows.push(Row::alone("pairing", decision, "ms", decisions));
        rows.push(Row::alone("pairing", total, "ms", totals));
    }
    Ok(rows)
}

/// A measurement of something that fails says nothing.
fn refused(error: RpcError) -> anyhow::Error {
    anyhow::Error::msg(error.message)
}
