//! Where Firefox and its relatives keep their profiles: as `profiles.ini` says, since a profile may
//! be in any folder.

use std::path::{Path, PathBuf};

/// The profiles that `profiles.ini` in `settings` names and that have been used, in its order.
///
/// One that was never started has no certificate store yet. Making one for it would make its
/// `key4.db` too, and that later holds the keys of saved passwords: too much to be taken back.
#[must_use]
pub fn used(settings: &Path) -> Vec<PathBuf> {
    let text = std::fs::read(settings.join("profiles.ini")).unwrap_or_default();
    let mut profiles: Vec<PathBuf> = Vec::new();
    for profile in named(&String::from_utf8_lossy(&text), settings) {
        if profile.join("cert9.db").is_file() && !profiles.contains(&profile) {
            profiles.push(profile);
        }
    }
    profiles
}

fn named(text: &str, settings: &Path) -> Vec<PathBuf> {
    let mut profiles = Vec::new();
    let mut current = Section::default();
    for line in text.lines().map(str::trim).chain(["["]) {
        if line.starts_with('[') {
            profiles.extend(std::mem::take(&mut current).profile(settings));
            current.is_profile = line.starts_with("[Profile");
        } else if let Some((key, value)) = line.split_once('=') {
            match key.trim() {
                "Path" => current.path = Some(value.trim().to_owned()),
                "IsRelative" => current.is_absolute = value.trim() == "0",
                _ => {}
            }
        }
    }
    profiles
}

#[derive(Default)]
struct Section {
    is_profile: bool,
    is_absolute: bool,
    path: Option<String>,
}

impl Section {
    fn profile(self, settings: &Path) -> Option<PathBuf> {
        let path = PathBuf::from(
            self.path
                .filter(|path| self.is_profile && !path.is_empty())?,
        );
        match (self.is_absolute, path.is_absolute()) {
            (true, true) => Some(path),
            (false, false) => Some(settings.join(path)),
            (true, false) | (false, true) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
[Install4F96D1932A9F858E]\nDefault=a.default\nLocked=1\n\n\
[Profile1]\nName=default\nIsRelative=1\nPath=a.default\nDefault=1\n\n\
[Profile0]\r\nName=far\r\nIsRelative=0\r\nPath=/srv/far away\r\n\n\
[Profile2]\nName=wrong\nIsRelative=0\nPath=not/absolute\n\n\
[General]\nStartWithLastProfile=1\nVersion=2\n\
[Profile3]\nIsRelative=1\nPath=Profiles/b";

    #[test]
    fn relative_and_absolute_profiles_are_read_and_nothing_else() {
        let profiles = named(TEXT, Path::new("/h/.mozilla/firefox"));
        assert_eq!(
            profiles,
            [
                Path::new("/h/.mozilla/firefox/a.default"),
                Path::new("/srv/far away"),
                Path::new("/h/.mozilla/firefox/Profiles/b"),
            ]
        );
    }

    #[test]
    fn what_is_no_ini_file_names_nothing() {
        assert!(named("\u{0}\u{1}[[[=\nPath", Path::new("/h")).is_empty());
        assert!(used(Path::new("/nonexistent")).is_empty());
    }

    #[test]
    fn a_profile_that_was_never_started_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(
            folder.path().join("profiles.ini"),
            "[Profile0]\nIsRelative=1\nPath=a\n[Profile1]\nIsRelative=1\nPath=b\n\
             [Profile2]\nIsRelative=1\nPath=b\n",
        )
        .unwrap();
        for name in ["a", "b"] {
            std::fs::create_dir(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("b/cert9.db"), b"").unwrap();
        assert_eq!(used(folder.path()), [folder.path().join("b")]);
    }
}
