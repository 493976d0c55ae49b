//! Bodies of answers that the device makes itself, whatever they are made of.

use std::error::Error;

use http::Response;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Bytes};

/// Why such a body broke off.
#[derive(Debug, thiserror::Error)]
#[error("the body broke off: {0}")]
pub(crate) struct BodyError(Box<dyn Error + Send + Sync>);

/// One body.
pub(crate) type Local = UnsyncBoxBody<Bytes, BodyError>;

/// Takes any body.
pub(crate) fn body<B>(body: B) -> Local
where
    B: Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    body.map_err(|error| BodyError(error.into())).boxed_unsync()
}

/// An answer whose body is at hand.
pub(crate) fn whole(answer: Response<Full<Bytes>>) -> Response<Local> {
    answer.map(body)
}
