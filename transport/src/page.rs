//! The form of the pages that Settle itself answers with, in the place of a device's interface or as one: self-contained,
//! without script, in light and dark. What they say is the callers' business.

use data_encoding::BASE64;
use http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{Response, StatusCode};
use hyper::body::Bytes;
use sha2::{Digest, Sha256};

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{font:1.0625rem/1.5 system-ui,sans-serif;margin:0 auto;max-width:36rem;padding:3rem 1.25rem}\
h1{font-size:1.5rem;line-height:1.25}\
li{margin:.5rem 0}\
dt{font-weight:600}dd{margin:0 0 .75rem;overflow-wrap:anywhere;font-family:ui-monospace,monospace}";

/// Makes a page. `title` and `content` are HTML: what goes into them is fixed text, names that hold
/// to the LDH rule, and numbers, never anything that a peer wrote.
#[must_use]
pub fn page(status: StatusCode, title: &str, content: &str) -> Response<Bytes> {
    let body = format!("<main><h1>{title}</h1>{content}</main>");
    // No page of ours has a form.
    whole(status, title, STYLE, &body, "no-referrer", "'none'")
}

/// Makes a page of an interface: with a style of its own, and with forms that go to its own origin, to which they say
/// where they come from. `title` and `body` are HTML; see to it that what others wrote is escaped in it.
#[must_use]
pub fn interface(status: StatusCode, title: &str, style: &str, body: &str) -> Response<Bytes> {
    // Without a referrer a browser sends forms with `Origin: null` (Fetch §3.2).
    whole(status, title, style, body, "same-origin", "'self'")
}

fn whole(
    status: StatusCode,
    title: &str,
    style: &str,
    body: &str,
    referrer: &'static str,
    forms: &str,
) -> Response<Bytes> {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{title}</title><style>{style}</style>{body}</html>\n"
    );
    let mut response = Response::new(Bytes::from(html));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let fixed = HeaderValue::from_static;
    headers.insert(CONTENT_TYPE, fixed("text/html; charset=utf-8"));
    headers.insert(CACHE_CONTROL, fixed("no-store"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, fixed("nosniff"));
    headers.insert(REFERRER_POLICY, fixed(referrer));
    if let Ok(policy) = HeaderValue::from_str(&policy(style, forms)) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Nothing but our own style, by its hash (Content Security Policy Level 3 §2.3.1).
fn policy(style: &str, forms: &str) -> String {
    format!(
        "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action {forms}; \
         frame-ancestors 'none'",
        BASE64.encode(&Sha256::digest(style))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_self_contained_and_allows_nothing_but_its_own_style() {
        let response = page(StatusCode::FORBIDDEN, "Title", "<p>Text</p>");
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let policy = response.headers()[CONTENT_SECURITY_POLICY]
            .to_str()
            .unwrap();
        assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
        let html = String::from_utf8(response.body().to_vec()).unwrap();
        for forbidden in ["<script", "src=", "href=", "style=", "http:"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
        assert!(html.contains(&format!("<style>{STYLE}</style>")));
        assert!(html.contains("<h1>Title</h1><p>Text</p>"));
        assert!(policy.contains("form-action 'none'"));
    }

    #[test]
    fn forms_of_an_interface_go_to_its_own_origin_and_say_so() {
        let response = interface(StatusCode::OK, "Title", "td{padding:0}", "<main></main>");
        let header = |name| response.headers()[name].to_str().unwrap();
        let policy = header(CONTENT_SECURITY_POLICY);
        assert!(policy.contains("form-action 'self'; frame-ancestors 'none'"));
        assert_eq!(header(REFERRER_POLICY), "same-origin");
        let hash = BASE64.encode(&Sha256::digest("td{padding:0}"));
        assert!(policy.contains(&format!("style-src 'sha256-{hash}'")));
        let html = String::from_utf8(response.body().to_vec()).unwrap();
        assert!(html.contains("<style>td{padding:0}</style><main>"));
    }
}
