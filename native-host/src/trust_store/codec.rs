//! How minicbor writes the field types that it does not know: validated names, and secrets that are
//! wiped after use.

/// Names and labels, as text; an invalid one is a decoding error.
pub(super) mod text {
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{self, Encoder, Write};

    pub(crate) fn encode<C, T: ToString, W: Write>(
        value: &T,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.str(&value.to_string())?.ok()
    }

    pub(crate) fn decode<T: TryFrom<String>, C>(
        d: &mut Decoder<'_>,
        _: &mut C,
    ) -> Result<T, Error> {
        T::try_from(d.str()?.to_owned()).map_err(|_| Error::message("unusable name"))
    }
}

/// Secret bytes.
pub(super) mod secret {
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{self, Encoder, Write};
    use std::sync::Arc;

    use settle_protocol::secret::SecretBytes;

    pub(crate) fn encode<C, W: Write>(
        value: &Arc<SecretBytes>,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.bytes(value.expose())?.ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<Arc<SecretBytes>, Error> {
        Ok(Arc::new(SecretBytes::new(d.bytes()?.to_vec())))
    }
}

/// What an imported certificate is trusted as, by number.
pub(super) mod import_kind {
    use minicbor::decode::{Decoder, Error};
    use minicbor::encode::{self, Encoder, Write};
    use settle_protocol::rpc::import::ImportKind;

    pub(crate) fn encode<C, W: Write>(
        value: &ImportKind,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), encode::Error<W::Error>> {
        e.u8(match value {
            ImportKind::Authority => 0,
            ImportKind::Certificate => 1,
        })?
        .ok()
    }

    pub(crate) fn decode<C>(d: &mut Decoder<'_>, _: &mut C) -> Result<ImportKind, Error> {
        match d.u8()? {
            0 => Ok(ImportKind::Authority),
            1 => Ok(ImportKind::Certificate),
            _ => Err(Error::message("an unknown kind of import")),
        }
    }
}
