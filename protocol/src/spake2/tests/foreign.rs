//! The same runs by another implementation, `pakery-spake2`: each side of ours against the other
//! side of theirs, in both suites.

use alloc::vec::Vec;

use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::IsIdentity as _;
use pakery_core::PakeError;
use pakery_core::crypto::CpaceGroup;
use pakery_crypto::{HkdfSha256, HmacSha256, P256Group, Sha256Hash, Spake2P256};
use pakery_spake2::{PartyA, PartyB, Spake2Ciphersuite};
use wasm_bindgen_test::wasm_bindgen_test;

use crate::secret::{Entropy, PairingSecret};
use crate::spake2::{
    Confirmations, Context, EPHEMERAL_LABEL, Group, PASSWORD_LABEL, Role, Suite, WIDE_SCALAR,
    edwards25519, p256,
};

const CLIENT: &[u8] = b"the client's key";
const DEVICE: &[u8] = b"the device's key";
const DATA: &[u8] = b"the associated data";

/// Their protocol over edwards25519, for which they have no group of their own.
struct Edwards;

impl Spake2Ciphersuite for Edwards {
    type Group = Element;
    type Hash = Sha256Hash;
    type Kdf = HkdfSha256;
    type Mac = HmacSha256;
    const NH: usize = 32;
    const M_BYTES: &'static [u8] = &edwards25519::M;
    const N_BYTES: &'static [u8] = &edwards25519::N;
}

#[derive(Clone, PartialEq)]
struct Element {
    point: EdwardsPoint,
    /// Their protocol is for groups of prime order and knows no cofactor. What it multiplies after
    /// an addition is what RFC 9382 §3.3 multiplies by the cofactor too.
    is_sum: bool,
}

impl Element {
    const fn new(point: EdwardsPoint) -> Self {
        Self {
            point,
            is_sum: false,
        }
    }
}

impl CpaceGroup for Element {
    type Scalar = Scalar;

    fn scalar_mul(&self, scalar: &Scalar) -> Self {
        let product = self.point * scalar;
        Self::new(if self.is_sum {
            product.mul_by_cofactor()
        } else {
            product
        })
    }

    fn is_identity(&self) -> bool {
        self.point.is_identity()
    }

    fn to_bytes(&self) -> Vec<u8> {
        self.point.compress().to_bytes().to_vec()
    }

    fn from_bytes(bytes: &[u8]) -> Result<Self, PakeError> {
        let bytes = bytes.try_into().map_err(|_| PakeError::InvalidPoint)?;
        let point = CompressedEdwardsY(bytes).decompress();
        point.map(Self::new).ok_or(PakeError::InvalidPoint)
    }

    fn from_uniform_bytes(_: &[u8]) -> Result<Self, PakeError> {
        Err(PakeError::InvalidInput("not used by SPAKE2"))
    }

    fn random_scalar(_: &mut impl rand_core::CryptoRng) -> Scalar {
        panic!("the scalars of these runs are given")
    }

    fn add(&self, other: &Self) -> Self {
        Self {
            point: self.point + other.point,
            is_sum: true,
        }
    }

    fn negate(&self) -> Self {
        Self::new(-self.point)
    }

    fn basepoint_mul(scalar: &Scalar) -> Self {
        Self::new(EdwardsPoint::mul_base(scalar))
    }

    fn scalar_from_wide_bytes(_: &[u8]) -> Result<Scalar, PakeError> {
        Err(PakeError::InvalidInput("not used by SPAKE2"))
    }

    fn scalar_to_bytes(scalar: &Scalar) -> Vec<u8> {
        scalar.as_bytes().iter().rev().copied().collect()
    }
}

/// Ours as one role against theirs as the other, from the same secret.
fn agree<G, C>(suite: Suite, role: Role, round: u8)
where
    G: Group,
    C: Spake2Ciphersuite,
    C::Group: CpaceGroup<Scalar = G::Scalar>,
{
    let secret = PairingSecret::new([round; 16]);
    let ours = suite.begin(role, &secret, &Entropy::new([round ^ 1; 64]));
    let w = G::reduce(&*suite.derive::<WIDE_SCALAR>(PASSWORD_LABEL, secret.expose()));
    let theirs = G::reduce(&*suite.derive::<64>(EPHEMERAL_LABEL, &[round ^ 2; 64]));
    let (share, output) = match role {
        Role::Client => {
            let (share, state) =
                PartyB::<C>::start_with_scalar(&w, &theirs, CLIENT, DEVICE, DATA).unwrap();
            (share, state.finish(ours.share()).unwrap())
        }
        Role::Device => {
            let (share, state) =
                PartyA::<C>::start_with_scalar(&w, &theirs, CLIENT, DEVICE, DATA).unwrap();
            (share, state.finish(ours.share()).unwrap())
        }
    };
    let context = Context {
        client: CLIENT,
        device: DEVICE,
        associated_data: DATA,
    };
    let Confirmations { ours, theirs } = ours.finish(&share, context).unwrap();
    assert!(theirs.matches(&output.confirmation_mac));
    output.verify_peer_confirmation(ours.expose()).unwrap();
}

#[test]
#[wasm_bindgen_test]
fn both_roles_of_both_suites_agree_with_it() {
    for round in 0..8 {
        for role in [Role::Client, Role::Device] {
            agree::<p256::P256, Spake2P256>(Suite::P256, role, round);
            agree::<edwards25519::Edwards25519, Edwards>(Suite::Edwards25519, role, round);
        }
    }
}

#[test]
#[wasm_bindgen_test]
fn elements_are_written_alike() {
    // Their P-256 writes elements uncompressed, as RFC 9382 has it.
    let share = Suite::P256
        .begin(
            Role::Client,
            &PairingSecret::new([1; 16]),
            &Entropy::new([2; 64]),
        )
        .share()
        .to_vec();
    assert_eq!(P256Group::from_bytes(&share).unwrap().to_bytes(), share);
}
