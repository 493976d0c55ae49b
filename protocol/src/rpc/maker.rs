//! The user's list of makers (manufacturers), and what their evidence adds to a decision. It adds words
//! and takes no step away: what is trusted is decided by the code and by the user.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use crate::fingerprint::CertificateFingerprint;
use crate::maker::{MakerName, SerialNumber, SerialPattern};
use crate::material::Kind;

/// Parameters of `maker.add`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddMaker {
    /// The user's name for it.
    pub name: MakerName,
    /// Its certificate, PEM.
    pub pem: String,
    /// The serial numbers that it is believed about.
    pub serial_numbers: SerialPattern,
    /// The kinds that it is believed about.
    pub kinds: Vec<Kind>,
}

/// One maker on the user's list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Maker {
    /// The user's name for it.
    pub name: MakerName,
    /// Of its certificate.
    pub certificate: CertificateFingerprint,
    /// The serial numbers that it is believed about.
    pub serial_numbers: SerialPattern,
    /// The kinds that it is believed about.
    pub kinds: Vec<Kind>,
    /// Seconds since the Unix epoch.
    pub added_at: u64,
}

/// The user's list.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Makers {
    /// In the order of their names.
    pub makers: Vec<Maker>,
}

/// What the evidence of a maker on the list comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum MakerStatement {
    /// It holds: this device, with this root key, is of that maker.
    Valid {
        /// The user's name for the maker.
        maker: MakerName,
        /// The device's.
        serial_number: SerialNumber,
    },
    /// It is to be of that maker and does not hold: a reason to stop and ask.
    Invalid {
        /// The user's name for the maker.
        maker: MakerName,
        /// What the user is told.
        problem: MakerProblem,
        /// What exactly, in English.
        detail: String,
    },
}

/// Why evidence does not hold, as far as what to do about it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MakerProblem {
    /// It is out of its time; or a clock is wrong.
    Expired,
    /// The device showed another's certificate, whose key it does not have.
    NotPossessed,
    /// The maker says it of another device.
    OtherDevice,
    /// The user does not believe this maker about such a device.
    OutOfScope,
    /// A signature, a certificate or the voucher breaks a rule.
    Broken,
}

impl MakerProblem {
    /// The stable word for it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Expired => "expired",
            Self::NotPossessed => "not_possessed",
            Self::OtherDevice => "other_device",
            Self::OutOfScope => "out_of_scope",
            Self::Broken => "broken",
        }
    }
}
