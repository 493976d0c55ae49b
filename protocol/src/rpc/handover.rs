//! Handing a name over to a server: asked of a referee by one that administers it, and pasted on the server.

use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::handover::{Handover, Thumbprint};
use crate::name::LocalName;

/// By what a server gets its certificates.
#[derive(Clone, Debug, Default, Eq, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "by")]
pub enum HandedTo {
    /// ACME, with an external key that is made for it.
    #[default]
    Acme,
    /// EST, with a password that is made for it.
    Est,
    /// ACME, with an account key that is there: nothing secret is handed over.
    Key {
        /// Of the key.
        thumbprint: Thumbprint,
    },
}

/// Parameters of `name.hand_over`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct HandOver {
    /// The referee's identifier in the trust store.
    pub referee: String,
    /// The name.
    pub name: LocalName,
    /// To whom.
    pub to: HandedTo,
}

/// The answer to `name.hand_over`.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct HandedOver {
    /// What the server's client is given.
    pub handover: Handover,
    /// The authority's certificate as this computer trusts it, for the server to trust: PEM.
    pub root: String,
}
