//! Each step of a pairing with the real device on the loopback, as its client sees it: for both suites
//! and both key exchanges, the time until the device's answer has been read and judged.

use std::time::Instant;

use anyhow::Context as _;
use rustls::crypto::{SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::ServerName;
use settle_protocol::material::PairingMaterial;
use settle_protocol::pairing::client;
use settle_protocol::pairing::message::Role;
use settle_protocol::spake2::Suite;
use settle_tests::device::Setup;
use settle_tests::foreign::client_with;
use settle_tests::{Device, Home, Keyring, Upstream};
use settle_transport::certificate::{self, PrivateKey};
use settle_transport::pairing::{client_binding, read_frame, write_frame};
use settle_transport::random;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::milliseconds;
use crate::row::Row;

const RUNS: usize = 20;
/// What is measured, in its order: a connection, the handshake, the device's hello and its proof, its
/// grant in exchange for ours, and its word that it has recorded us.
const STEPS: [&str; 6] = ["connect", "tls", "hello", "confirm", "grant", "commit"];

/// Pairs a new device a run, one step after the other.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let (home, upstream) = (Home::new(Keyring::Missing), Upstream::start());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let mut rows = Vec::new();
    for (suite_name, suite) in [("p256", Suite::P256), ("edwards25519", Suite::Edwards25519)] {
        for (exchange, group) in [
            ("x25519mlkem768", aws_lc_rs::kx_group::X25519MLKEM768),
            ("x25519", aws_lc_rs::kx_group::X25519),
        ] {
            let mut times: [Vec<f64>; STEPS.len()] = Default::default();
            for run in 0..RUNS {
                let setup = Setup {
                    state: format!("{suite_name}-{exchange}-{run}"),
                    ..Setup::default()
                };
                let device = Device::start_as(&home, upstream.address(), &setup);
                let taken = runtime.block_on(pair(&device, suite, group))?;
                for (times, taken) in times.iter_mut().zip(taken) {
                    times.push(taken);
                }
            }
            rows.extend(STEPS.into_iter().zip(times).map(|(step, times)| {
                let metric = format!("step_{step}_ms_{suite_name}_{exchange}");
                Row::alone("pairing", metric, "ms", times)
            }));
        }
    }
    Ok(rows)
}

/// One pairing; the milliseconds of each of [`STEPS`].
async fn pair(
    device: &Device,
    suite: Suite,
    group: &'static dyn SupportedKxGroup,
) -> anyhow::Result<[f64; STEPS.len()]> {
    let code = PairingMaterial::parse(device.code())?;
    let key = PrivateKey::make()?;
    let shown = certificate::client(&key)?;
    let connector = TlsConnector::from(std::sync::Arc::new(client_with(
        group,
        key.certified(vec![shown])?,
    )));
    let mut watch = Watch(Instant::now());

    let tcp = TcpStream::connect(device.address()).await?;
    tcp.set_nodelay(true)?;
    let connect = watch.lap();

    let name = ServerName::try_from("settle.invalid")?;
    let mut tls = connector.connect(name, tcp).await?;
    let binding = client_binding(&tls, key.fingerprint()).context("a device that pairs")?;
    let handshake = watch.lap();

    let entropy = random::make_secret()?;
    let offer = client::Offer {
        secret: &code.secret,
        suites: &[suite],
        label: "bench",
        role: Role::Admin,
    };
    let (state, frame) = client::begin(&offer, binding, &entropy);
    write_frame(&mut tls, &frame).await?;
    let state = state.receive(&read_frame(&mut tls).await?)?;
    let hello = watch.lap();

    let (state, frame) = state.receive(&read_frame(&mut tls).await?)?;
    let confirm = watch.lap();

    write_frame(&mut tls, &frame).await?;
    let deciding = state.receive(&read_frame(&mut tls).await?, certificate::fingerprint)?;
    let grant = watch.lap();

    let (state, _, frame) = deciding.consent();
    write_frame(&mut tls, &frame).await?;
    state.receive(&read_frame(&mut tls).await?)?;
    Ok([connect, handshake, hello, confirm, grant, watch.lap()])
}

struct Watch(Instant);

impl Watch {
    /// Milliseconds since the last lap.
    fn lap(&mut self) -> f64 {
        let before = std::mem::replace(&mut self.0, Instant::now());
        milliseconds(self.0 - before)
    }
}
