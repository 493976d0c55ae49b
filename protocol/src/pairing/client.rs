//! The client's side: [`begin`] → [`AwaitingHello`] → [`AwaitingConfirmation`] → [`AwaitingGrant`]
//! → [`Deciding`] → [`AwaitingDone`] → [`Paired`].

use alloc::vec::Vec;

use super::evidence::{Exchange, Presented};
use super::message::{
    AbortReason, ClientHello, Commit, Grant, MAX_CLIENT_LABEL, Message, Role, Share,
};
use super::{Binding, PairingError, VERSION, transcript};
use crate::fingerprint::KeyFingerprint;
use crate::material::{Kind, Lifetime};
use crate::name::{Label, LocalName};
use crate::secret::{Entropy, PairingSecret, Secret};
use crate::spake2::{self, Spake2, Suite};

/// What a client comes with.
#[derive(Debug)]
pub struct Offer<'a> {
    /// The code's secret.
    pub secret: &'a PairingSecret,
    /// The suites to offer, each with a share, so that no choice of the device costs a round trip.
    pub suites: &'a [Suite],
    /// What the device's owner will read in the list of clients; cut after 100 bytes.
    pub label: &'a str,
    /// The role asked for.
    pub role: Role,
}

/// Begins an exchange; the bytes are the first frame to send.
#[must_use]
pub fn begin(offer: &Offer<'_>, binding: Binding, entropy: &Entropy) -> (AwaitingHello, Vec<u8>) {
    let ours: Vec<Spake2> = offer
        .suites
        .iter()
        .map(|suite| suite.begin(spake2::Role::Client, offer.secret, entropy))
        .collect();
    let shares = ours.iter().map(|ours| Share {
        suite: ours.suite().number(),
        element: ours.share().to_vec(),
    });
    let hello = Message::ClientHello(ClientHello {
        versions: [VERSION].to_vec(),
        code: code_id(offer.secret),
        shares: shares.collect(),
        label: cut(offer.label, MAX_CLIENT_LABEL).into(),
        role: offer.role,
    })
    .to_bytes();
    (
        AwaitingHello {
            binding,
            ours,
            hello: hello.clone(),
        },
        hello,
    )
}

/// Which of a device's codes this is: 8 bytes derived from the secret (docs/pairing.md §5.1).
#[must_use]
pub fn code_id(secret: &PairingSecret) -> [u8; 8] {
    let mut id = [0; 8];
    spake2::expand(secret.expose(), &[b"settle-pair/1 code id"], &mut id);
    id
}

/// The offer is out.
#[derive(Debug)]
pub struct AwaitingHello {
    binding: Binding,
    /// One for each suite that was offered.
    ours: Vec<Spake2>,
    hello: Vec<u8>,
}

impl AwaitingHello {
    /// Takes the device's choice.
    ///
    /// # Errors
    /// [`PairingError`] when it is none that was offered.
    pub fn receive(self, frame: &[u8]) -> Result<AwaitingConfirmation, PairingError> {
        let Message::DeviceHello(theirs) = Message::read(frame)? else {
            return Err(PairingError::Protocol);
        };
        if theirs.version != VERSION {
            return Err(PairingError::NoCommonVersion);
        }
        let ours = self
            .ours
            .into_iter()
            .find(|ours| ours.suite().number() == theirs.share.suite)
            .ok_or(PairingError::NoCommonSuite)?;
        let data = transcript::associated_data(&self.binding, &self.hello, frame);
        let confirmations = ours
            .finish(
                &theirs.share.element,
                transcript::context(&self.binding, &data),
            )
            .map_err(|_| PairingError::Protocol)?;
        Ok(AwaitingConfirmation {
            exchange: Exchange::new(&self.binding, data),
            device: self.binding.device,
            former: self.binding.former,
            confirmations,
        })
    }
}

/// Both shares are known; the device has to prove itself first.
#[derive(Debug)]
pub struct AwaitingConfirmation {
    exchange: Exchange,
    device: KeyFingerprint,
    former: Vec<KeyFingerprint>,
    confirmations: spake2::Confirmations,
}

impl AwaitingConfirmation {
    /// Verifies the device's confirmation; the bytes are ours to send.
    ///
    /// # Errors
    /// [`PairingError::NotConfirmed`]: another code, or somebody in the middle.
    pub fn receive(self, frame: &[u8]) -> Result<(AwaitingGrant, Vec<u8>), PairingError> {
        let Message::Confirmation(theirs) = Message::read(frame)? else {
            return Err(PairingError::Protocol);
        };
        if !self.confirmations.theirs.matches(&theirs) {
            return Err(PairingError::NotConfirmed);
        }
        let ours = Message::Confirmation(*self.confirmations.ours.expose()).to_bytes();
        Ok((
            AwaitingGrant {
                exchange: self.exchange,
                device: self.device,
                former: self.former,
            },
            ours,
        ))
    }
}

/// The device is proved; it has yet to accept our proof and to say what it grants.
#[derive(Debug)]
pub struct AwaitingGrant {
    exchange: Exchange,
    device: KeyFingerprint,
    former: Vec<KeyFingerprint>,
}

impl AwaitingGrant {
    /// Takes the grant. `root_of` gives the fingerprint of a DER certificate's public key, or
    /// `None` when it is no certificate; parsing X.509 is the transport's work.
    ///
    /// # Errors
    /// [`PairingError::BadGrant`] when the root is not the key that was proved, or a name is unusable.
    pub fn receive(
        self,
        frame: &[u8],
        root_of: impl FnOnce(&[u8]) -> Option<KeyFingerprint>,
    ) -> Result<Deciding, PairingError> {
        let Message::Grant(grant) = Message::read(frame)? else {
            return Err(PairingError::Protocol);
        };
        if !root_of(&grant.root).is_some_and(|root| root.matches(&self.device)) {
            return Err(PairingError::BadGrant);
        }
        let granted = Granted::read(grant, self.device, self.former, &self.exchange)?;
        Ok(Deciding { granted })
    }
}

/// A grant whose every part was checked.
#[derive(Debug)]
pub struct Granted {
    /// The root certificate, DER.
    pub root: Vec<u8>,
    /// The root key's fingerprint.
    pub fingerprint: KeyFingerprint,
    /// The fingerprints of its former root keys, the first one's at the front.
    pub former: Vec<KeyFingerprint>,
    /// The label that the device gives itself.
    pub label: Label,
    /// The name that is its alone; it is derived from its first root key.
    pub unique_name: LocalName,
    /// The port of its HTTPS listener.
    pub port: u16,
    /// Device or referee.
    pub kind: Kind,
    /// The role that it grants.
    pub role: Role,
    /// For finding it when its names rotate.
    pub discovery_key: Secret<32>,
    /// The kind of code that was used.
    pub code: Lifetime,
    /// What its maker is to have said of it; within its limits, and not judged.
    pub evidence: Option<Presented>,
    /// A referee's authority, DER, which is there for referees alone; not judged.
    pub authority: Option<Vec<u8>>,
}

impl Granted {
    pub(super) fn read(
        grant: Grant,
        fingerprint: KeyFingerprint,
        former: Vec<KeyFingerprint>,
        exchange: &Exchange,
    ) -> Result<Self, PairingError> {
        let label = Label::parse(&grant.label).map_err(|_| PairingError::BadGrant)?;
        let unique_name =
            LocalName::parse(&grant.unique_name).map_err(|_| PairingError::BadGrant)?;
        // docs/pairing.md §6: the unique name follows from the label and the first root key.
        let first = former.first().unwrap_or(&fingerprint);
        if unique_name != label.unique(first) || grant.port == 0 {
            return Err(PairingError::BadGrant);
        }
        // Who is no referee has nothing to vouch for others with.
        if (grant.kind == Kind::Referee) != grant.authority.is_some() {
            return Err(PairingError::BadGrant);
        }
        let evidence = grant.evidence;
        if evidence.as_ref().is_some_and(|shown| !shown.is_bounded()) {
            return Err(PairingError::BadGrant);
        }
        Ok(Self {
            root: grant.root,
            fingerprint,
            former,
            label,
            unique_name,
            port: grant.port,
            kind: grant.kind,
            role: grant.role,
            discovery_key: Secret::new(grant.discovery_key),
            code: grant.code,
            evidence: evidence.map(|evidence| exchange.present(evidence)),
            authority: grant.authority,
        })
    }
}

/// Both sides are proved to each other and hold still: the user decides.
#[derive(Debug)]
pub struct Deciding {
    granted: Granted,
}

impl Deciding {
    /// What the decision is about.
    #[must_use]
    pub const fn granted(&self) -> &Granted {
        &self.granted
    }

    /// The user consents; the bytes are to be sent after the consent was stored.
    #[must_use]
    pub fn consent(self) -> (AwaitingDone, Consented, Vec<u8>) {
        let commit = Commit {
            root: self.granted.fingerprint,
            role: self.granted.role,
        };
        (
            AwaitingDone {},
            Consented {
                granted: self.granted,
            },
            Message::Commit(commit).to_bytes(),
        )
    }

    /// The user says no; the bytes tell the device.
    #[must_use]
    pub fn refuse(self) -> Vec<u8> {
        Message::Abort(AbortReason::Refused).to_bytes()
    }
}

/// Proof of a completed ceremony and of the user's consent: what a trust store asks for.
#[derive(Debug)]
pub struct Consented {
    granted: Granted,
}

impl Consented {
    /// What was consented to.
    #[must_use]
    pub fn into_granted(self) -> Granted {
        self.granted
    }
}

/// The consent is out; the device has to record us.
#[derive(Debug)]
pub struct AwaitingDone {}

impl AwaitingDone {
    /// Takes the device's last word.
    ///
    /// # Errors
    /// [`PairingError`] when it is another one.
    pub fn receive(self, frame: &[u8]) -> Result<Paired, PairingError> {
        let Message::Done = Message::read(frame)? else {
            return Err(PairingError::Protocol);
        };
        Ok(Paired {})
    }
}

/// Proof that the device has recorded us.
#[derive(Debug)]
pub struct Paired {}

/// The front of `text` that has at most `max` bytes.
fn cut(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or_default()
}
