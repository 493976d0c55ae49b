//! The parts of a pairing that are arithmetic, in this process alone: processor time of a side's
//! SPAKE2 in each suite, and of both ends' TLS handshake with each key exchange.

use std::sync::Arc;
use std::time::SystemTime;

use anyhow::Context as _;
use pakery_crypto::Spake2P256;
use pakery_spake2::PartyA;
use rustix::time::{ClockId, clock_gettime};
use rustls::crypto::{SupportedKxGroup, aws_lc_rs};
use rustls::pki_types::ServerName;
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, ServerConfig, ServerConnection};
use settle_protocol::name::Label;
use settle_protocol::secret::{Entropy, PairingSecret};
use settle_protocol::spake2::{Context, Role, Suite};
use settle_tests::foreign::client_with;
use settle_transport::certificate::{self, PrivateKey};
use settle_transport::danger;

use crate::row::Row;

const RUNS: usize = 30;
/// One run is so many, since one alone is short.
const BATCH: u32 = 20;

/// Measures both suites and both key exchanges.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let p256 = runs(|| one_side(Suite::P256))?;
    let edwards25519 = runs(|| one_side(Suite::Edwards25519))?;
    let foreign = runs(foreign_side)?;
    let parties = Parties::new()?;
    let hybrid = runs(|| parties.shake_hands(aws_lc_rs::kx_group::X25519MLKEM768))?;
    let classical = runs(|| parties.shake_hands(aws_lc_rs::kx_group::X25519))?;
    let row = |metric, runs| Row::alone("pairing", metric, "ms", runs);
    Ok(vec![
        Row::against(
            "pairing",
            "pake_cpu_ms_p256",
            "ms",
            p256,
            "pakery-spake2",
            foreign,
        ),
        row("pake_cpu_ms_edwards25519", edwards25519),
        row("tls_cpu_ms_x25519mlkem768", hybrid),
        row("tls_cpu_ms_x25519", classical),
    ])
}

/// Milliseconds of processor time of each run.
fn runs(mut once: impl FnMut() -> anyhow::Result<()>) -> anyhow::Result<Vec<f64>> {
    once()?;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let begin = processor_time();
        for _ in 0..BATCH {
            once()?;
        }
        times.push((processor_time() - begin) * 1000.0 / f64::from(BATCH));
    }
    Ok(times)
}

/// Seconds that this thread has had the processor.
fn processor_time() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    std::time::Duration::try_from(time)
        .unwrap_or_default()
        .as_secs_f64()
}

/// All that one side computes: share, shared element, keys, confirmations.
fn one_side(suite: Suite) -> anyhow::Result<()> {
    let secret = PairingSecret::new([1; 16]);
    // A share of anybody: the other side's part is not measured.
    let theirs = match suite {
        Suite::P256 => P256_GENERATOR.as_slice(),
        Suite::Edwards25519 => ED25519_GENERATOR.as_slice(),
    };
    let ours = suite.begin(Role::Client, &secret, &Entropy::new([2; 64]));
    let context = Context {
        client: &[3; 32],
        device: &[4; 32],
        associated_data: &[5; 32],
    };
    ours.finish(theirs, context).map(drop)?;
    Ok(())
}

/// The same by the peer.
fn foreign_side() -> anyhow::Result<()> {
    let scalar = p256::Scalar::from(0x1234_5678_9abc_def0_u64).invert();
    let scalar = scalar.into_option().context("a scalar")?;
    let started = PartyA::<Spake2P256>::start_with_scalar(
        &scalar,
        &scalar.square(),
        &[3; 32],
        &[4; 32],
        &[5; 32],
    );
    let (_, state) = started.map_err(anyhow::Error::msg)?;
    state
        .finish(&P256_GENERATOR)
        .map(drop)
        .map_err(anyhow::Error::msg)
}

/// SEC 2 §2.4.2, uncompressed.
const P256_GENERATOR: [u8; 65] = [
    0x04, 0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40,
    0xf2, 0x77, 0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2,
    0x96, 0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e,
    0x16, 0x2b, 0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51,
    0xf5,
];
/// RFC 8032 §5.1: y = 4/5.
const ED25519_GENERATOR: [u8; 32] = [
    0x58, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
    0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66, 0x66,
];

/// A device that is ready to pair, and a client's key.
struct Parties {
    device: Arc<ServerConfig>,
    client: CertifiedKey,
}

impl Parties {
    fn new() -> anyhow::Result<Self> {
        let now = SystemTime::now();
        let (root_key, key) = (PrivateKey::make()?, PrivateKey::make()?);
        let names = [Label::parse("printer")?.unique(&root_key.fingerprint())];
        let root = certificate::device_root(&root_key, &names)?;
        let leaf = certificate::device_leaf(&root_key, &root, &key, &names, now)?;
        let identity = key.certified(vec![leaf, root])?;
        let client = PrivateKey::make()?;
        let certificate = certificate::client(&client)?;
        Ok(Self {
            device: Arc::new(danger::pairing_server(Arc::new(identity))?),
            client: client.certified(vec![certificate])?,
        })
    }

    /// Both ends of one handshake.
    fn shake_hands(&self, group: &'static dyn SupportedKxGroup) -> anyhow::Result<()> {
        let config = client_with(group, self.client.clone());
        let name = ServerName::try_from("settle.invalid")?;
        let mut client = ClientConnection::new(Arc::new(config), name)?;
        let mut device = ServerConnection::new(Arc::clone(&self.device))?;
        while client.is_handshaking() || device.is_handshaking() {
            let mut bytes = Vec::new();
            while client.wants_write() {
                client.write_tls(&mut bytes)?;
            }
            device.read_tls(&mut bytes.as_slice())?;
            device.process_new_packets()?;
            bytes.clear();
            while device.wants_write() {
                device.write_tls(&mut bytes)?;
            }
            client.read_tls(&mut bytes.as_slice())?;
            client.process_new_packets()?;
        }
        Ok(())
    }
}
