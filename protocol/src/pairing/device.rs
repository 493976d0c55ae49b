//! The device's side: [`AwaitingHello`] → [`Offered`] → [`AwaitingConfirmation`] → [`Confirmed`]
//! → [`AwaitingCommit`] → [`Committed`].

use alloc::string::String;
use alloc::vec::Vec;

use super::evidence::Exchange;
use super::message::{
    ClientHello, Commit, DeviceHello, Grant, MAX_CLIENT_LABEL, MAX_SHARES, Message, Role, Share,
};
use super::{Binding, PairingError, VERSION, transcript};
use crate::fingerprint::KeyFingerprint;
use crate::secret::{Entropy, PairingSecret};
use crate::spake2::{self, Suite};

/// A provisional connection is open.
#[derive(Debug)]
pub struct AwaitingHello {
    binding: Binding,
}

impl AwaitingHello {
    /// Starts an exchange bound to a connection.
    #[must_use]
    pub const fn new(binding: Binding) -> Self {
        Self { binding }
    }

    /// Takes the client's offer.
    ///
    /// # Errors
    /// [`PairingError`] when there is nothing in it that is known here.
    pub fn receive(self, frame: &[u8]) -> Result<Offered, PairingError> {
        let Message::ClientHello(hello) = Message::read(frame)? else {
            return Err(PairingError::Protocol);
        };
        if !hello.versions.contains(&VERSION) {
            return Err(PairingError::NoCommonVersion);
        }
        if hello.shares.len() > MAX_SHARES || hello.label.len() > MAX_CLIENT_LABEL {
            return Err(PairingError::Protocol);
        }
        let suite = Suite::SUPPORTED
            .into_iter()
            .find(|suite| share_of(&hello, *suite).is_some())
            .ok_or(PairingError::NoCommonSuite)?;
        Ok(Offered {
            binding: self.binding,
            hello,
            suite,
            frame: frame.to_vec(),
        })
    }
}

fn share_of(hello: &ClientHello, suite: Suite) -> Option<&Share> {
    hello
        .shares
        .iter()
        .find(|share| share.suite == suite.number())
}

/// The offer is read; the device looks up which code the client holds.
#[derive(Debug)]
pub struct Offered {
    binding: Binding,
    hello: ClientHello,
    suite: Suite,
    frame: Vec<u8>,
}

impl Offered {
    /// Which of the device's codes the client claims to hold.
    #[must_use]
    pub const fn code(&self) -> [u8; 8] {
        self.hello.code
    }

    /// Answers with the secret of that code; for an unknown or dead code with a random one, so
    /// that nothing tells it from a wrong proof. The frames are to be sent in this order.
    ///
    /// # Errors
    /// [`PairingError::Protocol`] when the client's share is no usable element.
    pub fn answer(
        self,
        secret: &PairingSecret,
        entropy: &Entropy,
    ) -> Result<(AwaitingConfirmation, [Vec<u8>; 2]), PairingError> {
        let ours = self.suite.begin(spake2::Role::Device, secret, entropy);
        let share = Share {
            suite: self.suite.number(),
            element: ours.share().to_vec(),
        };
        let hello = Message::DeviceHello(DeviceHello {
            version: VERSION,
            share,
        })
        .to_bytes();
        let theirs = share_of(&self.hello, self.suite).ok_or(PairingError::NoCommonSuite)?;
        let data = transcript::associated_data(&self.binding, &self.frame, &hello);
        let confirmations = ours
            .finish(&theirs.element, transcript::context(&self.binding, &data))
            .map_err(|_| PairingError::Protocol)?;
        let confirmation = Message::Confirmation(*confirmations.ours.expose()).to_bytes();
        let next = AwaitingConfirmation {
            exchange: Exchange::new(&self.binding, data),
            binding: self.binding,
            hello: self.hello,
            confirmations,
        };
        Ok((next, [hello, confirmation]))
    }
}

/// Our confirmation is out; the client has to prove itself.
#[derive(Debug)]
pub struct AwaitingConfirmation {
    exchange: Exchange,
    binding: Binding,
    hello: ClientHello,
    confirmations: spake2::Confirmations,
}

impl AwaitingConfirmation {
    /// Verifies the client's confirmation.
    ///
    /// # Errors
    /// [`PairingError::NotConfirmed`]: count it against the code.
    pub fn receive(self, frame: &[u8]) -> Result<Confirmed, PairingError> {
        let Message::Confirmation(theirs) = Message::read(frame)? else {
            return Err(PairingError::Protocol);
        };
        if !self.confirmations.theirs.matches(&theirs) {
            return Err(PairingError::NotConfirmed);
        }
        Ok(Confirmed {
            exchange: self.exchange,
            binding: self.binding,
            hello: self.hello,
        })
    }
}

/// Proof that the client knows the code, on this very connection.
#[derive(Debug)]
pub struct Confirmed {
    exchange: Exchange,
    binding: Binding,
    hello: ClientHello,
}

impl Confirmed {
    /// The key that the client proved to hold.
    #[must_use]
    pub const fn client(&self) -> KeyFingerprint {
        self.binding.client
    }

    /// The role that the client asked for.
    #[must_use]
    pub const fn wanted(&self) -> Role {
        self.hello.role
    }

    /// What evidence of the device's maker has to be signed over.
    #[must_use]
    pub const fn exchange(&self) -> &Exchange {
        &self.exchange
    }

    /// Says what the device is and grants; then the client's user decides.
    #[must_use]
    pub fn grant(self, grant: Grant) -> (AwaitingCommit, Vec<u8>) {
        let role = grant.role;
        let frame = Message::Grant(grant).to_bytes();
        (
            AwaitingCommit {
                binding: self.binding,
                label: self.hello.label,
                role,
            },
            frame,
        )
    }
}

/// The grant is out; the client's user decides.
#[derive(Debug)]
pub struct AwaitingCommit {
    binding: Binding,
    label: String,
    role: Role,
}

impl AwaitingCommit {
    /// Takes the client's consent.
    ///
    /// # Errors
    /// [`PairingError::Aborted`] when the user said no, [`PairingError::BadGrant`] when something
    /// else was accepted than was granted.
    pub fn receive(self, frame: &[u8]) -> Result<Committed, PairingError> {
        let Message::Commit(Commit { root, role }) = Message::read(frame)? else {
            return Err(PairingError::Protocol);
        };
        if !root.matches(&self.binding.device) || role != self.role {
            return Err(PairingError::BadGrant);
        }
        Ok(Committed {
            client: self.binding.client,
            label: self.label,
            role,
        })
    }
}

/// Proof that both sides agreed: what the device's list of clients asks for.
#[derive(Debug)]
pub struct Committed {
    client: KeyFingerprint,
    label: String,
    role: Role,
}

impl Committed {
    /// The client's key.
    #[must_use]
    pub const fn client(&self) -> KeyFingerprint {
        self.client
    }

    /// What the client calls itself; text from a peer.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The role that was granted and accepted.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The last frame, to be sent once the client is recorded.
    #[must_use]
    pub fn done(&self) -> Vec<u8> {
        Message::Done.to_bytes()
    }
}
