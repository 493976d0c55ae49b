//! A client at both of the device's doors, and what an attacker can make of one.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::{CertificateDer, ServerName};
use settle_protocol::material::PairingMaterial;
use settle_protocol::name::LocalName;
use settle_protocol::pairing::PairingError;
use settle_protocol::pairing::client::{self, AwaitingHello, Deciding, Granted};
use settle_protocol::pairing::message::{Message, Role};
use settle_protocol::scope::ExactScope;
use settle_protocol::secret::PairingSecret;
use settle_protocol::spake2::Suite;
use settle_transport::anchor::{Anchor, AnchorVerifier};
use settle_transport::certificate::{self, PrivateKey};
use settle_transport::{danger, pairing, random, tls};
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// The one that trust is asked about; the listener's own is whichever was free.
const PORT: u16 = 443;

pub(crate) type Tls = TlsStream<TcpStream>;
pub(crate) type Http = SendRequest<Full<Bytes>>;

/// A client's key for one device.
pub(crate) struct Client {
    pub(crate) key: PrivateKey,
    certificate: CertificateDer<'static>,
}

impl Client {
    pub(crate) fn new() -> Self {
        let key = PrivateKey::make().unwrap();
        let certificate = certificate::client(&key).unwrap();
        Self { key, certificate }
    }

    /// One that has seen another's certificate, and does not have its key.
    pub(crate) fn with_certificate_of(other: &Self) -> Self {
        Self {
            certificate: other.certificate.clone(),
            ..Self::new()
        }
    }

    pub(crate) fn identity(&self) -> rustls::sign::CertifiedKey {
        self.key.certified(vec![self.certificate.clone()]).unwrap()
    }

    /// Opens a provisional connection.
    pub(crate) async fn knock(&self, address: SocketAddr) -> io::Result<Tls> {
        self.knock_by(address, "settle.invalid").await
    }

    /// The same with a server name.
    pub(crate) async fn knock_by(&self, address: SocketAddr, name: &str) -> io::Result<Tls> {
        let config = danger::pairing_client(self.identity()).unwrap();
        connect(config, TcpStream::connect(address).await?, name).await
    }

    /// Sends the offer for a code.
    pub(crate) async fn offer(
        &self,
        tls: &mut Tls,
        secret: &PairingSecret,
    ) -> anyhow::Result<AwaitingHello> {
        let (next, hello) = self.begin(tls, secret);
        pairing::write_frame(tls, &hello).await?;
        Ok(next)
    }

    fn begin(&self, tls: &Tls, secret: &PairingSecret) -> (AwaitingHello, Vec<u8>) {
        let binding = pairing::client_binding(tls, self.key.fingerprint()).unwrap();
        let entropy = random::make_secret().unwrap();
        let offer = client::Offer {
            secret,
            suites: &Suite::SUPPORTED,
            label: "laptop\u{1b}[2J",
            role: Role::Admin,
        };
        client::begin(&offer, binding, &entropy)
    }

    /// Goes on to the point where the user decides.
    pub(crate) async fn prove(&self, tls: &mut Tls, code: &str) -> anyhow::Result<Deciding> {
        let secret = secret_of(code);
        let state = self.offer(tls, &secret).await?;
        let state = state.receive(&pairing::read_frame(tls).await?)?;
        let (state, confirmation) = state.receive(&pairing::read_frame(tls).await?)?;
        pairing::write_frame(tls, &confirmation).await?;
        let grant = pairing::read_frame(tls).await?;
        Ok(state.receive(&grant, certificate::fingerprint)?)
    }

    /// The whole ceremony, with a user who consents.
    pub(crate) async fn pair(&self, address: SocketAddr, code: &str) -> anyhow::Result<Granted> {
        let tls = self.knock(address).await?;
        self.pair_on(tls, code).await
    }

    /// The same on a provisional connection.
    pub(crate) async fn pair_on(&self, mut tls: Tls, code: &str) -> anyhow::Result<Granted> {
        let deciding = self.prove(&mut tls, code).await?;
        let (state, consented, commit) = deciding.consent();
        pairing::write_frame(&mut tls, &commit).await?;
        state.receive(&pairing::read_frame(&mut tls).await?)?;
        Ok(consented.into_granted())
    }

    /// Guesses at a code of which only the public number is known; tells what the device says.
    pub(crate) async fn guess(&self, address: SocketAddr, code: &str) -> PairingError {
        let mut tls = self.knock(address).await.unwrap();
        let (state, hello) = self.begin(&tls, &random::make_secret().unwrap());
        let Message::ClientHello(mut hello) = Message::read(&hello).unwrap() else {
            panic!("the first message is the hello");
        };
        hello.code = client::code_id(&secret_of(code));
        let hello = Message::ClientHello(hello).to_bytes();
        pairing::write_frame(&mut tls, &hello).await.unwrap();
        let told = pairing::read_frame(&mut tls).await.unwrap();
        let state = state.receive(&told).unwrap();
        let proof = pairing::read_frame(&mut tls).await.unwrap();
        assert!(matches!(
            state.receive(&proof),
            Err(PairingError::NotConfirmed)
        ));
        let confirmation = Message::Confirmation([7; 32]).to_bytes();
        pairing::write_frame(&mut tls, &confirmation).await.unwrap();
        let last = pairing::read_frame(&mut tls).await.unwrap();
        Message::read(&last).unwrap_err()
    }

    /// Opens a connection to what is behind the device.
    pub(crate) async fn open(&self, address: SocketAddr, device: &Granted) -> io::Result<Tls> {
        let name = device.unique_name.as_str();
        self.open_by(address, device, name).await
    }

    /// The same with another server name.
    pub(crate) async fn open_by(
        &self,
        address: SocketAddr,
        device: &Granted,
        name: &str,
    ) -> io::Result<Tls> {
        let config = tls::device_client(
            anchor(&device.root, &device.unique_name),
            device.unique_name.clone(),
            PORT,
            self.identity(),
        )
        .unwrap();
        let tcp = TcpStream::connect(address).await?;
        connect(config, tcp, name).await
    }

    /// A connection to what is behind the device, for HTTP.
    pub(crate) async fn http(&self, address: SocketAddr, device: &Granted) -> Http {
        http(self.open(address, device).await.unwrap()).await
    }
}

/// A visitor that has the device's anchor but no key of its own.
pub(crate) async fn visit(address: SocketAddr, root: &[u8], name: &LocalName) -> io::Result<Tls> {
    let verifier = AnchorVerifier::new(anchor(root, name), name.clone(), PORT);
    let config = ClientConfig::builder_with_provider(Arc::clone(tls::provider()))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    let tcp = TcpStream::connect(address).await?;
    connect(config, tcp, name.as_str()).await
}

fn anchor(root: &[u8], name: &LocalName) -> Anchor {
    Anchor::device(&root.into(), ExactScope::new([name.clone()], [PORT])).unwrap()
}

pub(crate) async fn http(tls: Tls) -> Http {
    let (send, connection) = handshake(TokioIo::new(tls)).await.unwrap();
    // How it ends is seen in the answers.
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    send
}

/// A plain connection from another address of this machine.
pub(crate) async fn tcp_from(source: &str, address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(source.parse().unwrap()).unwrap();
    socket.connect(address).await.unwrap()
}

pub(crate) fn get(path: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .uri(path)
        .header("host", "printer.local")
        .body(Full::default())
        .unwrap()
}

pub(crate) async fn text(response: Response<Incoming>) -> String {
    let body = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(body.to_vec()).unwrap()
}

pub(crate) fn secret_of(code: &str) -> PairingSecret {
    PairingMaterial::parse(code).unwrap().secret
}

async fn connect(config: ClientConfig, tcp: TcpStream, name: &str) -> io::Result<Tls> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(Arc::new(config))
        .connect(name, tcp)
        .await
}
