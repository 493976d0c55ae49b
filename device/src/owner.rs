//! The owner's side of the API: at the door of a device that runs, or, where none does, on its state
//! directly. Either way the same requests get the same answers.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use http::header::{CONTENT_TYPE, HOST};
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite, duplex};
use tokio::net::UnixStream;
use tokio::sync::mpsc;

use crate::api::{Api, RESERVED};
use crate::clock::unix_now;
use crate::control;
use crate::device::DeviceError;
use crate::identity::{Held, Identity};
use crate::notices::Notices;
use crate::policy::Policy;
use crate::register::{Contents, Register};
use crate::state::StateDir;

/// For both directions of a connection that leaves no process.
const BUFFER: usize = 16 * 1024;

/// Why the owner got no answer.
#[derive(Debug, thiserror::Error)]
pub enum OwnerError {
    /// There is no device.
    #[error("{0} holds no device: give its --name or its --state")]
    NoDevice(PathBuf),
    /// Its state cannot be used.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// Its door does not open.
    #[error("cannot reach the device at {path}: {source}")]
    Door {
        /// The socket.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The connection broke.
    #[error("the device does not answer: {0}")]
    Broken(#[from] hyper::Error),
    /// It said no.
    #[error("{0}")]
    Refused(String),
    /// It is another version's.
    #[error("the device answers in a way that this program does not know: {0}")]
    Unknown(#[from] serde_json::Error),
}

/// A connection to one device.
#[derive(Debug)]
pub struct Owner {
    connection: SendRequest<Full<Bytes>>,
    is_running: bool,
}

impl Owner {
    /// Reaches the device of a state directory, which is not made. `port` is where one that is not
    /// running will listen.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn reach(state: &Path, port: u16) -> Result<Self, OwnerError> {
        if let Some(running) = Self::reach_running(state).await? {
            return Ok(running);
        }
        let api = Arc::new(load(state, port)?);
        let (near, far) = duplex(BUFFER);
        tokio::spawn(control::serve(far, api));
        Ok(Self {
            connection: connect(near).await?,
            is_running: false,
        })
    }

    /// Reaches the device of a state directory; `None` when it is not running.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn reach_running(state: &Path) -> Result<Option<Self>, OwnerError> {
        let path = control::path_in(state);
        match UnixStream::connect(&path).await {
            Ok(stream) => Ok(Some(Self {
                connection: connect(stream).await?,
                is_running: true,
            })),
            Err(error) if is_closed(&error) => Ok(None),
            Err(source) => Err(OwnerError::Door { path, source }),
        }
    }

    /// Whether the device is running.
    #[must_use]
    pub const fn is_running(&self) -> bool {
        self.is_running
    }

    /// Asks for something below `/.well-known/settle/`.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn get<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, OwnerError> {
        self.ask(Method::GET, path, &Value::Null).await
    }

    /// Asks for something, with a body.
    ///
    /// # Errors
    /// [`OwnerError`].
    pub async fn ask<T: DeserializeOwned>(
        &mut self,
        method: Method,
        path: &str,
        body: &(impl Serialize + Sync),
    ) -> Result<T, OwnerError> {
        let mut request = Request::new(Full::new(Bytes::from(serde_json::to_vec(body)?)));
        *request.method_mut() = method;
        let target = format!("{RESERVED}{path}").try_into();
        *request.uri_mut() = target.map_err(|_| OwnerError::Refused(format!("{path}: no path")))?;
        let headers = request.headers_mut();
        headers.insert(HOST, http::HeaderValue::from_static("localhost"));
        let json = http::HeaderValue::from_static("application/json");
        headers.insert(CONTENT_TYPE, json);
        self.connection.ready().await?;
        let answer = self.connection.send_request(request).await?;
        let status = answer.status();
        let body = answer.into_body().collect().await?.to_bytes();
        if status.is_success() {
            let empty = body.is_empty().then_some(b"null".as_slice());
            return Ok(serde_json::from_slice(empty.unwrap_or(&body))?);
        }
        let problem: Value = serde_json::from_slice(&body)?;
        let detail = problem.get("detail").and_then(Value::as_str);
        Err(OwnerError::Refused(
            detail.unwrap_or(status.as_str()).to_owned(),
        ))
    }
}

/// No process is behind the door.
fn is_closed(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused
    )
}

async fn connect<S>(stream: S) -> Result<SendRequest<Full<Bytes>>, OwnerError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (send, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "the connection to the device ended");
        }
    });
    Ok(send)
}

/// The API of a device that is not running, which holds its state from here on.
fn load(state: &Path, port: u16) -> Result<Api, OwnerError> {
    let no_device = || OwnerError::NoDevice(state.to_path_buf());
    if !StateDir::is_at(state) {
        return Err(no_device());
    }
    let dir = StateDir::open(state).map_err(DeviceError::from)?;
    let identity = Identity::load_any(&dir).map_err(DeviceError::from)?;
    let identity = identity.ok_or_else(no_device)?;
    let contents = Contents::load(&dir).map_err(DeviceError::from)?;
    let mut contents = contents.ok_or_else(|| DeviceError::from(Contents::missing(&dir)))?;
    contents
        .take_up(&dir, unix_now())
        .map_err(DeviceError::from)?;
    contents.tell_rollovers(&identity);
    // Nobody is there to be told.
    let (events, _) = mpsc::channel(1);
    Ok(Api {
        identity: Held::new(identity),
        register: Arc::new(Register::new(Arc::new(dir), contents)),
        policy: Arc::new(Policy::default()),
        authority: None,
        notices: Notices(events),
        port,
        listener: None,
        since: unix_now(),
    })
}
