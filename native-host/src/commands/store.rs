//! `protect` and `unlock`: where the trust store's key is kept, and how it is opened.

use settle_protocol::rpc::{Call, Empty};

use super::{CommandError, Outcome, Protection, Terminal};
use crate::client::Client;
use crate::paths::Paths;

const MEANING: &str = "\
The trust store will be sealed with a passphrase instead of a key in the desktop's keyring. You will
have to give it with 'settle unlock' after each start of the computer, and whenever no browser has
been connected for a while. Whoever can write to your files could put back an older copy of all of
them, which only a keyring would notice.";

pub(super) fn protect(
    paths: &Paths,
    with: Protection,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    let (passphrase, done) = match with {
        Protection::Keyring => (None, "The key is in the keyring."),
        Protection::Passphrase => {
            terminal.say(MEANING)?;
            let chosen = terminal.new_secret("A passphrase of 12 characters or more")?;
            (Some(chosen), "The key is sealed with the passphrase.")
        }
    };
    let Empty {} = Client::call_before_hello(paths, Call::ProtectStore { passphrase })?;
    terminal.say(done)?;
    Ok(Outcome::Done)
}

pub(super) fn unlock(paths: &Paths, terminal: &mut Terminal<'_>) -> Result<Outcome, CommandError> {
    let passphrase = terminal.secret("The passphrase of the trust store")?;
    let Empty {} = Client::call_before_hello(paths, Call::UnlockStore { passphrase })?;
    terminal.say("The trust store is open.")?;
    Ok(Outcome::Done)
}
