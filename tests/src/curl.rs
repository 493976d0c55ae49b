//! A foreign HTTP client in the place of the browser: curl, which speaks HTTP/1.1 and HTTP/2 through
//! the verifying proxy.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;

use settle_protocol::rpc::{BridgeCertificate, Proxy};

/// What the client speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Http {
    /// RFC 9112.
    One,
    /// RFC 9113.
    Two,
}

impl Http {
    /// Both.
    pub const ALL: [Self; 2] = [Self::One, Self::Two];

    const fn option(self) -> &'static str {
        match self {
            Self::One => "--http1.1",
            Self::Two => "--http2",
        }
    }
}

/// A client that trusts one bridge authority and uses one proxy.
#[derive(Clone, Debug)]
pub struct Curl {
    proxy: String,
    authority: PathBuf,
}

impl Curl {
    /// Keeps the authority's certificate in `folder`.
    ///
    /// # Panics
    /// When it cannot be written.
    #[must_use]
    pub fn new(folder: &Path, proxy: &Proxy, certificate: &BridgeCertificate) -> Self {
        let authority = folder.join("bridge.pem");
        std::fs::write(&authority, &certificate.pem).expect("a file");
        Self {
            proxy: format!("https://{}:{}", proxy.host, proxy.port),
            authority,
        }
    }

    /// The command for a page that the user opened, with more arguments.
    #[must_use]
    pub fn command(&self, http: Http, arguments: &[&str]) -> Command {
        let mut command = Command::new("curl");
        command
            .args(["--silent", "--show-error", "--max-time", "120"])
            .args(["--proxy", &self.proxy, "--proxy-cacert"])
            .arg(&self.authority)
            .arg("--cacert")
            .arg(&self.authority)
            .arg(http.option())
            .args(["--header", "Sec-Fetch-Site: same-origin"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs it to its end.
    ///
    /// # Panics
    /// When curl is missing.
    #[must_use]
    pub fn run(&self, http: Http, arguments: &[&str]) -> Output {
        self.command(http, arguments).output().expect("curl")
    }

    /// What comes out of it, which has to succeed.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn bytes(&self, http: Http, arguments: &[&str]) -> Vec<u8> {
        let output = self.run(http, arguments);
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {errors}");
        output.stdout
    }

    /// The same as text.
    ///
    /// # Panics
    /// When it fails, or is no text.
    #[must_use]
    pub fn text(&self, http: Http, arguments: &[&str]) -> String {
        String::from_utf8(self.bytes(http, arguments)).expect("text")
    }

    /// Sends so many pieces as the body, and returns what comes back as text.
    ///
    /// # Panics
    /// When it fails.
    #[must_use]
    pub fn upload(&self, http: Http, url: &str, piece: &[u8], pieces: usize) -> String {
        let mut running = self
            .command(http, &["--upload-file", "-", url])
            .stdin(Stdio::piped())
            .spawn()
            .expect("curl");
        let mut input = running.stdin.take().expect("a pipe");
        let piece = piece.to_vec();
        let writer = thread::spawn(move || (0..pieces).try_for_each(|_| input.write_all(&piece)));
        let output = running.wait_with_output().expect("curl");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{errors}");
        writer.join().expect("no panic").expect("all was taken");
        String::from_utf8(output.stdout).expect("text")
    }
}
