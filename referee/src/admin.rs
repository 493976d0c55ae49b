//! What administrators come to a referee for: a page, and an API beside it, which the device shows to paired clients alone.
//! Their role is the device's word; what they change is `administration`'s, as with the commands.
//!
//! A client that is no administrator sees what the authority is, and nothing more (docs/referee.md §9).

mod api;
mod asked;
mod pages;
mod problem;

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, OnceLock};

use http::header::{
    CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, LOCATION, X_CONTENT_TYPE_OPTIONS,
};
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Body, Bytes, Incoming};
use hyper::service::service_fn;
use settle_device::{Caller, Clients, Handler, KeyFingerprint, LocalName, Role};
use settle_protocol::handover::Directory;
use settle_transport::certificate::pem;

use self::pages::{Attempt, Tab};
use self::problem::Problem;
use crate::administration::{Administration, AuthorityTold};
use crate::authority::Issuer;
use crate::metrics::Metrics;
use crate::service::counters;
use crate::store::{By, Store};

/// Lines of the log on its page.
const LINES: u32 = 200;

type Answer = Response<Full<Bytes>>;

/// The administrator's side of one referee.
#[derive(Debug)]
pub(crate) struct Admin {
    pub(crate) name: LocalName,
    pub(crate) store: Store,
    pub(crate) issuer: Arc<Issuer>,
    pub(crate) authority: AuthorityTold,
    pub(crate) directory: Directory,
    pub(crate) metrics: Arc<Metrics>,
    /// Who is paired, once the device is open.
    pub(crate) clients: OnceLock<Clients>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Asker {
    /// An administrator, by the key of their client.
    Admin(KeyFingerprint),
    /// Anybody else who is paired.
    Other,
}

impl Asker {
    fn of(caller: &Caller) -> Self {
        match caller.role {
            Role::Admin => Self::Admin(caller.key),
            Role::Guest | Role::Named(_) => Self::Other,
        }
    }
}

/// A referee as somebody looks at it.
#[derive(Debug)]
struct View<'a> {
    admin: &'a Admin,
    asker: Asker,
    /// What clients call themselves.
    labels: HashMap<KeyFingerprint, String>,
}

/// What can be asked for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Resource<'a> {
    First,
    Root,
    Page(Tab),
    Withdraw,
    EndAccount,
    Revoke,
    Metrics,
    Api(api::Resource<'a>),
}

impl Admin {
    /// Answers the requests of paired clients.
    pub(crate) fn handler(self: Arc<Self>) -> Handler {
        Handler::new(service_fn(move |request: Request<Incoming>| {
            let admin = Arc::clone(&self);
            let caller = request.extensions().get::<Caller>();
            let asker = caller.map_or(Asker::Other, Asker::of);
            async move { Ok::<_, Infallible>(Box::pin(admin.answer(request, asker)).await) }
        }))
    }

    async fn answer<B>(&self, request: Request<B>, asker: Asker) -> Answer
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let path = request.uri().path().to_owned();
        let resource = Resource::of(&path);
        match (self.respond(request, resource, asker).await, resource) {
            (Ok(answer), _) => answer,
            (Err(problem), Some(Resource::Api(_))) => api::problem(&problem),
            (Err(problem), _) => pages::problem(&self.view(asker), &problem).map(Full::new),
        }
    }

    async fn respond<B>(
        &self,
        request: Request<B>,
        resource: Option<Resource<'_>>,
        asker: Asker,
    ) -> Result<Answer, Problem>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let resource = resource.ok_or(Problem::NotFound)?;
        let view = self.view(asker);
        match asker {
            Asker::Admin(key) => {
                let hands = Administration::new(self.store.clone(), By::Client(key));
                self.for_admins(request, resource, &view, &hands).await
            }
            Asker::Other if resource.is_for_all() => {
                self.for_all(request.method(), resource, &view)
            }
            Asker::Other => Err(Problem::AdminsOnly),
        }
    }

    async fn for_admins<B>(
        &self,
        request: Request<B>,
        resource: Resource<'_>,
        view: &View<'_>,
        hands: &Administration,
    ) -> Result<Answer, Problem>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let page = match (request.method().as_str(), resource) {
            ("GET" | "HEAD", Resource::First | Resource::Page(Tab::Names)) => {
                pages::names(view, &hands.names().await?, None)
            }
            ("GET" | "HEAD", Resource::Page(Tab::Accounts)) => {
                pages::accounts(view, &hands.accounts().await?)
            }
            ("GET" | "HEAD", Resource::Page(Tab::Certificates)) => {
                pages::certificates(view, &hands.certificates().await?)
            }
            ("GET" | "HEAD", Resource::Page(Tab::Log)) => {
                pages::log(view, &hands.log(LINES).await?)
            }
            ("POST", Resource::Page(Tab::Names)) => self.grant(request, view, hands).await?,
            ("POST", Resource::Withdraw) => {
                let mut form = asked::form(request).await?;
                let name = form.name()?;
                form.end()?;
                hands.withdraw(&name).await?;
                return Ok(see_other(Tab::Names));
            }
            ("POST", Resource::EndAccount) => {
                let mut form = asked::form(request).await?;
                let account = form.need("account")?;
                form.end()?;
                hands.end_account(&account).await?;
                return Ok(see_other(Tab::Accounts));
            }
            ("POST", Resource::Revoke) => {
                let mut form = asked::form(request).await?;
                let (serial, reason) = (form.need("serial")?, form.reason()?);
                form.end()?;
                hands.revoke(&serial, reason).await?;
                return Ok(see_other(Tab::Certificates));
            }
            ("GET" | "HEAD", Resource::Metrics) => return Ok(counters(&self.metrics).await),
            (_, Resource::Api(resource)) if resource != api::Resource::Authority => {
                return api::answer(request, resource, hands, &self.directory).await;
            }
            (_, resource) => return self.for_all(request.method(), resource, view),
        };
        Ok(page.map(Full::new))
    }

    /// Grants names, and tells what to give their server; what was wrong with the form is told on its own page.
    async fn grant<B>(
        &self,
        request: Request<B>,
        view: &View<'_>,
        hands: &Administration,
    ) -> Result<Response<Bytes>, Problem>
    where
        B: Body<Data = Bytes>,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let form = asked::form(request).await?;
        let typed = form.peek("names").to_owned();
        let granted = match form.wanted() {
            Ok(wanted) => {
                let granted = hands.authorize(&wanted, &self.directory).await;
                granted.map_err(Problem::from)
            }
            Err(problem) => Err(problem),
        };
        match granted {
            Ok(authorized) => Ok(pages::granted(view, &authorized)),
            Err(problem) => {
                let attempt = Attempt { typed, problem };
                Ok(pages::names(view, &hands.names().await?, Some(&attempt)))
            }
        }
    }

    /// What is no secret to anybody who is paired.
    fn for_all(
        &self,
        method: &Method,
        resource: Resource<'_>,
        view: &View<'_>,
    ) -> Result<Answer, Problem> {
        match (method.as_str(), resource) {
            ("GET" | "HEAD", Resource::First | Resource::Page(Tab::Authority)) => {
                Ok(pages::authority(view).map(Full::new))
            }
            ("GET" | "HEAD", Resource::Root) => Ok(download(pem(self.issuer.root()))),
            ("GET" | "HEAD", Resource::Api(api::Resource::Authority)) => {
                Ok(api::json(&self.authority))
            }
            (_, resource) => Err(Problem::Method(resource.methods())),
        }
    }

    fn view(&self, asker: Asker) -> View<'_> {
        let clients = self.clients.get().map(Clients::list).unwrap_or_default();
        View {
            admin: self,
            asker,
            labels: clients
                .into_iter()
                .map(|client| (client.key, client.label))
                .collect(),
        }
    }
}

impl View<'_> {
    fn is_for_admin(&self) -> bool {
        self.asker != Asker::Other
    }
}

impl<'a> Resource<'a> {
    fn of(path: &'a str) -> Option<Self> {
        match path {
            "/" => Some(Self::First),
            "/metrics" => Some(Self::Metrics),
            "/root.pem" => Some(Self::Root),
            "/names/withdraw" => Some(Self::Withdraw),
            "/accounts/end" => Some(Self::EndAccount),
            "/certificates/revoke" => Some(Self::Revoke),
            other => {
                let tab = Tab::ALL.into_iter().find(|tab| tab.path() == other);
                let api = || api::Resource::of(other).map(Self::Api);
                tab.map(Self::Page).or_else(api)
            }
        }
    }

    /// Whether every paired client may ask.
    const fn is_for_all(self) -> bool {
        matches!(
            self,
            Self::First
                | Self::Root
                | Self::Page(Tab::Authority)
                | Self::Api(api::Resource::Authority)
        )
    }

    const fn methods(self) -> &'static str {
        match self {
            Self::First | Self::Root | Self::Metrics => "GET, HEAD",
            Self::Page(Tab::Names) => "GET, HEAD, POST",
            Self::Page(Tab::Accounts | Tab::Certificates | Tab::Log | Tab::Authority) => {
                "GET, HEAD"
            }
            Self::Withdraw | Self::EndAccount | Self::Revoke => "POST",
            Self::Api(resource) => resource.methods(),
        }
    }
}

fn see_other(tab: Tab) -> Answer {
    let mut answer = Response::new(Full::default());
    *answer.status_mut() = StatusCode::SEE_OTHER;
    let headers = answer.headers_mut();
    headers.insert(LOCATION, HeaderValue::from_static(tab.path()));
    answer
}

fn download(text: String) -> Answer {
    let mut answer = Response::new(Full::from(text));
    let headers = answer.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(CONTENT_TYPE, fixed("application/x-pem-file"));
    headers.insert(
        CONTENT_DISPOSITION,
        fixed("attachment; filename=\"root.pem\""),
    );
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    answer
}

#[cfg(test)]
mod tests;
