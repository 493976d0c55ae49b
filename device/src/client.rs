//! A paired client as the device's list has it, and its label made fit to be shown.

use serde::{Deserialize, Serialize};
use settle_protocol::fingerprint::KeyFingerprint;

use crate::role::Role;

/// The longest label kept, in characters.
const MAX_LABEL: usize = 60;
const NAMELESS: &str = "unnamed client";

/// One entry of the list of clients.
#[derive(Clone, Debug, Eq, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Client {
    /// The key by which it is known.
    pub key: KeyFingerprint,
    /// What it calls itself; plain characters only.
    pub label: String,
    /// What it may do.
    pub role: Role,
    /// When it was paired, in seconds since the Unix epoch.
    pub paired_at: u64,
}

/// Text from a peer, without what could steer a terminal or pass for other text.
#[must_use]
pub(crate) fn showable(label: &str) -> String {
    let shown: String = label
        .chars()
        .map(|symbol| if symbol.is_whitespace() { ' ' } else { symbol })
        .filter(|symbol| !symbol.is_control() && !is_invisible(*symbol))
        .take(MAX_LABEL)
        .collect();
    let shown = shown.trim();
    if shown.is_empty() {
        NAMELESS.to_owned()
    } else {
        shown.to_owned()
    }
}

/// Marks that reorder, join or hide text (Unicode's bidirectional controls and format characters
/// that occur in spoofs).
const fn is_invisible(symbol: char) -> bool {
    matches!(
        symbol,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_cannot_steer_a_terminal_or_reorder_text() {
        assert_eq!(showable("\u{1b}[2Jlaptop\u{202e}\n2"), "[2Jlaptop 2");
        assert_eq!(showable(" Ada’s Gerät "), "Ada’s Gerät");
    }

    #[test]
    fn a_label_of_nothing_visible_is_named_for_what_it_is() {
        assert_eq!(showable("\u{200b}\u{7}"), NAMELESS);
        assert_eq!(showable(&"x".repeat(99)).len(), MAX_LABEL);
    }
}
