//! What both sides must have seen alike, hashed once (docs/pairing.md §5.5).

use sha2::{Digest, Sha256};

use super::Binding;
use crate::spake2::{Context, length_prefixed};

/// The first field of every transcript of this version.
const LABEL: &[u8] = b"settle-pair/1";

/// The associated data of SPAKE2: label, exporter and both hellos to the byte, so that another
/// connection, or an altered version, suite, code, label or role, fails the confirmation.
pub(super) fn associated_data(
    binding: &Binding,
    client_hello: &[u8],
    device_hello: &[u8],
) -> [u8; 32] {
    Sha256::digest(length_prefixed(&[
        LABEL,
        binding.exporter.expose(),
        client_hello,
        device_hello,
    ]))
    .into()
}

/// RFC 9382 §3.3: A is the client's key, B the device's root key.
pub(super) const fn context<'a>(
    binding: &'a Binding,
    associated_data: &'a [u8; 32],
) -> Context<'a> {
    Context {
        client: binding.client.as_bytes(),
        device: binding.device.as_bytes(),
        associated_data,
    }
}
