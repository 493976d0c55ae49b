//! The manager as its script drives it.

mod handover;

use settle_protocol::name::Label;
use settle_protocol::origin::Origin;
use settle_protocol::rpc::DeviceAnchor;
use settle_protocol::rpc::audit::{Audit, AuditEntry, AuditEvent};
use settle_protocol::rpc::backup::{
    BackupMade, MAX_PART_TO_DAEMON, Part as Bytes, Passphrase, RestoreDecision,
};
use settle_protocol::rpc::invitation::{Invitation, Invite, InvitedAs};
use wasm_bindgen_test::wasm_bindgen_test;

use super::*;
use crate::code::tests::code_text;
use crate::fault::OwnFault;
use crate::fixtures::{device, key, name};
use crate::message::{Bridge, ProxyControl};
use crate::view::{Action, List, Mark, Part, Row, Screen, Slot};

fn status(devices: &[Device]) -> ToPage {
    ToPage::Status {
        status: Status {
            link: LinkState::Ready,
            devices: devices.to_vec(),
            ..Status::default()
        },
    }
}

fn hear(page: &mut Manage, message: ToPage) -> Vec<Effect> {
    page.update(Event::Heard { message })
}

fn press(page: &mut Manage, action: Action, value: &str) -> Vec<Effect> {
    let value = value.to_owned();
    page.update(Event::Pressed { action, value })
}

fn enter(page: &mut Manage, field: Field, text: &str) {
    let text = text.to_owned();
    assert_eq!(page.update(Event::Typed { field, text }), []);
}

/// A manager that knows these devices.
fn manager(devices: &[Device]) -> Manage {
    let mut page = Manage::default();
    let message = FromPage::ReadAudit {
        before: None,
        limit: 100,
    };
    assert_eq!(hear(&mut page, status(devices)), [Effect::Say { message }]);
    page
}

fn values(page: &Manage, list: List) -> Vec<String> {
    let rows = page.view().lists.remove(&list).unwrap_or_default();
    rows.into_iter().map(|Row { value, .. }| value).collect()
}

fn lines(numbers: impl DoubleEndedIterator<Item = u64>) -> Audit {
    let entry = |number| AuditEntry {
        number,
        at: number,
        event: AuditEvent::Recorded {
            name: name(if number % 2 == 0 {
                "nas.local"
            } else {
                "printer.local"
            }),
        },
    };
    Audit {
        entries: numbers.rev().map(entry).collect(),
        verified: Some(250),
        damage: None,
    }
}

#[test]
#[wasm_bindgen_test]
fn devices_are_found_by_a_part_of_a_name_and_put_in_order() {
    let used = |label, at| Device {
        last_verified_at: at,
        ..device(label)
    };
    let mut page = manager(&[
        used("nas", Some(2)),
        used("printer", Some(9)),
        used("camera", None),
    ]);
    assert_eq!(values(&page, List::Devices), ["camera", "nas", "printer"]);
    enter(&mut page, Field::Order, "used");
    assert_eq!(values(&page, List::Devices), ["printer", "nas", "camera"]);
    enter(&mut page, Field::Search, " NA");
    assert_eq!(values(&page, List::Devices), ["nas"]);
    enter(&mut page, Field::Search, "nobody");
    assert!(page.view().parts.contains(&Part::NoMatch));
    assert!(!page.view().parts.contains(&Part::Nothing));
}

#[test]
#[wasm_bindgen_test]
fn a_new_name_is_asked_for_only_where_it_can_be_had_and_can_be_taken_back() {
    let mut page = manager(&[device("nas"), device("printer")]);
    press(&mut page, Action::Details, "printer");
    for (typed, can) in [
        ("printer", false),
        ("nas", false),
        ("a b", false),
        ("office", true),
    ] {
        enter(&mut page, Field::Petname, typed);
        assert_eq!(page.view().parts.contains(&Part::CanRename), can, "{typed}");
    }
    let rename = |to: &str| Effect::Say {
        message: FromPage::Rename {
            device: "printer".to_owned(),
            petname: Label::parse(to).unwrap(),
        },
    };
    assert_eq!(press(&mut page, Action::Rename, ""), [rename("office")]);
    assert!(page.view().parts.contains(&Part::CanUndo));
    assert_eq!(press(&mut page, Action::Rename, ""), [], "once is enough");
    assert_eq!(press(&mut page, Action::Undo, ""), [rename("printer")]);
    assert_eq!(press(&mut page, Action::Undo, ""), []);
}

#[test]
#[wasm_bindgen_test]
fn only_a_site_that_is_allowed_can_be_denied() {
    let site = Origin::parse("https://cloud.example").unwrap();
    let mut page = manager(&[Device {
        allowed_origins: vec![site.clone()],
        ..device("nas")
    }]);
    assert_eq!(press(&mut page, Action::Deny, "https://cloud.example"), []);
    press(&mut page, Action::Details, "nas");
    assert_eq!(values(&page, List::Origins), ["https://cloud.example"]);
    assert_eq!(press(&mut page, Action::Deny, "https://other.example"), []);
    let device = || "nas".to_owned();
    assert_eq!(
        press(&mut page, Action::Deny, "https://cloud.example"),
        say(FromPage::Deny {
            device: device(),
            origin: site.clone(),
        })
    );
    assert_eq!(
        press(&mut page, Action::Undo, ""),
        say(FromPage::Allow {
            device: device(),
            origin: site,
        })
    );
}

#[test]
#[wasm_bindgen_test]
fn a_device_is_forgotten_on_a_second_press_and_its_screen_left() {
    let mut page = manager(&[device("nas")]);
    press(&mut page, Action::Details, "nas");
    assert_eq!(press(&mut page, Action::ForgetConfirm, ""), []);
    press(&mut page, Action::Forget, "");
    let message = FromPage::Revoke {
        device: "nas".to_owned(),
    };
    assert_eq!(
        press(&mut page, Action::ForgetConfirm, ""),
        [Effect::Say { message }]
    );
    assert_eq!(page.view().screen, Screen::Device);
    hear(&mut page, status(&[]));
    assert_eq!(page.view().screen, Screen::Overview);
    assert!(page.view().parts.contains(&Part::Nothing));
}

#[test]
#[wasm_bindgen_test]
fn the_log_is_read_in_parts_and_saved_whole() {
    let mut page = manager(&[device("nas")]);
    let asked = |before: u64| {
        say(FromPage::ReadAudit {
            before: Some(before),
            limit: 100,
        })
    };
    let answer = |audit: Audit, before| ToPage::Audit {
        audit: serde_json::to_value(audit).unwrap(),
        before,
    };
    assert_eq!(hear(&mut page, answer(lines(151..=250), None)), []);
    press(&mut page, Action::ShowLog, "");
    assert_eq!(press(&mut page, Action::Older, ""), asked(151));
    assert_eq!(hear(&mut page, answer(lines(51..=150), Some(151))), []);
    assert_eq!(
        hear(&mut page, answer(lines(51..=150), Some(151))),
        [],
        "an answer that came twice"
    );
    assert_eq!(values(&page, List::Log).len(), 200);
    assert_eq!(press(&mut page, Action::Export, ""), asked(51));
    assert!(!page.view().parts.contains(&Part::CanExport));
    let effects = hear(&mut page, answer(lines(1..=50), Some(51)));
    let [Effect::Save { text, .. }] = effects.as_slice() else {
        panic!("{effects:?}");
    };
    let saved = text
        .lines()
        .map(|line| serde_json::from_str::<AuditEntry>(line).unwrap().number);
    assert!(saved.eq(1..=250));
    assert!(!page.view().parts.contains(&Part::CanOlder));

    press(&mut page, Action::Details, "nas");
    assert_eq!(
        values(&page, List::History).len(),
        125,
        "of this device alone"
    );
}

#[test]
#[wasm_bindgen_test]
fn the_history_of_a_device_follows_its_names() {
    let mut page = manager(&[device("nas")]);
    let named = |label: &str| name(&format!("{label}.local"));
    let recorded = |label| AuditEvent::Recorded { name: named(label) };
    let renamed = |from, to| AuditEvent::Renamed {
        from: named(from),
        to: named(to),
    };
    // The name `store` was another device's before, and is one's again.
    let events = [
        recorded("store"),
        renamed("store", "office"),
        recorded("store"),
        renamed("store", "nas"),
        recorded("store"),
        recorded("nas"),
    ];
    let entries = (1..).zip(events).map(|(number, event)| AuditEntry {
        number,
        at: 0,
        event,
    });
    let mut audit = Audit {
        entries: entries.collect(),
        ..Audit::default()
    };
    audit.entries.reverse();
    let audit = serde_json::to_value(audit).unwrap();
    hear(
        &mut page,
        ToPage::Audit {
            audit,
            before: None,
        },
    );
    press(&mut page, Action::Details, "nas");
    assert_eq!(values(&page, List::History), ["6", "4", "3", "2", "1"]);
}

#[test]
#[wasm_bindgen_test]
fn a_log_that_does_not_hold_is_said_to_be_so() {
    let mut page = manager(&[]);
    let audit = Audit {
        verified: None,
        damage: Some("line 3 was changed".to_owned()),
        ..lines(1..=4)
    };
    hear(
        &mut page,
        ToPage::Audit {
            audit: serde_json::to_value(audit).unwrap(),
            before: None,
        },
    );
    press(&mut page, Action::ShowLog, "");
    let view = page.view();
    assert!(view.parts.contains(&Part::LogDamaged));
    assert!(!view.texts.contains_key(&Slot::LogVerified));
}

#[test]
#[wasm_bindgen_test]
fn what_cannot_be_done_is_told_and_nothing_is_offered_to_take_it_back() {
    let mut page = manager(&[device("nas")]);
    press(&mut page, Action::Details, "nas");
    enter(&mut page, Field::Petname, "office");
    press(&mut page, Action::Rename, "");
    let fault = ErrorKind::NameTaken.into();
    hear(&mut page, ToPage::Failed { fault });
    let view = page.view();
    assert!(view.parts.contains(&Part::Error) && !view.parts.contains(&Part::CanUndo));
}

fn secret(page: &mut Manage, field: Field, text: &str) {
    let text = Passphrase::new(text);
    assert_eq!(page.update(Event::Secret { field, text }), []);
}

const PASSPHRASE: &str = "correct horse battery";

#[test]
#[wasm_bindgen_test]
fn a_backup_is_made_once_both_passphrases_agree_and_read_to_its_end() {
    let mut page = manager(&[device("printer")]);
    press(&mut page, Action::ShowBackup, "");
    secret(&mut page, Field::NewPassphrase, PASSPHRASE);
    secret(&mut page, Field::NewPassphraseAgain, "correct horse");
    assert!(page.view().texts.contains_key(&Slot::PassphraseProblem));
    assert_eq!(press(&mut page, Action::Backup, ""), []);
    secret(&mut page, Field::NewPassphraseAgain, PASSPHRASE);
    let passphrase = Passphrase::new(PASSPHRASE);
    let said = press(&mut page, Action::Backup, "");
    assert_eq!(said, say(FromPage::MakeBackup { passphrase }));
    assert_eq!(press(&mut page, Action::Backup, ""), [], "one at a time");
    let made = BackupMade {
        length: 5,
        devices: 1,
    };
    let read = |offset| say(FromPage::ReadBackup { offset });
    assert_eq!(hear(&mut page, ToPage::BackupMade { made }), read(0));
    let part = |bytes: &[u8]| ToPage::BackupPart {
        part: Bytes(bytes.to_vec()),
    };
    assert_eq!(hear(&mut page, part(&[1, 2, 3])), read(3));
    let saved = hear(&mut page, part(&[4, 5]));
    let [Effect::SaveBytes { bytes, .. }] = saved.as_slice() else {
        panic!("a file: {saved:?}");
    };
    assert_eq!(bytes.0, [1, 2, 3, 4, 5]);
    let view = page.view();
    assert!(view.parts.contains(&Part::BackupDone));
    assert_eq!(view.fields[&Field::NewPassphrase], "", "it is forgotten");
}

#[test]
#[wasm_bindgen_test]
fn a_backup_is_given_in_parts_and_restored_only_after_consent() {
    let mut page = manager(&[]);
    press(&mut page, Action::ShowBackup, "");
    let file = vec![7; MAX_PART_TO_DAEMON + 1];
    page.update(Event::File {
        bytes: Bytes(file.clone()),
    });
    assert_eq!(press(&mut page, Action::OpenBackup, ""), []);
    secret(&mut page, Field::Passphrase, PASSPHRASE);
    let (first, second) = file.split_at(MAX_PART_TO_DAEMON);
    let give = |offset, part: &[u8]| {
        let part = Bytes(part.to_vec());
        say(FromPage::WriteRestore { offset, part })
    };
    assert_eq!(press(&mut page, Action::OpenBackup, ""), give(0, first));
    let offset = u64::try_from(MAX_PART_TO_DAEMON).unwrap();
    let given = |page: &mut Manage| hear(page, ToPage::RestoreGiven {});
    assert_eq!(given(&mut page), give(offset, second));
    let passphrase = Passphrase::new(PASSPHRASE);
    assert_eq!(given(&mut page), say(FromPage::OpenRestore { passphrase }));
    assert_eq!(press(&mut page, Action::Restore, ""), [], "not yet shown");
    let decision = RestoreDecision {
        added: Vec::new(),
        kept: vec![name("nas.local")],
        name_taken: vec![name("printer.local")],
    };
    hear(&mut page, ToPage::RestoreOpened { decision });
    assert!(page.view().parts.contains(&Part::Restoring));
    assert_eq!(values(&page, List::Restored).len(), 2);
    let said = press(&mut page, Action::Restore, "");
    assert_eq!(said, say(FromPage::CommitRestore {}));
    hear(&mut page, ToPage::Restored {});
    assert!(page.view().parts.contains(&Part::BackupDone));
}

#[test]
#[wasm_bindgen_test]
fn a_backup_that_does_not_open_can_be_tried_again() {
    let mut page = manager(&[]);
    press(&mut page, Action::ShowBackup, "");
    page.update(Event::File {
        bytes: Bytes(vec![1]),
    });
    secret(&mut page, Field::Passphrase, PASSPHRASE);
    press(&mut page, Action::OpenBackup, "");
    hear(&mut page, ToPage::RestoreGiven {});
    let fault = ErrorKind::BackupSealed.into();
    hear(&mut page, ToPage::Failed { fault });
    let view = page.view();
    assert!(view.parts.contains(&Part::Error) && view.parts.contains(&Part::CanRestore));
    assert_eq!(values(&page, List::Restored).len(), 0);
}

#[test]
#[wasm_bindgen_test]
fn a_site_is_allowed_once_it_is_one_and_can_be_taken_back() {
    let printer = device("printer");
    let mut page = manager(std::slice::from_ref(&printer));
    press(&mut page, Action::Details, &printer.id);
    enter(&mut page, Field::Origin, "cloud.example");
    assert_eq!(press(&mut page, Action::Allow, ""), []);
    assert!(page.view().texts.contains_key(&Slot::OriginProblem));
    enter(&mut page, Field::Origin, "https://cloud.example/");
    let origin = Origin::parse("https://cloud.example").unwrap();
    let device = printer.id;
    let allow = FromPage::Allow {
        device: device.clone(),
        origin: origin.clone(),
    };
    assert_eq!(press(&mut page, Action::Allow, ""), say(allow));
    assert_eq!(page.view().fields[&Field::Origin], "");
    let deny = FromPage::Deny { device, origin };
    assert_eq!(press(&mut page, Action::Undo, ""), say(deny));
}

#[test]
#[wasm_bindgen_test]
fn a_code_for_another_computer_is_shown_where_it_was_asked_for_and_gone_with_its_screen() {
    let mut page = manager(&[device("nas"), device("printer")]);
    press(&mut page, Action::Details, "printer");
    press(&mut page, Action::ShowInvite, "");
    assert_eq!(page.view().fields[&Field::InvitedRole], "guest");
    enter(&mut page, Field::InvitedRole, "owner");
    assert_eq!(page.view().fields[&Field::InvitedRole], "guest");
    enter(&mut page, Field::InvitedRole, "admin");
    let invite = Invite {
        device: "printer".to_owned(),
        role: InvitedAs::Admin,
    };
    let message = FromPage::Invite { invite };
    assert_eq!(
        press(&mut page, Action::Invite, ""),
        [Effect::Say { message }]
    );
    assert_eq!(press(&mut page, Action::Invite, ""), [], "once is enough");
    let invited = || ToPage::Invited {
        invitation: Invitation {
            code: code_text(1),
            expires_at: 600,
        },
    };
    hear(&mut page, invited());
    let view = page.view();
    assert_eq!(view.texts[&Slot::Code], Text::literal(&code_text(1)));
    assert_eq!(view.texts[&Slot::ExpiresAt], Text::Time(600));
    assert!(view.drawing.is_some());
    assert!(!format!("{page:?}").contains("SETTLE:"));

    press(&mut page, Action::CloseInvite, "");
    assert_eq!(page.view().screen, Screen::Device);
    hear(&mut page, invited());
    press(&mut page, Action::ShowInvite, "");
    hear(&mut page, invited());
    assert!(page.view().drawing.is_none(), "nobody asked for that one");
}

#[test]
#[wasm_bindgen_test]
fn a_device_that_makes_no_code_is_said_to_and_can_be_asked_again() {
    let mut page = manager(&[device("printer")]);
    press(&mut page, Action::Details, "printer");
    press(&mut page, Action::ShowInvite, "");
    press(&mut page, Action::Invite, "");
    assert!(!page.view().parts.contains(&Part::CanInvite));
    let fault = ErrorKind::AdminsOnly.into();
    hear(&mut page, ToPage::Failed { fault });
    assert_eq!(page.view().marks[&Mark::Error], "admins_only");
    assert!(page.view().parts.contains(&Part::CanInvite));
    // Forgotten elsewhere.
    hear(&mut page, status(&[]));
    assert_eq!(page.view().screen, Screen::Overview);
}

#[test]
#[wasm_bindgen_test]
fn former_keys_are_listed_the_last_one_first() {
    let mut rolled = device("printer");
    assert_eq!(values_on(&rolled, List::Former), Vec::<String>::new());
    if let DeviceAnchor::Device(paired) = &mut rolled.anchor {
        paired.former = vec![key("first"), key("second")];
    }
    let want = [key("second").to_hex(), key("first").to_hex()];
    assert_eq!(values_on(&rolled, List::Former), want);
}

/// The rows of a list on the screen of a device.
fn values_on(device: &Device, list: List) -> Vec<String> {
    let mut page = manager(std::slice::from_ref(device));
    press(&mut page, Action::Details, &device.id);
    values(&page, list)
}

/// How the checks are with this status: of each row the part that tells it.
fn checks(page: &mut Manage, status: Status) -> Vec<Part> {
    hear(page, ToPage::Status { status });
    let rows = page.view().lists.remove(&List::Checks).unwrap();
    let states = [
        Part::CheckWell,
        Part::CheckAmiss,
        Part::CheckNote,
        Part::CheckOpen,
    ];
    rows.iter()
        .map(|row| *states.iter().find(|it| row.parts.contains(it)).unwrap())
        .collect()
}

#[test]
#[wasm_bindgen_test]
fn each_check_tells_what_is_amiss_and_what_waits_for_it() {
    use Part::{CheckAmiss as Amiss, CheckNote as Note, CheckOpen as Open, CheckWell as Well};
    let (mut page, effects) = Manage::open("checks");
    assert_eq!(effects, [Effect::LookAround {}]);
    let ready = || Status {
        link: LinkState::Ready,
        bridge: Bridge::Trusted,
        daemon: Some("0.1.0".to_owned()),
        ..Status::default()
    };
    let down = |fault| Status {
        link: LinkState::Down { fault },
        ..Status::default()
    };
    for (status, want) in [
        (ready(), [Well, Well, Well, Well]),
        (Status::default(), [Open, Open, Well, Open]),
        (
            down(OwnFault::HostMissing.into()),
            [Amiss, Open, Well, Open],
        ),
        (
            down(ErrorKind::HostTooOld.into()),
            [Amiss, Open, Well, Open],
        ),
        (
            down(ErrorKind::KeyringLocked.into()),
            [Well, Amiss, Well, Open],
        ),
        (
            Status {
                bridge: Bridge::Untrusted,
                proxy: ProxyControl::OtherExtension,
                ..ready()
            },
            [Well, Well, Amiss, Amiss],
        ),
        (
            Status {
                proxy: ProxyControl::Replaced,
                ..ready()
            },
            [Well, Well, Note, Well],
        ),
    ] {
        let got = checks(&mut page, status.clone());
        assert_eq!(got.get(..4), Some(&want[..]), "{status:?}");
        assert!(!page.view().parts.contains(&Part::Trouble), "it is a row");
    }
}

#[test]
#[wasm_bindgen_test]
fn what_only_the_page_can_see_is_looked_at_again_when_the_user_comes_back() {
    use Part::{CheckNote as Note, CheckOpen as Open, CheckWell as Well};
    let (mut page, _) = Manage::open("checks");
    let last = |page: &mut Manage| checks(page, Status::default()).split_off(4);
    assert_eq!(last(&mut page), [Open, Open]);
    page.update(Event::Surroundings {
        private_windows: false,
        camera: Access::Denied,
    });
    assert_eq!(last(&mut page), [Note, Note]);
    page.update(Event::CameraWorks {});
    page.update(Event::Surroundings {
        private_windows: true,
        camera: Access::Granted,
    });
    assert_eq!(last(&mut page), [Well, Well]);
    // Whoever comes back may have changed something in the browser's settings.
    assert_eq!(page.update(Event::Returned {}), [Effect::LookAround {}]);
    press(&mut page, Action::ShowDevices, "");
    assert_eq!(page.update(Event::Returned {}), []);
}
