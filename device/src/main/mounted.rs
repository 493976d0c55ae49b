//! `[PATH=]TARGET`, as the command line has what is behind a device.

use std::error::Error;
use std::str::FromStr;

use settle_device::{MountPath, Target, Upstreams, UpstreamsError};

/// One of them; without a path it has everything.
#[derive(Clone, Debug)]
pub(super) struct Mounted<T> {
    path: MountPath,
    target: T,
}

impl<T> FromStr for Mounted<T>
where
    T: FromStr,
    T::Err: Error + Send + Sync + 'static,
{
    type Err = anyhow::Error;

    fn from_str(text: &str) -> anyhow::Result<Self> {
        let (path, target) = match text.split_once('=') {
            Some((path, target)) if path.starts_with('/') => (path.parse()?, target),
            Some(_) | None => (MountPath::root(), text),
        };
        Ok(Self {
            path,
            target: target.parse()?,
        })
    }
}

impl<T: Into<Target>> Mounted<T> {
    /// Puts it in its place.
    pub(super) fn mount(self, upstreams: Upstreams) -> Result<Upstreams, UpstreamsError> {
        upstreams.mount(self.path, self.target)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use settle_device::UpstreamUrl;

    use super::*;

    #[test]
    fn a_path_comes_before_the_equals_sign_and_may_be_left_out() {
        for (text, path, url) in [
            ("http://127.0.0.1:631", "/", "http://127.0.0.1:631"),
            ("/=http://127.0.0.1:631", "/", "http://127.0.0.1:631"),
            ("/api=http://[::1]:3000/v1", "/api", "http://[::1]:3000/v1"),
        ] {
            let mounted: Mounted<UpstreamUrl> = text.parse().unwrap();
            assert_eq!(mounted.path.to_string(), path);
            assert_eq!(mounted.target.to_string(), url);
        }
        let folder: Mounted<PathBuf> = "/docs=/srv/a=b".parse().unwrap();
        assert_eq!(folder.path.to_string(), "/docs");
        assert_eq!(folder.target, PathBuf::from("/srv/a=b"));
        for text in ["/api/=http://127.0.0.1", "/api=127.0.0.1", "api=http://a"] {
            assert!(text.parse::<Mounted<UpstreamUrl>>().is_err(), "{text}");
        }
    }
}
