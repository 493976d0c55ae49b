//! Which certificate stores this user's browsers read.

use std::path::PathBuf;

use crate::install::browsers::{self, Family};
use crate::install::{confined, profiles};
use crate::paths::Paths;

/// One certificate store, and whose it is.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Store {
    /// Its directory.
    pub database: PathBuf,
    /// The browsers that read it, for people.
    pub browsers: &'static str,
}

/// The stores in use: the one of Chromium and all its relatives, and each profile of Firefox and its.
#[must_use]
pub fn stores(paths: &Paths) -> Vec<Store> {
    let mut stores = vec![Store {
        database: shared(paths),
        browsers: "Chromium, Chrome, Edge, Brave, Vivaldi, Opera",
    }];
    let settings = browsers::settings(paths, Family::Firefox).into_iter();
    let open = settings.flat_map(|(name, settings)| {
        let profiles = profiles::used(&settings).into_iter();
        profiles.map(move |profile| (name, profile))
    });
    for (browsers, database) in open.chain(confined::profiles(paths)) {
        if !stores.iter().any(|store| store.database == database) {
            stores.push(Store { database, browsers });
        }
    }
    stores
}

/// The one database that Chromium and its relatives share.
fn shared(paths: &Paths) -> PathBuf {
    let old = paths.home.join(".pki/nssdb");
    // Making the old one would hide the other from Chromium.
    if old.is_dir() {
        old
    } else {
        paths.data_home.join("pki/nssdb")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_older_place_is_used_only_where_it_is_there_already() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().as_os_str().to_owned();
        let paths = Paths::from_environment(|name| (name == "HOME").then(|| home.clone()));
        let paths = paths.unwrap();
        let first = |paths| stores(paths).remove(0).database;
        assert_eq!(first(&paths), paths.home.join(".local/share/pki/nssdb"));
        std::fs::create_dir_all(paths.home.join(".pki/nssdb")).unwrap();
        assert_eq!(first(&paths), paths.home.join(".pki/nssdb"));
    }

    #[test]
    fn profiles_of_both_places_of_firefox_are_stores() {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().as_os_str().to_owned();
        let paths = Paths::from_environment(|name| (name == "HOME").then(|| home.clone()));
        let paths = paths.unwrap();
        for settings in [".mozilla/firefox", ".config/mozilla/firefox", ".librewolf"] {
            let settings = paths.home.join(settings);
            std::fs::create_dir_all(settings.join("p")).unwrap();
            std::fs::write(settings.join("p/cert9.db"), b"").unwrap();
            let text = "[Profile0]\nIsRelative=1\nPath=p\n";
            std::fs::write(settings.join("profiles.ini"), text).unwrap();
        }
        let names: Vec<&str> = stores(&paths)
            .iter()
            .skip(1)
            .map(|store| store.browsers)
            .collect();
        assert_eq!(names, ["Firefox", "Firefox", "LibreWolf"]);
    }
}
