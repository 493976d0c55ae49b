//! The trust store with ten thousand anchors, on a real disk with a real keyring: how long it takes to
//! open, to change, and to find a device.
//!
//! Measured in a process of its own, which lives in the home that has the keyring.

use std::hint::black_box;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use settle::proxy::upstreams::Upstreams;
use settle::trust_store::TrustStore;
use settle::trust_store::backup;
use settle::trust_store::record::{Paired, TrustedAnchor, TrustedDevice};
use settle_keyring::Keyring as Slot;
use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::Label;
use settle_protocol::pairing::message::Role;
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::secret::SecretBytes;
use settle_tests::{Home, Keyring};
use settle_transport::certificate::{self, PrivateKey};

use crate::milliseconds;
use crate::row::Row;

const ANCHORS: usize = 10_000;
const RUNS: usize = 20;
const LOOKUPS: u32 = 10_000;

/// What the process inside of the home has measured.
#[derive(Default, Serialize, Deserialize)]
struct Times {
    open_ms: Vec<f64>,
    commit_ms: Vec<f64>,
    lookup_us: Vec<f64>,
    name_lookup_us: Vec<f64>,
    file_mb: f64,
}

/// Makes a home and measures in it.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let home = Home::new(Keyring::Unlocked);
    let output = home
        .command_of(&std::env::current_exe()?)
        .args(["store-inside", "--json"])
        .output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let times: Times = serde_json::from_slice(&output.stdout)?;
    let row = |metric, unit, runs| Row::alone("store", metric, unit, runs);
    Ok(vec![
        row("open_ms", "ms", times.open_ms),
        row("commit_ms", "ms", times.commit_ms),
        row("lookup_us", "us", times.lookup_us),
        row("name_lookup_us", "us", times.name_lookup_us),
        row("file_mb", "MB", vec![times.file_mb]),
    ])
}

/// Measures in the home that this process was started in; tells the times as JSON.
pub(crate) fn measure_inside() -> anyhow::Result<String> {
    let path = PathBuf::from("bench/trust-store");
    std::fs::create_dir_all("bench")?;
    let open = || TrustStore::open(path.clone(), Box::new(Slot));
    let mut store = open()?;
    // In one write: what comes out of a backup needs no ceremony for each.
    let passphrase = Passphrase::new("a passphrase for a benchmark");
    let sealed = backup::seal(&minicbor::decode(&devices()?)?, &passphrase)?;
    store.restore(
        &backup::open(&sealed, &passphrase)?.consent(),
        SystemTime::now(),
    )?;
    drop(store);

    let mut times = Times {
        file_mb: f64::from(u32::try_from(std::fs::metadata(&path)?.len())?) / 1_000_000.0,
        ..Times::default()
    };
    for _ in 0..RUNS {
        let begin = Instant::now();
        let opened = open()?;
        times.open_ms.push(milliseconds(begin.elapsed()));
        assert_eq!(opened.contents().devices.len(), ANCHORS);
    }
    let mut store = open()?;
    for run in 0..RUNS {
        let petname = Label::parse(&format!("renamed-{run}"))?;
        let begin = Instant::now();
        store.rename("device-5000", petname, SystemTime::now())?;
        times.commit_ms.push(milliseconds(begin.elapsed()));
    }
    let devices = &store.contents().devices;
    let ways = Upstreams::default();
    ways.set(devices);
    let name = Label::parse("printer-7000")?.dot_local();
    ways.find(&name, 443).context("a device of the store")?;
    for _ in 0..RUNS {
        times.lookup_us.push(each(|| {
            black_box(devices.get(black_box("device-7000")));
        }));
        times.name_lookup_us.push(each(|| {
            black_box(ways.find(black_box(&name), 443));
        }));
    }
    Ok(serde_json::to_string(&times)?)
}

/// Microseconds of one of many.
fn each(mut look_up: impl FnMut()) -> f64 {
    let begin = Instant::now();
    for _ in 0..LOOKUPS {
        look_up();
    }
    milliseconds(begin.elapsed()) * 1000.0 / f64::from(LOOKUPS)
}

/// As many devices, as they are encoded: real certificates and keys, and a name of its own for each.
fn devices() -> anyhow::Result<Vec<u8>> {
    let (root_key, client_key) = (PrivateKey::make()?, PrivateKey::make()?);
    let label = Label::parse("printer")?;
    let unique = [label.unique(&root_key.fingerprint())];
    let root = certificate::device_root(&root_key, &unique)?.to_vec();
    let client_certificate = certificate::client(&client_key)?.to_vec();
    let secret = |bytes: &[u8]| Arc::new(SecretBytes::new(bytes.to_vec()));
    let mut devices = Vec::with_capacity(ANCHORS);
    for number in 0..ANCHORS {
        let fingerprint = settle_protocol::fingerprint::KeyFingerprint::of_spki(
            &u32::try_from(number)?.to_be_bytes(),
        );
        let petname = Label::parse(&format!("printer-{number}"))?;
        devices.push(TrustedDevice {
            id: format!("device-{number}"),
            unique_name: petname.unique(&fingerprint),
            petname,
            port: 8443,
            addresses: vec![SocketAddr::from(([192, 168, 1, 20], 8443))],
            trusted_at: 1_790_000_000,
            last_verified_at: Some(1_790_000_000),
            allowed_origins: Vec::new(),
            anchor: TrustedAnchor::Paired(Paired {
                kind: Kind::Device,
                root: root.clone(),
                fingerprint,
                role: Role::Admin,
                client_key: secret(client_key.expose_pkcs8()),
                client_certificate: client_certificate.clone(),
                discovery_key: secret(&[7; 32]),
                code: Lifetime::OneTime,
                confirmed: true,
                former: Vec::new(),
                authority: None,
            }),
        });
    }
    Ok(minicbor::to_vec(devices)?)
}
