//! What somebody sees of a text that a terminal is given. Enough of ECMA-48 and of UAX #9 to be steered by;
//! no terminal that anybody could work with.

/// The lines as they are seen in the end.
#[must_use]
pub fn seen(text: &str) -> String {
    let lines: Vec<String> = text.split('\n').map(line).collect();
    lines.join("\n")
}

/// Whether a text is seen as it is: nothing in it steers, reorders or hides.
#[must_use]
pub fn is_plain(text: &str) -> bool {
    seen(text) == text
        && !text
            .chars()
            .any(|symbol| symbol != '\n' && symbol.is_control())
}

fn line(text: &str) -> String {
    let (mut shown, mut at) = (Vec::new(), 0);
    let mut symbols = text.chars();
    while let Some(symbol) = symbols.next() {
        match symbol {
            '\r' => at = 0,
            // CSI … EL, which takes the line away.
            '\u{1b}' if symbols.by_ref().find(char::is_ascii_alphabetic) == Some('K') => {
                shown.clear();
                shown.resize(at, ' ');
            }
            '\u{1b}' | '\u{200b}' => {}
            '\u{202e}' => {
                let turned: Vec<char> = symbols
                    .by_ref()
                    .take_while(|one| *one != '\u{202c}')
                    .collect();
                shown.truncate(at);
                shown.extend(turned.into_iter().rev());
                at = shown.len();
            }
            symbol => {
                shown.resize(shown.len().max(at + 1), ' ');
                if let Some(place) = shown.get_mut(at) {
                    *place = symbol;
                }
                at += 1;
            }
        }
    }
    shown.into_iter().collect()
}
