//! Trust for all users of a computer, by the browsers' enterprise policies; root's business.
//!
//! Each file that is touched is remembered with what was in it, so that it can be put back to the
//! byte. A computer has one such authority: another user's would make a second file of the same
//! policy, of which browsers take only one.

mod ledger;
mod text;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use settle_protocol::rpc::BridgeCertificate;

use self::ledger::{Ledger, Written};
use super::authorities::Authorities;
use super::files::{self, PUBLIC};
use super::{InstallError, Step, file};
use crate::paths::Paths;

/// What a Chromium takes certificates with constraints from.
pub const CHROMIUM_POLICY: &str = "CACertificatesWithConstraints";
/// Where browsers of Chromium's kind look. Vivaldi and Opera document no such place.
const CHROMIUM: [(&str, &str); 4] = [
    ("Chromium", "etc/chromium/policies/managed"),
    ("Chrome", "etc/opt/chrome/policies/managed"),
    ("Edge", "etc/opt/edge/policies/managed"),
    ("Brave", "etc/brave/policies/managed"),
];
const FIREFOX: &str = "etc/firefox/policies";

/// One policy file that Settle wrote, as the doctor finds it.
#[derive(Debug)]
pub struct Standing {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: Option<String>,
}

/// The policies of one computer.
#[derive(Debug)]
pub struct Policies {
    root: PathBuf,
}

impl Policies {
    /// Those of this computer.
    #[must_use]
    pub fn of(paths: &Paths) -> Self {
        Self {
            root: paths.root.clone(),
        }
    }

    /// The files that an installation writes, with the browser's name; more of them when there is a
    /// next authority already.
    #[must_use]
    pub fn plan(&self, has_next: bool) -> Vec<(&'static str, PathBuf)> {
        let chromium = CHROMIUM.map(|(name, _)| name).into_iter();
        let chromium = chromium.zip(CHROMIUM.map(|(_, directory)| self.managed(directory)));
        let next = has_next.then(|| self.firefox_next());
        let firefox = [Some(self.firefox_certificate()), next, Some(self.firefox())];
        let firefox = firefox.into_iter().flatten().map(|path| ("Firefox", path));
        chromium.chain(firefox).collect()
    }

    /// Whether anything is to be taken back.
    #[must_use]
    pub fn are_installed(&self) -> bool {
        Ledger::path(&self.root).exists()
    }

    /// Writes the policies, as far as each browser's directory lets it.
    ///
    /// # Errors
    /// [`InstallError`] when what is done cannot be remembered; then no more is done.
    pub fn install(&self, certificate: &BridgeCertificate) -> Result<Vec<Step>, InstallError> {
        let authorities = Authorities::of(certificate)?;
        let mut ledger = Ledger::load(&self.root)?;
        // Whoever is not root hears of it once, and not for each browser.
        ledger.save(&self.root)?;
        let mut steps = Vec::new();
        for (name, path) in self.plan(certificate.next.is_some()) {
            let text = self.text(&path, &authorities, certificate, &ledger);
            let result = text.and_then(|written| self.write(&path, written, &mut ledger));
            steps.push(Step::new(format!("{name:<12} {}", path.display()), result));
        }
        if certificate.next.is_none() {
            steps.extend(self.remove_next(&mut ledger)?);
        }
        Ok(steps)
    }

    /// What was next is the current one now, or is no more.
    fn remove_next(&self, ledger: &mut Ledger) -> Result<Option<Step>, InstallError> {
        let path = self.firefox_next();
        let Some(written) = ledger.files.get(&path).cloned() else {
            return Ok(None);
        };
        let result = self.put_back(&path, &written);
        if result.is_ok() {
            ledger.files.remove(&path);
            ledger.save(&self.root)?;
        }
        let what = format!("{:<12} {}", "Firefox", path.display());
        Ok(Some(Step::new(what, result)))
    }

    /// Takes the policies back: what was there is there again, to the byte, unless somebody changed
    /// it meanwhile; then only what is Settle's goes.
    ///
    /// # Errors
    /// [`InstallError`] when it is not known what was installed.
    pub fn uninstall(&self) -> Result<Vec<Step>, InstallError> {
        let mut ledger = Ledger::load(&self.root)?;
        let mut steps = Vec::new();
        for (path, written) in ledger.files.clone() {
            let result = self.put_back(&path, &written);
            if result.is_ok() {
                ledger.files.remove(&path);
            }
            steps.push(Step::new(path.display().to_string(), result));
        }
        if !ledger.files.is_empty() {
            ledger.save(&self.root)?;
            return Ok(steps);
        }
        let path = Ledger::path(&self.root);
        files::remove(&path).map_err(file(&path))?;
        files::remove_empty(&ledger.made).map_err(file(&self.root))?;
        Ok(steps)
    }

    /// Reads back what was installed.
    ///
    /// # Errors
    /// [`InstallError`] when it is not known what was installed.
    pub fn standings(
        &self,
        certificate: &BridgeCertificate,
    ) -> Result<Vec<Standing>, InstallError> {
        let authorities = Authorities::of(certificate)?;
        let ledger = Ledger::load(&self.root)?;
        let standing = |path: PathBuf| Standing {
            problem: self.problem(&path, &authorities, certificate).err(),
            path,
        };
        let mut paths: Vec<PathBuf> = ledger.files.into_keys().collect();
        if certificate.next.is_some() && !paths.contains(&self.firefox_next()) {
            paths.push(self.firefox_next());
        }
        Ok(paths.into_iter().map(standing).collect())
    }

    fn problem(
        &self,
        path: &Path,
        authorities: &Authorities,
        certificate: &BridgeCertificate,
    ) -> Result<(), String> {
        const STALE: &str = "it does not name the certificates that Settle uses now";
        if path == self.firefox_next() && certificate.next.is_some() && !path.exists() {
            return Err(STALE.to_owned());
        }
        let found = fs::read_to_string(path).map_err(|error| error.to_string())?;
        let names_ours = if path == self.firefox() {
            text::firefox_installs(&found, &firefox_paths(certificate))
        } else if path == self.firefox_certificate() {
            found == certificate.pem
        } else if path == self.firefox_next() {
            Some(&found) == certificate.next.as_ref()
        } else {
            found == text::chromium(authorities)
        };
        if names_ours {
            Ok(())
        } else {
            Err(STALE.to_owned())
        }
    }

    fn text(
        &self,
        path: &Path,
        authorities: &Authorities,
        certificate: &BridgeCertificate,
        ledger: &Ledger,
    ) -> Result<Written, InstallError> {
        if path == self.firefox_certificate() {
            return Ok(Written {
                text: certificate.pem.clone(),
                former: None,
            });
        }
        if path == self.firefox_next() {
            return Ok(Written {
                text: certificate.next.clone().unwrap_or_default(),
                former: None,
            });
        }
        if path != self.firefox() {
            no_other_file_sets_it(path)?;
            return Ok(Written {
                text: text::chromium(authorities),
                former: None,
            });
        }
        let found = read(path)?;
        let before = match (ledger.files.get(path), found) {
            (Some(known), Some(found)) if known.text == found => known.former.clone(),
            (_, found) => found,
        };
        let text = text::firefox(before.as_deref(), &firefox_paths(certificate))
            .ok_or_else(|| InstallError::NoPolicies(path.to_owned()))?;
        Ok(Written {
            text,
            former: before,
        })
    }

    fn write(&self, path: &Path, new: Written, ledger: &mut Ledger) -> Result<(), InstallError> {
        if let Some(directory) = path.parent() {
            ledger.made.extend(files::missing(directory));
        }
        // Where a link leads is not Settle's to change, nor would it be put back.
        if path.is_symlink() {
            return Err(InstallError::Foreign(path.to_owned()));
        }
        let text = new.text.clone();
        ledger.files.insert(path.to_owned(), new);
        ledger.save(&self.root)?;
        make_directories(path)?;
        files::write_whole(path, text.as_bytes(), PUBLIC).map_err(file(path))
    }

    fn put_back(&self, path: &Path, written: &Written) -> Result<(), InstallError> {
        let found = read(path)?;
        let rest = match (found, &written.former) {
            (None, _) => return Ok(()),
            // It was remembered, and then could not be written.
            (found, former) if found == *former => return Ok(()),
            (Some(found), former) if found == written.text => former.clone(),
            (Some(found), _) if path == self.firefox() => text::firefox_without(&found),
            (Some(_), _) => None,
        };
        match rest {
            Some(text) => files::write_whole(path, text.as_bytes(), PUBLIC),
            None => files::remove(path),
        }
        .map_err(file(path))
    }

    fn managed(&self, directory: &str) -> PathBuf {
        self.root.join(directory).join("settle.json")
    }

    fn firefox(&self) -> PathBuf {
        self.root.join(FIREFOX).join("policies.json")
    }

    /// Beside the policies, because a Firefox in a Snap sees this directory and no other one.
    fn firefox_certificate(&self) -> PathBuf {
        self.root.join(FIREFOX).join("settle-bridge.pem")
    }

    fn firefox_next(&self) -> PathBuf {
        self.root.join(FIREFOX).join("settle-bridge-next.pem")
    }
}

/// The certificates' files as Firefox will see them: that of the authority, and of the next one.
const FIREFOX_PATHS: [&str; 2] = [
    "/etc/firefox/policies/settle-bridge.pem",
    "/etc/firefox/policies/settle-bridge-next.pem",
];

fn firefox_paths(certificate: &BridgeCertificate) -> Vec<&'static str> {
    let count = if certificate.next.is_some() { 2 } else { 1 };
    FIREFOX_PATHS.into_iter().take(count).collect()
}

fn make_directories(path: &Path) -> Result<(), InstallError> {
    match path.parent() {
        Some(directory) => fs::create_dir_all(directory).map_err(file(directory)),
        None => Ok(()),
    }
}

fn read(path: &Path) -> Result<Option<String>, InstallError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(file(path)(error)),
    }
}

/// Of several files that set a list, a browser takes the last one's and no other.
fn no_other_file_sets_it(ours: &Path) -> Result<(), InstallError> {
    let beside = ours
        .parent()
        .and_then(|directory| fs::read_dir(directory).ok());
    for other in beside.into_iter().flatten().flatten() {
        let path = other.path();
        let sets = fs::read_to_string(&path).is_ok_and(|text| text.contains(CHROMIUM_POLICY));
        if path != ours && path.extension().is_some_and(|kind| kind == "json") && sets {
            return Err(InstallError::OtherPolicy {
                path,
                policy: CHROMIUM_POLICY,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
