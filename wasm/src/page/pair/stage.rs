//! How far the pairing page has come, and what it holds there.

use settle_protocol::rpc::{Decision, PairingStep};

use crate::address::Address;
use crate::code::Code;
use crate::fault::Fault;
use crate::phrase::Phrase;

#[derive(Debug)]
pub(super) enum Stage {
    Ask(Option<Problem>),
    /// A referee may vouch for the address. What opens if none does: the referee that was paired just now.
    Vouching {
        otherwise: Option<Address>,
    },
    /// The name may open without pairing: whether the user wants that, and has said so.
    Unverified {
        opening: bool,
    },
    Reading,
    /// With what is wrong with the code that the camera sees.
    Scanning(Option<Fault>),
    Working(Working),
    Deciding(Deciding),
    Paired {
        opens: Address,
        headline: Phrase,
    },
    Refused,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Ask(None)
    }
}

/// What went wrong with the last code.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) fault: Fault,
    /// The code, where it may do better later.
    pub(super) code: Option<Code>,
    /// The code was never used, since there was no connection; it goes on by itself.
    pub(super) held: bool,
}

/// A pairing before the decision. Without a step it waits for the connection.
#[derive(Debug)]
pub(super) struct Working {
    pub(super) code: Code,
    pub(super) step: Option<PairingStep>,
}

/// The user decides.
#[derive(Debug)]
pub(in crate::page) struct Deciding {
    pub(in crate::page) decision: Box<Decision>,
    /// What the name field holds.
    pub(in crate::page) petname: String,
    /// What the daemon said against that name.
    pub(in crate::page) refused_name: bool,
    /// The consent is on its way.
    pub(in crate::page) committing: bool,
}
