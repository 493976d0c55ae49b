//! How the extension's reader of QR codes does beside others that browsers can run: on the same frames of an imagined
//! camera (`settle_tests::film`), in the engine of Chromium without a window. `playwright/readers.js` runs the
//! readers; here the frames are made and the answers are judged.

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::material::{Kind, Lifetime, PairingMaterial};
use settle_protocol::name::Label;
use settle_protocol::secret::PairingSecret;
use settle_protocol::spake2::Suite;
use settle_tests::film::{Fault, Frame, HEIGHT, WIDTH};

use crate::row::{Row, quantile};

/// One set of frames for each: a reader that suits one seed may not suit the next.
const SEEDS: [u64; 3] = [1, 2, 3];

/// Of each fault, in each set.
const FRAMES: u64 = 12;

/// What a frame shows.
#[derive(Serialize)]
struct Shown {
    file: String,
    #[serde(skip)]
    fault: Fault,
    #[serde(skip)]
    seed: u64,
    #[serde(skip)]
    texts: Vec<String>,
}

/// What the readers are given.
#[derive(Serialize)]
struct Task<'a> {
    width: usize,
    height: usize,
    frames: &'a [Shown],
}

/// What `readers.js` observed; our reader is the first.
#[derive(Deserialize)]
struct Report {
    readers: Vec<Reader>,
    /// From making the worker to its first answer, in Chromium.
    worker_start_ms: Vec<f64>,
}

/// What one reader made of all frames.
#[derive(Deserialize)]
struct Reader {
    name: String,
    /// How many codes it can tell of one frame.
    most: usize,
    /// What a browser loads of it.
    gzip_kb: f64,
    frames: Vec<Read>,
}

#[derive(Deserialize)]
struct Read {
    texts: Vec<String>,
    ms: f64,
}

/// Makes the frames and lets all readers look at them.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    let mut frames = Vec::new();
    for (seed, fault, number) in (SEEDS.iter())
        .flat_map(|seed| Fault::ALL.map(|fault| (*seed, fault)))
        .flat_map(|(seed, fault)| (0..FRAMES).map(move |number| (seed, fault, number)))
    {
        frames.push(make(folder.path(), seed, fault, number)?);
    }
    let task = Task {
        width: WIDTH,
        height: HEIGHT,
        frames: &frames,
    };
    let task_file = folder.path().join("frames.json");
    fs::write(&task_file, serde_json::to_string(&task)?)?;
    let node = Command::new("node")
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../playwright/readers.js"))
        .arg(&task_file)
        .stderr(Stdio::inherit())
        .output()
        .context("node")?;
    if !node.status.success() {
        bail!("readers.js failed: {}", node.status);
    }
    judge(&frames, &serde_json::from_slice(&node.stdout)?)
}

fn make(folder: &Path, seed: u64, fault: Fault, number: u64) -> anyhow::Result<Shown> {
    // No frame of one seed is one of another's.
    let seed_of_frame = seed * 1_000_000 + number * 1000 + fault as u64;
    let texts = [code(seed_of_frame * 2)?, code(seed_of_frame * 2 + 1)?];
    let file = format!("{seed}-{}-{number}", fault.word());
    fs::write(
        folder.join(&file),
        Frame::of(&texts, fault, seed_of_frame).0,
    )?;
    Ok(Shown {
        file,
        fault,
        seed,
        texts: texts.into_iter().take(fault.codes()).collect(),
    })
}

/// A code as devices show it.
fn code(seed: u64) -> anyhow::Result<String> {
    let mut secret = [0; 16];
    let (first, second) = secret.split_at_mut(8);
    first.copy_from_slice(&seed.wrapping_mul(SPREAD).to_be_bytes());
    second.copy_from_slice(&(seed + 1).wrapping_mul(SPREAD).to_be_bytes());
    let root = KeyFingerprint::of_spki(&secret);
    let label = Label::parse("printer")?;
    let material = PairingMaterial {
        secret: PairingSecret::new(secret),
        root,
        kind: Kind::Device,
        unique_name: label.unique(&root),
        label,
        port: 443,
        addresses: vec![SocketAddr::from(([192, 168, 1, 20], 443))],
        suites: Suite::SUPPORTED.to_vec(),
        expires_at: Some(1_900_000_000 + seed),
        lifetime: Lifetime::OneTime,
    };
    Ok(material.to_code())
}

/// Of the golden ratio: numbers side by side become numbers far apart.
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

fn judge(frames: &[Shown], report: &Report) -> anyhow::Result<Vec<Row>> {
    let [ours, peers @ ..] = report.readers.as_slice() else {
        bail!("readers.js answered nothing");
    };
    let rate = |reader: &Reader, fault: Option<Fault>| -> Vec<f64> {
        SEEDS.map(|seed| reader.rate(frames, seed, fault)).to_vec()
    };
    let times = |reader: &Reader| SEEDS.map(|seed| reader.median_ms(frames, seed)).to_vec();
    let means = |reader: &Reader| SEEDS.map(|seed| reader.mean_ms(frames, seed)).to_vec();
    let mut rows = Vec::new();
    for peer in peers {
        let name: &'static str = peer.name.clone().leak();
        rows.push(Row::against_more(
            "qr",
            "decode_rate",
            "",
            rate(ours, None),
            name,
            rate(peer, None),
        ));
        rows.push(Row::against(
            "qr",
            "decode_ms",
            "ms",
            times(ours),
            name,
            times(peer),
        ));
        rows.push(Row::against(
            "qr",
            "decode_ms_mean",
            "ms",
            means(ours),
            name,
            means(peer),
        ));
        rows.push(Row::against(
            "qr",
            "wasm_gzip_kb",
            "kB",
            vec![ours.gzip_kb],
            name,
            vec![peer.gzip_kb],
        ));
        for fault in Fault::ALL {
            let metric = format!("decode_rate_{}", fault.word());
            let (ours, theirs) = (rate(ours, Some(fault)), rate(peer, Some(fault)));
            rows.push(Row::against_more("qr", metric, "", ours, name, theirs));
        }
    }
    rows.push(Row::alone(
        "qr",
        "worker_start_ms",
        "ms",
        report.worker_start_ms.clone(),
    ));
    Ok(rows)
}

impl Reader {
    /// The part of a set's frames of which it told all codes that are there, and no other.
    fn rate(&self, frames: &[Shown], seed: u64, fault: Option<Fault>) -> f64 {
        let of_set = self
            .of_set(frames, seed)
            .filter(|(shown, _)| fault.is_none_or(|fault| shown.fault == fault));
        let (mut right, mut all) = (0.0, 0.0);
        for (shown, read) in of_set {
            all += 1.0;
            let wanted: BTreeSet<&String> = shown.texts.iter().collect();
            let told: BTreeSet<&String> = read.texts.iter().collect();
            // Who can tell of one code only is not asked for two.
            let enough = wanted.len().min(self.most);
            if told.is_subset(&wanted) && told.len() >= enough {
                right += 1.0;
            }
        }
        right / all
    }

    fn median_ms(&self, frames: &[Shown], seed: u64) -> f64 {
        let mut times: Vec<f64> = self.of_set(frames, seed).map(|(_, read)| read.ms).collect();
        times.sort_by(f64::total_cmp);
        quantile(&times, 50)
    }

    fn mean_ms(&self, frames: &[Shown], seed: u64) -> f64 {
        let times: Vec<f64> = self.of_set(frames, seed).map(|(_, read)| read.ms).collect();
        times.iter().sum::<f64>() / times.iter().map(|_| 1.0).sum::<f64>()
    }

    fn of_set<'a>(
        &'a self,
        frames: &'a [Shown],
        seed: u64,
    ) -> impl Iterator<Item = (&'a Shown, &'a Read)> {
        frames
            .iter()
            .zip(&self.frames)
            .filter(move |(shown, _)| shown.seed == seed)
    }
}
