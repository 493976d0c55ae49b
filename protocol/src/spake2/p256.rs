//! P-256 for SPAKE2: constant-time arithmetic of the `p256` crate behind [`Group`].

use alloc::vec::Vec;

use p256::elliptic_curve::PrimeField;
use p256::elliptic_curve::group::Group as _;
use p256::elliptic_curve::ops::Reduce;
use p256::elliptic_curve::sec1::{FromSec1Point, ToSec1Point};
use p256::{AffinePoint, FieldBytes, ProjectivePoint, Scalar, Sec1Point};

use super::group::Group;

/// RFC 9382 §6, M of P-256, compressed.
pub(super) const M: [u8; 33] = [
    0x02, 0x88, 0x6e, 0x2f, 0x97, 0xac, 0xe4, 0x6e, 0x55, 0xba, 0x9d, 0xd7, 0x24, 0x25, 0x79, 0xf2,
    0x99, 0x3b, 0x64, 0xe1, 0x6e, 0xf3, 0xdc, 0xab, 0x95, 0xaf, 0xd4, 0x97, 0x33, 0x3d, 0x8f, 0xa1,
    0x2f,
];
/// RFC 9382 §6, N of P-256, compressed.
pub(super) const N: [u8; 33] = [
    0x03, 0xd8, 0xbb, 0xd6, 0xc6, 0x39, 0xc6, 0x29, 0x37, 0xb0, 0x4d, 0x99, 0x7f, 0x38, 0xc3, 0x77,
    0x07, 0x19, 0xc6, 0x29, 0xd7, 0x01, 0x4d, 0x49, 0xa2, 0x4b, 0x4f, 0x98, 0xba, 0xa1, 0x29, 0x2b,
    0x49,
];
/// An uncompressed point: 0x04, x, y (SEC 1 §2.3.3).
const UNCOMPRESSED: usize = 65;

/// The group of SPAKE2-P256-SHA256-HKDF-HMAC.
pub(super) struct P256;

impl P256 {
    fn constant(bytes: &[u8]) -> ProjectivePoint {
        // The constants are points of the curve, as the RFC's vectors show; were they not, the
        // identity would blind nothing and every vector would fail.
        point(bytes).unwrap_or(ProjectivePoint::IDENTITY)
    }
}

impl Group for P256 {
    type Scalar = Scalar;
    type Element = ProjectivePoint;

    fn m() -> ProjectivePoint {
        Self::constant(&M)
    }

    fn n() -> ProjectivePoint {
        Self::constant(&N)
    }

    fn reduce(wide: &[u8]) -> Scalar {
        // Horner's rule in steps of 16 bytes: exact, and in constant time for a given length.
        let step = Scalar::from(1u64 << 32).square().square();
        wide.rchunks(16).rev().fold(Scalar::ZERO, |sum, chunk| {
            let mut bytes = FieldBytes::default();
            let (_, low) = bytes.split_at_mut(32 - chunk.len());
            low.copy_from_slice(chunk);
            sum * step + <Scalar as Reduce<FieldBytes>>::reduce(&bytes)
        })
    }

    fn scalar(bytes: &[u8]) -> Option<Scalar> {
        let bytes = <[u8; 32]>::try_from(bytes).ok()?;
        Scalar::from_repr(FieldBytes::from(bytes)).into_option()
    }

    fn scalar_bytes(scalar: &Scalar) -> Vec<u8> {
        scalar.to_repr().to_vec()
    }

    fn mul_base(scalar: &Scalar) -> ProjectivePoint {
        ProjectivePoint::GENERATOR * scalar
    }

    fn mul(element: ProjectivePoint, scalar: &Scalar) -> ProjectivePoint {
        element * scalar
    }

    fn mul_cofactor(element: ProjectivePoint) -> ProjectivePoint {
        element
    }

    fn add(a: ProjectivePoint, b: ProjectivePoint) -> ProjectivePoint {
        a + b
    }

    fn sub(a: ProjectivePoint, b: ProjectivePoint) -> ProjectivePoint {
        a - b
    }

    fn is_identity(element: ProjectivePoint) -> bool {
        element.is_identity().into()
    }

    fn encode(element: ProjectivePoint) -> Vec<u8> {
        element.to_affine().to_sec1_point(false).as_bytes().to_vec()
    }

    fn decode(bytes: &[u8]) -> Option<ProjectivePoint> {
        // One form only: a second encoding of the same point would be a second transcript.
        let point = if bytes.len() == UNCOMPRESSED {
            point(bytes)?
        } else {
            return None;
        };
        (!Self::is_identity(point)).then_some(point)
    }
}

pub(super) fn point(bytes: &[u8]) -> Option<ProjectivePoint> {
    let encoded = Sec1Point::from_bytes(bytes).ok()?;
    AffinePoint::from_sec1_point(&encoded)
        .into_option()
        .map(ProjectivePoint::from)
}
