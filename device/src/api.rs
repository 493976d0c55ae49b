//! The device's own API below `/.well-known/settle/` (docs/device-api.md): answered here and never
//! passed on, so nothing behind the device can speak in its name. It knows no sockets; who asks, and
//! with which role, is decided before.

mod answers;
mod asked;
mod changes;
mod problem;

use std::net::SocketAddr;
use std::sync::Arc;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Bytes};
use serde::Serialize;
use settle_protocol::fingerprint::KeyFingerprint;

use self::answers::{Anchor, Clients, Listed, Log, OwnRole, Status, ToldAuthority, Window};
use self::asked::Page;
use self::problem::Problem;
use crate::audit::By;
use crate::authority::Authority;
use crate::client::Client;
use crate::clock::{steady_now, to_wall};
use crate::identity::Held;
use crate::notices::Notices;
use crate::policy::Policy;
use crate::register::Register;
use crate::role::Role;

/// What all its paths begin with.
pub(crate) const RESERVED: &str = "/.well-known/settle/";

const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

type Answer = Response<Full<Bytes>>;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Asker {
    pub(crate) by: By,
    pub(crate) role: Role,
}

/// The API of one device.
#[derive(Debug)]
pub(crate) struct Api {
    pub(crate) identity: Arc<Held>,
    pub(crate) register: Arc<Register>,
    pub(crate) policy: Arc<Policy>,
    /// Of a referee.
    pub(crate) authority: Option<Arc<Authority>>,
    pub(crate) notices: Notices,
    /// The port that codes name.
    pub(crate) port: u16,
    /// Where it listens, if it is running.
    pub(crate) listener: Option<SocketAddr>,
    /// Since when, in seconds since the Unix epoch.
    pub(crate) since: u64,
}

/// What can be asked about.
enum Resource {
    Role,
    Anchor,
    Authority,
    Status,
    Clients,
    Client(KeyFingerprint),
    Codes,
    Window,
    Audit,
    Rollover,
}

/// Whether a path is the device's own.
pub(crate) fn is_reserved(path: &str) -> bool {
    path.starts_with(RESERVED)
}

impl Api {
    /// Answers one request for a reserved path.
    pub(crate) async fn answer<B>(&self, request: Request<B>, asker: Asker) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        match self.respond(request, asker).await {
            Ok(answer) => answer,
            Err(problem) => problem.answer(),
        }
    }

    async fn respond<B>(&self, request: Request<B>, asker: Asker) -> Result<Answer, Problem>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let resource = Resource::of(request.uri().path()).ok_or(Problem::NotFound)?;
        if !resource.is_for_all() && asker.role != Role::Admin {
            return Err(Problem::AdminsOnly);
        }
        match (request.method().as_str(), resource) {
            ("GET", Resource::Role) => json(&OwnRole::of(&asker)),
            ("GET", Resource::Anchor) => json(&self.anchor()),
            ("GET", Resource::Authority) => {
                let authority = self.authority.as_ref().ok_or(Problem::NotFound)?;
                json(&ToldAuthority::of(authority))
            }
            ("GET", Resource::Status) => json(&self.status()),
            ("GET", Resource::Clients) => json(&self.clients()),
            ("GET", Resource::Window) => json(&self.window()),
            ("GET", Resource::Audit) => {
                let page = Page::parse(request.uri().query())?;
                json(&self.log(page).await?)
            }
            ("PUT", Resource::Client(key)) => {
                let wanted = asked::read(request).await?;
                json(&self.set_role(key, wanted, asker).await?)
            }
            ("DELETE", Resource::Client(key)) => {
                let taking = asked::read(request).await?;
                self.take_off(key, &taking, asker).await
            }
            ("POST", Resource::Codes) => {
                let wanted = asked::read(request).await?;
                let code = json(&self.make_code(wanted, asker).await?)?;
                Ok(with_status(code, StatusCode::CREATED))
            }
            ("PUT", Resource::Window) => {
                let wanted = asked::read(request).await?;
                json(&self.set_window(wanted, asker).await?)
            }
            ("POST", Resource::Rollover) => {
                let wanted = asked::read(request).await?;
                json(&self.roll_over(&wanted, asker).await?)
            }
            (_, resource) => Err(Problem::Method(resource.methods())),
        }
    }

    fn anchor(&self) -> Anchor {
        Anchor::of(&self.identity.get())
    }

    fn status(&self) -> Status {
        let identity = self.identity.get();
        Status {
            version: env!("CARGO_PKG_VERSION"),
            name: identity.label().dot_local(),
            unique_name: identity.unique_name(),
            fingerprint: identity.fingerprint(),
            running: self.listener.is_some(),
            address: self.listener,
            since: self.listener.map(|_| self.since),
            clients: self.register.clients().len(),
            window: self.window(),
        }
    }

    fn clients(&self) -> Clients {
        let clients = self.register.clients().into_iter();
        Clients {
            clients: clients.map(|client| self.listed(client)).collect(),
        }
    }

    fn listed(&self, client: Client) -> Listed {
        let last_seen = self.register.last_seen(&client.key);
        Listed { client, last_seen }
    }

    fn window(&self) -> Window {
        let until = self.register.window(steady_now());
        Window {
            open: until.is_some(),
            until: until.map(to_wall),
        }
    }

    async fn log(&self, page: Page) -> Result<Log, Problem> {
        // What was refused until now belongs to it.
        self.register.tell_counted(None).await?;
        let identity = self.identity.get();
        let (head, entries) = self.register.log(identity.fingerprint()).await?;
        let head = head
            .sign(identity.root_key())
            .map_err(|_| Problem::Failed)?;
        Ok(Log::page(head, entries, &page))
    }
}

impl Resource {
    fn of(path: &str) -> Option<Self> {
        match path.strip_prefix(RESERVED)? {
            "role" => Some(Self::Role),
            "anchor" => Some(Self::Anchor),
            "authority" => Some(Self::Authority),
            "status" => Some(Self::Status),
            "clients" => Some(Self::Clients),
            "codes" => Some(Self::Codes),
            "window" => Some(Self::Window),
            "audit" => Some(Self::Audit),
            "rollover" => Some(Self::Rollover),
            other => {
                let key = other.strip_prefix("clients/")?;
                KeyFingerprint::from_hex(key).map(Self::Client)
            }
        }
    }

    /// Whether every paired client may ask.
    const fn is_for_all(&self) -> bool {
        matches!(self, Self::Role | Self::Anchor | Self::Authority)
    }

    const fn methods(&self) -> &'static str {
        match self {
            Self::Role | Self::Anchor | Self::Authority => "GET",
            Self::Status | Self::Clients | Self::Audit => "GET",
            Self::Client(_) => "PUT, DELETE",
            Self::Codes | Self::Rollover => "POST",
            Self::Window => "GET, PUT",
        }
    }
}

fn json(content: &impl Serialize) -> Result<Answer, Problem> {
    let body = serde_json::to_vec(content).map_err(|_| Problem::Failed)?;
    let mut answer = Response::new(Full::new(Bytes::from(body)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    Ok(sealed(answer))
}

fn with_status(mut answer: Answer, status: StatusCode) -> Answer {
    *answer.status_mut() = status;
    answer
}

/// For who asked alone, and kept nowhere.
fn sealed(mut answer: Answer) -> Answer {
    let headers = answer.headers_mut();
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
    answer
}

#[cfg(test)]
mod tests;
