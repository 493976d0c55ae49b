//! T8: codes that somebody else has made. A careless reader pairs with their maker, shows what they want to be
//! seen, and takes as much memory as they say.

use std::process::{self, Output};
use std::thread;

use data_encoding::BASE32_NOPAD;
use settle_protocol::material::PREFIX;
use settle_protocol::rpc::{Call, Empty, ErrorKind};
use settle_tests::census::{daemons_of, memory};
use settle_tests::lab::weak::reader::{Reader, label_in};
use settle_tests::lab::{Appliance, Computer, Lan};
use settle_tests::screen::{is_plain, seen};
use settle_tests::second::SecondDevice;

/// What the daemon may have more in memory than before, in KiB.
const BOUND: u64 = 8 * 1024;
/// What a code says that is to come, in KiB.
const SAID: u32 = 64 * 1024;

fn settle(computer: &Computer, arguments: &[&str]) -> Output {
    let mut command = computer.home.command("settle");
    command.args(arguments);
    computer.host.on(|| command.output()).unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8([output.stdout.as_slice(), &output.stderr].concat()).unwrap()
}

/// A code with something else in the place of its label.
fn relabeled(code: &str, label: &str, item: &[u8]) -> String {
    let body = code.strip_prefix(PREFIX).unwrap();
    let cbor = BASE32_NOPAD.decode(body.as_bytes()).unwrap();
    let own = [&[4], cbor_text(label).as_slice()].concat();
    let at = cbor.windows(own.len()).position(|part| part == own);
    let (start, rest) = cbor.split_at(at.unwrap());
    let cbor = [start, &[4], item, &rest[own.len()..]].concat();
    format!("{PREFIX}{}", BASE32_NOPAD.encode(&cbor))
}

fn cbor_text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let head = if length < 24 {
        vec![0x60 | length]
    } else {
        vec![0x78, length]
    };
    [&head, text.as_bytes()].concat()
}

/// That a code is an error that can be shown, by the extension and on the command line, and nothing more.
fn refuses(computer: &mut Computer, code: &str) {
    let refused = computer.connector.start_pairing(code).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::CodeDamaged);
    assert!(is_plain(&refused.message), "{refused:?}");
    let output = settle(computer, &["pair", code, "--yes"]);
    let said = text(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&refused.message), "{said}");
    assert!(is_plain(&said), "{said:?}");
    trusts_nobody(computer);
}

fn trusts_nobody(computer: &mut Computer) {
    assert!(computer.connector.devices().is_empty());
    for (file, log) in computer.home.logs() {
        assert!(is_plain(&log), "{}: {log:?}", file.display());
    }
}

#[test]
fn a_strangers_code_is_enough_for_a_careless_reader_and_settle_wants_a_yes_too() {
    let lan = Lan::new();
    let (stranger, mut computer) = (Appliance::join(&lan, "printer"), Computer::join(&lan));
    let code = stranger.device.code();

    let decision = computer.connector.start_pairing(code).unwrap();
    trusts_nobody(&mut computer);
    let pairing = decision.pairing;
    let Empty {} = computer
        .connector
        .call(Call::AbortPairing { pairing })
        .unwrap();
    let asked = settle(&computer, &["pair", code]);
    assert_eq!(asked.status.code(), Some(3));
    let said = text(&asked);
    assert!(
        said.contains("Trust this device?") && said.contains("Nothing was stored."),
        "{said}"
    );
    assert!(
        said.contains(stranger.device.unique_name()) && is_plain(&said),
        "{said:?}"
    );
    trusts_nobody(&mut computer);
    assert_eq!(stranger.device.clients_on_disk(), 0);

    let mut reader = Reader::default();
    computer.host.on(|| reader.read(code));
    assert_eq!(
        reader.trusted("printer"),
        Some(stranger.device.unique_name())
    );
    assert_eq!(stranger.device.clients_on_disk(), 1);
}

#[test]
fn what_a_label_tells_a_terminal_a_careless_reader_passes_on_and_settle_does_not() {
    let lan = Lan::new();
    let (stranger, mut computer) = (Appliance::join(&lan, "camera"), Computer::join(&lan));
    for (label, look) in [
        ("camera\r\u{1b}[2KFound printer", "Found printer"),
        ("\u{202e}retnirp", "Found printer"),
        ("prin\u{200b}ter", "Found printer"),
        ("camera\nFound printer", "Found camera\nFound printer"),
    ] {
        let code = relabeled(stranger.device.code(), "camera", &cbor_text(label));
        let mut reader = Reader::default();
        reader.show(&code);
        assert_eq!(seen(reader.printed()).trim_end(), look);
        refuses(&mut computer, &code);
    }

    // Nor does a device get by that says it only when it has proved to be the one of the code.
    let label = "camera\r\u{1b}[2KFound printer";
    let liar = computer
        .host
        .on(|| SecondDevice::start(&["--label", label]));
    let code = relabeled(liar.shown("code"), label, &cbor_text("second"));
    let refused = computer.connector.start_pairing(&code);
    let refused = refused.unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::DeviceMisbehaved);
    assert!(is_plain(&refused.message), "{refused:?}");
    trusts_nobody(&mut computer);
    assert_eq!(stranger.device.clients_on_disk(), 0);
}

#[test]
fn a_name_in_other_letters_is_the_printer_to_a_careless_reader_and_not_to_settle() {
    let lan = Lan::new();
    let printer = Appliance::join(&lan, "printer1");
    let mut computer = Computer::join(&lan);
    let mut reader = Reader::default();
    // It has two users, of which the first lets the other in.
    computer.pair(printer.device.code());
    let invited = settle(&computer, &["invite", "printer1", "--json"]);
    let invited: serde_json::Value = serde_json::from_slice(&invited.stdout).unwrap();
    computer
        .host
        .on(|| reader.read(invited["code"].as_str().unwrap()));
    assert_eq!(
        reader.trusted("printer1"),
        Some(printer.device.unique_name())
    );

    let stranger = Appliance::join(&lan, "printerl");
    let cyrillic = relabeled(
        stranger.device.code(),
        "printerl",
        &cbor_text("\u{440}rinter1"),
    );
    let refused = computer.connector.start_pairing(&cyrillic).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::CodeDamaged);
    let decision = computer
        .connector
        .start_pairing(stranger.device.code())
        .unwrap();
    assert!(decision.name_taken);
    let refused = computer.connector.commit(&decision).unwrap_err();
    assert_eq!(refused.data.kind, ErrorKind::NameTaken);
    let output = settle(&computer, &["pair", stranger.device.code(), "--yes"]);
    assert!(
        text(&output).contains("another device has the name"),
        "{}",
        text(&output)
    );
    assert_eq!(computer.connector.devices().len(), 1);
    assert_eq!(stranger.device.clients_on_disk(), 0);

    computer.host.on(|| reader.read(&cyrillic));
    assert_eq!(
        reader.trusted("printer1"),
        Some(stranger.device.unique_name())
    );
}

#[test]
fn a_size_in_a_code_is_believed_by_a_careless_reader_and_costs_settle_nothing() {
    let lan = Lan::new();
    let (stranger, mut computer) = (Appliance::join(&lan, "camera"), Computer::join(&lan));
    let code = stranger.device.code();
    let huge = |kind: u8, size: u32| {
        let head = [&[kind | 26], size.to_be_bytes().as_slice()].concat();
        relabeled(code, "camera", &head)
    };
    let (text, octets, list, map) = (0x60, 0x40, 0x80, 0xa0);

    let before = memory(process::id(), "VmRSS");
    let believed = huge(text, SAID * 1024);
    // It ends in the midst of what is not there.
    thread::spawn({
        let code = believed.clone();
        move || label_in(&code)
    })
    .join()
    .unwrap_err();
    assert!(memory(process::id(), "VmHWM") >= before + u64::from(SAID));

    computer.connector.devices();
    let daemon = daemons_of(computer.home.path()).remove(0);
    let before = memory(daemon, "VmRSS");
    refuses(&mut computer, &believed);
    for kind in [text, octets, list, map] {
        refuses(&mut computer, &huge(kind, u32::MAX));
    }
    // Lists in lists, as many as there is room for.
    refuses(&mut computer, &relabeled(code, "camera", &[0x81; 400]));
    refuses(&mut computer, &format!("{code}{}", "A".repeat(100_000)));
    let most = memory(daemon, "VmHWM");
    assert!(most < before + BOUND, "{before} KiB, {most} KiB");
    assert_eq!(daemons_of(computer.home.path()), [daemon]);
}
