//! ACME clients of others, as Debian has them: certbot and lego, each with a folder of its own in a user's home.

use std::path::PathBuf;
use std::process::{Command, Output};

use serde_json::Value;

use crate::home::Home;
use crate::referee::{Referee, near};
use crate::server::Identity;

/// Which client.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Client {
    /// In Python.
    Certbot,
    /// In Go.
    Lego,
}

/// A server's client, which was given what `settle-referee authorize` prints.
#[derive(Debug)]
pub struct AcmeClient<'a> {
    client: Client,
    home: &'a Home,
    name: String,
    granted: Value,
    hosts: PathBuf,
}

impl Client {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Certbot, Self::Lego];

    const fn program(self) -> &'static str {
        match self {
            Self::Certbot => "certbot",
            Self::Lego => "lego",
        }
    }
}

impl<'a> AcmeClient<'a> {
    /// One for a name, which the referee grants to it.
    #[must_use]
    pub fn new(client: Client, home: &'a Home, referee: &Referee<'_>, name: &str) -> Self {
        let directory = referee.directory();
        let granted = referee.ask(&["authorize", name, "--directory", directory]);
        Self::given(client, home, referee, name, granted)
    }

    /// One that was given the directory, the key and its secret in some other way, by the names that `authorize` has for
    /// them.
    #[must_use]
    pub fn given(
        client: Client,
        home: &'a Home,
        referee: &Referee<'_>,
        name: &str,
        granted: Value,
    ) -> Self {
        let hosts = referee.hosts(name);
        Self {
            client,
            home,
            name: name.to_owned(),
            granted,
            hosts,
        }
    }

    /// Gets the first certificate.
    #[must_use]
    pub fn obtain(&self, name: &str) -> Output {
        match self.client {
            Client::Certbot => {
                let mut certbot = self.certbot("certonly");
                certbot.args([
                    "--standalone",
                    "--register-unsafely-without-email",
                    "--agree-tos",
                ]);
                certbot.args(["--server", self.granted("directory"), "-d", name]);
                certbot.args(["--eab-kid", self.granted("eab_kid")]);
                run(certbot.args(["--eab-hmac-key", self.granted("eab_hmac_key")]))
            }
            Client::Lego => run(self.lego(name).arg("run")),
        }
    }

    /// Gets the next one.
    #[must_use]
    pub fn renew(&self) -> Output {
        match self.client {
            Client::Certbot => {
                let mut certbot = self.certbot("renew");
                run(certbot.args(["--force-renewal", "--no-random-sleep-on-renew"]))
            }
            Client::Lego => {
                run(self
                    .lego(&self.name)
                    .args(["renew", "--days", "90", "--no-random-sleep"]))
            }
        }
    }

    /// Revokes the one that it has.
    #[must_use]
    pub fn revoke(&self) -> Output {
        match self.client {
            Client::Certbot => {
                let mut certbot = self.certbot("revoke");
                certbot.args([
                    "--server",
                    self.granted("directory"),
                    "--cert-name",
                    &self.name,
                ]);
                run(certbot.arg("--no-delete-after-revoke"))
            }
            Client::Lego => run(self.lego(&self.name).args(["revoke", "--keep"])),
        }
    }

    /// What a server takes: the certificate with its key, and a file with the chain.
    #[must_use]
    pub fn identity(&self) -> (Identity, PathBuf) {
        let (folder, file) = (self.folder(), |end: &str| format!("{}.{end}", self.name));
        let [certificate, key, chain] = match self.client {
            Client::Certbot => {
                let live = folder.join("conf/live").join(&self.name);
                ["cert.pem", "privkey.pem", "chain.pem"].map(|name| live.join(name))
            }
            Client::Lego => {
                let folder = folder.join("certificates");
                [file("crt"), file("key"), file("issuer.crt")].map(|name| folder.join(name))
            }
        };
        (Identity { certificate, key }, chain)
    }

    fn certbot(&self, what: &str) -> Command {
        let (mut command, folder) = (self.command(), self.folder());
        command.args([what, "--non-interactive"]);
        for (option, below) in [
            ("--config-dir", "conf"),
            ("--work-dir", "work"),
            ("--logs-dir", "logs"),
        ] {
            command.arg(option).arg(folder.join(below));
        }
        command
    }

    /// It wants the external key with every command where the server asks for one at all.
    fn lego(&self, name: &str) -> Command {
        let mut command = self.command();
        command.arg("--path").arg(self.folder());
        command.args(["--server", self.granted("directory"), "--accept-tos"]);
        command.args(["--email", "admin@home.arpa", "--http", "--domains", name]);
        command.args(["--eab", "--kid", self.granted("eab_kid")]);
        command.args(["--hmac", self.granted("eab_hmac_key")]);
        command
    }

    /// A program for which the referee's name leads to this machine.
    fn command(&self) -> Command {
        let mut command = near(self.home, &self.hosts, self.client.program());
        let root = self.granted("root");
        command.env("REQUESTS_CA_BUNDLE", root);
        command.env("LEGO_CA_CERTIFICATES", root);
        command
    }

    fn folder(&self) -> PathBuf {
        self.home
            .path()
            .join(format!("{:?}-{}", self.client, self.name))
    }

    fn granted(&self, member: &str) -> &str {
        let text = self.granted.get(member).and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no {member} was granted"))
    }
}

fn run(command: &mut Command) -> Output {
    command.output().expect("a client")
}
