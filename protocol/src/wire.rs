//! CBOR in and out, strictly: one item, nothing behind it.

use alloc::vec::Vec;

use minicbor::{Decode, Encode};

/// The bytes were no value of the type that was expected.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("malformed CBOR")]
pub(crate) struct Malformed;

/// Encodes a value; writing to a vector cannot fail.
pub(crate) fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    let mut bytes = Vec::new();
    match minicbor::encode(value, &mut bytes) {
        Ok(()) => bytes,
        // The error of a `Vec` writer is `Infallible`, and no type here has an encoder that fails.
        Err(_) => Vec::new(),
    }
}

/// Decodes exactly one value.
pub(crate) fn decode<'b, T: Decode<'b, ()>>(bytes: &'b [u8]) -> Result<T, Malformed> {
    let mut decoder = minicbor::Decoder::new(bytes);
    let value = decoder.decode().map_err(|_| Malformed)?;
    if decoder.position() == bytes.len() {
        Ok(value)
    } else {
        Err(Malformed)
    }
}
