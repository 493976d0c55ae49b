//! What the device has of its maker: the `IDevID` key and its certificates, and the voucher. Shown in a
//! pairing, with a signature over that very exchange (docs/pairing.md §5.7).
//!
//! Whether it holds is for hosts to say. A device without it, or with one that does not hold, serves.

use data_encoding::BASE64;
use rustls_pki_types::CertificateDer;
use serde::{Deserialize, Serialize};
use settle_protocol::pairing::evidence::{Evidence, Exchange, VoucherForm};
use settle_transport::certificate::PrivateKey;
use zeroize::Zeroizing;

use crate::state::{Kind, StateDir, StateError};

/// Its state file.
pub(crate) const FILE: Kind = Kind {
    name: "maker",
    version: 1,
};

/// The file's content; texts so that it is one JSON object.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    key: Zeroizing<String>,
    chain: Vec<String>,
    voucher: Option<StoredVoucher>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredVoucher {
    form: StoredForm,
    octets: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum StoredForm {
    Cms,
    Jws,
}

/// Where a device comes from.
#[derive(Debug)]
pub(crate) struct Provenance {
    pub(crate) key: PrivateKey,
    /// The device's certificate, then its issuers; the maker's own is left out.
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) voucher: Option<(VoucherForm, Vec<u8>)>,
}

impl Provenance {
    /// Reads it; `None` for a device whose maker gave it nothing.
    pub(crate) fn load(dir: &StateDir) -> Result<Option<Self>, StateError> {
        let Some(stored) = dir.load::<Stored>(FILE)? else {
            return Ok(None);
        };
        Self::read(&stored).map(Some).ok_or_else(|| {
            let path = dir.path_of(FILE);
            let why = "it holds no key and certificate";
            StateError::Damaged { path, why }
        })
    }

    /// Replaces what is stored.
    pub(crate) fn store(&self, dir: &StateDir) -> Result<(), StateError> {
        let voucher = self.voucher.as_ref().map(|(form, octets)| StoredVoucher {
            form: match form {
                VoucherForm::Cms => StoredForm::Cms,
                VoucherForm::Jws => StoredForm::Jws,
            },
            octets: BASE64.encode(octets),
        });
        let stored = Stored {
            key: Zeroizing::new(BASE64.encode(self.key.expose_pkcs8())),
            chain: self.chain.iter().map(|one| BASE64.encode(one)).collect(),
            voucher,
        };
        dir.store(FILE, &stored)
    }

    /// Leaves of it what is the device's own, whoever has it: the key and the certificate, which say
    /// its serial number. A voucher is of a root key that is no more; what cannot be read goes whole.
    pub(crate) fn outlast_reset(dir: &StateDir) -> Result<(), StateError> {
        match Self::load(dir) {
            Ok(None | Some(Self { voucher: None, .. })) => Ok(()),
            Ok(Some(provenance)) => Self {
                voucher: None,
                ..provenance
            }
            .store(dir),
            Err(error) if error.is_content() => dir.wipe(FILE),
            Err(error) => Err(error),
        }
    }

    fn read(stored: &Stored) -> Option<Self> {
        let pkcs8 = Zeroizing::new(BASE64.decode(stored.key.as_bytes()).ok()?);
        let mut chain = Vec::new();
        for text in &stored.chain {
            chain.push(CertificateDer::from(BASE64.decode(text.as_bytes()).ok()?));
        }
        let voucher = match &stored.voucher {
            Some(StoredVoucher { form, octets }) => {
                let form = match form {
                    StoredForm::Cms => VoucherForm::Cms,
                    StoredForm::Jws => VoucherForm::Jws,
                };
                Some((form, BASE64.decode(octets.as_bytes()).ok()?))
            }
            None => None,
        };
        Some(Self {
            key: PrivateKey::from_pkcs8(&pkcs8).ok()?,
            chain,
            voucher,
        })
    }

    /// Signs one exchange; `None` without a voucher, or when it would not fit into a grant.
    pub(crate) fn present(&self, exchange: &Exchange) -> Option<Evidence> {
        let certificate = self.chain.first()?;
        let (form, voucher) = self.voucher.clone()?;
        let signed = self.key.sign(&exchange.to_sign(certificate, &voucher));
        let signature = signed
            .inspect_err(|error| tracing::error!(%error, "the maker's key does not sign"))
            .ok()?;
        let evidence = Evidence {
            chain: self.chain.iter().map(|one| one.to_vec().into()).collect(),
            form,
            voucher,
            signature,
        };
        if !evidence.is_bounded() {
            tracing::error!("the maker's evidence is too long to be shown");
            return None;
        }
        Some(evidence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn provenance(voucher: Option<(VoucherForm, Vec<u8>)>) -> Provenance {
        Provenance {
            key: PrivateKey::make().unwrap(),
            chain: vec![CertificateDer::from(vec![1, 2, 3])],
            voucher,
        }
    }

    #[test]
    fn it_stays_the_same_from_start_to_start() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        assert!(Provenance::load(&dir).unwrap().is_none());
        for voucher in [
            None,
            Some((VoucherForm::Cms, vec![4])),
            Some((VoucherForm::Jws, vec![5])),
        ] {
            let made = provenance(voucher);
            made.store(&dir).unwrap();
            let loaded = Provenance::load(&dir).unwrap().unwrap();
            assert_eq!(loaded.key.fingerprint(), made.key.fingerprint());
            assert_eq!(loaded.chain, made.chain);
            assert_eq!(loaded.voucher, made.voucher);
        }
    }

    #[test]
    fn what_is_no_key_is_damage() {
        let temp = tempfile::tempdir().unwrap();
        let dir = StateDir::open(temp.path()).unwrap();
        let stored = Stored {
            key: Zeroizing::new("AAAA".to_owned()),
            chain: Vec::new(),
            voucher: None,
        };
        dir.store(FILE, &stored).unwrap();
        let error = Provenance::load(&dir).unwrap_err();
        assert!(matches!(error, StateError::Damaged { .. }));
    }
}
