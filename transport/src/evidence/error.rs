//! Why a maker's evidence does not hold: which part of it, and the rule that it breaks.

use settle_protocol::maker::{MakerTextError, SerialNumber};

use crate::anchor::BrokenRule;

/// Why evidence is no statement by a maker on the device that was proved.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum EvidenceError {
    /// Its chain does not name this maker: there may be another who vouches for it.
    #[error("it is not by this maker")]
    OtherMaker,
    /// A certificate is outside its validity.
    #[error("{0} has expired or is not valid yet")]
    OutOfTime(Part),
    /// A certificate does not lead to the maker, or breaks a rule.
    #[error("{part} is unusable: {rule}")]
    Certificate {
        /// Which.
        part: Part,
        /// What is wrong with it.
        rule: BrokenRule,
    },
    /// Without a serial number in its subject, or with two (IEEE 802.1AR).
    #[error("the device's certificate has not exactly one serial number")]
    SerialNumbers,
    /// The serial number is no text that can be shown.
    #[error("the device's serial number is unusable: {0}")]
    SerialNumber(MakerTextError),
    /// Without the identifier of the key that issued it, which the voucher has to name.
    #[error("the device's certificate does not name the key of its issuer")]
    NoAuthorityKey,
    /// The key of the device's certificate has not signed this exchange.
    #[error("the device does not have the key of the certificate that it shows")]
    NotPossessed,
    /// Signed by a key of the maker's that is for something else: that of a device, perhaps.
    #[error("the certificate that signed the voucher was not issued for that")]
    NotASigner,
    /// Of the voucher's CMS form.
    #[error("the voucher is no good CMS: {0}")]
    Cms(#[from] CmsError),
    /// Of the voucher's JWS form.
    #[error("the voucher is no good JWS: {0}")]
    Jws(#[from] JwsError),
    /// Of what the voucher says.
    #[error("the voucher does not hold: {0}")]
    Voucher(#[from] VoucherError),
}

/// A certificate of the evidence.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Part {
    /// The maker's own, from the user's list.
    Maker,
    /// The device's, with its issuers.
    Device,
    /// That of who signed the voucher, with its issuers.
    Signer,
}

impl std::fmt::Display for Part {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Maker => "the maker's certificate",
            Self::Device => "the device's certificate",
            Self::Signer => "the certificate that signed the voucher",
        })
    }
}

/// A rule for CMS (RFC 5652) that is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum CmsError {
    /// Not DER, something behind it, or not `SignedData`.
    #[error("it is no signed data in DER")]
    Malformed,
    /// RFC 5652 §5.1: 3 for a content that is not plain data; §5.3: by the signer's identifier.
    #[error("a version does not fit what it is of")]
    Version,
    /// Not a voucher in JSON (RFC 8366 §8.4), or detached.
    #[error("its content is no voucher")]
    Content,
    /// None, or more than one.
    #[error("it has not exactly one signer")]
    Signers,
    /// None, several, or over the limit; or something else among the certificates.
    #[error("its signer's certificate is not exactly one of a few")]
    Certificates,
    /// Revocation lists, or attributes that nobody signed: nothing here processes them.
    #[error("it has parts that are not covered by the signature or not processed")]
    Excess,
    /// Another algorithm than those of the profile, or two that do not belong together.
    #[error("its algorithms are not accepted")]
    Algorithm,
    /// RFC 5652 §5.3, §11.1, §11.2: both are there, once, with one value.
    #[error("its signed attributes lack the content's type or digest, or have one twice")]
    Attributes,
    /// RFC 5652 §11.1.
    #[error("what was signed is of another type")]
    ContentType,
    /// RFC 5652 §11.2.
    #[error("what was signed is another content")]
    Digest,
    /// The signature is not of that key over those attributes.
    #[error("its signature is wrong")]
    Signature,
}

/// A rule for JWS (RFC 7515) that is broken.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum JwsError {
    /// Not the general JSON serialization, something behind it, or members of no use.
    #[error("it is no general JSON serialization of a JWS")]
    Malformed,
    /// None, or more than one.
    #[error("it has not exactly one signature")]
    Signers,
    /// The protected header has another form, or members that are not processed (RFC 7515 §4.1.11).
    #[error("its protected header is not understood")]
    Header,
    /// Not ES256.
    #[error("its algorithm is not accepted")]
    Algorithm,
    /// Signed as something else than a voucher.
    #[error("it was not signed as a voucher")]
    Type,
    /// None, or over the limit.
    #[error("its chain has no certificate, or too many")]
    Certificates,
    /// The signature is not of that key over that header and payload.
    #[error("its signature is wrong")]
    Signature,
}

/// A rule for what a voucher says (RFC 8366) that is broken.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum VoucherError {
    /// Over the limit, in octets.
    #[error("it has {0} octets")]
    TooLong(usize),
    /// Not the JSON of a voucher, with fields that are not known, or without one that must be there.
    #[error("it is not of the form of a voucher")]
    Malformed,
    /// Nobody has verified it.
    #[error("its assertion is not \"verified\"")]
    Assertion,
    /// Made in the future; or a clock is wrong.
    #[error("it is not valid yet")]
    NotYet,
    /// Its time is over.
    #[error("it has expired")]
    Expired,
    /// An answer to a question that was not asked here.
    #[error("it has a nonce of another exchange")]
    Nonce,
    /// A demand that cannot be met here.
    #[error("it demands that revocation is checked")]
    RevocationChecks,
    /// Of another device.
    #[error("it is for the serial number {seen:?}, not {expected}")]
    OtherSerialNumber {
        /// That of the device's certificate.
        expected: SerialNumber,
        /// That of the voucher.
        seen: String,
    },
    /// Of a device whose certificate another key has issued.
    #[error("it is for a device with another issuer")]
    OtherIssuer,
    /// For another root key.
    #[error("it is for another root certificate than the device has")]
    OtherRoot,
    /// For another name.
    #[error("it is for the name {0:?}")]
    OtherName(String),
}
