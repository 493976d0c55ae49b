//! Native-messaging manifests: by which a browser finds the host and knows which extension may
//! start it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::Value;
use settle_protocol::rpc::HOST_NAME;

use super::InstallError;
use super::browsers::{Family, Place};
use super::files::{self, PUBLIC};
use crate::connector::{CHROMIUM_MANIFEST, FIREFOX_MANIFEST};

/// What a manifest of Settle's says.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Manifest {
    /// The host.
    pub program: PathBuf,
    /// Who may start it: Chromium's origins or Firefox's extensions.
    pub callers: Vec<String>,
    /// By which of the two it names them.
    pub family: Family,
}

/// Writes the manifest of one browser, which names `program` as the host; its directory exists.
///
/// # Errors
/// [`InstallError`]; what another program put there stays.
pub fn write(place: &Place, program: &Path) -> Result<(), InstallError> {
    let found = fs::symlink_metadata(&place.path);
    if found.is_ok_and(|found| !found.is_dir()) && read(&place.path).is_none() {
        return Err(InstallError::Foreign(place.path.clone()));
    }
    let write = || {
        let text = text(place.family, program)?;
        if fs::read(&place.path).is_ok_and(|there| there == text) {
            return Ok(());
        }
        files::write_whole(&place.path, &text, PUBLIC)
    };
    write().map_err(super::file(&place.path))
}

fn text(family: Family, program: &Path) -> io::Result<Vec<u8>> {
    let template = match family {
        Family::Chromium => CHROMIUM_MANIFEST,
        Family::Firefox => FIREFOX_MANIFEST,
    };
    let mut manifest: Value = serde_json::from_str(template)?;
    let program = program.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
    if let Value::Object(fields) = &mut manifest {
        fields.insert("path".to_owned(), Value::String(program.to_owned()));
    }
    Ok(serde_json::to_vec_pretty(&manifest)?)
}

/// Reads a manifest; `None` when there is none of Settle's.
#[must_use]
pub fn read(path: &Path) -> Option<Manifest> {
    let manifest: Value = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
    if manifest.get("name")?.as_str()? != HOST_NAME {
        return None;
    }
    let listed = |key: &str| {
        let callers = manifest.get(key)?.as_array()?.iter();
        Some(callers.filter_map(|caller| Some(caller.as_str()?.to_owned())))
    };
    let (family, callers) = match listed("allowed_origins") {
        Some(origins) => (Family::Chromium, origins.collect()),
        None => (Family::Firefox, listed("allowed_extensions")?.collect()),
    };
    Some(Manifest {
        program: PathBuf::from(manifest.get("path")?.as_str()?),
        callers,
        family,
    })
}

/// Removes a manifest, if it is one of Settle's.
///
/// # Errors
/// Of the file system.
pub fn remove(path: &Path) -> io::Result<()> {
    match read(path) {
        Some(_) => files::remove(path),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(folder: &Path) -> Place {
        Place {
            path: folder.join("org.settle.host.json"),
            family: Family::Firefox,
            browser: "Firefox",
        }
    }

    #[test]
    fn a_manifest_is_replaced_and_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        for program in ["/old/settle", "/new/settle"] {
            write(&place, Path::new(program)).unwrap();
            let manifest = read(&place.path).unwrap();
            assert_eq!(manifest.program, Path::new(program));
            assert_eq!(manifest.callers, ["extension@settle.alt"]);
            assert_eq!(manifest.family, Family::Firefox);
        }
        remove(&place.path).unwrap();
        assert!(!place.path.exists());
    }

    #[test]
    fn what_is_not_settles_is_kept() {
        for content in [&b"{\"name\":\"com.example.other\"}"[..], b"no json", b""] {
            let folder = tempfile::tempdir().unwrap();
            let place = place(folder.path());
            fs::write(&place.path, content).unwrap();
            let error = write(&place, Path::new("/settle")).unwrap_err();
            assert!(matches!(error, InstallError::Foreign(_)), "{error}");
            remove(&place.path).unwrap();
            assert_eq!(fs::read(&place.path).unwrap(), content);
        }
    }

    #[test]
    fn a_link_to_nowhere_and_a_directory_are_said_to_be_in_the_way() {
        let folder = tempfile::tempdir().unwrap();
        let place = place(folder.path());
        std::os::unix::fs::symlink("/nonexistent/x", &place.path).unwrap();
        let error = write(&place, Path::new("/settle")).unwrap_err();
        assert!(matches!(error, InstallError::Foreign(_)), "{error}");
        fs::remove_file(&place.path).unwrap();
        fs::create_dir(&place.path).unwrap();
        let error = write(&place, Path::new("/settle")).unwrap_err();
        assert!(error.to_string().contains("directory"), "{error}");
    }
}
