//! Where the corpora begin: with the published vectors and with messages of the code as it is. What is
//! made here is compared with the files, and written anew by `cargo xtask vectors`.
#![cfg(test)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use data_encoding::{BASE32_NOPAD, HEXLOWER};
use serde_json::Value;
use settle::discovery::packet::{A, PTR, SRV, TXT, question};
use settle_protocol::discovery::SERVICE;
use settle_protocol::maker::{MakerName, SerialNumber};
use settle_protocol::name::Label;
use settle_protocol::pairing::evidence::VoucherForm;
use settle_protocol::pairing::message::{AbortReason, Message};
use settle_protocol::rpc::{FromDaemon, Request};
use settle_transport::anchor::Authority;
use settle_transport::certificate::{
    self, PrivateKey, bridge_authority, device_leaf, device_root, idevid, maker_authority,
    voucher_signer,
};
use settle_transport::evidence::{MakerAnchor, Statement, VoucherSigner, serial_number};

/// Target, name, content.
type Seed = (&'static str, String, Vec<u8>);

const FOREIGN: &str = "https://example.com/";
const NAMES: [&str; 7] = [
    "printer",
    "printer.local",
    "a.b.home.arpa",
    "x1-y.alt",
    "xn--a.local",
    "Printer.LOCAL.",
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.local",
];
const MESSAGES: [&str; 10] = [
    r#"{"jsonrpc":"2.0","id":1,"method":"hello","params":{"protocol":1,"client":"extension 0.1.0"}}"#,
    r#"{"jsonrpc":"2.0","id":2,"method":"devices.list","params":{}}"#,
    r#"{"jsonrpc":"2.0","id":3,"method":"pairing.start","params":{"code":"SETTLE:A","client_label":"laptop"}}"#,
    r#"{"jsonrpc":"2.0","id":4,"method":"pairing.commit","params":{"pairing":1,"petname":"printer"}}"#,
    r#"{"jsonrpc":"2.0","id":5,"method":"device.revoke","params":{"device":"ab"}}"#,
    r#"{"jsonrpc":"2.0","id":1,"error":{"code":1400,"message":"no such device is paired","data":{"kind":"unknown_device"}}}"#,
    r#"{"jsonrpc":"2.0","method":"devices.changed","params":{}}"#,
    r#"{"jsonrpc":"2.0","method":"device.blocked","params":{"name":"printer.local","refusal":{"reason":"not_admitted"}}}"#,
    r#"{"jsonrpc":"2.0","id":1,"result":{"devices":[]}}"#,
    r#"{"jsonrpc":"2.0","method":"pairing.progress","params":{"request":1,"step":"looking"}}"#,
];

#[test]
fn the_seeds_are_what_this_code_makes() {
    let seeds: Vec<Seed> = [
        codes(),
        announced(),
        multicast(),
        pictures(),
        exchanges(),
        names(),
        messages(),
    ]
    .concat();
    if writes() {
        remove_seeds();
        for (target, name, content) in seeds.into_iter().chain(certificates()).chain(evidence()) {
            fs::write(corpus(target).join(name), content).unwrap();
        }
        return;
    }
    let mut known = BTreeSet::new();
    for (target, name, content) in seeds {
        let file = corpus(target).join(name);
        let kept = fs::read(&file).unwrap_or_default();
        assert!(kept == content, "{file:?} differs: run cargo xtask vectors");
        known.insert(file);
    }
    known.extend(CERTIFICATES.map(|name| corpus("certificate").join(name)));
    known.extend(EVIDENCE.map(|name| corpus("evidence").join(name)));
    assert_eq!(kept_seeds(), known, "run cargo xtask vectors");
}

#[test]
fn the_certificates_are_a_devices_and_what_is_none() {
    let [root, leaf, authority, trailing] =
        CERTIFICATES.map(|name| fs::read(corpus("certificate").join(name)).unwrap());
    let anchor = |der: &[u8]| Authority::from_der(&der.into());
    assert!(anchor(&root).unwrap().issued(&leaf.as_slice().into()));
    assert!(anchor(&leaf).is_err());
    let authority = anchor(&authority).unwrap();
    assert!(!authority.issued(&leaf.as_slice().into()));
    assert!(certificate::fingerprint(&trailing).is_none());
}

#[test]
fn the_evidence_is_a_devices() {
    use settle_fuzz::evidence::{SERIAL_NUMBER, judge};
    let [maker, device, _, cms, jws] =
        EVIDENCE.map(|name| fs::read(corpus("evidence").join(name)).unwrap());
    assert!(MakerAnchor::from_der(&maker.as_slice().into()).is_ok());
    let found = serial_number(&device).unwrap();
    assert_eq!(found.as_str(), SERIAL_NUMBER);
    for (form, voucher) in [(VoucherForm::Cms, cms), (VoucherForm::Jws, jws)] {
        let found = judge(&maker, &device, form, &voucher);
        assert_eq!(found.as_deref(), Some(SERIAL_NUMBER));
    }
}

#[test]
fn every_message_is_one() {
    for text in MESSAGES {
        let request = serde_json::from_str::<Request>(text);
        let answer = serde_json::from_str::<FromDaemon>(text);
        assert!(request.is_ok() || answer.is_ok(), "{text}");
    }
}

fn writes() -> bool {
    std::env::var_os("SETTLE_WRITE_SEEDS").is_some()
}

fn corpus(target: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    folder.join("corpus").join(target)
}

fn kept_seeds() -> BTreeSet<PathBuf> {
    let folders = settle_fuzz::TARGETS.map(|(target, _)| corpus(target));
    let files = folders.into_iter().flat_map(|folder| {
        fs::create_dir_all(&folder).unwrap();
        fs::read_dir(folder).unwrap()
    });
    files
        .map(|file| file.unwrap())
        .filter(|file| file.file_name().to_string_lossy().starts_with("seed-"))
        .map(|file| file.path())
        .collect()
}

fn remove_seeds() {
    for file in kept_seeds() {
        fs::remove_file(file).unwrap();
    }
}

fn vectors(file: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../protocol/vectors");
    serde_json::from_slice(&fs::read(folder.join(file)).unwrap()).unwrap()
}

fn text(value: &Value) -> Vec<u8> {
    value.as_str().unwrap().into()
}

fn hex(value: &Value) -> Vec<u8> {
    HEXLOWER.decode(&text(value)).unwrap()
}

fn codes() -> Vec<Seed> {
    let vectors = vectors("codes.json");
    let material = &vectors["material"];
    let mut seeds = Vec::new();
    let materials = [
        text(&material["one_time"]["code"]),
        text(&material["printed"]["code"]),
        // {0: 2}, of a version that is not known.
        b"SETTLE:UEAAE".to_vec(),
        FOREIGN.into(),
    ];
    for (number, material) in materials.into_iter().enumerate() {
        seeds.push(("material", format!("seed-{number}"), material.clone()));
        seeds.push(("code", format!("seed-m{number}"), material));
    }
    for name in ["one_time", "printed"] {
        let code = text(&material[name]["code"]);
        let item = BASE32_NOPAD.decode(code.strip_prefix(b"SETTLE:").unwrap());
        seeds.push(("material", format!("seed-{name}"), item.unwrap()));
    }
    for (number, secret) in vectors["secrets"].as_array().unwrap().iter().enumerate() {
        seeds.push(("code", format!("seed-t{number}"), text(&secret["typed"])));
        seeds.push(("code", format!("seed-w{number}"), text(&secret["words"])));
    }
    seeds
}

fn announced() -> Vec<Seed> {
    let vectors = vectors("discovery.json");
    let tags = vectors["vectors"].as_array().unwrap();
    let tags: Vec<&str> = tags.iter().map(|it| it["tag"].as_str().unwrap()).collect();
    let full = format!("printer.local\n{}\nprinter.local.", tags.join(","));
    [full, "\n\nnas.local.".to_owned()]
        .into_iter()
        .enumerate()
        .map(|(number, lines)| ("announced", format!("seed-{number}"), lines.into()))
        .collect()
}

/// A question, and an answer with an instance, its host and an address, each a packet after its length.
fn multicast() -> Vec<Seed> {
    let question = question(&[(SERVICE, PTR), ("nas.local.", A)]);
    let mut answer = vec![0, 0, 0x84, 0, 0, 0, 0, 4, 0, 0, 0, 0];
    let mut say = |owner: &str, kind: u16, data: &[u8]| {
        answer.extend(encoded(owner));
        answer.extend(kind.to_be_bytes());
        answer.extend([0x80, 1, 0, 0, 0, 120]);
        answer.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
        answer.extend(data);
    };
    let (instance, host) = (format!("Printer.{SERVICE}"), "printer.local.");
    say(SERVICE, PTR, &encoded(&instance));
    say(
        &instance,
        SRV,
        &[&[0, 0, 0, 0, 32, 251][..], &encoded(host)].concat(),
    );
    say(&instance, TXT, b"\x04v=12\x10n=printer.local_");
    say(host, A, &[192, 0, 2, 7]);
    let framed = |packet: &[u8]| {
        let length = u16::try_from(packet.len()).unwrap().to_be_bytes();
        [&length[..], packet].concat()
    };
    let both = [framed(&answer), framed(&question), framed(&answer)].concat();
    vec![
        ("multicast", "seed-0".to_owned(), framed(&question)),
        ("multicast", "seed-1".to_owned(), both),
    ]
}

/// A name as octets (RFC 1035 §3.1).
fn encoded(name: &str) -> Vec<u8> {
    let labels = name.split('.').flat_map(|label| {
        let length = u8::try_from(label.len()).unwrap();
        [&[length][..], label.as_bytes()].concat()
    });
    labels.collect()
}

/// A code that fits, twice as large as it has modules, and one that is cut off.
fn pictures() -> Vec<Seed> {
    let code = qrcode::QrCode::new(b"SETTLE:A").unwrap();
    let drawn = code.render::<char>().module_dimensions(2, 2).build();
    let rows: Vec<&str> = drawn.lines().collect();
    let width = u8::try_from(rows[0].chars().count()).unwrap();
    let pixels = rows.concat();
    let pixels = pixels.chars().map(|it| if it == ' ' { 255 } else { 0 });
    let whole: Vec<u8> = [width, 0].into_iter().chain(pixels).collect();
    let part = whole[..whole.len() / 2].to_vec();
    vec![
        ("picture", "seed-0".to_owned(), whole),
        ("picture", "seed-1".to_owned(), part),
    ]
}

fn exchanges() -> Vec<Seed> {
    let vectors = vectors("exchange.json");
    let mut seeds = Vec::new();
    for (number, exchange) in vectors["exchanges"].as_array().unwrap().iter().enumerate() {
        let frames = |names: &[&str]| -> Vec<u8> {
            let frames = names.iter().map(|name| hex(&exchange[*name]));
            frames.flat_map(|frame| input_frame(&frame)).collect()
        };
        let device = frames(&["client_hello", "client_confirmation"]);
        seeds.push(("device", format!("seed-{number}"), device));
        let client = frames(&["device_hello", "device_confirmation"]);
        seeds.push(("client", format!("seed-{number}"), client));
        for (name, message) in exchange.as_object().unwrap() {
            if !["suites", "signed_for_evidence"].contains(&name.as_str()) {
                seeds.push(("message", format!("seed-{name}-{number}"), hex(message)));
            }
        }
        if number == 0 {
            let proved = frames(&["grant", "commit", "done"]);
            seeds.push(("proved", format!("seed-{number}"), proved));
            let names = ["client_hello", "client_confirmation", "commit"];
            let stream = names.map(|name| stream_frame(&hex(&exchange[name])));
            seeds.push(("framing", "seed-pairing".to_owned(), stream.concat()));
        }
    }
    let abort = Message::Abort(AbortReason::NotConfirmed).to_bytes();
    seeds.push(("message", "seed-abort".to_owned(), abort));
    seeds
}

/// As the targets of frames cut their input.
fn input_frame(frame: &[u8]) -> Vec<u8> {
    let length = u16::try_from(frame.len()).unwrap();
    [&length.to_be_bytes(), frame].concat()
}

/// As pairing has it.
fn stream_frame(frame: &[u8]) -> Vec<u8> {
    let length = u32::try_from(frame.len()).unwrap();
    [&length.to_be_bytes(), frame].concat()
}

fn names() -> Vec<Seed> {
    let numbered = NAMES.iter().enumerate();
    numbered
        .map(|(number, name)| ("name", format!("seed-{number}"), (*name).into()))
        .collect()
}

fn messages() -> Vec<Seed> {
    let numbered = MESSAGES.iter().enumerate();
    let mut seeds: Vec<Seed> = numbered
        .map(|(number, text)| ("rpc", format!("seed-{number}"), (*text).into()))
        .collect();
    let session = MESSAGES.iter().flat_map(|text| {
        let length = u32::try_from(text.len()).unwrap();
        // The order of the machines that the fuzzer runs on.
        [&length.to_le_bytes(), text.as_bytes()].concat()
    });
    seeds.push(("framing", "seed-session".to_owned(), session.collect()));
    seeds
}

const CERTIFICATES: [&str; 4] = ["seed-root", "seed-leaf", "seed-authority", "seed-trailing"];

/// Keys and signatures are drawn, so these are others each time.
fn certificates() -> Vec<Seed> {
    let now = SystemTime::now();
    let key = || PrivateKey::make().unwrap();
    let (root_key, names) = (key(), [Label::parse("printer").unwrap().dot_local()]);
    let root = device_root(&root_key, &names).unwrap();
    let leaf = device_leaf(&root_key, &root, &key(), &names, now).unwrap();
    let authority = bridge_authority(&key(), now).unwrap();
    let trailing = [&leaf[..], &[0]].concat();
    CERTIFICATES
        .into_iter()
        .zip([root.to_vec(), leaf.to_vec(), authority.to_vec(), trailing])
        .map(|(name, der)| ("certificate", name.to_owned(), der))
        .collect()
}

const EVIDENCE: [&str; 5] = [
    "seed-maker",
    "seed-device",
    "seed-signature",
    "seed-cms",
    "seed-jws",
];

/// Drawn as well.
fn evidence() -> Vec<Seed> {
    use settle_fuzz::evidence::{ROOT, SERIAL_NUMBER, SIGNED, label, root_key};
    let now = SystemTime::now();
    let key = || PrivateKey::make().unwrap();
    let (maker_key, device_key, signer_key) = (key(), key(), key());
    let name = MakerName::parse("Example Works").unwrap();
    let maker = maker_authority(&maker_key, &name, now).unwrap();
    let number = SerialNumber::parse(SERIAL_NUMBER).unwrap();
    let device = idevid(&maker_key, &maker, &device_key, &number, now).unwrap();
    let life = 10 * 365 * 24 * 60 * 60;
    let life = std::time::Duration::from_secs(life);
    let signer = voucher_signer(&maker_key, &maker, &signer_key, life, now).unwrap();
    let statement = Statement {
        device: &device,
        root: ROOT,
        unique_name: &label().unique(&root_key()),
        created: now,
        expires: None,
    };
    let signer = VoucherSigner {
        key: &signer_key,
        chain: &[signer],
    };
    let voucher = |form| signer.seal(form, &statement).unwrap();
    let contents = [
        maker.to_vec(),
        device.to_vec(),
        device_key.sign(SIGNED).unwrap(),
        voucher(VoucherForm::Cms),
        voucher(VoucherForm::Jws),
    ];
    EVIDENCE
        .into_iter()
        .zip(contents)
        .map(|(name, content)| ("evidence", name.to_owned(), content))
        .collect()
}
