//! The messages between the extension (or the command line), the connector and the daemon:
//! JSON-RPC 2.0 objects, one a frame. `docs/messages.md` lists every one.
//!
//! Types only: framing and dispatch belong to the two ends. The closed set of errors is in
//! [`error`], what is said about devices and decisions in [`view`].

pub mod audit;
pub mod backup;
pub mod error;
pub mod handover;
pub mod import;
pub mod invitation;
pub mod maker;
pub mod view;

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use self::audit::ReadAudit;
use self::backup::{Part, Passphrase};
pub use self::error::{ErrorKind, RpcError};
use self::handover::HandOver;
use self::import::StartImport;
use self::invitation::Invite;
use self::maker::AddMaker;
pub use self::view::{Decision, Device, DeviceAnchor, DeviceState, PairedAnchor, Proxy, Refusal};
use crate::maker::MakerName;
use crate::name::{Label, LocalName};
use crate::origin::Origin;

/// The version of this set of messages; both ends say theirs in `hello` and must agree.
pub const VERSION: u32 = 1;
/// The name under which browsers know the native-messaging host.
pub const HOST_NAME: &str = "org.settle.host";
/// The largest message that a browser takes from a native host: 1 MiB.
pub const MAX_TO_BROWSER: usize = 1024 * 1024;
/// The largest message that the host takes from a browser.
pub const MAX_FROM_BROWSER: usize = 256 * 1024;

/// The constant `"2.0"` of JSON-RPC.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct JsonRpc;

impl Serialize for JsonRpc {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("2.0")
    }
}

impl<'de> Deserialize<'de> for JsonRpc {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "2.0" => Ok(Self),
            _ => Err(serde::de::Error::custom("jsonrpc must be \"2.0\"")),
        }
    }
}

/// A call with the number under which its answer will come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Always `"2.0"`.
    pub jsonrpc: JsonRpc,
    /// Chosen by the caller, unique among its open calls.
    pub id: u64,
    /// What is asked for.
    #[serde(flatten)]
    pub call: Call,
}

impl Request {
    /// Numbers a call.
    #[must_use]
    pub const fn new(id: u64, call: Call) -> Self {
        Self {
            jsonrpc: JsonRpc,
            id,
            call,
        }
    }
}

/// Every call there is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum Call {
    /// The first call on every connection → [`Welcome`].
    #[serde(rename = "hello")]
    Hello(Hello),
    /// Gives the passphrase of a trust store that has one; before [`Call::Hello`] → [`Empty`].
    #[serde(rename = "store.unlock")]
    UnlockStore {
        /// Of the store.
        passphrase: Passphrase,
    },
    /// Seals the store's key with a passphrase instead of keeping it in the keyring, or the other way;
    /// a store that is not there yet is made so, before [`Call::Hello`] → [`Empty`].
    #[serde(rename = "store.protect")]
    ProtectStore {
        /// The passphrase; the keyring, if there is none.
        passphrase: Option<Passphrase>,
    },
    /// What is trusted → [`Devices`].
    #[serde(rename = "devices.list")]
    ListDevices {},
    /// Finds the device of a code and proves both sides to each other → [`Decision`].
    #[serde(rename = "pairing.start")]
    StartPairing(StartPairing),
    /// The user's consent → [`Device`].
    #[serde(rename = "pairing.commit")]
    CommitPairing(CommitPairing),
    /// The user's refusal, or a page that was left → [`Empty`].
    #[serde(rename = "pairing.abort")]
    AbortPairing {
        /// From the decision.
        pairing: u64,
    },
    /// Ends the trust in a device, closing its connections → [`Empty`].
    #[serde(rename = "device.revoke")]
    RevokeDevice {
        /// The device's identifier in the trust store.
        device: String,
    },
    /// Ends a running `pairing.start` of this connection; its answer says so → [`Empty`].
    #[serde(rename = "pairing.cancel")]
    CancelPairing {
        /// The number of the `pairing.start` request.
        request: u64,
    },
    /// Reads what the user got out of band → [`ImportDecision`](import::ImportDecision).
    #[serde(rename = "import.start")]
    StartImport(StartImport),
    /// The user's consent to it → [`Device`].
    #[serde(rename = "import.commit")]
    CommitImport {
        /// From the decision.
        import: u64,
    },
    /// Seals what is trusted with a passphrase, to be read in parts → [`BackupMade`](backup::BackupMade).
    #[serde(rename = "backup.make")]
    MakeBackup {
        /// Opens it again.
        passphrase: Passphrase,
    },
    /// A part of the backup that was made → [`Part`]; an empty one at its end.
    #[serde(rename = "backup.read")]
    ReadBackup {
        /// In bytes.
        offset: u64,
    },
    /// Gives a part of a backup; the first one begins anew → [`Empty`].
    #[serde(rename = "restore.write")]
    WriteRestore {
        /// In bytes; what was given until now, or 0.
        offset: u64,
        /// At most [`MAX_PART_TO_DAEMON`](backup::MAX_PART_TO_DAEMON).
        part: Part,
    },
    /// Opens the backup that was given → [`RestoreDecision`](backup::RestoreDecision).
    #[serde(rename = "restore.open")]
    OpenRestore {
        /// Of the backup.
        passphrase: Passphrase,
    },
    /// The user's consent to what was opened → [`Devices`].
    #[serde(rename = "restore.commit")]
    CommitRestore {},
    /// Looks whether a referee that is trusted vouches for a name, and remembers it → [`Device`].
    #[serde(rename = "name.vouch")]
    VouchName {
        /// The name.
        name: LocalName,
        /// The TCP port.
        port: u16,
    },
    /// Lets a name open without pairing, verified by nobody; an error where a device has it → [`Empty`].
    #[serde(rename = "unverified.add")]
    AddUnverified {
        /// The name.
        name: LocalName,
    },
    /// Takes that back → [`Empty`].
    #[serde(rename = "unverified.remove")]
    RemoveUnverified {
        /// The name.
        name: LocalName,
    },
    /// Gives a device another name → [`Device`].
    #[serde(rename = "device.rename")]
    RenameDevice {
        /// The device's identifier in the trust store.
        device: String,
        /// From then on.
        petname: Label,
    },
    /// Asks a device for a code by which another computer is let in →
    /// [`Invitation`](invitation::Invitation).
    #[serde(rename = "device.invite")]
    InviteComputer(Invite),
    /// Asks a referee to grant a name to a server → [`HandedOver`](handover::HandedOver).
    #[serde(rename = "name.hand_over")]
    HandOver(HandOver),
    /// Lets another site send requests to a device → [`Device`].
    #[serde(rename = "origin.allow")]
    AllowOrigin {
        /// The device's identifier in the trust store.
        device: String,
        /// The site.
        origin: Origin,
    },
    /// Lets another site in for ten minutes, unless the daemon ends before → [`Device`].
    #[serde(rename = "origin.pass")]
    PassOrigin {
        /// The device's identifier in the trust store.
        device: String,
        /// The site.
        origin: Origin,
    },
    /// Takes either back → [`Device`].
    #[serde(rename = "origin.deny")]
    DenyOrigin {
        /// The device's identifier in the trust store.
        device: String,
        /// The site.
        origin: Origin,
    },
    /// Puts a maker on the user's list → [`Maker`](maker::Maker).
    #[serde(rename = "maker.add")]
    AddMaker(AddMaker),
    /// The user's list of makers → [`Makers`](maker::Makers).
    #[serde(rename = "maker.list")]
    ListMakers {},
    /// Takes a maker off the list → [`Empty`].
    #[serde(rename = "maker.remove")]
    RemoveMaker {
        /// The user's name for it.
        name: MakerName,
    },
    /// A part of the audit log, checked as a whole → [`Audit`](audit::Audit).
    #[serde(rename = "audit.read")]
    ReadAudit(ReadAudit),
    /// The bridge authority's certificate, made on first use → [`BridgeCertificate`].
    #[serde(rename = "bridge.certificate")]
    BridgeCertificate {},
    /// Makes another bridge authority, which signs from now on; the keys of the former one, and of one that was to
    /// come next, are destroyed → [`BridgeCertificate`].
    #[serde(rename = "bridge.replace")]
    ReplaceBridge {},
    /// Destroys the bridge authority and its key → [`Empty`].
    #[serde(rename = "bridge.destroy")]
    DestroyBridge {},
    /// Ends the daemon, after which the next connector starts another → [`Empty`].
    #[serde(rename = "daemon.stop")]
    StopDaemon {},
}

/// Who is calling.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// [`VERSION`] of the caller.
    pub protocol: u32,
    /// Name and version of the caller, `extension 0.1.0`.
    pub client: String,
}

/// The daemon's answer to a [`Hello`] that it agrees with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Welcome {
    /// [`VERSION`] of the daemon.
    pub protocol: u32,
    /// The daemon's version.
    pub daemon: String,
    /// Where the verifying proxy listens.
    pub proxy: Proxy,
}

/// Parameters of `pairing.start`.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StartPairing {
    /// The code's text, as read from the picture or pasted.
    pub code: String,
    /// What the device will show for us in its list of clients, `Chromium on laptop`.
    pub client_label: String,
}

impl core::fmt::Debug for StartPairing {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("StartPairing")
            .field("code", &"…")
            .field("client_label", &self.client_label)
            .finish()
    }
}

/// Parameters of `pairing.commit`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CommitPairing {
    /// From the decision.
    pub pairing: u64,
    /// The label under which the user wants to open the device: `printer` for `printer.local`.
    pub petname: Label,
}

/// All devices that are trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Devices {
    /// In the order of their names.
    pub devices: Vec<Device>,
    /// What opens without being verified, in the order of names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unverified: Vec<UnverifiedName>,
}

/// A name that the user lets open without pairing. Nothing is known of what answers there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnverifiedName {
    /// The name.
    pub name: LocalName,
    /// Seconds since the Unix epoch.
    pub since: u64,
}

/// The bridge authority's certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BridgeCertificate {
    /// PEM text.
    pub pem: String,
    /// That of the authority that will come next, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The nickname to store it under.
    pub nickname: String,
}

/// The result of a call that has nothing to tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Empty {}

/// The answer to one [`Request`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// Always `"2.0"`.
    pub jsonrpc: JsonRpc,
    /// The request's number; `null` when the request could not be read.
    pub id: Option<u64>,
    /// The result or the error.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// `result` or `error`, never both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    /// What the call asked for, of the type named at [`Call`].
    #[serde(rename = "result")]
    Result(Value),
    /// Why not.
    #[serde(rename = "error")]
    Error(RpcError),
}

/// What the daemon says unasked: a JSON-RPC notification.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// Always `"2.0"`.
    pub jsonrpc: JsonRpc,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Every event there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "method", content = "params")]
pub enum Event {
    /// A running `pairing.start` reached its next step; sent only to the caller.
    #[serde(rename = "pairing.progress")]
    PairingProgress {
        /// The number of the `pairing.start` request.
        request: u64,
        /// The step that begins now.
        step: PairingStep,
    },
    /// The set of trusted devices changed: list them again.
    #[serde(rename = "devices.changed")]
    DevicesChanged {},
    /// A request to a paired name was not forwarded.
    #[serde(rename = "device.blocked")]
    DeviceBlocked {
        /// The name that was asked for.
        name: LocalName,
        /// Why it went no further.
        refusal: Refusal,
    },
}

/// The steps of pairing that take time, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PairingStep {
    /// Trying the hints and the local network.
    Looking,
    /// Opening TLS.
    Connecting,
    /// Running the PAKE.
    Proving,
}

/// What comes out of the daemon: an answer or an event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FromDaemon {
    /// The answer to a call.
    Response(Response),
    /// Said unasked.
    Notification(Notification),
}

impl FromDaemon {
    /// The answer to call `id`. A result that cannot be serialized is an internal error.
    #[must_use]
    pub fn answer<T: Serialize>(id: Option<u64>, result: Result<T, RpcError>) -> Self {
        let outcome = result
            .and_then(|result| {
                serde_json::to_value(result).map_err(|_| RpcError::from(ErrorKind::Internal))
            })
            .map_or_else(Outcome::Error, Outcome::Result);
        Self::Response(Response {
            jsonrpc: JsonRpc,
            id,
            outcome,
        })
    }

    /// Wraps an event.
    #[must_use]
    pub const fn event(event: Event) -> Self {
        Self::Notification(Notification {
            jsonrpc: JsonRpc,
            event,
        })
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn a_request_has_the_form_of_json_rpc() {
        let request = Request::new(7, Call::AbortPairing { pairing: 3 });
        let text = serde_json::to_string(&request).unwrap();
        assert_eq!(
            text,
            r#"{"jsonrpc":"2.0","id":7,"method":"pairing.abort","params":{"pairing":3}}"#
        );
        assert_eq!(serde_json::from_str::<Request>(&text).unwrap(), request);
    }

    #[test]
    #[wasm_bindgen_test]
    fn answers_and_events_are_told_apart() {
        let answer = FromDaemon::answer(Some(1), Ok(Empty {}));
        let text = serde_json::to_string(&answer).unwrap();
        assert_eq!(text, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        assert_eq!(serde_json::from_str::<FromDaemon>(&text).unwrap(), answer);
        let event = FromDaemon::event(Event::DevicesChanged {});
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"jsonrpc":"2.0","method":"devices.changed","params":{}}"#
        );
        assert_eq!(serde_json::from_str::<FromDaemon>(&text).unwrap(), event);
    }

    #[test]
    #[wasm_bindgen_test]
    fn refuses_other_versions_of_json_rpc_and_unknown_methods() {
        for text in [
            r#"{"jsonrpc":"1.0","id":1,"method":"devices.list","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"devices.steal","params":{}}"#,
            r#"{"jsonrpc":"2.0","id":-1,"method":"devices.list","params":{}}"#,
        ] {
            assert!(serde_json::from_str::<Request>(text).is_err(), "{text}");
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn the_code_is_in_no_debug_text() {
        let call = Call::StartPairing(StartPairing {
            code: "SETTLE:AAAA".into(),
            client_label: "x".into(),
        });
        assert!(!format!("{call:?}").contains("AAAA"));
    }
}
