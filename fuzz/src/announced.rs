//! What anybody announces on the network: nobody's tag is a code's by chance, nobody's tags hide the
//! code's own beyond the few that are looked at, and what is kept is not longer than what was said.

use settle_protocol::discovery::{Announced, MAX_TAGS, TAGS_SEPARATOR, tag};
use settle_protocol::name::LocalName;
use settle_protocol::secret::PairingSecret;

/// Takes UTF-8: name, tags and host name, each on a line.
pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let mut lines = text.split('\n');
    let (name, tags) = (lines.next(), lines.next());
    let announced = Announced::read(name, tags, lines.next().unwrap_or_default());
    assert!(announced.tags.len() <= data.len());
    if let Some(name) = &announced.name {
        assert_eq!(LocalName::parse(name.as_str()).as_ref(), Ok(name));
    }
    let secret = PairingSecret::new([2; 16]);
    assert!(!announced.shows(&secret), "nobody can make this tag");
    let theirs = tags.unwrap_or_default();
    let both = format!("{theirs}{TAGS_SEPARATOR}{}", tag(&secret, [1; 8]));
    let place = theirs.split(TAGS_SEPARATOR).count();
    let announced = Announced::read(name, Some(&both), "");
    assert_eq!(announced.shows(&secret), place < MAX_TAGS);
}
