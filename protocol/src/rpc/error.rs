//! Errors that reach the browser: a closed, append-only set. A number is never used again for
//! something else, and the extension words each one in the user's language.

use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};

use crate::code::CodeError;
use crate::material::MaterialError;

macro_rules! error_kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal, $kind:literal, $text:literal;)+) => {
        /// What went wrong, to the granularity at which the user's next step differs.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq, Serialize, Deserialize, thiserror::Error)]
        pub enum ErrorKind {
            $($(#[doc = $doc])+ #[error($text)] #[serde(rename = $kind)] $variant,)+
        }

        impl ErrorKind {
            /// Every kind, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The number on the wire.
            #[must_use]
            pub const fn code(self) -> i32 {
                match self { $(Self::$variant => $code),+ }
            }

            /// The stable word for it, from which the extension makes its message key.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $kind),+ }
            }
        }
    };
}

error_kinds! {
    /// The frame held no JSON (JSON-RPC 2.0 §5.1).
    Parse = -32700, "parse", "the message is not JSON";
    /// The JSON is no request that the daemon knows.
    InvalidRequest = -32600, "invalid_request", "the message is no request that this version knows";
    /// A defect in Settle.
    Internal = -32603, "internal", "an internal error: please report it with the daemon's log";
    /// `hello` was not the first call, or named another version.
    VersionMismatch = 1000, "version_mismatch", "the extension and the host have different versions: update the older one";
    /// The caller is not one of Settle's extensions.
    CallerRefused = 1001, "caller_refused", "this program may not use Settle's host";
    /// Too many calls at once on one connection.
    Busy = 1002, "busy", "too many requests at once: try again";
    /// The daemon could not be started or reached.
    DaemonUnreachable = 1003, "daemon_unreachable", "the Settle daemon could not be started: run 'settle doctor'";
    /// The caller ended it.
    Cancelled = 1004, "cancelled", "it was cancelled";
    /// The caller speaks a later version of the messages.
    HostTooOld = 1005, "host_too_old", "Settle on this computer is older than what asks it: update Settle here";
    /// The caller speaks an earlier version of the messages.
    CallerTooOld = 1006, "caller_too_old", "what asks is older than Settle on this computer: update the extension, or this program";
    /// No keyring answers.
    KeyringMissing = 1100, "keyring_missing", "no keyring answers: start one that offers the Secret Service, such as gnome-keyring or KWallet";
    /// The keyring is locked and was not unlocked.
    KeyringLocked = 1101, "keyring_locked", "the keyring is locked: unlock it and try again";
    /// The store's file does not belong to the keyring's item.
    StoreTampered = 1102, "store_tampered", "the trust store was changed or put back by something other than Settle; nothing in it is used";
    /// The store's file cannot be read or written.
    StoreUnusable = 1103, "store_unusable", "the trust store cannot be read or written: check the disk and the permissions";
    /// The user chose a passphrase over a keyring, and has to give it.
    PassphraseNeeded = 1104, "passphrase_needed", "the trust store is sealed with a passphrase: run 'settle unlock'";
    /// It is another one.
    PassphraseWrong = 1105, "passphrase_wrong", "this is not the passphrase of the trust store";
    /// Not a backup, or a part of one.
    BackupForeign = 1110, "backup_foreign", "this is not a whole backup of Settle's";
    /// Made by a newer version.
    BackupTooNew = 1111, "backup_too_new", "the backup was made by a newer version: update Settle";
    /// Wrong passphrase, or changed.
    BackupSealed = 1112, "backup_sealed", "the passphrase does not open this backup, or the backup was changed";
    /// Too short to protect anything.
    PassphraseShort = 1113, "passphrase_short", "the passphrase is too short: take at least 12 characters";
    /// Nothing was made or given before, or not in the right order.
    BackupGone = 1114, "backup_gone", "there is no backup at hand: begin again";
    /// Not a Settle code.
    CodeForeign = 1200, "code_foreign", "this is not a Settle code";
    /// Characters are missing or changed.
    CodeDamaged = 1201, "code_damaged", "the code is damaged or incomplete: copy or scan the whole of it again";
    /// Made by a newer version.
    CodeTooNew = 1202, "code_too_new", "the code was made by a newer version: update Settle";
    /// Past its time.
    CodeExpired = 1203, "code_expired", "the code has expired: let the device show a new one";
    /// Typed symbols or words are missing or wrong.
    CodeMistyped = 1204, "code_mistyped", "the code is not typed as it is shown: compare it with the device's";
    /// The device answered nowhere.
    DeviceNotFound = 1300, "device_not_found", "the device does not answer: is it on, and on this network?";
    /// Another key than the code names.
    OtherDevice = 1301, "other_device", "something else answers in the device's place: its key is not the one in the code";
    /// The PAKE failed: wrong, used or unknown code, or somebody in the middle.
    ProofFailed = 1302, "proof_failed", "the device does not accept this code: let it show a new one and scan that";
    /// The device broke the protocol.
    DeviceMisbehaved = 1303, "device_misbehaved", "the device did not keep to the pairing protocol";
    /// The connection was lost or took too long.
    PairingInterrupted = 1304, "pairing_interrupted", "the connection to the device was lost: nothing was stored, try again";
    /// The decision came too late or for nothing.
    PairingGone = 1305, "pairing_gone", "this pairing is no longer open: begin again";
    /// The chosen name belongs to another device already.
    NameTaken = 1306, "name_taken", "another device has this name already: choose another";
    /// The device said no (window closed, too many attempts).
    DeviceRefused = 1307, "device_refused", "the device admits nobody right now";
    /// A typed code says nothing of its device, and no device announces that it shows it.
    NoDeviceShows = 1308, "no_device_shows", "no device on this network shows this code: is it on, and is the code still there?";
    /// A private key, several certificates, none, or a damaged one.
    ImportUnusable = 1310, "import_unusable", "this is not one certificate, as PEM: give the device's own, or that of its authority";
    /// Nothing was imported before, or the decision came too late.
    ImportGone = 1311, "import_gone", "this import is no longer open: begin again";
    /// It is trusted for the name that it was imported for.
    NameFixed = 1312, "name_fixed", "an imported certificate is trusted for its own name alone: import it for the other name";
    /// No authority's certificate, several, or one of a kind that cannot be verified here.
    MakerUnusable = 1320, "maker_unusable", "this is not one certificate of a maker's authority, as PEM";
    /// Another maker on the list has this name or this certificate, or the list is full.
    MakerKnown = 1321, "maker_known", "a maker with this name or this certificate is on the list already, or the list is full";
    /// No referee is trusted, or what answers under the name has no certificate of one.
    NotVouched = 1330, "not_vouched", "no referee that is trusted vouches for this name";
    /// No such device in the store.
    UnknownDevice = 1400, "unknown_device", "no such device is paired";
    /// No such maker on the user's list.
    UnknownMaker = 1401, "unknown_maker", "no maker with this name is on the list";
    /// This computer is no administrator of the device, or none of its clients any more.
    AdminsOnly = 1410, "admins_only", "the device makes codes for its administrators alone, and this computer is none";
    /// As many codes stand as the device keeps.
    ManyCodes = 1411, "many_codes", "the device has made as many codes as can stand at a time: wait until one has ended";
    /// It was imported, or a referee vouches for it, or it is from before that.
    MakesNoCodes = 1412, "makes_no_codes", "this device makes no codes to be handed on";
    /// It has no authority, or is from before that.
    NotAReferee = 1420, "not_a_referee", "this device is no referee that gives names to servers";
    /// This computer is no administrator of the referee.
    NamesForAdmins = 1421, "names_for_admins", "the referee gives names to its administrators alone, and this computer is none";
}

/// The error object of JSON-RPC 2.0 §5.1.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct RpcError {
    /// [`ErrorKind::code`].
    pub code: i32,
    /// The English text for logs and scripts.
    pub message: String,
    /// What programs decide on.
    pub data: ErrorData,
}

/// The machine-readable part of an error.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
pub struct ErrorData {
    /// The kind, by its stable word.
    pub kind: ErrorKind,
}

impl From<ErrorKind> for RpcError {
    fn from(kind: ErrorKind) -> Self {
        Self {
            code: kind.code(),
            message: kind.to_string(),
            data: ErrorData { kind },
        }
    }
}

impl From<&CodeError> for ErrorKind {
    fn from(error: &CodeError) -> Self {
        match error {
            CodeError::Material(MaterialError::Foreign) => Self::CodeForeign,
            CodeError::Material(
                MaterialError::TooLong | MaterialError::Damaged | MaterialError::BadName(_),
            ) => Self::CodeDamaged,
            CodeError::Material(
                MaterialError::UnsupportedVersion(_) | MaterialError::NoCommonSuite,
            ) => Self::CodeTooNew,
            CodeError::Typed(_) | CodeError::Words(_) => Self::CodeMistyped,
        }
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    #[test]
    #[wasm_bindgen_test]
    fn numbers_and_words_are_unique() {
        for (i, a) in ErrorKind::ALL.iter().enumerate() {
            for b in &ErrorKind::ALL[i + 1..] {
                assert_ne!(a.code(), b.code());
                assert_ne!(a.word(), b.word());
            }
        }
    }

    #[test]
    #[wasm_bindgen_test]
    fn an_error_is_written_as_its_number_text_and_word() {
        let text = serde_json::to_string(&RpcError::from(ErrorKind::UnknownDevice)).unwrap();
        assert_eq!(
            text,
            r#"{"code":1400,"message":"no such device is paired","data":{"kind":"unknown_device"}}"#
        );
    }
}
