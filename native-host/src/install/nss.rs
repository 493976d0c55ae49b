//! The certificate stores of Chromium and Firefox on Linux: NSS databases, changed by `certutil`,
//! which knows their locking and their format, and asked by `vfychain` for their judgment.

mod stores;
mod tool;

use std::io;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};

pub use self::stores::{Store, stores};
use self::tool::{certutil, vfychain};
use super::authorities::Authorities;
use super::files;
use crate::core::BRIDGE_NICKNAME;
use settle_transport::certificate::pem;

/// How often a database is tried that cannot be used right now, and how long it is left alone between:
/// a browser on a slow disk takes seconds to make it.
const TRIES: usize = 24;
const PAUSE: std::time::Duration = std::time::Duration::from_millis(250);
/// Trusted to issue server certificates, for nothing else.
const TRUST: &str = "C,,";
/// Certificates of one nickname.
const MAX_SAME_NAME: usize = 16;
/// What NSS makes for an empty database.
const OWN_FILES: [&str; 3] = ["cert9.db", "key4.db", "pkcs11.txt"];

/// Why a database was not changed.
#[derive(Debug, thiserror::Error)]
pub enum NssError {
    /// `certutil` is not there.
    #[error(
        "certutil is missing: install it (Debian, Ubuntu: apt install libnss3-tools; Fedora: dnf \
         install nss-tools; Arch: pacman -S nss) and try again"
    )]
    Missing,
    /// It could not be run.
    #[error("cannot run a program of NSS: {0}")]
    Run(#[from] io::Error),
    /// It does not end.
    #[error(
        "{tool} does not come to an end on {database}: close the browsers and try again",
        database = .database.display()
    )]
    Stuck {
        /// The program.
        tool: &'static str,
        /// The database.
        database: PathBuf,
    },
    /// It failed.
    #[error("certutil failed on {database}: {said}", database = .database.display())]
    Failed {
        /// The database.
        database: PathBuf,
        /// What it said.
        said: String,
    },
    /// What should be added is no certificate.
    #[error("this is no certificate")]
    NoCertificate,
}

/// What a database holds of Settle's.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Held {
    /// All that is wanted and no other.
    All,
    /// That of the authority that signs, and not that of the next one.
    NoNext,
    /// One of an authority that is no more.
    Older,
    /// None.
    Nothing,
}

/// Makes the database hold exactly these authorities, each trusted. A database that is not there yet is
/// made by the same step, in a directory that is: making it before would race with a browser
/// that is just starting.
///
/// # Errors
/// [`NssError`].
pub fn put(database: &Path, wanted: &Authorities) -> Result<(), NssError> {
    for _ in 1..TRIES {
        match put_once(database, wanted) {
            // A browser that is just starting makes the database, or holds it, for a moment.
            Err(NssError::Failed { .. }) => std::thread::sleep(PAUSE),
            done => return done,
        }
    }
    if is_half_made(database) {
        // Nobody is at it any more. To look at it fails for good; to add to it makes it whole.
        add(database, wanted.certificates())?;
    }
    put_once(database, wanted)
}

fn put_once(database: &Path, wanted: &Authorities) -> Result<(), NssError> {
    let mut found = certificates(database, BRIDGE_NICKNAME)?;
    let is_odd = |found: &CertificateDer<'_>| !wanted.certificates().contains(found);
    // All of one subject have one nickname, by which `certutil` removes whichever it finds first.
    if found.iter().any(is_odd) || !are_trusted(database, found.len())? {
        remove(database, BRIDGE_NICKNAME)?;
        found.clear();
    }
    let missing = wanted.certificates().iter();
    add(database, missing.filter(|it| !found.contains(it)))
}

fn add<'a>(
    database: &Path,
    certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>,
) -> Result<(), NssError> {
    for certificate in certificates {
        let arguments = ["-A", "-n", BRIDGE_NICKNAME, "-t", TRUST];
        run(database, &arguments, Some(&pem(certificate)))?;
    }
    Ok(())
}

/// Whether whoever made the database was stopped: one of its two files is there, or both, and not both
/// have something in them.
fn is_half_made(database: &Path) -> bool {
    let size = |name| std::fs::metadata(database.join(name)).map(|file| file.len());
    let sizes = [size("cert9.db"), size("key4.db")];
    let is_empty = |size: &io::Result<u64>| size.as_ref().map_or(true, |size| *size == 0);
    sizes.iter().any(Result::is_ok) && sizes.iter().any(is_empty)
}

/// Whether the database holds exactly these authorities, each trusted.
///
/// # Errors
/// [`NssError`].
pub fn holds_exactly(database: &Path, wanted: &Authorities) -> Result<bool, NssError> {
    Ok(
        holds(database, wanted)? == Held::All
            && are_trusted(database, wanted.certificates().len())?,
    )
}

/// What the database holds of Settle's, told by the certificates themselves and not by their name.
///
/// # Errors
/// [`NssError`].
pub fn holds(database: &Path, wanted: &Authorities) -> Result<Held, NssError> {
    let found = certificates(database, BRIDGE_NICKNAME)?;
    let wanted = wanted.certificates();
    let has = |wanted: &CertificateDer<'_>| found.contains(wanted);
    if found.is_empty() {
        return Ok(Held::Nothing);
    }
    if !found.iter().all(|found| wanted.contains(found)) || !wanted.first().is_some_and(has) {
        return Ok(Held::Older);
    }
    Ok(if wanted.iter().all(has) {
        Held::All
    } else {
        Held::NoNext
    })
}

/// Whether NSS, with this database, accepts a server's certificate in PEM; why not, if not.
///
/// # Errors
/// [`NssError`].
pub fn judge(database: &Path, server: &str) -> Result<Result<(), String>, NssError> {
    let said = match vfychain(database, server)? {
        Some(said) => said,
        // Second best: whether the authority may vouch for servers.
        None => certutil(database, &["-V", "-u", "L", "-n", BRIDGE_NICKNAME], None)?,
    };
    if said.status.success() {
        return Ok(Ok(()));
    }
    let why = said.output.lines().chain(said.errors.lines());
    let why = why.map(str::trim).find(|line| line.contains("ERROR"));
    Ok(Err(why.map_or_else(|| said.complaint(), str::to_owned)))
}

/// Removes every certificate of this nickname, which is that of all of one subject.
///
/// # Errors
/// [`NssError`].
pub fn remove(database: &Path, nickname: &str) -> Result<(), NssError> {
    for _ in 0..MAX_SAME_NAME {
        if certificates(database, nickname)?.is_empty() {
            return Ok(());
        }
        run(database, &["-D", "-n", nickname], None)?;
    }
    Err(NssError::Failed {
        database: database.to_owned(),
        said: "it says to have removed the certificate, which is still there".to_owned(),
    })
}

/// Whether a certificate of this nickname is there.
///
/// # Errors
/// [`NssError`].
pub fn mentions(database: &Path, nickname: &str) -> Result<bool, NssError> {
    Ok(!certificates(database, nickname)?.is_empty())
}

/// The digest of the file that holds a database's keys and the seals of its certificates' trust.
///
/// # Errors
/// Of the file system.
pub fn digest(database: &Path) -> io::Result<String> {
    let bytes = std::fs::read(database.join("key4.db"))?;
    Ok(HEXLOWER.encode(&Sha256::digest(bytes)))
}

/// Removes the files of a database that holds nothing any more.
///
/// # Errors
/// [`NssError`].
pub fn remove_database(database: &Path) -> Result<(), NssError> {
    for name in OWN_FILES {
        files::remove(&database.join(name))?;
    }
    Ok(())
}

/// Whether the database has no certificate at all.
///
/// # Errors
/// [`NssError`].
pub fn is_empty(database: &Path) -> Result<bool, NssError> {
    let said = certutil(database, &["-L"], None)?;
    let lines = said.output.lines().map(str::trim);
    let head = ["Certificate Nickname", "SSL,S/MIME,JAR/XPI"];
    let mut entries = lines.filter(|line| !line.is_empty());
    Ok(said.status.success() && entries.all(|line| head.iter().any(|head| line.starts_with(head))))
}

/// Whether so many of Settle's are there, and each is trusted.
fn are_trusted(database: &Path, count: usize) -> Result<bool, NssError> {
    if count == 0 {
        return Ok(true);
    }
    let said = certutil(database, &["-L"], None)?;
    let lines = said.output.lines().map(str::trim_end);
    let trusted = lines.filter(|line| line.starts_with(BRIDGE_NICKNAME) && line.ends_with(TRUST));
    Ok(trusted.count() == count)
}

fn certificates(database: &Path, nickname: &str) -> Result<Vec<CertificateDer<'static>>, NssError> {
    if !database.join("cert9.db").is_file() {
        return Ok(Vec::new());
    }
    let said = certutil(database, &["-L", "-a", "-n", nickname], None)?;
    if !said.status.success() {
        // It fails for a name that is not there, and in the same way for anything else.
        let absent = said.errors.contains("Could not find cert");
        return if absent {
            Ok(Vec::new())
        } else {
            Err(failed(database, said.complaint()))
        };
    }
    let found = CertificateDer::pem_slice_iter(said.output.as_bytes());
    found
        .collect::<Result<_, _>>()
        .map_err(|error| failed(database, error.to_string()))
}

fn run(database: &Path, arguments: &[&str], input: Option<&str>) -> Result<(), NssError> {
    let said = certutil(database, arguments, input)?;
    if said.status.success() {
        return Ok(());
    }
    Err(failed(database, said.complaint()))
}

fn failed(database: &Path, said: String) -> NssError {
    NssError::Failed {
        database: database.to_owned(),
        said,
    }
}

#[cfg(test)]
mod tests;
