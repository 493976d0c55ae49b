//! M and N of both suites, derived again from their seeds as RFC 9382 Appendix A does it: the first
//! hash, counting from 1, that reads as a point of the prime-order subgroup.

use alloc::vec::Vec;

use curve25519_dalek::edwards::CompressedEdwardsY;
use sha2::{Digest, Sha256};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::spake2::{edwards25519, p256};

/// SHA-256 applied `n` times.
fn iterated_hash(seed: &[u8], n: usize) -> Vec<u8> {
    (0..n).fold(seed.to_vec(), |hashed, _| Sha256::digest(hashed).to_vec())
}

/// The first `size` bytes of the hashes with the numbers `start`, `start + 1` and so on.
fn big_hash(seed: &[u8], start: usize, size: usize) -> Vec<u8> {
    let hashes = (start..start + size.div_ceil(32)).flat_map(|n| iterated_hash(seed, n));
    hashes.take(size).collect()
}

fn first_point(seed: &str, size: usize, point: impl Fn(Vec<u8>) -> Option<Vec<u8>>) -> Vec<u8> {
    (1..1000)
        .find_map(|n| point(big_hash(seed.as_bytes(), n, size)))
        .unwrap()
}

#[test]
#[wasm_bindgen_test]
fn those_of_p256_follow_from_their_seeds() {
    let point = |mut bytes: Vec<u8>| {
        bytes[0] = bytes[0] & 1 | 2;
        p256::point(&bytes).is_some().then_some(bytes)
    };
    for (letter, want) in [("M", p256::M), ("N", p256::N)] {
        // The object identifier of the curve.
        let seed = alloc::format!("1.2.840.10045.3.1.7 point generation seed ({letter})");
        assert_eq!(first_point(&seed, 33, point), want);
    }
}

#[test]
#[wasm_bindgen_test]
fn those_of_edwards25519_follow_from_their_seeds() {
    let point = |bytes: Vec<u8>| {
        let point = CompressedEdwardsY(bytes.as_slice().try_into().unwrap()).decompress()?;
        (!point.is_small_order() && point.is_torsion_free()).then_some(bytes)
    };
    for (letter, want) in [("M", edwards25519::M), ("N", edwards25519::N)] {
        let seed = alloc::format!("edwards25519 point generation seed ({letter})");
        assert_eq!(first_point(&seed, 32, point), want);
    }
}
