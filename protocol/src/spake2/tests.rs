//! RFC 9382 Appendix B, whole: shares, K, every key and both confirmations; and refusals.

mod constants;
mod foreign;

use alloc::string::String;
use alloc::vec::Vec;

use data_encoding::HEXLOWER;
use serde::Deserialize;
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;

const VECTORS: &str = include_str!("../../vectors/spake2-p256.json");

/// The intermediate keys, which exist outside of tests only inside [`Schedule::derive`].
pub(super) struct Keys {
    hash: [u8; 32],
    confirmation: [u8; 32],
}

/// What the published vectors show, which no caller sees.
impl Spake2 {
    pub(crate) fn password(&self) -> &[u8] {
        &self.password
    }

    pub(crate) fn ephemeral(&self) -> &[u8] {
        &self.ephemeral
    }

    pub(crate) fn schedule_of(
        &self,
        theirs: &[u8],
        context: Context<'_>,
    ) -> Result<Schedule, InvalidShare> {
        match self.suite {
            Suite::P256 => self.schedule::<P256>(theirs, context),
            Suite::Edwards25519 => self.schedule::<Edwards25519>(theirs, context),
        }
    }
}

impl Schedule {
    pub(crate) fn describe(&self, vector: &mut serde_json::Value) {
        let (ke, ka) = self.keys.hash.split_at(16);
        let (kc_a, kc_b) = self.keys.confirmation.split_at(16);
        for (name, bytes) in [
            ("Ke", ke),
            ("Ka", ka),
            ("KcA", kc_a),
            ("KcB", kc_b),
            ("cA", self.confirm_a.expose()),
            ("cB", self.confirm_b.expose()),
        ] {
            vector[name] = HEXLOWER.encode(bytes).into();
        }
    }
}

impl Keys {
    pub(super) fn new(hash: &[u8; 32], confirmation: &[u8; 32]) -> Self {
        Self {
            hash: *hash,
            confirmation: *confirmation,
        }
    }
}

#[derive(Deserialize)]
struct File {
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
#[expect(non_snake_case, reason = "the names of RFC 9382")]
struct Vector {
    A: String,
    B: String,
    w: String,
    x: String,
    y: String,
    pA: String,
    pB: String,
    K: String,
    Ke: String,
    Ka: String,
    KcA: String,
    KcB: String,
    cA: String,
    cB: String,
}

fn hex(text: &str) -> Vec<u8> {
    HEXLOWER.decode(text.as_bytes()).unwrap()
}

fn start(role: Role, w: &str, ephemeral: &str) -> Spake2 {
    let mut password = [0; WIDE_SCALAR];
    password[8..].copy_from_slice(&hex(w));
    let mut entropy = [0; 64];
    entropy[32..].copy_from_slice(&hex(ephemeral));
    Spake2::start::<P256>(Suite::P256, role, &password, &entropy)
}

#[test]
#[wasm_bindgen_test]
fn all_vectors_of_rfc_9382_pass() {
    let file: File = serde_json::from_str(VECTORS).unwrap();
    assert_eq!(file.vectors.len(), 4);
    for v in file.vectors {
        let a = start(Role::Client, &v.w, &v.x);
        let b = start(Role::Device, &v.w, &v.y);
        assert_eq!(a.share(), hex(&v.pA));
        assert_eq!(b.share(), hex(&v.pB));
        let context = Context {
            client: v.A.as_bytes(),
            device: v.B.as_bytes(),
            associated_data: &[],
        };
        for (side, theirs) in [(&a, &v.pB), (&b, &v.pA)] {
            let schedule = side.schedule::<P256>(&hex(theirs), context).unwrap();
            assert_eq!(schedule.keys.hash, *[hex(&v.Ke), hex(&v.Ka)].concat());
            assert_eq!(
                schedule.keys.confirmation,
                *[hex(&v.KcA), hex(&v.KcB)].concat()
            );
            assert_eq!(*schedule.confirm_a.expose(), *hex(&v.cA));
            assert_eq!(*schedule.confirm_b.expose(), *hex(&v.cB));
        }
        // K itself: the transcript's hash above pins it; here it is computed once by hand.
        let unblinded = P256::sub(
            P256::decode(&hex(&v.pB)).unwrap(),
            P256::mul(P256::n(), &P256::scalar(&hex(&v.w)).unwrap()),
        );
        assert_eq!(
            P256::encode(P256::mul(unblinded, &P256::scalar(&hex(&v.x)).unwrap())),
            hex(&v.K)
        );
    }
}

#[test]
#[wasm_bindgen_test]
fn associated_data_and_identities_change_both_confirmations() {
    let secret = PairingSecret::new([1; 16]);
    for suite in Suite::SUPPORTED {
        let run = |client: &[u8], device: &[u8], associated_data: &[u8]| {
            let a = suite.begin(Role::Client, &secret, &Entropy::new([2; 64]));
            let b = suite.begin(Role::Device, &secret, &Entropy::new([3; 64]));
            let context = Context {
                client,
                device,
                associated_data,
            };
            let made = a.finish(b.share(), context).unwrap();
            (*made.ours.expose(), *made.theirs.expose())
        };
        let (ours, theirs) = run(b"c", b"d", b"x");
        for (other_ours, other_theirs) in [
            run(b"C", b"d", b"x"),
            run(b"c", b"D", b"x"),
            run(b"c", b"d", b"y"),
        ] {
            assert_ne!(ours, other_ours);
            assert_ne!(theirs, other_theirs);
        }
    }
}

/// The device's blind alone: unblinded it is the identity.
fn blind_alone<G: Group>(suite: Suite, secret: &PairingSecret) -> Vec<u8> {
    let w = G::reduce(&*suite.derive::<WIDE_SCALAR>(PASSWORD_LABEL, secret.expose()));
    G::encode(G::mul(G::n(), &w))
}

fn refuses(suite: Suite, shares: &[Vec<u8>]) {
    for share in shares {
        let client = suite.begin(
            Role::Client,
            &PairingSecret::new([1; 16]),
            &Entropy::new([2; 64]),
        );
        let context = Context {
            client: b"c",
            device: b"d",
            associated_data: b"",
        };
        assert!(client.finish(share, context).is_err(), "{share:?}");
    }
}

#[test]
#[wasm_bindgen_test]
fn refuses_what_is_no_usable_point_of_p256() {
    let secret = PairingSecret::new([1; 16]);
    let honest = Suite::P256.begin(Role::Device, &secret, &Entropy::new([3; 64]));
    let uncompressed = honest.share().to_vec();
    let mut off_curve = uncompressed.clone();
    off_curve[64] ^= 1;
    let mut compressed = uncompressed[..33].to_vec();
    compressed[0] = 0x02 | (uncompressed[64] & 1);
    let shares = [
        Vec::new(),
        [0].to_vec(),
        [0; 65].to_vec(),
        off_curve,
        compressed,
        blind_alone::<P256>(Suite::P256, &secret),
    ];
    refuses(Suite::P256, &shares);
}

#[test]
#[wasm_bindgen_test]
fn refuses_what_is_no_usable_point_of_edwards25519() {
    use curve25519_dalek::constants::EIGHT_TORSION;
    let secret = PairingSecret::new([1; 16]);
    let small_order = EIGHT_TORSION.map(|point| point.compress().to_bytes().to_vec());
    refuses(Suite::Edwards25519, &small_order);
    // y = 2 is on no point; y = p + 1 is the identity in another form; x = 0 has no sign bit.
    let mut off_curve = [0; 32];
    off_curve[0] = 2;
    let mut not_canonical = [0xff; 32];
    not_canonical[0] = 0xee;
    not_canonical[31] = 0x7f;
    let mut signed_zero = [0; 32];
    signed_zero[0] = 1;
    signed_zero[31] = 0x80;
    let shares = [
        Vec::new(),
        [0; 65].to_vec(),
        off_curve.to_vec(),
        not_canonical.to_vec(),
        signed_zero.to_vec(),
        blind_alone::<Edwards25519>(Suite::Edwards25519, &secret),
    ];
    refuses(Suite::Edwards25519, &shares);
}

#[test]
#[wasm_bindgen_test]
fn a_part_of_small_order_changes_the_transcript_and_not_the_secret() {
    use curve25519_dalek::constants::EIGHT_TORSION;
    let secret = PairingSecret::new([1; 16]);
    let begin =
        |role, entropy| Suite::Edwards25519.begin(role, &secret, &Entropy::new([entropy; 64]));
    let context = Context {
        client: b"c",
        device: b"d",
        associated_data: b"",
    };
    let device = begin(Role::Device, 3);
    let honest = Edwards25519::decode(device.share()).unwrap();
    let altered = Edwards25519::encode(honest + EIGHT_TORSION[1]);
    let share = begin(Role::Client, 2).share().to_vec();
    let client = begin(Role::Client, 2).finish(&altered, context).unwrap();
    let device = device.finish(&share, context).unwrap();
    assert!(!client.theirs.matches(device.ours.expose()));
}

#[test]
#[wasm_bindgen_test]
fn a_wide_integer_is_reduced_exactly() {
    // 2^320 - 1 modulo the order of P-256, by Python's integers.
    let reduced = P256::scalar_bytes(&P256::reduce(&[0xff; 40]));
    assert_eq!(
        HEXLOWER.encode(&reduced),
        "fffffffe00000001431905529c0166cd22159165b6faae70f756a571fc632550"
    );
    // The same modulo the order of edwards25519.
    let reduced = Edwards25519::scalar_bytes(&Edwards25519::reduce(&[0xff; 40]));
    assert_eq!(
        HEXLOWER.encode(&reduced),
        "0ffffffffffffffeb2106215d086329a93b8c838d39a5e065812631a5cf5d3ec"
    );
}
