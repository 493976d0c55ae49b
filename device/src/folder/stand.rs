//! How a file stands, and what a request that knows an older stand of it, or wants a part, gets
//! (RFC 9110 §13 and §14). Pure; of several ranges none is looked at, as §14.2 allows.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::time::{Duration, SystemTime};

use http::header::{
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};

/// One stand of a file.
#[derive(Clone, Debug)]
pub(super) struct Stand {
    /// Strong: another inode, length or time to the nanosecond is another file.
    pub(super) tag: HeaderValue,
    /// To the second, as HTTP has it; `None` before the epoch.
    modified: Option<SystemTime>,
    pub(super) length: u64,
}

/// What is to be sent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Verdict {
    Whole,
    /// From the first to the last octet.
    Part {
        first: u64,
        last: u64,
    },
    NotModified,
    /// It is not what the request is about.
    Failed,
    Unsatisfiable,
}

impl Stand {
    pub(super) fn of(metadata: &Metadata) -> Self {
        let (inode, length) = (metadata.ino(), metadata.len());
        let (seconds, rest) = (metadata.mtime(), metadata.mtime_nsec());
        Self::new(inode, length, seconds, rest)
    }

    fn new(inode: u64, length: u64, seconds: i64, rest: i64) -> Self {
        let tag = format!("\"{inode:x}-{length:x}-{seconds:x}-{rest:x}\"");
        let since = u64::try_from(seconds).ok().map(Duration::from_secs);
        Self {
            // Digits and hyphens are always one.
            tag: HeaderValue::try_from(tag).unwrap_or_else(|_| HeaderValue::from_static("\"\"")),
            modified: since.map(|since| SystemTime::UNIX_EPOCH + since),
            length,
        }
    }

    pub(super) fn last_modified(&self) -> Option<HeaderValue> {
        let date = httpdate::fmt_http_date(self.modified?);
        HeaderValue::try_from(date).ok()
    }

    pub(super) fn content_range(&self, verdict: Verdict) -> Option<HeaderValue> {
        let length = self.length;
        let range = match verdict {
            Verdict::Part { first, last } => format!("bytes {first}-{last}/{length}"),
            Verdict::Unsatisfiable => format!("bytes */{length}"),
            Verdict::Whole | Verdict::NotModified | Verdict::Failed => return None,
        };
        HeaderValue::try_from(range).ok()
    }

    /// In the order of RFC 9110 §13.2.2; parts are for requests that want the content.
    pub(super) fn judge(&self, headers: &HeaderMap, content: bool) -> Verdict {
        let is_own = match self.named(headers, &IF_MATCH, false) {
            Some(named) => named,
            None => date(headers, &IF_UNMODIFIED_SINCE)
                .is_none_or(|since| self.modified.is_some_and(|at| at <= since)),
        };
        if !is_own {
            return Verdict::Failed;
        }
        let is_known = match self.named(headers, &IF_NONE_MATCH, true) {
            Some(named) => named,
            None => date(headers, &IF_MODIFIED_SINCE)
                .is_some_and(|since| self.modified.is_some_and(|at| at <= since)),
        };
        if is_known {
            return Verdict::NotModified;
        }
        match content && self.is_the_same(headers) {
            true => self.range(headers).unwrap_or(Verdict::Whole),
            false => Verdict::Whole,
        }
    }

    /// Whether its tag is among those of a header; `None` without such a header.
    fn named(&self, headers: &HeaderMap, header: &HeaderName, weakly: bool) -> Option<bool> {
        if !headers.contains_key(header) {
            return None;
        }
        let values = headers.get_all(header).iter();
        let tags = values
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','));
        let mut tags = tags.map(|tag| match (tag.trim(), weakly) {
            (tag, true) => tag.strip_prefix("W/").unwrap_or(tag),
            (tag, false) => tag,
        });
        Some(tags.any(|tag| tag == "*" || tag.as_bytes() == self.tag.as_bytes()))
    }

    /// Whether a part of it goes with what the client has (RFC 9110 §13.1.5).
    fn is_the_same(&self, headers: &HeaderMap) -> bool {
        match headers.get(IF_RANGE) {
            None => true,
            Some(value) if value.as_bytes().starts_with(b"\"") => *value == self.tag,
            Some(_) => date(headers, &IF_RANGE).is_some_and(|at| self.modified == Some(at)),
        }
    }

    /// The one range that is asked for; `None` where there is none that means something.
    fn range(&self, headers: &HeaderMap) -> Option<Verdict> {
        let mut values = headers.get_all(RANGE).iter();
        let asked = values.next()?.to_str().ok()?.strip_prefix("bytes=")?;
        if values.next().is_some() {
            return None;
        }
        let (first, last) = asked.trim().split_once('-')?;
        let end = self.length.checked_sub(1);
        let (first, last) = match (first, last) {
            ("", count) => {
                let count = number(count)?;
                let first = self.length.saturating_sub(count);
                (first, end.filter(|_| count > 0))
            }
            (first, "") => (number(first)?, end),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                if last < first {
                    return None;
                }
                (first, end.map(|end| end.min(last)))
            }
        };
        Some(match last {
            Some(last) if first <= last => Verdict::Part { first, last },
            Some(_) | None => Verdict::Unsatisfiable,
        })
    }
}

/// What a file is by its name. Texts are UTF-8, and nothing is guessed from contents.
pub(super) fn content_type(name: &str) -> HeaderValue {
    let kind = mime_guess::from_path(name).first_or_octet_stream();
    let text = match (kind.type_().as_str(), kind.subtype().as_str()) {
        ("text", _) | ("application", "javascript" | "json") => format!("{kind}; charset=utf-8"),
        _ => kind.to_string(),
    };
    let unknown = HeaderValue::from_static("application/octet-stream");
    HeaderValue::try_from(text).unwrap_or(unknown)
}

fn number(digits: &str) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().ok())?
}

fn date(headers: &HeaderMap, header: &HeaderName) -> Option<SystemTime> {
    let text = headers.get(header)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of ten octets, changed at 1994-11-06T08:49:37Z and a bit.
    fn stand() -> Stand {
        Stand::new(7, 10, 784_111_777, 5)
    }

    fn judged(fields: &[(HeaderName, &str)]) -> Verdict {
        let fields = fields.iter();
        let headers: HeaderMap = fields
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect();
        stand().judge(&headers, true)
    }

    const TAG: &str = "\"7-a-2ebc98a1-5\"";
    const AT: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const BEFORE: &str = "Sun, 06 Nov 1994 08:49:36 GMT";

    #[test]
    fn one_range_is_cut_to_what_there_is() {
        let part = |first, last| Verdict::Part { first, last };
        for (range, verdict) in [
            ("bytes=0-0", part(0, 0)),
            ("bytes=2-5", part(2, 5)),
            ("bytes=2-", part(2, 9)),
            ("bytes=2-99", part(2, 9)),
            ("bytes=-3", part(7, 9)),
            ("bytes=-99", part(0, 9)),
            ("bytes=10-", Verdict::Unsatisfiable),
            ("bytes=10-12", Verdict::Unsatisfiable),
            ("bytes=-0", Verdict::Unsatisfiable),
            ("bytes=5-2", Verdict::Whole),
            ("bytes=+1-2", Verdict::Whole),
            ("bytes=-", Verdict::Whole),
            ("bytes=0-1,3-4", Verdict::Whole),
            ("bytes=18446744073709551616-", Verdict::Whole),
            ("lines=0-1", Verdict::Whole),
        ] {
            assert_eq!(judged(&[(RANGE, range)]), verdict, "{range}");
        }
        let empty = Stand::new(7, 0, 0, 0);
        for range in ["bytes=0-", "bytes=-5", "bytes=0-0"] {
            let headers = HeaderMap::from_iter([(RANGE, range.parse().unwrap())]);
            assert_eq!(empty.judge(&headers, true), Verdict::Unsatisfiable);
            assert_eq!(empty.judge(&headers, false), Verdict::Whole, "HEAD");
        }
    }

    #[test]
    fn who_knows_this_stand_does_not_get_it_again() {
        for (name, value, verdict) in [
            (IF_NONE_MATCH, TAG, Verdict::NotModified),
            (IF_NONE_MATCH, "*", Verdict::NotModified),
            (
                IF_NONE_MATCH,
                "\"x\", W/\"7-a-2ebc98a1-5\"",
                Verdict::NotModified,
            ),
            (IF_NONE_MATCH, "\"x\"", Verdict::Whole),
            (IF_MODIFIED_SINCE, AT, Verdict::NotModified),
            (IF_MODIFIED_SINCE, BEFORE, Verdict::Whole),
            (IF_MODIFIED_SINCE, "yesterday", Verdict::Whole),
            (IF_MATCH, TAG, Verdict::Whole),
            (IF_MATCH, "W/\"7-a-2ebc98a1-5\"", Verdict::Failed),
            (IF_MATCH, "\"x\"", Verdict::Failed),
            (IF_UNMODIFIED_SINCE, AT, Verdict::Whole),
            (IF_UNMODIFIED_SINCE, BEFORE, Verdict::Failed),
        ] {
            assert_eq!(judged(&[(name.clone(), value)]), verdict, "{name}: {value}");
        }
        // The tag says more than the time.
        let both = [(IF_NONE_MATCH, "\"x\""), (IF_MODIFIED_SINCE, AT)];
        assert_eq!(judged(&both), Verdict::Whole);
    }

    #[test]
    fn a_part_goes_only_with_the_same_file() {
        let part = Verdict::Part { first: 1, last: 2 };
        for (value, verdict) in [
            (TAG, part),
            (AT, part),
            ("\"x\"", Verdict::Whole),
            ("W/\"7-a-2ebc98a1-5\"", Verdict::Whole),
            (BEFORE, Verdict::Whole),
        ] {
            let asked = [(RANGE, "bytes=1-2"), (IF_RANGE, value)];
            assert_eq!(judged(&asked), verdict, "{value}");
        }
    }

    #[test]
    fn a_name_says_what_a_file_is() {
        for (name, kind) in [
            ("/index.html", "text/html; charset=utf-8"),
            ("/a.CSS", "text/css; charset=utf-8"),
            ("/a.js", "text/javascript; charset=utf-8"),
            ("/a.json", "application/json; charset=utf-8"),
            ("/a.svg", "image/svg+xml"),
            ("/a.wasm", "application/wasm"),
            ("/a", "application/octet-stream"),
        ] {
            assert_eq!(content_type(name), kind, "{name}");
        }
    }
}
