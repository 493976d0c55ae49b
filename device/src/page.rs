//! What the device itself says in the place of the interface behind it, of which nothing is on
//! these pages. Their form is `settle_transport::page`.

use http::{Response, StatusCode};
use http_body_util::Full;
use hyper::body::Bytes;
use settle_protocol::name::Label;

use crate::role::Role;

/// What a visitor sees that is no paired client.
pub(crate) fn how_to_pair(label: &Label) -> Response<Full<Bytes>> {
    let content = format!(
        "<p><strong>{label}</strong> opens only in browsers that are paired with it.</p>\
         <ol><li>Install Settle in your browser.</li>\
         <li>Show the code of {label}: it is where the device runs, on its screen, in its \
         terminal, or in the picture that its owner keeps.</li>\
         <li>Give the code to Settle: scan it, or choose the picture, or paste the text.</li>\
         <li>Open <strong>https://{label}.local/</strong> again.</li></ol>"
    );
    page(
        StatusCode::FORBIDDEN,
        "This browser is not paired",
        &content,
    )
}

/// What a paired client sees when it was taken off the list.
pub(crate) fn no_longer_paired(label: &Label) -> Response<Full<Bytes>> {
    let content = format!(
        "<p>The owner of <strong>{label}</strong> has removed this client. To use the device \
         again, pair with a new code.</p>"
    );
    page(StatusCode::FORBIDDEN, "No longer paired", &content)
}

/// What a paired client sees where its role does not reach.
pub(crate) fn not_allowed(label: &Label, role: &Role) -> Response<Full<Bytes>> {
    let content = format!(
        "<p>You are paired with <strong>{label}</strong> as <strong>{role}</strong>, and what you asked \
         for is for others.</p><p>An administrator of the device can give this browser another \
         role.</p>"
    );
    page(StatusCode::FORBIDDEN, "Not allowed", &content)
}

/// What a paired client sees when the interface behind the device does not answer.
pub(crate) fn upstream_down(label: &Label) -> Response<Full<Bytes>> {
    let content = format!(
        "<p>The connection to <strong>{label}</strong> is fine, but the web interface behind it \
         does not answer.</p><p>It may still be starting: try again in a moment. Otherwise look \
         on the device whether its web interface runs.</p>"
    );
    page(
        StatusCode::BAD_GATEWAY,
        "The device's web interface is away",
        &content,
    )
}

/// What follows a request that no browser makes.
pub(crate) fn bad_request() -> Response<Full<Bytes>> {
    page(
        StatusCode::BAD_REQUEST,
        "Bad request",
        "<p>This request is not one that the device passes on.</p>",
    )
}

/// What a paired client sees where nothing is.
pub(crate) fn nothing_here() -> Response<Full<Bytes>> {
    page(
        StatusCode::NOT_FOUND,
        "Nothing here",
        "<p>The device has nothing at this address.</p>",
    )
}

/// What follows an attempt to change a file.
pub(crate) fn reading_only() -> Response<Full<Bytes>> {
    page(
        StatusCode::METHOD_NOT_ALLOWED,
        "For reading only",
        "<p>What is at this address can be read and not changed.</p>",
    )
}

fn page(status: StatusCode, title: &str, content: &str) -> Response<Full<Bytes>> {
    settle_transport::page::page(status, title, content).map(Full::new)
}
