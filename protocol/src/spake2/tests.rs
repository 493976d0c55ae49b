//! RFC 9382 Appendix B, whole: shares, K, every key and both confirmations; and refusals.

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
    let run = |client: &[u8], device: &[u8], associated_data: &[u8]| {
        let a = Suite::P256.begin(Role::Client, &secret, &Entropy::new([2; 64]));
        let b = Suite::P256.begin(Role::Device, &secret, &Entropy::new([3; 64]));
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

#[test]
#[wasm_bindgen_test]
fn refuses_shares_that_are_no_usable_point() {
    let secret = PairingSecret::new([1; 16]);
    let honest = Suite::P256.begin(Role::Device, &secret, &Entropy::new([3; 64]));
    let uncompressed = honest.share().to_vec();
    let mut off_curve = uncompressed.clone();
    off_curve[64] ^= 1;
    let mut compressed = uncompressed[..33].to_vec();
    compressed[0] = 0x02 | (uncompressed[64] & 1);
    // w*N alone: unblinded it is the identity.
    let w = P256::reduce(wide_password(Suite::P256, &secret).as_ref());
    let blind_alone = P256::encode(P256::mul(P256::n(), &w));
    for share in [
        Vec::new(),
        [0].to_vec(),
        [0; 65].to_vec(),
        off_curve,
        compressed,
        blind_alone,
    ] {
        let client = Suite::P256.begin(Role::Client, &secret, &Entropy::new([2; 64]));
        let context = Context {
            client: b"c",
            device: b"d",
            associated_data: b"",
        };
        assert!(client.finish(&share, context).is_err(), "{share:?}");
    }
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
}
