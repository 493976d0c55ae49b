//! What the person at the device sees, or, as JSON, the program that started it. The one place
//! that writes to the standard output, where the code may be shown; it is in no log.

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use settle_protocol::fingerprint::KeyFingerprint;

use crate::clock::unix_now;
use crate::event::{Event, ShownCode};
use crate::picture;
use crate::role::Role;

/// How events are written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Format {
    /// For a person at a terminal, the picture of the code included.
    Terminal,
    /// For a person reading a file or a journal.
    Plain,
    /// One JSON object a line.
    Json,
}

/// One line of JSON.
#[derive(Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Line<'a> {
    Listening {
        address: String,
        name: &'a str,
        unique_name: &'a str,
        fingerprint: &'a KeyFingerprint,
    },
    Code {
        code: &'a str,
        typed: &'a str,
        words: &'a str,
        expires_at: Option<u64>,
        qr_file: Option<&'a Path>,
    },
    Paired {
        client: &'a KeyFingerprint,
        label: &'a str,
        role: &'a Role,
    },
    WindowOpened {
        until: u64,
    },
    AttemptFailed,
}

/// Writes one event.
///
/// # Errors
/// Of the output.
pub fn write(output: &mut impl Write, format: Format, event: &Event) -> io::Result<()> {
    match format {
        Format::Json => write_json(output, event)?,
        Format::Terminal | Format::Plain => write_words(output, format, event)?,
    }
    output.flush()
}

fn write_json(output: &mut impl Write, event: &Event) -> io::Result<()> {
    let line = match event {
        Event::Listening {
            address,
            name,
            unique_name,
            fingerprint,
        } => Line::Listening {
            address: address.to_string(),
            name: name.as_str(),
            unique_name: unique_name.as_str(),
            fingerprint,
        },
        Event::Code(code) => Line::Code {
            code: &code.text,
            typed: &code.typed,
            words: &code.words,
            expires_at: code.expires_at,
            qr_file: code.qr_file.as_deref(),
        },
        Event::Paired(client) => Line::Paired {
            client: &client.key,
            label: &client.label,
            role: &client.role,
        },
        Event::WindowOpened { until } => Line::WindowOpened { until: *until },
        Event::AttemptFailed => Line::AttemptFailed,
    };
    let line = zeroize::Zeroizing::new(serde_json::to_string(&line)?);
    writeln!(output, "{}", *line)
}

fn write_words(output: &mut impl Write, format: Format, event: &Event) -> io::Result<()> {
    match event {
        Event::Listening {
            address,
            name,
            unique_name,
            fingerprint,
        } => {
            writeln!(output, "{name} is ready at {address}.")?;
            writeln!(output, "  its own name: {unique_name}")?;
            write_key(output, *fingerprint)
        }
        Event::Code(code) => write_code(output, format, code),
        Event::Paired(client) => writeln!(
            output,
            "Paired with \"{}\" as {} (key {}).",
            client.label,
            client.role.word(),
            client.key
        ),
        Event::WindowOpened { until } => writeln!(
            output,
            "The printed code of this device admits for {} minutes.",
            minutes_until(*until)
        ),
        Event::AttemptFailed => writeln!(
            output,
            "Somebody tried to pair and did not know a code that is valid now."
        ),
    }
}

/// A key for whoever compares it with what the browser shows (docs/pairing.md §5.8).
///
/// # Errors
/// Of the output.
pub fn write_key(output: &mut impl Write, key: KeyFingerprint) -> io::Result<()> {
    writeln!(output, "  its key:      {key}")?;
    writeln!(output, "  in words:     {}", key.to_words())?;
    for (row, line) in key.to_picture().lines().enumerate() {
        let heading = if row == 0 { "as a picture:" } else { "" };
        writeln!(output, "  {heading:<13} {}", line.trim_end())?;
    }
    Ok(())
}

fn write_code(output: &mut impl Write, format: Format, code: &ShownCode) -> io::Result<()> {
    match code.expires_at {
        Some(end) => writeln!(
            output,
            "\nTo pair, give this code to Settle. It works once, for {} minutes.\n",
            minutes_until(end)
        )?,
        None => writeln!(
            output,
            "\nPrint this code and stick it where only those who may use the device can read it.\n"
        )?,
    }
    if format == Format::Terminal {
        let picture = picture::for_terminal(&code.text).map_err(io::Error::other)?;
        writeln!(output, "{}", *picture)?;
    }
    writeln!(output, "{}\n", *code.text)?;
    writeln!(output, "Or type it: {}", *code.typed)?;
    writeln!(output, "Or in words: {}\n", *code.words)?;
    if let Some(path) = &code.qr_file {
        writeln!(output, "The code as a picture: {}\n", path.display())?;
    }
    Ok(())
}

fn minutes_until(end: u64) -> u64 {
    end.saturating_sub(unix_now()).div_ceil(60)
}

#[cfg(test)]
mod tests {
    use zeroize::Zeroizing;

    use super::*;
    use crate::client::Client;

    fn written(format: Format, event: &Event) -> String {
        let mut output = Vec::new();
        write(&mut output, format, event).unwrap();
        String::from_utf8(output).unwrap()
    }

    fn code() -> Event {
        Event::Code(ShownCode {
            text: Zeroizing::new("SETTLE:ABC".to_owned()),
            typed: Zeroizing::new("0123-4567".to_owned()),
            words: Zeroizing::new("abandon zoo".to_owned()),
            expires_at: Some(unix_now() + 600),
            qr_file: Some("/tmp/code.png".into()),
        })
    }

    #[test]
    fn a_program_gets_one_object_a_line() {
        let line = written(Format::Json, &code());
        assert_eq!(line.matches('\n').count(), 1);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["event"], "code");
        assert_eq!(value["code"], "SETTLE:ABC");
        assert_eq!(value["qr_file"], "/tmp/code.png");

        let client = Client {
            key: KeyFingerprint::of_spki(b"ada"),
            label: "Ada".to_owned(),
            role: Role::Admin,
            paired_at: 0,
        };
        let line = written(Format::Json, &Event::Paired(client.clone()));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["client"], client.key.to_hex());
        assert_eq!(value["role"], "admin");
        assert_eq!(
            written(Format::Json, &Event::AttemptFailed),
            "{\"event\":\"attempt_failed\"}\n"
        );
    }

    #[test]
    fn a_person_gets_the_code_as_text_and_at_a_terminal_as_a_picture() {
        let plain = written(Format::Plain, &code());
        for part in ["SETTLE:ABC", "0123-4567", "abandon zoo", "10 minutes"] {
            assert!(plain.contains(part), "{part}");
        }
        assert!(!plain.contains('\u{1b}'));
        assert!(written(Format::Terminal, &code()).contains('▄'));
    }

    #[test]
    fn a_key_is_shown_in_every_form_that_the_browser_shows() {
        let key = KeyFingerprint::of_spki(b"a root key");
        let mut output = Vec::new();
        write_key(&mut output, key).unwrap();
        let text = String::from_utf8(output).unwrap();
        assert!(
            text.contains(&key.to_hex()) && text.contains(&key.to_words()),
            "{text}"
        );
        let picture = key.to_picture();
        let lines: Vec<&str> = picture.lines().map(str::trim_end).collect();
        for (shown, line) in text.lines().skip(2).zip(&lines) {
            assert!(shown.ends_with(line), "{text}");
        }
        assert_eq!(text.lines().count(), 2 + lines.len());
    }
}
