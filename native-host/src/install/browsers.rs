//! Which browsers there are on Linux, where each keeps its settings, and where it looks for
//! native-messaging manifests. Confined ones are in `confined.rs`.

use std::path::{Path, PathBuf};

use settle_protocol::rpc::HOST_NAME;

use crate::paths::Paths;

/// The form of a manifest, and of all else that differs between the two kinds of browsers.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Family {
    /// `allowed_origins`; one NSS database for all of them.
    Chromium,
    /// `allowed_extensions`; an NSS database in each profile.
    Firefox,
}

/// A directory below one of the user's base directories.
#[derive(Clone, Copy, Debug)]
enum Under {
    /// `$XDG_CONFIG_HOME`.
    Config(&'static str),
    /// The home directory.
    Home(&'static str),
}

impl Under {
    fn of(self, paths: &Paths) -> PathBuf {
        match self {
            Self::Config(directory) => paths.config_home.join(directory),
            Self::Home(directory) => paths.home.join(directory),
        }
    }
}

/// One browser, or one channel of one.
#[derive(Debug)]
pub struct Browser {
    /// For people.
    pub name: &'static str,
    /// Its kind.
    pub family: Family,
    /// Its settings; those that are there are in use.
    settings: &'static [Under],
    /// Where it looks for manifests.
    manifests: &'static [Under],
    /// Prepared even before its first start.
    always: bool,
}

macro_rules! chromium {
    ($name:literal, $settings:literal, $always:literal) => {
        Browser {
            name: $name,
            family: Family::Chromium,
            settings: &[Under::Config($settings)],
            manifests: &[Under::Config(concat!($settings, "/NativeMessagingHosts"))],
            always: $always,
        }
    };
    // Opera is reported to read Chrome's folder, not its own: it gets both.
    ($name:literal, $settings:literal, and $other:literal) => {
        Browser {
            name: $name,
            family: Family::Chromium,
            settings: &[Under::Config($settings)],
            manifests: &[
                Under::Config(concat!($settings, "/NativeMessagingHosts")),
                Under::Config(concat!($other, "/NativeMessagingHosts")),
            ],
            always: false,
        }
    };
}

/// All channels of Firefox share these. Since version 147 a fresh home has them in
/// `$XDG_CONFIG_HOME`, while manifests stay where they were (measured with 153).
const BROWSERS: &[Browser] = &[
    chromium!("Chromium", "chromium", true),
    chromium!("Chrome", "google-chrome", false),
    chromium!("Chrome Beta", "google-chrome-beta", false),
    chromium!("Chrome Dev", "google-chrome-unstable", false),
    chromium!("Chrome Canary", "google-chrome-canary", false),
    chromium!("Chrome for Testing", "google-chrome-for-testing", false),
    chromium!("Edge", "microsoft-edge", false),
    chromium!("Edge Beta", "microsoft-edge-beta", false),
    chromium!("Edge Dev", "microsoft-edge-dev", false),
    chromium!("Brave", "BraveSoftware/Brave-Browser", false),
    chromium!("Brave Beta", "BraveSoftware/Brave-Browser-Beta", false),
    chromium!(
        "Brave Nightly",
        "BraveSoftware/Brave-Browser-Nightly",
        false
    ),
    chromium!("Vivaldi", "vivaldi", false),
    chromium!("Vivaldi Snapshot", "vivaldi-snapshot", false),
    chromium!("Opera", "opera", and "google-chrome"),
    chromium!("Opera Beta", "opera-beta", and "google-chrome"),
    chromium!("Opera Developer", "opera-developer", and "google-chrome"),
    Browser {
        name: "Firefox",
        family: Family::Firefox,
        settings: &[
            Under::Home(".mozilla/firefox"),
            Under::Config("mozilla/firefox"),
        ],
        manifests: &[Under::Home(".mozilla/native-messaging-hosts")],
        always: true,
    },
    Browser {
        name: "LibreWolf",
        family: Family::Firefox,
        settings: &[Under::Home(".librewolf")],
        manifests: &[Under::Home(".librewolf/native-messaging-hosts")],
        always: false,
    },
];

/// One manifest of one browser.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Place {
    /// Its file.
    pub path: PathBuf,
    /// Its form.
    pub family: Family,
    /// The browser's name for people.
    pub browser: &'static str,
}

impl Place {
    /// Where a Chromium with this user data directory looks.
    #[must_use]
    pub fn in_user_data(directory: &Path) -> Self {
        Self {
            path: in_directory(&directory.join("NativeMessagingHosts")),
            family: Family::Chromium,
            browser: "Chromium elsewhere",
        }
    }
}

fn in_directory(directory: &Path) -> PathBuf {
    directory.join(format!("{HOST_NAME}.json"))
}

/// The places of every browser that this user has settings of, and in any case those of Chromium
/// and Firefox, which may be started for the first time later.
#[must_use]
pub fn places(paths: &Paths) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    for browser in BROWSERS.iter().filter(|browser| browser.is_wanted(paths)) {
        for directory in browser.manifests {
            let path = in_directory(&directory.of(paths));
            if !places.iter().any(|place| place.path == path) {
                places.push(Place {
                    path,
                    family: browser.family,
                    browser: browser.name,
                });
            }
        }
    }
    places
}

/// The settings directories of this kind of browser that are there, with the browser's name.
#[must_use]
pub fn settings(paths: &Paths, family: Family) -> Vec<(&'static str, PathBuf)> {
    let browsers = BROWSERS.iter().filter(|browser| browser.family == family);
    let all = browsers.flat_map(|browser| {
        let settings = browser.settings.iter();
        settings.map(|directory| (browser.name, directory.of(paths)))
    });
    all.filter(|(_, directory)| directory.is_dir()).collect()
}

/// The browser that looks for a manifest at `path`, for people.
#[must_use]
pub fn name_of(path: &Path, paths: &Paths) -> &'static str {
    let looks = |browser: &&Browser| {
        let mut directories = browser.manifests.iter();
        directories.any(|directory| in_directory(&directory.of(paths)) == path)
    };
    let found = BROWSERS.iter().find(looks);
    found.map_or("Chromium elsewhere", |browser| browser.name)
}

impl Browser {
    fn is_wanted(&self, paths: &Paths) -> bool {
        let mut settings = self.settings.iter();
        self.always || settings.any(|directory| directory.of(paths).is_dir())
    }
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

    fn found(paths: &Paths) -> Vec<String> {
        let relative = |place: Place| {
            let path = place.path.strip_prefix(&paths.home).unwrap().to_owned();
            format!("{}: {}", place.browser, path.display())
        };
        places(paths).into_iter().map(relative).collect()
    }

    #[test]
    fn an_empty_home_is_prepared_for_the_two_that_may_come() {
        let (_folder, paths) = home();
        assert_eq!(
            found(&paths),
            [
                "Chromium: .config/chromium/NativeMessagingHosts/org.settle.host.json",
                "Firefox: .mozilla/native-messaging-hosts/org.settle.host.json",
            ]
        );
    }

    #[test]
    fn every_browser_of_the_table_is_found_by_its_settings() {
        let (_folder, paths) = home();
        for browser in BROWSERS {
            for directory in browser.settings {
                std::fs::create_dir_all(directory.of(&paths)).unwrap();
            }
        }
        let found = places(&paths);
        for browser in BROWSERS {
            for directory in browser.manifests {
                let path = in_directory(&directory.of(&paths));
                assert!(found.iter().any(|place| place.path == path), "{browser:?}");
            }
        }
        // Firefox has settings in two places and one folder of manifests; Opera shares Chrome's.
        assert_eq!(found.len(), BROWSERS.len());
    }

    #[test]
    fn opera_is_prepared_where_chrome_looks_too() {
        let (_folder, paths) = home();
        std::fs::create_dir_all(paths.config_home.join("opera")).unwrap();
        let found = found(&paths).join("\n");
        assert!(found.contains("Opera: .config/opera/"), "{found}");
        assert!(found.contains("Opera: .config/google-chrome/"), "{found}");
    }

    #[test]
    fn a_file_in_the_place_of_settings_is_no_browser() {
        let (_folder, paths) = home();
        std::fs::create_dir_all(&paths.config_home).unwrap();
        std::fs::write(paths.config_home.join("vivaldi"), b"").unwrap();
        assert!(!found(&paths).join("").contains("Vivaldi"));
    }
}
