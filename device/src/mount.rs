//! Where below a device something is found: a path in its one plain form.

use std::str::FromStr;

use crate::policy::{PathError, RequestPath, fold};

/// Why a text is no place for something.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum MountError {
    /// It cannot be read as a path.
    #[error("it is no path: {0}")]
    Path(#[from] PathError),
    /// It can be read in more than one way, or ends with a slash.
    #[error("write it plainly, as /docs or /docs/manual, without a slash at its end")]
    NotPlain,
}

/// A path and everything below it, in whole segments: `/api` has `/api/jobs` and not `/apis`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct MountPath(Vec<String>);

impl FromStr for MountPath {
    type Err = MountError;

    fn from_str(text: &str) -> Result<Self, MountError> {
        let plain = RequestPath::parse(text)?.plain();
        plain.map(Self).ok_or(MountError::NotPlain)
    }
}

impl std::fmt::Display for MountPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "/{}", self.0.join("/"))
    }
}

impl MountPath {
    /// Everything that there is.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn segments(&self) -> &[String] {
        &self.0
    }

    /// Its segments without regard to capital letters.
    pub(crate) fn folded(&self) -> Vec<String> {
        self.0.iter().map(|segment| fold(segment)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_named_in_one_way() {
        for text in ["/", "/api", "/docs/manual", "/.well-known/x"] {
            let path: MountPath = text.parse().unwrap();
            assert_eq!(path.to_string(), text);
        }
        assert_eq!("/".parse(), Ok(MountPath::root()));
        for (text, error) in [
            ("api", MountError::Path(PathError::Start)),
            ("//api", MountError::Path(PathError::Start)),
            ("/a/../b", MountError::Path(PathError::Dots)),
            ("/api/", MountError::NotPlain),
            ("/a//b", MountError::NotPlain),
            ("/a;b", MountError::NotPlain),
        ] {
            assert_eq!(text.parse::<MountPath>(), Err(error), "{text}");
        }
    }
}
