//! Randomness from the operating system, as the types that the protocol takes.

use settle_protocol::secret::Secret;

/// Draws `N` bytes from the operating system's generator.
///
/// # Errors
/// Only when the system has no working generator, in which case nothing may go on.
pub fn make_bytes<const N: usize>() -> Result<[u8; N], getrandom::Error> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes)?;
    Ok(bytes)
}

/// Draws a secret of `N` bytes.
///
/// # Errors
/// As [`make_bytes`].
pub fn make_secret<const N: usize>() -> Result<Secret<N>, getrandom::Error> {
    make_bytes().map(Secret::new)
}
