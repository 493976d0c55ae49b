//! The verifying proxy beside nginx and mitmproxy: the same origin behind each, the same client before
//! each, on the same machine, one after the other in turns.

mod client;
mod origin;
mod peers;

use std::time::{Duration, Instant};

use anyhow::Context as _;
use futures_util::future::try_join_all;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use settle_tests::server::{Identity, Issuer};

use self::client::{NAME, Way};
use self::peers::Peer;
use crate::milliseconds;
use crate::row::{Row, quantile};

/// How often each is measured, in turns.
const ROUNDS: usize = 5;
/// Of each measurement that counts requests.
const SPAN: Duration = Duration::from_secs(2);
const SMALL: usize = 1024;
const LARGE: usize = 100 * 1000 * 1000;
/// Clients that open connections at the same time.
const OPENERS: usize = 8;

/// A metric of all rounds.
#[derive(Default)]
struct Series {
    keepalive: [Vec<f64>; 3],
    bulk: Vec<f64>,
    new_connections: Vec<f64>,
    latency_p50: Vec<f64>,
    latency_p99: Vec<f64>,
    cpu: Vec<f64>,
    cpu_request: Vec<f64>,
    cpu_connection: Vec<f64>,
    peak: Vec<f64>,
}

/// Measures all of them.
pub(crate) fn measure() -> anyhow::Result<Vec<Row>> {
    let folder = tempfile::tempdir()?;
    // mitmproxy asks for the address.
    let names = format!("DNS:{NAME},IP:127.0.0.1");
    let authority = Identity::make(folder.path(), "authority", &names, Issuer::Itself);
    let issuer = Issuer::Authority(&authority);
    let identity = Identity::make(folder.path(), "origin", &names, issuer);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let origin = runtime.block_on(origin::start(server(&identity)?))?;
    let peers = [
        peers::settle(origin, &authority)?,
        peers::nginx(folder.path(), origin, &identity, &authority)?,
        peers::mitmdump(folder.path(), origin, &authority)?,
    ];
    let direct = Way {
        address: origin,
        outer: None,
        tunnel: false,
        inner: client::trusting(&std::fs::read_to_string(&authority.certificate)?)?,
    };
    let mut series: Vec<Series> = peers.iter().map(|_| Series::default()).collect();
    for _ in 0..ROUNDS {
        for (peer, series) in peers.iter().zip(&mut series) {
            let round = runtime.block_on(round(peer, &direct, series));
            round.with_context(|| peer.name.to_owned())?;
        }
    }
    Ok(rows(&peers, series))
}

fn server(identity: &Identity) -> anyhow::Result<ServerConfig> {
    let certificate = CertificateDer::from_pem_file(&identity.certificate)?;
    let key = PrivateKeyDer::from_pem_file(&identity.key)?;
    let provider = std::sync::Arc::clone(settle_transport::tls::provider());
    Ok(ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)?)
}

async fn round(peer: &Peer, direct: &Way, series: &mut Series) -> anyhow::Result<()> {
    let way = &peer.way;
    peer.forget_peak()?;
    for (count, rates) in [1, 8, 64].into_iter().zip(&mut series.keepalive) {
        let before = peer.processor_seconds();
        let (requests, rate) = keepalive(way, count).await?;
        rates.push(rate);
        let used = (peer.processor_seconds() - before) * 1e6 / f64::from(requests);
        if count == 64 {
            series.cpu_request.push(used);
        }
    }
    series.peak.push(peer.peak_mb());

    let mut open = way.open().await?;
    open.get(LARGE).await?;
    let (begin, before) = (Instant::now(), peer.processor_seconds());
    open.get(LARGE).await?;
    open.get(LARGE).await?;
    let megabytes = 2.0 * LARGE as f64 / 1e6;
    series.bulk.push(megabytes / begin.elapsed().as_secs_f64());
    let used = peer.processor_seconds() - before;
    series.cpu.push(used / (megabytes / 1000.0));

    let before = peer.processor_seconds();
    let (connections, rate) = new_connections(way).await?;
    series.new_connections.push(rate);
    let used = (peer.processor_seconds() - before) * 1e6 / f64::from(connections);
    series.cpu_connection.push(used);

    let ours = latencies(way).await?;
    let without = latencies(direct).await?;
    let added = |percent| quantile(&ours, percent) - quantile(&without, percent);
    series.latency_p50.push(added(50));
    series.latency_p99.push(added(99));
    Ok(())
}

/// Requests on so many connections that stay open, and how many of them a second.
async fn keepalive(way: &Way, count: usize) -> anyhow::Result<(u32, f64)> {
    let mut connections = try_join_all((0..count).map(|_| way.open())).await?;
    // The proxy's own connections are open then, too.
    try_join_all(connections.iter_mut().map(|open| open.get(SMALL))).await?;
    let begin = Instant::now();
    let counting = connections.into_iter().map(|mut open| {
        tokio::spawn(async move {
            let mut count = 0_u32;
            while begin.elapsed() < SPAN {
                open.get(SMALL).await?;
                count += 1;
            }
            anyhow::Ok(count)
        })
    });
    let mut total = 0;
    for counted in try_join_all(counting).await? {
        total += counted?;
    }
    Ok((total, f64::from(total) / begin.elapsed().as_secs_f64()))
}

/// Connections, each with one request, and how many of them a second.
async fn new_connections(way: &Way) -> anyhow::Result<(u32, f64)> {
    let begin = Instant::now();
    let opening = (0..OPENERS).map(|_| {
        let way = way.clone();
        tokio::spawn(async move {
            let mut count = 0_u32;
            while begin.elapsed() < SPAN {
                way.open().await?.get(SMALL).await?;
                count += 1;
            }
            anyhow::Ok(count)
        })
    });
    let mut total = 0;
    for counted in try_join_all(opening).await? {
        total += counted?;
    }
    Ok((total, f64::from(total) / begin.elapsed().as_secs_f64()))
}

/// Milliseconds of many requests, one after the other, in order of their size.
async fn latencies(way: &Way) -> anyhow::Result<Vec<f64>> {
    let mut open = way.open().await?;
    open.get(SMALL).await?;
    let mut times = Vec::new();
    for _ in 0..1000 {
        let begin = Instant::now();
        open.get(SMALL).await?;
        times.push(milliseconds(begin.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    Ok(times)
}

fn rows(peers: &[Peer], mut series: Vec<Series>) -> Vec<Row> {
    let ours = series.remove(0);
    let mut rows = Vec::new();
    for (peer, theirs) in peers.iter().skip(1).zip(series) {
        let more = |metric: &str, unit, ours: &[f64], theirs: Vec<f64>| {
            Row::against_more("proxy", metric, unit, ours.to_vec(), peer.name, theirs)
        };
        let less = |metric: &str, unit, ours: &[f64], theirs: Vec<f64>| {
            Row::against("proxy", metric, unit, ours.to_vec(), peer.name, theirs)
        };
        let names = ["keepalive_rps_c1", "keepalive_rps_c8", "keepalive_rps_c64"];
        for ((name, ours), theirs) in names.iter().zip(&ours.keepalive).zip(theirs.keepalive) {
            rows.push(more(name, "1/s", ours, theirs));
        }
        rows.push(more("bulk_mb_s", "MB/s", &ours.bulk, theirs.bulk));
        rows.push(more(
            "new_connections_rps",
            "1/s",
            &ours.new_connections,
            theirs.new_connections,
        ));
        rows.push(less(
            "added_latency_ms_p50",
            "ms",
            &ours.latency_p50,
            theirs.latency_p50,
        ));
        rows.push(less(
            "added_latency_ms_p99",
            "ms",
            &ours.latency_p99,
            theirs.latency_p99,
        ));
        rows.push(less("cpu_s_per_gb", "s/GB", &ours.cpu, theirs.cpu));
        rows.push(less(
            "cpu_us_per_request",
            "us",
            &ours.cpu_request,
            theirs.cpu_request,
        ));
        rows.push(less(
            "cpu_us_per_connection",
            "us",
            &ours.cpu_connection,
            theirs.cpu_connection,
        ));
        rows.push(less("peak_mb", "MB", &ours.peak, theirs.peak));
    }
    rows
}
