//! The referee beside pebble, the test server of Let's Encrypt: eight clients that get certificates at the same time,
//! each with an account and an address of its own, since the referee's limits are those that it has at a user's.
//!
//! Pebble keeps everything in memory; the referee has written to the disk what it has handed out. It is told to believe
//! every challenge at once and to ask for none twice, as the referee needs none.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;
use data_encoding::BASE64URL_NOPAD;
use rcgen::{CertificateParams, DistinguishedName, KeyPair};
use settle_tests::instant::{Client, Way};
use settle_tests::process::{Running, eventually};
use settle_tests::server::{Identity, Issuer};
use settle_tests::{Home, Keyring, Referee};
use sqlx::AnyPool;
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

use crate::milliseconds;
use crate::row::{Row, quantile};

const CLIENTS: u8 = 8;
/// Of each client in each run. An account of a referee has 60 orders at once.
const ISSUES: usize = 40;
const RUNS: u8 = 5;
const STORED: usize = 10_000;
const EMPTY: &str = "an empty store";

/// What one run has shown.
#[derive(Default)]
struct Measured {
    per_second: Vec<f64>,
    p99_ms: Vec<f64>,
}

/// Measures both, one after the other in each run; then the referee with a full store.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let (home, runtime) = (Home::new(Keyring::Unlocked), Runtime::new()?);
    let referee = Referee::start(&home, "referee");
    let pebble = Pebble::start(home.path())?;
    let (mut ours, mut theirs, mut full) = (
        Measured::default(),
        Measured::default(),
        Measured::default(),
    );
    for run in 0..RUNS {
        ours.add(&runtime, at_referee(&runtime, &referee, run)?)?;
        theirs.add(&runtime, pebble.clients(&runtime, run)?)?;
    }
    runtime.block_on(fill(referee.state()))?;
    for run in RUNS..2 * RUNS {
        full.add(&runtime, at_referee(&runtime, &referee, run)?)?;
    }
    let (speed, latency) = (ours.per_second.clone(), ours.p99_ms.clone());
    Ok(vec![
        Row::against_more(
            "referee",
            "issues_per_s",
            "1/s",
            ours.per_second,
            "pebble",
            theirs.per_second,
        ),
        Row::against(
            "referee",
            "issue_ms_p99",
            "ms",
            ours.p99_ms,
            "pebble",
            theirs.p99_ms,
        ),
        Row::against_more(
            "referee",
            "issues_per_s_10000_stored",
            "1/s",
            full.per_second,
            EMPTY,
            speed,
        ),
        Row::against(
            "referee",
            "issue_ms_p99_10000_stored",
            "ms",
            full.p99_ms,
            EMPTY,
            latency,
        ),
    ])
}

/// A client, the name that it may have, and its request.
struct Ready {
    client: Client,
    name: String,
    csr: Vec<u8>,
}

impl Ready {
    /// Has got a first certificate, as one that has been there for a while.
    async fn new(client: Client, name: String) -> anyhow::Result<Self> {
        let mut params = CertificateParams::new(vec![name.clone()])?;
        params.distinguished_name = DistinguishedName::new();
        let csr = params.serialize_request(&KeyPair::generate()?)?;
        let csr = csr.der().to_vec();
        client.obtain(&name, &csr, None).await?;
        Ok(Self { client, name, csr })
    }
}

impl Measured {
    fn add(&mut self, runtime: &Runtime, clients: Vec<Ready>) -> anyhow::Result<()> {
        let begin = Instant::now();
        let mut times = runtime.block_on(async {
            let mut running = JoinSet::new();
            for ready in clients {
                running.spawn(async move {
                    let mut times = Vec::with_capacity(ISSUES);
                    for _ in 0..ISSUES {
                        let begin = Instant::now();
                        ready.client.obtain(&ready.name, &ready.csr, None).await?;
                        times.push(milliseconds(begin.elapsed()));
                    }
                    anyhow::Ok(times)
                });
            }
            let mut times = Vec::new();
            while let Some(one) = running.join_next().await {
                times.extend(one??);
            }
            anyhow::Ok(times)
        })?;
        let count = u32::try_from(times.len())?;
        self.per_second
            .push(f64::from(count) / begin.elapsed().as_secs_f64());
        times.sort_by(f64::total_cmp);
        self.p99_ms.push(quantile(&times, 99));
        Ok(())
    }
}

/// Clients of the referee, each with what `authorize` prints.
fn at_referee(runtime: &Runtime, referee: &Referee<'_>, run: u8) -> anyhow::Result<Vec<Ready>> {
    let directory = referee.directory();
    let clients = (0..CLIENTS).map(|number| {
        let name = format!("server-{run}-{number}.local");
        let granted = referee.ask(&["authorize", &name, "--directory", directory]);
        let text = |member: &str| granted.get(member).and_then(|text| text.as_str());
        let root = text("root").context("a root")?;
        let secret = text("eab_hmac_key").context("a key")?;
        let secret = BASE64URL_NOPAD.decode(secret.as_bytes())?;
        let id = text("eab_kid").context("a number")?;
        let way = Way {
            from: own_address(run, number),
            ..Way::new(directory, Path::new(root))
        };
        runtime.block_on(async {
            let client = Client::join(&way, Some((id, &secret))).await?;
            Ready::new(client, name).await
        })
    });
    clients.collect()
}

fn own_address(run: u8, number: u8) -> IpAddr {
    Ipv4Addr::new(127, 0, 1 + run, 1 + number).into()
}

/// Makes ten thousand more of everything that an issuance leaves behind.
async fn fill(state: &Path) -> anyhow::Result<()> {
    sqlx::any::install_default_drivers();
    let file = state.join("referee.db");
    let file = file.to_str().context("a path that is text")?;
    let pool = AnyPool::connect(&format!("sqlite://{file}")).await?;
    let many = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {STORED}) "
    );
    let id = "'seed-' || n.i";
    for insert in [
        "INSERT INTO certificates SELECT lower(hex(randomblob(16))), account, names, chain, issuer, root, \
         key_fingerprint, not_before, not_after, revoked, reason, replaced_by \
         FROM n, (SELECT * FROM certificates LIMIT 1)"
            .to_owned(),
        format!(
            "INSERT INTO orders SELECT {id}, account, status, names, replaces, certificate, made, expires \
             FROM n, (SELECT * FROM orders LIMIT 1)"
        ),
        format!(
            "INSERT INTO authorizations SELECT {id}, account, name, status, expires, {id}, kind, token, \
             address, validated, failure FROM n, (SELECT * FROM authorizations LIMIT 1)"
        ),
        format!("INSERT INTO order_authorizations SELECT {id}, {id} FROM n"),
        format!(
            "INSERT INTO audit (id, at, event, account, subject, detail, actor) \
             SELECT {id}, at, event, account, subject, detail, actor \
             FROM n, (SELECT * FROM audit LIMIT 1)"
        ),
    ] {
        // SQLite wants the table first, and then where its rows are from.
        let (into, rows) = insert.split_once(" SELECT").context("a statement")?;
        let insert = format!("{into} {many} SELECT{rows}");
        let done = sqlx::query(sqlx::AssertSqlSafe(insert))
            .execute(&pool)
            .await?;
        anyhow::ensure!(
            done.rows_affected() == u64::try_from(STORED)?,
            "not all are there"
        );
    }
    pool.close().await;
    Ok(())
}

/// A running pebble.
struct Pebble {
    way: Way,
    _process: Running,
}

impl Pebble {
    fn start(folder: &Path) -> anyhow::Result<Self> {
        let authority = Identity::make(folder, "pebble-root", "DNS:root.local", Issuer::Itself);
        let issuer = Issuer::Authority(&authority);
        let identity = Identity::make(folder, "pebble", "DNS:pebble.local", issuer);
        let (port, other) = (free_port()?, free_port()?);
        let config = serde_json::json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{port}"),
            "managementListenAddress": format!("127.0.0.1:{other}"),
            "certificate": identity.certificate,
            "privateKey": identity.key,
            "httpPort": 5002,
            "tlsPort": 5001,
            "ocspResponderURL": "",
            "externalAccountBindingRequired": false,
        }});
        let file = folder.join("pebble.json");
        fs::write(&file, config.to_string())?;
        let mut command = Command::new("pebble");
        command
            .arg("-config")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        for (name, value) in [
            ("PEBBLE_VA_ALWAYS_VALID", "1"),
            ("PEBBLE_VA_NOSLEEP", "1"),
            ("PEBBLE_WFE_NONCEREJECT", "0"),
            ("PEBBLE_AUTHZREUSE", "100"),
        ] {
            command.env(name, value);
        }
        let process = Running::start(&mut command);
        eventually("pebble listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        let directory = format!("https://pebble.local:{port}/dir");
        Ok(Self {
            way: Way::new(&directory, &authority.certificate),
            _process: process,
        })
    }

    fn clients(&self, runtime: &Runtime, run: u8) -> anyhow::Result<Vec<Ready>> {
        let clients = (0..CLIENTS).map(|number| {
            let way = Way {
                from: own_address(run, number),
                ..self.way.clone()
            };
            runtime.block_on(async {
                let client = Client::join(&way, None).await?;
                Ready::new(client, format!("server-{run}-{number}.local")).await
            })
        });
        clients.collect()
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(TcpListener::bind(("127.0.0.1", 0))?.local_addr()?.port())
}
