//! Whoever stands between a client and a device with TLS of their own towards both: what each side says
//! is read, can be altered, and is passed on. It knows no code and no key of either.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ServerConfig};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::weak::Anybody;
use crate::forger::Forged;
use crate::tap::Side;

/// What is done to each piece of what a side says, as TLS gives it.
pub type Tamper = fn(Side, &mut Vec<u8>);

/// Passes everything on as it is.
pub fn faithfully(_: Side, _: &mut Vec<u8>) {}

/// A running impostor. Its thread ends with the test.
#[derive(Clone, Debug)]
pub struct Impostor(Arc<Mutex<Vec<Said>>>);

/// Something that was said, and by whom.
pub type Said = (Side, Vec<u8>);

impl Impostor {
    /// Starts on the host of the calling thread ([`super::Host::on`]), in a device's place.
    ///
    /// # Panics
    /// When the address is taken.
    #[must_use]
    pub fn start(at: SocketAddr, device: SocketAddr, shown: &Forged, tamper: Tamper) -> Self {
        let (server, client) = (server(shown), client(shown));
        let heard = Self(Arc::default());
        let (own, (ready, waiting)) = (heard.clone(), std::sync::mpsc::channel());
        thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                let listener = TcpListener::bind(at).await.expect("the device's place");
                ready.send(()).expect("the test");
                while let Ok((victim, _)) = listener.accept().await {
                    let ends = (server.clone(), client.clone());
                    let own = own.clone();
                    tokio::spawn(async move {
                        // A victim that turns away ends it.
                        drop(own.stand_between(victim, device, ends, tamper).await);
                    });
                }
            });
        });
        waiting.recv().expect("it listens");
        heard
    }

    /// What both sides have said until now, as it was.
    #[must_use]
    pub fn heard(&self) -> Vec<Said> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn hear(&self, side: Side, said: &[u8]) {
        let mut heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        heard.push((side, said.to_vec()));
    }

    async fn stand_between(
        &self,
        victim: TcpStream,
        device: SocketAddr,
        (server, client): (Arc<ServerConfig>, ClientConfig),
        tamper: Tamper,
    ) -> std::io::Result<()> {
        let victim = TlsAcceptor::from(server).accept(victim).await?;
        // The same is spoken on both sides.
        let spoken = victim.get_ref().1.alpn_protocol().map(<[u8]>::to_vec);
        let mut client = client;
        client.alpn_protocols = spoken.into_iter().collect();
        let device_tcp = TcpStream::connect(device).await?;
        let name = ServerName::IpAddress(device.ip().into());
        let device = TlsConnector::from(Arc::new(client)).connect(name, device_tcp);
        let (from_victim, to_victim) = tokio::io::split(victim);
        let (from_device, to_device) = tokio::io::split(device.await?);
        tokio::select! {
            ended = self.pass(Side::Host, from_victim, to_device, tamper) => ended,
            ended = self.pass(Side::Device, from_device, to_victim, tamper) => ended,
        }
    }

    async fn pass(
        &self,
        side: Side,
        mut from: impl AsyncRead + Unpin,
        mut to: impl AsyncWrite + Unpin,
        tamper: Tamper,
    ) -> std::io::Result<()> {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let count = from.read(&mut buffer).await?;
            if count == 0 {
                return Ok(());
            }
            let mut said = buffer.get(..count).unwrap_or_default().to_vec();
            self.hear(side, &said);
            tamper(side, &mut said);
            to.write_all(&said).await?;
            to.flush().await?;
        }
    }
}

/// Whatever a client of Settle or of another kind wants to speak.
const SPOKEN: [&[u8]; 4] = [b"settle-pair/1", b"h2", b"http/1.1", super::weak::LOCK];

fn server(shown: &Forged) -> Arc<ServerConfig> {
    let chain: Vec<CertificateDer<'static>> = shown.chain.clone();
    let mut server = super::weak::server_builder()
        .with_client_cert_verifier(Arc::new(Anybody))
        .with_single_cert(chain, shown.key.clone_key())
        .expect("an identity");
    server.alpn_protocols = SPOKEN.map(<[u8]>::to_vec).to_vec();
    Arc::new(server)
}

fn client(shown: &Forged) -> ClientConfig {
    super::weak::client_builder()
        .with_client_auth_cert(shown.chain.clone(), shown.key.clone_key())
        .expect("an identity")
}
