//! What people type: the command line, and what each command says. All of it goes over the same
//! messages as the extension's.

mod audit;
mod backups;
mod doctor;
pub mod handover;
pub mod import;
mod install;
mod invite;
pub mod makers;
mod origins;
mod pairing;
mod renew;
mod shell;
mod store;
mod time;
mod trust;
mod unfinished;
mod uninstall;
pub mod unverified;

use std::io::{self, BufRead as _, Read as _, Write};
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use settle_protocol::rpc::ErrorKind;
use settle_protocol::rpc::backup::Passphrase;
use settle_protocol::rpc::invitation::InvitedAs;
use zeroize::Zeroize;

use self::origins::Setting;
use crate::client::CallError;
use crate::install::InstallError;
use crate::paths::Paths;

/// The browser's local trust store: after one scan of a device's code, its pages open with no warning.
#[derive(Debug, Parser)]
#[command(name = "settle", version, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make browsers find Settle and accept its proxy
    Install {
        /// Install without asking
        #[arg(long)]
        yes: bool,
        /// A Chromium user data directory outside the standard place; may be given several times
        #[arg(long, value_name = "DIR")]
        user_data_dir: Vec<PathBuf>,
        /// By policy, for all users of this computer, and nothing else
        #[arg(long)]
        system: bool,
        /// The authority's certificate, for root, who has another keyring
        #[arg(long, value_name = "FILE", requires = "system")]
        certificate: Option<PathBuf>,
    },
    /// Take back what `install` did, and destroy the bridge authority's key
    Uninstall {
        /// Destroy what is trusted too, and every file of Settle's
        #[arg(long, conflicts_with = "system")]
        everything: bool,
        /// Take back the policies for all users, and nothing else
        #[arg(long)]
        system: bool,
        /// Do not ask
        #[arg(long)]
        yes: bool,
    },
    /// Check every link from the browser to the devices, and say what to do
    Doctor {
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// List the devices that are trusted
    List {
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Show everything that is known of one device
    Show {
        /// Any of its names
        name: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Look whether a referee that is trusted vouches for a server, and remember it
    Vouch {
        /// Its name, with a port if that is not 443: nas.local:8443
        server: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Give a device another name to open it under
    Rename {
        /// Any of its names
        name: String,
        /// The new name, without .local
        new: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Pair with a device by its code
    Pair {
        /// The code: SETTLE:…, or as it is typed, or in words; - reads it from the standard input
        code: String,
        /// The name to open it under, without .local; its own if not given
        #[arg(long)]
        name: Option<String>,
        /// Trust without asking; only for codes that you read off the device yourself
        #[arg(long)]
        yes: bool,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// End the trust in a device, by its name
    Revoke {
        /// Any of its names
        name: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Ask a device for a code that lets another computer in, once, within ten minutes
    Invite {
        /// Any of the device's names
        name: String,
        /// What the other computer may do: everything as 'admin', or as little as anybody
        #[arg(long, value_enum, default_value = "guest")]
        role: InvitedRole,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Have a referee give a name to a server, and show what to paste there
    Handover(handover::Asked),
    /// Let another site's pages send requests to a device
    Allow {
        /// Any of the device's names
        name: String,
        /// The site, as in https://cloud.example
        origin: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Take an 'allow' back
    Deny {
        /// Any of the device's names
        name: String,
        /// The site, as in https://cloud.example
        origin: String,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Tell who was trusted, why and when, and what was refused
    Audit {
        /// At most so many entries, the newest
        #[arg(long, default_value_t = 100, value_name = "NUMBER")]
        limit: u32,
        /// Only check that nothing was changed or taken away
        #[arg(long)]
        verify: bool,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// List whose statements about devices are believed; it makes no device trusted
    #[command(subcommand)]
    Maker(makers::Command),
    /// Names that open without pairing, verified by nobody: for what cannot pair
    #[command(subcommand)]
    Unverified(unverified::Command),
    /// Trust a device that knows nothing of Settle, by its certificate, for one name
    Import(import::Asked),
    /// Seal what is trusted with a passphrase, for a lost disk or a second computer
    Export {
        /// The file to write; it must not be there yet
        file: PathBuf,
        /// Draw a passphrase and show it once, instead of asking for one
        #[arg(long)]
        draw: bool,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Trust what is in a file that 'export' wrote
    Restore {
        /// The file
        file: PathBuf,
        /// Restore without asking; only for files that you made yourself
        #[arg(long)]
        yes: bool,
        /// One JSON object for programs
        #[arg(long)]
        json: bool,
    },
    /// Choose where the trust store's key is kept
    Protect {
        /// In the desktop's keyring, or in a file that a passphrase opens
        with: Protection,
    },
    /// Give the passphrase of a trust store that has one
    Unlock,
    /// Replace the authority that your browsers accept, at once: for a key that may be in other hands
    Renew,
    /// Write completions for a shell
    Completions {
        /// Which one
        shell: clap_complete::Shell,
    },
    /// Write the manual pages into a directory
    Man {
        /// Made if it is not there
        directory: PathBuf,
    },
    /// Run the daemon; browsers and commands start it by themselves
    Daemon {
        /// Go after this time without any connection
        #[arg(long, default_value_t = 300, value_name = "SECONDS")]
        idle_seconds: u64,
    },
}

/// Where the trust store's key is kept.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum Protection {
    /// In the desktop's keyring.
    Keyring,
    /// In a file that a passphrase opens.
    Passphrase,
}

/// What another computer may do on a device.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub enum InvitedRole {
    /// Everything.
    Admin,
    /// What the device lets guests do.
    Guest,
}

impl From<InvitedRole> for InvitedAs {
    fn from(role: InvitedRole) -> Self {
        match role {
            InvitedRole::Admin => Self::Admin,
            InvitedRole::Guest => Self::Guest,
        }
    }
}

/// How a command ended without an error of the program; exit codes are `main`'s.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Done.
    Done,
    /// Something is not as it should be; the output says what.
    Unwell,
    /// The user said no.
    Declined,
}

/// What scripts read from the exit code (`EXIT_CODES` tells people).
const KEYRING: u8 = 4;
const STORE: u8 = 5;
const NOT_FOUND: u8 = 6;

/// Said at the end of the help and of the manual page.
const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 failed, or something is not as it should be; 2 wrong usage; 3 you said no; \
4 the keyring is missing or locked; 5 the trust store cannot be used; 6 the device was not found";

/// The longest line that is read, in bytes: no code and no passphrase is near it.
const MAX_LINE: u64 = 64 * 1024;

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// Of the daemon.
    #[error(transparent)]
    Call(#[from] CallError),
    /// Of an installation.
    #[error(transparent)]
    Install(#[from] InstallError),
    /// Of the terminal.
    #[error("cannot use the terminal: {0}")]
    Terminal(#[from] io::Error),
    /// Of a result that has no JSON form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// No device has this name.
    #[error("no trusted device has the name {0}: 'settle list' shows those that are")]
    UnknownName(String),
    /// None, or several.
    #[error("say which referee with --referee: 'settle list' shows those that are paired")]
    WhichReferee,
    /// The name to open a device under cannot be one.
    #[error("{0}: give another with --name")]
    BadName(#[from] settle_protocol::name::NameError),
    /// The certificate cannot be one.
    #[error(transparent)]
    BadCertificate(#[from] settle_transport::import::ImportError),
    /// The fingerprint cannot be one.
    #[error(transparent)]
    BadFingerprint(#[from] settle_protocol::fingerprint::FingerprintError),
    /// The maker's certificate cannot be one.
    #[error("this is not the certificate of a maker's authority: {0}")]
    BadMaker(#[from] settle_transport::anchor::BrokenRule),
    /// The maker's name or the pattern cannot be one.
    #[error(transparent)]
    BadMakerText(#[from] settle_protocol::maker::MakerTextError),
    /// The site cannot be one.
    #[error(transparent)]
    BadOrigin(#[from] settle_protocol::origin::OriginError),
    /// Of a directory.
    #[error("cannot use {path}: {error}", path = .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// The same passphrase was not typed twice.
    #[error("the two passphrases differ: nothing was written")]
    Differs,
    /// What follows a name is no port.
    #[error("a port is a number from 1 to 65535, as in nas.local:8443")]
    NoPort,
    /// No randomness.
    #[error("the system's random generator fails")]
    Random,
    /// The name belongs to another device.
    #[error("another device has the name {0} already: give another with --name")]
    NameTaken(String),
}

impl CommandError {
    /// The exit code.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        if matches!(self, Self::UnknownName(_)) {
            return NOT_FOUND;
        }
        let Self::Call(CallError::Refused(error)) = self else {
            return 1;
        };
        let kind = error.data.kind;
        if matches!(
            kind,
            ErrorKind::KeyringMissing | ErrorKind::KeyringLocked | ErrorKind::PassphraseNeeded
        ) {
            KEYRING
        } else if matches!(kind, ErrorKind::StoreTampered | ErrorKind::StoreUnusable) {
            STORE
        } else if matches!(
            kind,
            ErrorKind::DeviceNotFound
                | ErrorKind::NoDeviceShows
                | ErrorKind::UnknownDevice
                | ErrorKind::UnknownMaker
        ) {
            NOT_FOUND
        } else {
            1
        }
    }
}

/// Where a command writes, and how it asks.
pub struct Terminal<'a> {
    /// What was asked for.
    pub output: &'a mut dyn Write,
    /// Answers of the user.
    pub input: &'a mut dyn io::BufRead,
    /// Whether a person is at the input, who must not be overlooked while typing a secret.
    pub is_person: bool,
}

impl std::fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Terminal")
    }
}

impl Terminal<'_> {
    fn say(&mut self, line: impl std::fmt::Display) -> io::Result<()> {
        writeln!(self.output, "{line}")
    }

    fn json(&mut self, value: &impl serde::Serialize) -> Result<(), CommandError> {
        let text = serde_json::to_string(value)?;
        Ok(self.say(text)?)
    }

    /// Reads a line that nobody is asked for, or as much of it as any answer has.
    fn line(&mut self) -> io::Result<String> {
        let mut line = String::new();
        (&mut self.input).take(MAX_LINE).read_line(&mut line)?;
        Ok(line.trim().to_owned())
    }

    /// Asks for a secret, which is not shown while it is typed.
    fn secret(&mut self, question: &str) -> io::Result<Passphrase> {
        let mut typed = if self.is_person {
            write!(self.output, "{question}: ")?;
            self.output.flush()?;
            rpassword::read_password()?
        } else {
            self.line()?
        };
        let passphrase = Passphrase::new(&typed);
        typed.zeroize();
        Ok(passphrase)
    }

    /// Asks for a new secret, a person twice.
    fn new_secret(&mut self, question: &str) -> Result<Passphrase, CommandError> {
        let chosen = self.secret(question)?;
        if self.is_person && self.secret("Once more")? != chosen {
            return Err(CommandError::Differs);
        }
        Ok(chosen)
    }

    /// Asks a question to which only a written-out yes agrees.
    fn agrees(&mut self, question: &str) -> io::Result<bool> {
        write!(self.output, "{question} Type yes to go on: ")?;
        self.output.flush()?;
        Ok(self.line()? == "yes")
    }
}

/// Runs a command other than `daemon`.
///
/// # Errors
/// [`CommandError`].
pub fn run(
    command: Command,
    paths: &Paths,
    program: &std::path::Path,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    match command {
        Command::Install {
            yes,
            user_data_dir,
            system,
            certificate,
        } => {
            let wish = install::Wish {
                yes,
                system,
                certificate,
                user_data_dirs: user_data_dir,
            };
            install::install(paths, program, &wish, terminal)
        }
        Command::Uninstall {
            everything,
            system,
            yes,
        } => uninstall::uninstall(paths, everything, system, yes, terminal),
        Command::Doctor { json } => doctor::doctor(paths, json, terminal),
        Command::List { json } => trust::list(paths, json, terminal),
        Command::Show { name, json } => trust::show(paths, &name, json, terminal),
        Command::Vouch { server, json } => trust::vouch(paths, &server, json, terminal),
        Command::Rename { name, new, json } => trust::rename(paths, &name, &new, json, terminal),
        Command::Pair {
            code,
            name,
            yes,
            json,
        } => {
            let asked = pairing::Asked { name, yes, json };
            pairing::pair(paths, code, &asked, terminal)
        }
        Command::Revoke { name, json } => trust::revoke(paths, &name, json, terminal),
        Command::Invite { name, role, json } => invite::invite(paths, &name, role, json, terminal),
        Command::Handover(asked) => handover::handover(paths, asked, terminal),
        Command::Allow { name, origin, json } => {
            origins::set(paths, &name, &origin, Setting::Allowed, json, terminal)
        }
        Command::Deny { name, origin, json } => {
            origins::set(paths, &name, &origin, Setting::Denied, json, terminal)
        }
        Command::Audit {
            limit,
            verify,
            json,
        } => audit::audit(paths, limit, verify, json, terminal),
        Command::Maker(command) => makers::run(paths, command, terminal),
        Command::Unverified(command) => unverified::run(paths, command, terminal),
        Command::Import(asked) => import::import(paths, asked, terminal),
        Command::Export { file, draw, json } => backups::export(paths, &file, draw, json, terminal),
        Command::Restore { file, yes, json } => backups::restore(paths, &file, yes, json, terminal),
        Command::Protect { with } => store::protect(paths, with, terminal),
        Command::Unlock => store::unlock(paths, terminal),
        Command::Renew => renew::renew(paths, terminal),
        Command::Completions { shell } => shell::completions(shell, terminal),
        Command::Man { directory } => shell::manual(&directory, terminal),
        Command::Daemon { .. } => Ok(Outcome::Done),
    }
}
