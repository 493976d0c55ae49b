//! edwards25519 for SPAKE2: constant-time arithmetic of `curve25519-dalek` behind [`Group`].

use alloc::vec::Vec;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity as _;
use curve25519_dalek::traits::IsIdentity as _;

use super::group::Group;

/// RFC 9382 §6, M of edwards25519, compressed.
pub(super) const M: [u8; 32] = [
    0xd0, 0x48, 0x03, 0x2c, 0x6e, 0xa0, 0xb6, 0xd6, 0x97, 0xdd, 0xc2, 0xe8, 0x6b, 0xda, 0x85, 0xa3,
    0x3a, 0xda, 0xc9, 0x20, 0xf1, 0xbf, 0x18, 0xe1, 0xb0, 0xc6, 0xd1, 0x66, 0xa5, 0xce, 0xcd, 0xaf,
];
/// RFC 9382 §6, N of edwards25519, compressed.
pub(super) const N: [u8; 32] = [
    0xd3, 0xbf, 0xb5, 0x18, 0xf4, 0x4f, 0x34, 0x30, 0xf2, 0x9d, 0x0c, 0x92, 0xaf, 0x50, 0x38, 0x65,
    0xa1, 0xed, 0x32, 0x81, 0xdc, 0x69, 0xb3, 0x5d, 0xd8, 0x68, 0xba, 0x85, 0xf8, 0x86, 0xc4, 0xab,
];

/// The group of SPAKE2-edwards25519-SHA256-HKDF-HMAC.
pub(super) struct Edwards25519;

impl Edwards25519 {
    fn constant(bytes: [u8; 32]) -> EdwardsPoint {
        // The constants are points of the curve, as the vectors show; were they not, the identity
        // would blind nothing and every vector would fail.
        CompressedEdwardsY(bytes)
            .decompress()
            .unwrap_or_else(EdwardsPoint::identity)
    }
}

impl Group for Edwards25519 {
    type Scalar = Scalar;
    type Element = EdwardsPoint;

    fn m() -> EdwardsPoint {
        Self::constant(M)
    }

    fn n() -> EdwardsPoint {
        Self::constant(N)
    }

    fn reduce(wide: &[u8]) -> Scalar {
        let mut little_endian = zeroize::Zeroizing::new([0; 64]);
        for (low, byte) in little_endian.iter_mut().zip(wide.iter().rev()) {
            *low = *byte;
        }
        Scalar::from_bytes_mod_order_wide(&little_endian)
    }

    fn scalar(bytes: &[u8]) -> Option<Scalar> {
        let mut bytes = <[u8; 32]>::try_from(bytes).ok()?;
        bytes.reverse();
        Scalar::from_canonical_bytes(bytes).into_option()
    }

    fn scalar_bytes(scalar: &Scalar) -> Vec<u8> {
        // RFC 9382 §3.3 has scalars big-endian in every suite.
        scalar.as_bytes().iter().rev().copied().collect()
    }

    fn mul_base(scalar: &Scalar) -> EdwardsPoint {
        EdwardsPoint::mul_base(scalar)
    }

    fn mul(element: EdwardsPoint, scalar: &Scalar) -> EdwardsPoint {
        element * scalar
    }

    fn mul_cofactor(element: EdwardsPoint) -> EdwardsPoint {
        element.mul_by_cofactor()
    }

    fn add(a: EdwardsPoint, b: EdwardsPoint) -> EdwardsPoint {
        a + b
    }

    fn sub(a: EdwardsPoint, b: EdwardsPoint) -> EdwardsPoint {
        a - b
    }

    fn is_identity(element: EdwardsPoint) -> bool {
        element.is_identity()
    }

    fn encode(element: EdwardsPoint) -> Vec<u8> {
        element.compress().to_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<EdwardsPoint> {
        let compressed = CompressedEdwardsY(bytes.try_into().ok()?);
        let point = compressed.decompress()?;
        // One form only, and none of the eight points that leave nothing of a scalar. A point that
        // is of small order in part loses that part by the cofactor (RFC 9382 §3.3).
        (point.compress() == compressed && !point.is_small_order()).then_some(point)
    }
}
