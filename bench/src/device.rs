//! A device at rest: how soon it is there, and what it has in memory.

use std::time::Instant;

use anyhow::Context as _;
use settle_protocol::rpc::{BridgeCertificate, Call};
use settle_tests::census::memory;
use settle_tests::device::Setup;
use settle_tests::{Connector, Device, Home, Keyring, Upstream, Visit};

use crate::milliseconds;
use crate::row::Row;

const RUNS: usize = 5;
/// Pages that a browser opens before the device is looked at again.
const VISITS: usize = 200;

/// Measures devices that were just made, and the same once they are used.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let (mut starts, mut idle, mut used) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let home = Home::new(Keyring::Unlocked);
        let upstream = Upstream::start();
        let setup = Setup {
            state: format!("device-{run}"),
            ..Setup::default()
        };
        let begin = Instant::now();
        let device = Device::start_as(&home, upstream.address(), &setup);
        starts.push(milliseconds(begin.elapsed()));
        idle.push(megabytes(&device));
        let mut connector = Connector::start(&home);
        connector.pair(device.code());
        let certificate = connector.call(Call::BridgeCertificate {}).ok();
        let certificate: BridgeCertificate = certificate.context("a certificate")?;
        let welcome = connector.hello().ok().context("a welcome")?;
        let browser = Visit::new(&welcome.proxy, &certificate.pem)?;
        for _ in 0..VISITS {
            browser.get("printer.local", "/")?;
        }
        used.push(megabytes(&device));
    }
    Ok(vec![
        Row::alone("device", "start_to_code_ms", "ms", starts),
        Row::alone("device", "idle_mb", "MB", idle),
        Row::alone("device", "idle_after_visits_mb", "MB", used),
    ])
}

/// What the device has in memory, its program's pages among them.
fn megabytes(device: &Device) -> f64 {
    let kibibytes = memory(device.process_id(), "VmRSS");
    f64::from(u32::try_from(kibibytes).unwrap_or(u32::MAX)) * 1024.0 / 1e6
}
