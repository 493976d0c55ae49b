//! The bridge authorities in the browsers' certificate stores: exactly those that Settle signs with now
//! or will sign with next. `install` puts them into every store, and the daemon keeps the stores that
//! are remembered up to date when one authority gives way to the next.

use std::path::Path;
use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use settle_protocol::rpc::BridgeCertificate;

use super::nss::{self, NssError};
use super::{InstallError, Installed, Step, file};
use crate::paths::Paths;

/// Their certificates; the one that signs comes first.
#[derive(Clone, Debug)]
pub struct Authorities(Vec<CertificateDer<'static>>);

impl Authorities {
    /// Of an authority, and the one that comes next.
    #[must_use]
    pub fn new(current: Vec<u8>, next: Option<Vec<u8>>) -> Self {
        let both = [Some(current), next].into_iter().flatten();
        Self(both.map(CertificateDer::from).collect())
    }

    /// Reads what the daemon says.
    ///
    /// # Errors
    /// [`NssError::NoCertificate`].
    pub fn of(said: &BridgeCertificate) -> Result<Self, NssError> {
        let pems = [Some(&said.pem), said.next.as_ref()].into_iter().flatten();
        let read = |pem: &String| CertificateDer::from_pem_slice(pem.as_bytes());
        let read: Result<_, _> = pems.map(read).collect();
        read.map(Self).map_err(|_| NssError::NoCertificate)
    }

    /// The certificates, the one that signs first.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0
    }
}

/// Since when every store that is remembered, and is there, has the certificate; `None` while one has
/// not, or when there is no store.
///
/// # Errors
/// [`InstallError`] when it is not known what was installed.
pub fn known_since(certificate: &[u8], paths: &Paths) -> Result<Option<SystemTime>, InstallError> {
    let installed = Installed::load(paths)?;
    let databases = installed.databases.iter().filter(|path| is_there(path));
    let times: Option<Vec<u64>> = databases
        .map(|database| installed.held_since(database, certificate))
        .collect();
    let last = times.and_then(|times| times.into_iter().max());
    Ok(last.map(|seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)))
}

/// Puts the authorities into every store that is remembered and is not known to have exactly them;
/// with `anyway`, those that are known to have them are looked at too. `wanted` is asked when
/// nobody else changes stores any more.
///
/// # Errors
/// [`InstallError`] when it is not known what was installed, or cannot be remembered.
pub fn keep(
    wanted: impl FnOnce() -> Option<Authorities>,
    anyway: bool,
    paths: &Paths,
) -> Result<Vec<Step>, InstallError> {
    let _alone = Installed::lock(paths)?;
    let mut installed = Installed::load(paths)?;
    let Some(wanted) = wanted() else {
        return Ok(Vec::new());
    };
    let mut steps = Vec::new();
    for database in installed.databases.clone() {
        // A profile that is gone needs no certificate.
        if is_there(&database) && (anyway || !installed.holds_exactly(&database, &wanted)) {
            let result = put(&database, &wanted, &mut installed, paths);
            steps.push(Step::new(database.display().to_string(), result));
        }
    }
    Ok(steps)
}

/// Puts exactly these authorities into one store, and remembers since when it has each.
pub(super) fn put(
    database: &Path,
    wanted: &Authorities,
    installed: &mut Installed,
    paths: &Paths,
) -> Result<(), InstallError> {
    let is_new = !is_there(database);
    let is_ours = is_new || installed.is_untouched(database);
    installed.databases.insert(database.to_owned());
    if is_new {
        // Filled in below; what is left unfinished is not deleted later.
        let made = &mut installed.made_databases;
        made.insert(database.to_owned(), String::new());
    }
    installed.save(paths)?;
    installed.make(database, paths)?;
    let is_done = match nss::holds_exactly(database, wanted) {
        // A browser may be making it right now, for which `nss::put` waits.
        Err(NssError::Failed { .. }) => false,
        known => known?,
    };
    if !is_done {
        // Whatever stops us now, the store is not believed to have what it may have lost.
        let former = installed.held.remove(database).unwrap_or_default();
        installed.save(paths)?;
        nss::put(database, wanted)?;
        installed.held.insert(database.to_owned(), former);
        if is_ours {
            let digest = nss::digest(database).map_err(file(database))?;
            installed.made_databases.insert(database.to_owned(), digest);
        }
    }
    installed.note_held(database, wanted);
    installed.save(paths)
}

fn is_there(database: &Path) -> bool {
    database.join("cert9.db").exists()
}
