//! What SPAKE2 needs of a group. One implementation a file; nothing of the key schedule is here.

use alloc::vec::Vec;

/// A group of prime order, perhaps times a cofactor, with the constants of RFC 9382 §6.
pub(super) trait Group {
    /// An integer modulo the order of the prime-order subgroup.
    type Scalar;
    /// A group element.
    type Element: Copy;

    /// The constant M.
    fn m() -> Self::Element;
    /// The constant N.
    fn n() -> Self::Element;
    /// Reduces a big-endian integer of up to 64 bytes.
    fn reduce(wide: &[u8]) -> Self::Scalar;
    /// Reads what [`Self::scalar_bytes`] wrote.
    fn scalar(bytes: &[u8]) -> Option<Self::Scalar>;
    /// The scalar as the transcript has it (RFC 9382 §3.3).
    fn scalar_bytes(scalar: &Self::Scalar) -> Vec<u8>;
    /// `scalar * P`, with the generator P.
    fn mul_base(scalar: &Self::Scalar) -> Self::Element;
    /// `scalar * element`.
    fn mul(element: Self::Element, scalar: &Self::Scalar) -> Self::Element;
    /// `h * element`, with the cofactor h.
    fn mul_cofactor(element: Self::Element) -> Self::Element;
    /// `a + b`.
    fn add(a: Self::Element, b: Self::Element) -> Self::Element;
    /// `a - b`.
    fn sub(a: Self::Element, b: Self::Element) -> Self::Element;
    /// Whether the element is the identity.
    fn is_identity(element: Self::Element) -> bool;
    /// The element as messages and the transcript have it.
    fn encode(element: Self::Element) -> Vec<u8>;
    /// Reads an element; what is off the curve, of small order or in another form is refused.
    fn decode(bytes: &[u8]) -> Option<Self::Element>;
}
