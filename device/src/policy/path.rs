//! A request's path in every way in which an interface could read it (RFC 3986 §3.3). What leads
//! somewhere else in one of them is refused: browsers resolve dots before they ask, and send no
//! separator in disguise.

/// Why a path is not judged.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum PathError {
    /// It does not begin with a slash, or with two, which some read as the name of a host.
    #[error("it does not begin with one slash")]
    Start,
    /// A `.` or `..`, plain or encoded, with parameters or without.
    #[error("it has a segment of dots")]
    Dots,
    /// A backslash, or an encoded separator of segments.
    #[error("it has an encoded slash or a backslash")]
    Separator,
    /// A control character, plain or encoded.
    #[error("it has a control character")]
    Control,
    /// A percent sign without two hexadecimal digits.
    #[error("its percent-encoding is broken")]
    Encoding,
    /// What it encodes is encoded itself.
    #[error("it is encoded twice")]
    Twice,
    /// It is not UTF-8.
    #[error("it is no UTF-8")]
    Unicode,
}

/// A path with its segments decoded; those without letters are kept.
#[derive(Debug)]
pub(crate) struct RequestPath(Vec<String>);

/// One way of reading a path.
#[derive(Debug)]
pub(crate) struct Reading {
    segments: Vec<String>,
    /// Without regard to capital letters.
    pub(crate) folded: bool,
}

impl RequestPath {
    /// Takes a path apart.
    ///
    /// # Errors
    /// [`PathError`] where it has no sure reading.
    pub(crate) fn parse(path: &str) -> Result<Self, PathError> {
        let segments = path.strip_prefix('/').ok_or(PathError::Start)?;
        if segments.starts_with('/') {
            return Err(PathError::Start);
        }
        let segments = segments.split('/').map(decode);
        segments.collect::<Result<_, _>>().map(Self)
    }

    /// As it is written, decoded.
    pub(crate) fn segments(&self) -> &[String] {
        &self.0
    }

    /// Every way: with parameters and without, with empty segments and without, and with capital
    /// letters and without.
    pub(crate) fn readings(&self) -> impl Iterator<Item = Reading> {
        (0..8_u8).map(|way| self.read(way & 1 > 0, way & 2 > 0, way & 4 > 0))
    }

    /// Its one way, where all are the same: what a rule may name.
    pub(crate) fn plain(self) -> Option<Vec<String>> {
        let mut segments = self.0;
        if segments.last().is_some_and(String::is_empty) {
            // The root alone ends with a slash.
            segments.pop();
            return segments.is_empty().then_some(segments);
        }
        let is_plain = |segment: &String| !segment.is_empty() && cut(segment) == (segment, false);
        segments.iter().all(is_plain).then_some(segments)
    }

    fn read(&self, without_parameters: bool, without_empty: bool, folded: bool) -> Reading {
        let mut segments = Vec::with_capacity(self.0.len());
        for segment in &self.0 {
            let (name, ends) = match without_parameters {
                true => cut(segment),
                false => (segment.as_str(), false),
            };
            if !(without_empty && name.is_empty()) {
                segments.push(match folded {
                    true => fold(name),
                    false => name.to_owned(),
                });
            }
            if ends {
                break;
            }
        }
        if segments.last().is_some_and(String::is_empty) {
            segments.pop();
        }
        Reading { segments, folded }
    }
}

impl Reading {
    /// Whether it is this path.
    pub(crate) fn is(&self, path: &[String]) -> bool {
        self.segments == path
    }

    /// Whether it is this path or below it.
    pub(crate) fn is_below(&self, path: &[String]) -> bool {
        self.segments.starts_with(path)
    }
}

/// A text without regard to capital letters.
pub(crate) fn fold(text: &str) -> String {
    text.to_lowercase()
}

/// A segment without its parameters, and whether a query or fragment would begin in it for who
/// decodes a path before taking it apart.
fn cut(segment: &str) -> (&str, bool) {
    let end = segment.find([';', '?', '#']).unwrap_or(segment.len());
    let (name, rest) = segment.split_at_checked(end).unwrap_or((segment, ""));
    (name, rest.contains(['?', '#']))
}

fn decode(segment: &str) -> Result<String, PathError> {
    let mut decoded = Vec::with_capacity(segment.len());
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        let byte = match byte {
            b'%' => {
                let digits = (bytes.next().and_then(digit), bytes.next().and_then(digit));
                let (Some(high), Some(low)) = digits else {
                    return Err(PathError::Encoding);
                };
                high << 4 | low
            }
            plain => plain,
        };
        match byte {
            b'/' | b'\\' => return Err(PathError::Separator),
            control if control.is_ascii_control() => return Err(PathError::Control),
            byte => decoded.push(byte),
        }
    }
    let decoded = String::from_utf8(decoded).map_err(|_| PathError::Unicode)?;
    if is_encoded(&decoded) {
        return Err(PathError::Twice);
    }
    match cut(&decoded).0.trim() {
        "." | ".." => Err(PathError::Dots),
        _ => Ok(decoded),
    }
}

/// Whether decoding it would change it.
fn is_encoded(text: &str) -> bool {
    text.as_bytes().windows(3).any(|window| match window {
        [b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    })
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_sure_reading_is_refused() {
        for (path, error) in [
            ("", PathError::Start),
            ("*", PathError::Start),
            ("admin", PathError::Start),
            ("//admin", PathError::Start),
            ("/.", PathError::Dots),
            ("/a/../admin", PathError::Dots),
            ("/a/%2e%2E/admin", PathError::Dots),
            ("/a/.%2e", PathError::Dots),
            ("/a/..;/admin", PathError::Dots),
            ("/a/..;x=1/admin", PathError::Dots),
            ("/a/..%3bx/admin", PathError::Dots),
            ("/a/..%3f/admin", PathError::Dots),
            ("/a/..%20/admin", PathError::Dots),
            ("/a%2fadmin", PathError::Separator),
            ("/a%2Fadmin", PathError::Separator),
            ("/a%5cadmin", PathError::Separator),
            ("/a\\admin", PathError::Separator),
            ("/admin%00.png", PathError::Control),
            ("/admin%0a", PathError::Control),
            ("/a%7f", PathError::Control),
            ("/a%", PathError::Encoding),
            ("/a%2", PathError::Encoding),
            ("/a%zz", PathError::Encoding),
            ("/a%u002e", PathError::Encoding),
            ("/%2561dmin", PathError::Twice),
            ("/a/%252e%252e/admin", PathError::Twice),
            ("/%25%36%31", PathError::Twice),
            ("/a%c0%afadmin", PathError::Unicode),
            ("/a%ff", PathError::Unicode),
        ] {
            assert_eq!(RequestPath::parse(path).err(), Some(error), "{path}");
        }
    }

    #[test]
    fn ordinary_paths_are_read() {
        for path in [
            "/",
            "/a..b/...",
            "/.well-known/x",
            "/100%25",
            "/men%C3%BC",
            "/a:b@c,d=e",
            "/a//b/",
        ] {
            assert!(RequestPath::parse(path).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_path_is_below_another_in_some_reading_however_it_is_written() {
        let admin = ["admin".to_owned()];
        let below = |path: &str| {
            let path = RequestPath::parse(path).unwrap();
            path.readings().any(|reading| reading.is_below(&admin))
        };
        for path in [
            "/admin",
            "/admin/",
            "/admin/x",
            "/ADMIN",
            "/%61dmin",
            "/%41dmin/x",
            "/admin;jsessionid=1",
            "/admin;a/x",
            "/;a/admin",
            "/admin%3Fx",
            "/admin%23",
            "/;//admin",
        ] {
            assert!(below(path), "{path}");
        }
        for path in ["/", "/administrator", "/x/admin", "/admin-x", "/adm%C4%B1n"] {
            assert!(!below(path), "{path}");
        }
    }

    #[test]
    fn a_rule_names_a_path_in_the_one_way() {
        let plain = |path: &str| RequestPath::parse(path).ok()?.plain();
        assert_eq!(plain("/"), Some(Vec::new()));
        assert_eq!(plain("/a/b"), Some(vec!["a".to_owned(), "b".to_owned()]));
        for path in ["/a/", "/a//b", "/a;b", "/a%3fb", "/../a"] {
            assert_eq!(plain(path), None, "{path}");
        }
    }
}
