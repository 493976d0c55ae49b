//! Names: what reads is plain ASCII, short enough, and reads the same again.

use settle_protocol::name::{Label, LocalName};

/// Takes UTF-8.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let is_plain = |text: &str| {
        text.bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-.".contains(&byte))
    };
    if let Ok(label) = Label::parse(text) {
        assert!(label.as_str().len() <= 63 && is_plain(label.as_str()));
        assert_eq!(Label::parse(label.as_str()), Ok(label.clone()));
        assert!(label.looks_like(&label));
    }
    if let Ok(name) = LocalName::parse(text) {
        assert!(name.as_str().len() <= 253 && is_plain(name.as_str()));
        assert_eq!(LocalName::parse(name.as_str()), Ok(name));
    }
}
