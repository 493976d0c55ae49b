//! What the pages and the background say to each other. It never leaves the extension, so it has no
//! versions; what the daemon says is in `settle_protocol::rpc`.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use settle_protocol::maker::MakerName;
use settle_protocol::name::{Label, LocalName};
use settle_protocol::origin::Origin;
use settle_protocol::rpc::backup::{BackupMade, Part, Passphrase, RestoreDecision};
use settle_protocol::rpc::handover::{HandOver, HandedOver};
use settle_protocol::rpc::import::{ImportDecision, StartImport};
use settle_protocol::rpc::invitation::{Invitation, Invite};
use settle_protocol::rpc::maker::{AddMaker, Maker};
use settle_protocol::rpc::{Decision, Device, PairingStep, Refusal, UnverifiedName};

use crate::fault::{Fault, OwnFault};

/// Said by a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FromPage {
    /// Find the device of this code and prove both sides to each other.
    Start {
        /// The code's text.
        code: CodeText,
    },
    /// The user's consent to what [`ToPage::Decide`] told this page.
    Commit {
        /// The label chosen for the device.
        petname: Label,
    },
    /// The user's refusal, or a step back while it is still under way.
    Cancel {},
    /// Who asked for devices in a tab?
    AskSites {
        /// The tab.
        tab: i32,
        /// The address of its page, where the browser tells.
        site: Option<String>,
        /// The numbers of the rules that kept something back there, where the browser tells.
        rules: Vec<u32>,
    },
    /// Let another site send requests to a device for a while.
    Pass {
        /// Its identifier in the trust store.
        device: String,
        /// The site.
        origin: Origin,
    },
    /// Why was this name blocked?
    AskRefusal {
        /// The name in the address bar.
        name: LocalName,
    },
    /// Look whether a referee vouches for what answers there.
    Vouch {
        /// The name in the address bar.
        name: LocalName,
        /// The port there.
        port: u16,
    },
    /// Let a name open without pairing.
    AddUnverified {
        /// The name.
        name: LocalName,
    },
    /// Let it open so no more.
    RemoveUnverified {
        /// The name.
        name: LocalName,
    },
    /// Read what the user got from a device that knows nothing of Settle.
    StartImport {
        /// What, and for which name.
        start: StartImport,
    },
    /// The user's consent to what [`ToPage::DecideImport`] told this page.
    CommitImport {
        /// From the decision.
        import: u64,
    },
    /// End the trust in a device.
    Revoke {
        /// Its identifier in the trust store.
        device: String,
    },
    /// Give a device another name.
    Rename {
        /// Its identifier in the trust store.
        device: String,
        /// From then on.
        petname: Label,
    },
    /// Ask a device for a code that lets another computer in.
    Invite {
        /// Which, and what the other one may do.
        invite: Invite,
    },
    /// Let a referee hand a name over to a server.
    HandOver {
        /// Which name, by which referee, to whom.
        hand_over: HandOver,
    },
    /// Let another site send requests to a device.
    Allow {
        /// Its identifier in the trust store.
        device: String,
        /// The site.
        origin: Origin,
    },
    /// Take that back.
    Deny {
        /// Its identifier in the trust store.
        device: String,
        /// The site.
        origin: Origin,
    },
    /// Read the user's list of makers.
    ListMakers {},
    /// Put a maker on it.
    AddMaker {
        /// The maker.
        maker: AddMaker,
    },
    /// Take a maker off it.
    RemoveMaker {
        /// The user's name for it.
        maker: MakerName,
    },
    /// Seal what is trusted with a passphrase.
    MakeBackup {
        /// Opens it again.
        passphrase: Passphrase,
    },
    /// Read a part of what was sealed.
    ReadBackup {
        /// In bytes.
        offset: u64,
    },
    /// Give a part of a backup.
    WriteRestore {
        /// In bytes.
        offset: u64,
        /// At most as much as a message holds.
        part: Part,
    },
    /// Open the backup that was given.
    OpenRestore {
        /// Of the backup.
        passphrase: Passphrase,
    },
    /// The user's consent to what was opened.
    CommitRestore {},
    /// Read a part of the audit log.
    ReadAudit {
        /// Only lines with a smaller number; the newest, if there is none.
        before: Option<u64>,
        /// At most so many.
        limit: u32,
    },
}

/// A code's text on its way; not in any `Debug` output.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CodeText(pub String);

impl std::fmt::Debug for CodeText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CodeText(…)")
    }
}

/// Said to a page.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToPage {
    /// At once when a page opens, and whenever it changes.
    Status {
        /// The state of everything that pages show.
        status: Status,
    },
    /// The pairing of this page reached a step.
    Progress {
        /// The step that begins.
        step: PairingStep,
    },
    /// The pairing of this page waits for the user.
    Decide {
        /// What there is to decide.
        decision: Decision,
    },
    /// The import of this page waits for the user.
    DecideImport {
        /// What there is to decide.
        decision: ImportDecision,
    },
    /// What this page asked for went wrong.
    Failed {
        /// Why.
        fault: Fault,
    },
    /// No referee that is trusted vouches for what this page asked about, or none can tell now.
    NotVouched {},
    /// The device is trusted, and its names open.
    Paired {
        /// The device.
        device: Box<Device>,
    },
    /// The answer to [`FromPage::AskSites`].
    SitesAsked {
        /// Those that were kept out.
        asked: Vec<SiteAsked>,
    },
    /// The answer to [`FromPage::AskRefusal`], again when more is known; none when nothing is.
    Refused {
        /// Why the name was blocked.
        refusal: Option<Refusal>,
        /// How often in a row the page's tab got no answer at all, not even a refusal.
        failures: u32,
    },
    /// The answer to [`FromPage::HandOver`].
    HandedOver {
        /// What the server is given.
        handed: Box<HandedOver>,
    },
    /// The answer to [`FromPage::Invite`].
    Invited {
        /// The code.
        invitation: Invitation,
    },
    /// The device is not trusted any more.
    Revoked {},
    /// The user's list of makers, when it was asked for and when this page has changed it.
    Makers {
        /// In the order of their names.
        makers: Vec<Maker>,
    },
    /// The answer to [`FromPage::MakeBackup`].
    BackupMade {
        /// What there is to read.
        made: BackupMade,
    },
    /// The answer to [`FromPage::ReadBackup`].
    BackupPart {
        /// Nothing at its end.
        part: Part,
    },
    /// The answer to [`FromPage::WriteRestore`].
    RestoreGiven {},
    /// The answer to [`FromPage::OpenRestore`].
    RestoreOpened {
        /// What there is to decide.
        decision: RestoreDecision,
    },
    /// What was in the backup is trusted.
    Restored {},
    /// The answer to [`FromPage::ReadAudit`].
    Audit {
        /// An [`Audit`](settle_protocol::rpc::audit::Audit) as the daemon wrote it.
        audit: Value,
        /// What was asked for.
        before: Option<u64>,
    },
}

/// Another site that asked for a device and was kept out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteAsked {
    /// The device's identifier in the trust store.
    pub device: String,
    /// The name that people know it by.
    pub name: LocalName,
    /// The site.
    pub origin: Origin,
}

impl SiteAsked {
    /// Whether the user lets the site in to the device, for good or for a while.
    #[must_use]
    pub fn is_let_in(&self, device: &Device) -> bool {
        let mut allowed = device.allowed_origins.iter().chain(&device.passing_origins);
        allowed.any(|allowed| allowed.as_str() == self.origin.as_str())
    }
}

/// What every page knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The connection to the daemon.
    pub link: LinkState,
    /// What is trusted; the last known list while the daemon is away.
    pub devices: Vec<Device>,
    /// What opens without being verified; likewise.
    pub unverified: Vec<UnverifiedName>,
    /// Who controls the browser's proxy setting.
    pub proxy: ProxyControl,
    /// What other sites keep of it.
    pub kept: Kept,
    /// Whether the browser takes the proxy's certificates.
    pub bridge: Bridge,
    /// The daemon's version, once it told it.
    pub daemon: Option<String>,
}

impl Status {
    /// The one thing that most stands between the user and a local page.
    #[must_use]
    pub fn trouble(&self) -> Option<Fault> {
        if let LinkState::Down { fault } = self.link {
            return Some(fault);
        }
        match (self.proxy, self.bridge) {
            (ProxyControl::OtherExtension, _) => Some(OwnFault::ProxyTaken.into()),
            (ProxyControl::Policy, _) => Some(OwnFault::ProxyPolicy.into()),
            (_, Bridge::Untrusted) => Some(OwnFault::BridgeUntrusted.into()),
            (ProxyControl::Ours | ProxyControl::Replaced, Bridge::Unknown | Bridge::Trusted) => {
                None
            }
        }
    }

    /// The trusted device that a name opens.
    #[must_use]
    pub fn device(&self, name: &LocalName) -> Option<&Device> {
        let mut devices = self.devices.iter();
        devices.find(|device| device.names.contains(name))
    }

    /// Whether a name opens without being verified.
    #[must_use]
    pub fn is_unverified(&self, name: &LocalName) -> bool {
        let mut unverified = self.unverified.iter();
        unverified.any(|unverified| unverified.name == *name)
    }
}

/// The connection to the daemon, as far as a page cares.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum LinkState {
    /// Being opened.
    #[default]
    Connecting,
    /// The daemon answers and its list of devices is known.
    Ready,
    /// Not there; it is tried again by itself.
    Down {
        /// Why.
        fault: Fault,
    },
}

/// Who controls the browser's proxy setting.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProxyControl {
    /// Nobody or Settle.
    #[default]
    Ours,
    /// Settle, in the place of a proxy that the user had set up for other sites.
    Replaced,
    /// Another extension, so local names do not reach Settle.
    OtherExtension,
    /// The administrator of this computer, so local names do not reach Settle.
    Policy,
}

/// What Settle's script keeps, for other sites, of the proxy that the user had set up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kept {
    /// There was none, or the browser keeps it by itself.
    #[default]
    Nothing,
    /// Fixed servers, and which is for most sites.
    Server(String),
    /// A script of the user's own.
    Script,
}

/// Whether the browser takes the certificates that the proxy shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bridge {
    /// Not tried yet.
    #[default]
    Unknown,
    /// A real request went through.
    Trusted,
    /// A real request failed.
    Untrusted,
}
