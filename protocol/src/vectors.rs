//! The published test vectors (docs/pairing.md §9): made here from fixed inputs, compared with the
//! files under `protocol/vectors/`, and written anew by `cargo xtask vectors`.
//!
//! Everything is recomputed through the same code that runs; another implementation is held against
//! the files. RFC 9382's own vectors are in `spake2-p256.json`, which is copied from there.

#[cfg(not(target_family = "wasm"))]
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use data_encoding::HEXLOWER;
use serde_json::{Value, json};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::code::{typed, words};
use crate::discovery;
use crate::fingerprint::KeyFingerprint;
use crate::material::{Kind, Lifetime, PairingMaterial};
use crate::name::Label;
use crate::pairing::evidence::{Evidence, VoucherForm};
use crate::pairing::message::{Grant, Role as ClientRole};
use crate::pairing::{Binding, client, device};
use crate::portable::{self, Recognition};
use crate::secret::{Entropy, PairingSecret, Secret};
use crate::spake2::{Context, Role, Suite};

/// The files, by name: what is in the tree, and what this code makes.
fn files() -> [(&'static str, &'static str, Value); 5] {
    [
        (
            "spake2-edwards25519.json",
            include_str!("../vectors/spake2-edwards25519.json"),
            edwards25519(),
        ),
        ("codes.json", include_str!("../vectors/codes.json"), codes()),
        (
            "discovery.json",
            include_str!("../vectors/discovery.json"),
            tags(),
        ),
        (
            "portable.json",
            include_str!("../vectors/portable.json"),
            masks(),
        ),
        (
            "exchange.json",
            include_str!("../vectors/exchange.json"),
            exchanges(),
        ),
    ]
}

#[test]
#[wasm_bindgen_test]
fn the_published_vectors_are_what_this_code_makes() {
    for (name, published, made) in files() {
        #[cfg(not(target_family = "wasm"))]
        if let Some(folder) = std::env::var_os("SETTLE_WRITE_VECTORS") {
            let text = format!("{}\n", serde_json::to_string_pretty(&made).unwrap());
            std::fs::write(std::path::Path::new(&folder).join(name), text).unwrap();
            continue;
        }
        let published: Value = serde_json::from_str(published).unwrap();
        assert_eq!(published, made, "{name} differs: run `cargo xtask vectors`");
    }
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    HEXLOWER.encode(bytes.as_ref())
}

fn secret(seed: u8) -> PairingSecret {
    PairingSecret::new(bytes(seed))
}

/// Bytes that are easy to write down: seed, seed + 1 and so on.
fn bytes<const N: usize>(seed: u8) -> [u8; N] {
    let mut next = seed;
    [(); N].map(|()| {
        let byte = next;
        next = next.wrapping_add(1);
        byte
    })
}

/// RFC 9382 has none for this suite.
fn edwards25519() -> Value {
    let vectors: Vec<Value> = [
        ("client", "device", "", 1),
        ("", "", "data", 2),
        ("A", "B", "x", 3),
    ]
    .into_iter()
    .map(|(a, b, data, seed)| {
        let suite = Suite::Edwards25519;
        let one = suite.begin(Role::Client, &secret(seed), &Entropy::new(bytes(seed + 50)));
        let other = suite.begin(Role::Device, &secret(seed), &Entropy::new(bytes(seed + 99)));
        let context = Context {
            client: a.as_bytes(),
            device: b.as_bytes(),
            associated_data: data.as_bytes(),
        };
        let mut vector = json!({
            "A": a,
            "B": b,
            "AAD": data,
            "w": hex(one.password()),
            "x": hex(one.ephemeral()),
            "y": hex(other.ephemeral()),
            "pA": hex(one.share()),
            "pB": hex(other.share()),
        });
        let schedule = one.schedule_of(other.share(), context).unwrap();
        schedule.describe(&mut vector);
        vector
    })
    .collect();
    json!({
        "source": "Settle; checked against pakery-spake2 in protocol/src/spake2/tests/foreign.rs. \
                   A, B and AAD are text, all else is hexadecimal, scalars big-endian.",
        "suite": "SPAKE2-edwards25519-SHA256-HKDF-HMAC",
        "vectors": vectors,
    })
}

fn codes() -> Value {
    let secrets = [
        [0; 16],
        [0xff; 16],
        bytes(0),
        bytes(0x5e),
        *b"sixteen letters!",
    ];
    let secrets: Vec<Value> = secrets
        .map(PairingSecret::new)
        .iter()
        .map(|secret| {
            json!({
                "secret": hex(secret.expose()),
                "code_id": hex(client::code_id(secret)),
                "typed": typed::write(secret),
                "words": words::write(secret),
            })
        })
        .collect();
    json!({ "secrets": secrets, "material": materials() })
}

fn materials() -> Value {
    let root = KeyFingerprint::of_spki(b"a root key");
    let label = Label::parse("printer").unwrap();
    let material = |addresses: &[&str], expires_at, lifetime| {
        PairingMaterial {
            secret: secret(1),
            root,
            kind: Kind::Device,
            unique_name: label.unique(&root),
            label: label.clone(),
            port: 8443,
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
            suites: Suite::SUPPORTED.to_vec(),
            expires_at,
            lifetime,
        }
        .to_code()
    };
    let addresses = ["192.0.2.7:8443", "[fe80::1]:8443"];
    let end = 1_900_000_000;
    json!({
        "secret": hex(secret(1).expose()),
        "root": root.to_hex(),
        "label": label.as_str(),
        "unique_name": label.unique(&root).as_str(),
        "port": 8443,
        "suites": [1, 2],
        "one_time": {
            "addresses": addresses,
            "expires_at": end,
            "code": material(&addresses, Some(end), Lifetime::OneTime),
        },
        "printed": {
            "addresses": [],
            "expires_at": null,
            "code": material(&[], None, Lifetime::Printed),
        },
    })
}

fn tags() -> Value {
    let vectors: Vec<Value> = (0..4)
        .map(|seed| {
            let nonce = bytes(seed * 16);
            json!({
                "secret": hex(secret(seed).expose()),
                "nonce": hex(nonce),
                "tag": discovery::tag(&secret(seed), nonce),
            })
        })
        .collect();
    json!({ "vectors": vectors })
}

/// Marks and knocks of one client, and knocks of a code; both with a mask and without.
fn masks() -> Value {
    let device = Secret::<32>::new(bytes(0x40));
    let client = KeyFingerprint::of_spki(b"client");
    let discovery_key = portable::discovery_key(&device, &client);
    let code = secret(7);
    let vectors: Vec<Value> = [
        (
            "discovery key",
            Recognition::of_client(discovery_key.expose()),
        ),
        ("secret of a code", Recognition::of_code(&code)),
    ]
    .into_iter()
    .map(|(key, recognition)| {
        let (mask, fresh) = (bytes(0x60), bytes(0x80));
        json!({
            "key": key,
            "mask": hex(mask),
            "label": portable::label(&mask),
            "mark": hex(recognition.mark(&mask)),
            "fresh": hex(fresh),
            "knock": recognition.knock(Some(&mask), fresh),
            "knock_without_mask": recognition.knock(None, fresh),
        })
    })
    .collect();
    json!({
        "device_key": hex(device.expose()),
        "client": client.to_hex(),
        "discovery_key": hex(discovery_key.expose()),
        "secret": hex(code.expose()),
        "vectors": vectors,
    })
}

fn exchanges() -> Value {
    let exchanges: Vec<Value> = Suite::SUPPORTED
        .iter()
        .map(|suite| exchange(&[*suite], Said::default()))
        .chain([
            exchange(&Suite::SUPPORTED, Said::default()),
            exchange(&Suite::SUPPORTED, Said::of_a_maker()),
            exchange(&Suite::SUPPORTED, Said::of_a_referee()),
        ])
        .collect();
    json!({
        "binding": {
            "exporter": hex(bytes::<32>(0x10)),
            "client": KeyFingerprint::of_spki(b"client").to_hex(),
            "device": KeyFingerprint::of_spki(b"root").to_hex(),
        },
        "secret": hex(secret(7).expose()),
        "client_entropy": hex(bytes::<64>(0x20)),
        "device_entropy": hex(bytes::<64>(0x80)),
        "exchanges": exchanges,
    })
}

/// What a grant may say besides who the device is. Its parts are no certificate, voucher or signature: what
/// is in them is not the exchange's matter.
#[derive(Default)]
struct Said {
    evidence: Option<Evidence>,
    authority: Option<Vec<u8>>,
}

impl Said {
    fn of_a_maker() -> Self {
        Self {
            evidence: Some(Evidence {
                chain: [b"a certificate".to_vec().into()].into(),
                form: VoucherForm::Cms,
                voucher: b"a voucher".to_vec(),
                signature: b"a signature".to_vec(),
            }),
            ..Self::default()
        }
    }

    fn of_a_referee() -> Self {
        Self {
            authority: Some(b"an authority".to_vec()),
            ..Self::default()
        }
    }
}

fn grant(label: &Label, said: Said) -> Grant {
    Grant {
        root: b"root".to_vec(),
        label: label.as_str().to_string(),
        unique_name: label
            .unique(&KeyFingerprint::of_spki(b"root"))
            .as_str()
            .to_string(),
        port: 8443,
        kind: match said.authority {
            Some(_) => Kind::Referee,
            None => Kind::Device,
        },
        role: ClientRole::Admin,
        discovery_key: bytes(0x40),
        code: Lifetime::OneTime,
        evidence: said.evidence,
        authority: said.authority,
    }
}

/// All seven messages, in their order.
fn exchange(suites: &[Suite], said: Said) -> Value {
    let binding = || Binding {
        exporter: Secret::new(bytes(0x10)),
        client: KeyFingerprint::of_spki(b"client"),
        device: KeyFingerprint::of_spki(b"root"),
        former: Vec::new(),
    };
    let label = Label::parse("printer").unwrap();
    let offer = client::Offer {
        secret: &secret(7),
        suites,
        label: "laptop",
        role: ClientRole::Admin,
    };
    let (host, client_hello) = client::begin(&offer, binding(), &Entropy::new(bytes(0x20)));
    let offered = device::AwaitingHello::new(binding())
        .receive(&client_hello)
        .unwrap();
    let (device, [device_hello, device_proof]) = offered
        .answer(&secret(7), &Entropy::new(bytes(0x80)))
        .unwrap();
    let host = host.receive(&device_hello).unwrap();
    let (host, client_proof) = host.receive(&device_proof).unwrap();
    let confirmed = device.receive(&client_proof).unwrap();
    let signed = said.evidence.as_ref().map(|shown| {
        let certificate = shown.chain.first().unwrap();
        hex(confirmed.exchange().to_sign(certificate, &shown.voucher))
    });
    let (device, grant) = confirmed.grant(grant(&label, said));
    let read_root = |der: &[u8]| Some(KeyFingerprint::of_spki(der));
    let (host, _, commit) = host.receive(&grant, read_root).unwrap().consent();
    let done = device.receive(&commit).unwrap().done();
    host.receive(&done).unwrap();
    let numbers: Vec<u8> = suites.iter().map(|suite| suite.number()).collect();
    let mut made = json!({
        "suites": numbers,
        "client_hello": hex(client_hello),
        "device_hello": hex(device_hello),
        "device_confirmation": hex(device_proof),
        "client_confirmation": hex(client_proof),
        "grant": hex(grant),
        "commit": hex(commit),
        "done": hex(done),
    });
    if let Some(signed) = signed {
        made["signed_for_evidence"] = signed.into();
    }
    made
}
