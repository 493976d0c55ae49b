//! Browsers in Snap and Flatpak: what works in them, said before anybody waits for it in vain.
//!
//! A confined browser sees neither the user's manifests nor programs outside. What helps is a
//! portal that starts the host for it, and only Firefox asks one.

use std::path::PathBuf;

use super::profiles;
use crate::paths::Paths;

/// What a confined browser can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Ability {
    /// It asks the desktop's portal to start the host; Ubuntu's portal can, since 22.04.
    ByPortal,
    /// It cannot start the host.
    None,
}

/// One confined browser.
#[derive(Debug)]
pub struct Confined {
    /// For people.
    pub name: &'static str,
    /// Below the home directory; there when the browser has been started.
    folder: &'static str,
    /// What it can do.
    pub ability: Ability,
}

const fn cannot(name: &'static str, folder: &'static str) -> Confined {
    Confined {
        name,
        folder,
        ability: Ability::None,
    }
}

const CONFINED: &[Confined] = &[
    Confined {
        name: "Firefox (Snap)",
        folder: "snap/firefox",
        ability: Ability::ByPortal,
    },
    cannot("Chromium (Snap)", "snap/chromium"),
    cannot("Brave (Snap)", "snap/brave"),
    cannot("Opera (Snap)", "snap/opera"),
    cannot("Vivaldi (Snap)", "snap/vivaldi"),
    cannot("Firefox (Flatpak)", ".var/app/org.mozilla.firefox"),
    cannot(
        "LibreWolf (Flatpak)",
        ".var/app/io.gitlab.librewolf-community",
    ),
    cannot("Chromium (Flatpak)", ".var/app/org.chromium.Chromium"),
    cannot(
        "Ungoogled Chromium (Flatpak)",
        ".var/app/io.github.ungoogled_software.ungoogled_chromium",
    ),
    cannot("Chrome (Flatpak)", ".var/app/com.google.Chrome"),
    cannot("Chrome Dev (Flatpak)", ".var/app/com.google.ChromeDev"),
    cannot("Edge (Flatpak)", ".var/app/com.microsoft.Edge"),
    cannot("Brave (Flatpak)", ".var/app/com.brave.Browser"),
    cannot("Vivaldi (Flatpak)", ".var/app/com.vivaldi.Vivaldi"),
    cannot("Opera (Flatpak)", ".var/app/com.opera.Opera"),
];

impl Confined {
    /// What to know about it, in one sentence or two.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self.ability {
            Ability::ByPortal => {
                "works where the desktop's portal starts programs for browsers, as Ubuntu's does \
                 since 22.04; it asks you once. If the extension does not find the host, use \
                 Firefox from packages.mozilla.org"
            }
            Ability::None => {
                "cannot start programs of this computer, so it cannot use Settle: use the same \
                 browser from your distribution or from its maker, as a package that is not confined"
            }
        }
    }
}

/// The confined browsers that this user has started.
#[must_use]
pub fn found(paths: &Paths) -> Vec<&'static Confined> {
    let there = |confined: &&Confined| paths.home.join(confined.folder).is_dir();
    CONFINED.iter().filter(there).collect()
}

/// The profiles of those that can use Settle, with the browser's name.
#[must_use]
pub fn profiles(paths: &Paths) -> Vec<(&'static str, PathBuf)> {
    let able = CONFINED
        .iter()
        .filter(|confined| confined.ability == Ability::ByPortal);
    able.flat_map(|confined| {
        // Firefox in a Snap has its home in `common`; newer ones may keep to the XDG directories.
        let common = paths.home.join(confined.folder).join("common");
        let settings = [".mozilla/firefox", ".config/mozilla/firefox"];
        let settings = settings.map(|settings| common.join(settings));
        let profiles = settings.into_iter().flat_map(|path| profiles::used(&path));
        profiles.map(|profile| (confined.name, profile))
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn home() -> (tempfile::TempDir, Paths) {
        let folder = tempfile::tempdir().unwrap();
        let home = folder.path().as_os_str().to_owned();
        let paths = Paths::from_environment(|name| (name == "HOME").then(|| home.clone()));
        (folder, paths.unwrap())
    }

    #[test]
    fn only_what_was_started_is_spoken_of() {
        let (_folder, paths) = home();
        assert!(found(&paths).is_empty());
        std::fs::create_dir_all(paths.home.join(".var/app/com.brave.Browser")).unwrap();
        std::fs::create_dir_all(paths.home.join("snap/firefox/common")).unwrap();
        let names: Vec<&str> = found(&paths).iter().map(|found| found.name).collect();
        assert_eq!(names, ["Firefox (Snap)", "Brave (Flatpak)"]);
        assert!(found(&paths).iter().all(|found| !found.word().is_empty()));
    }

    #[test]
    fn profiles_are_those_of_browsers_that_can_use_settle() {
        let (_folder, paths) = home();
        for folder in [
            "snap/firefox/common/.mozilla/firefox",
            ".var/app/org.mozilla.firefox/.mozilla/firefox",
        ] {
            let settings = paths.home.join(folder);
            std::fs::create_dir_all(settings.join("a")).unwrap();
            std::fs::write(settings.join("a/cert9.db"), b"").unwrap();
            let text = "[Profile0]\nIsRelative=1\nPath=a\n";
            std::fs::write(settings.join("profiles.ini"), text).unwrap();
        }
        let profile = paths.home.join("snap/firefox/common/.mozilla/firefox/a");
        assert_eq!(profiles(&paths), [("Firefox (Snap)", profile)]);
    }
}
