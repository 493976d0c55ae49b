//! A web interface in the same process: what a maker's own program answers with.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::{Request, Response};
use hyper::body::{Body, Bytes, Incoming};
use hyper::service::Service;

use crate::local::{self, Local};

type Answering = Pin<Box<dyn Future<Output = Response<Local>> + Send>>;

/// Answers requests of paired clients; clones are the same one.
///
/// A request comes as the client made it, below the whole path, with the same header fields as an
/// interface behind the device gets: `Settle-Client`, `Settle-Role` and `X-Forwarded-For` are the
/// device's word and nobody else's. Its extensions hold the [`Caller`](crate::Caller). A WebSocket is
/// opened with [`hyper::upgrade::on`].
#[derive(Clone)]
pub struct Handler(Arc<dyn Fn(Request<Incoming>) -> Answering + Send + Sync>);

impl Handler {
    /// Takes any service of hyper that does not fail, such as one of
    /// [`service_fn`](hyper::service::service_fn); services of tower become one by
    /// `hyper_util::service::TowerToHyperService`.
    ///
    /// ```
    /// use std::convert::Infallible;
    ///
    /// use http::{Request, Response};
    /// use hyper::body::Incoming;
    /// use hyper::service::service_fn;
    /// use settle_device::{Caller, Handler};
    ///
    /// let handler = Handler::new(service_fn(|request: Request<Incoming>| async move {
    ///     let caller = request.extensions().get::<Caller>();
    ///     let role = caller.map_or_else(String::new, |caller| caller.role.to_string());
    ///     Ok::<_, Infallible>(Response::new(format!("You are {role}.")))
    /// }));
    /// # drop(handler);
    /// ```
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Incoming>, Response = Response<B>, Error = Infallible>
            + Send
            + Sync
            + 'static,
        S::Future: Send + 'static,
        B: Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn Error + Send + Sync>>,
    {
        Self(Arc::new(move |request| {
            let answering = service.call(request);
            Box::pin(async move {
                match answering.await {
                    Ok(answer) => answer.map(local::body),
                    Err(never) => match never {},
                }
            })
        }))
    }

    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Response<Local> {
        (self.0)(request).await
    }
}

impl fmt::Debug for Handler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handler").finish_non_exhaustive()
    }
}
