//! The pairing page: a code is given, both sides are proved, and the user decides.
//!
//! Its address says which page the user was on the way to. Anybody can write that address, so it
//! only decides what is shown and what opens after the user's own consent.

mod opening;
mod pressed;
mod stage;
mod view;

use settle_protocol::rpc::{ErrorKind, PairingStep};

pub(super) use self::stage::Deciding;
use self::stage::{Problem, Stage, Working};
use super::{Effect, Event};
use crate::address::Address;
use crate::code::Code;
use crate::fault::{Fault, OwnFault};
use crate::message::{CodeText, FromPage, LinkState, Status, ToPage};
use crate::typing::{self, Hint};
use crate::view::Field;

/// The page's state.
#[derive(Debug, Default)]
pub struct Pair {
    asked: Option<Address>,
    /// As the browser wrote it.
    given: String,
    status: Option<Status>,
    stage: Stage,
    /// Of the code that is being typed.
    hint: Option<Hint>,
    /// Whether a referee vouches for the address was asked already.
    asked_referees: bool,
}

impl Pair {
    pub(super) fn open(fragment: &str) -> Self {
        Self {
            asked: Address::parse(fragment).or_else(|| Address::from_fragment(fragment)),
            given: fragment.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        let scanned = self.is_scanning();
        let mut effects = self.take(event);
        // The camera is on exactly while its screen is shown.
        match (scanned, self.is_scanning()) {
            (false, true) => effects.push(Effect::StartCamera {}),
            (true, false) => effects.insert(0, Effect::StopCamera {}),
            (true, true) | (false, false) => {}
        }
        effects
    }

    const fn is_scanning(&self) -> bool {
        matches!(self.stage, Stage::Scanning(_))
    }

    fn take(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Heard { message } => self.heard(message),
            Event::Lost {} => {
                self.status = None;
                self.failed(OwnFault::HostLost.into())
            }
            Event::Reading {} => {
                if matches!(self.stage, Stage::Ask(_) | Stage::Scanning(_)) {
                    self.stage = Stage::Reading;
                }
                Vec::new()
            }
            Event::Picture { codes, now } => {
                let codes: Vec<String> = codes.into_iter().map(|code| code.0).collect();
                self.given(Code::from_picture(&codes, now))
            }
            Event::NoPicture {} => self.given(Err(OwnFault::PictureUnreadable.into())),
            Event::NoCamera { fault } if self.is_scanning() => self.fail(fault.into(), None, false),
            Event::Seen { codes, now } if self.is_scanning() => self.seen(codes, now),
            Event::NoCamera { .. }
            | Event::CameraWorks {}
            | Event::Surroundings { .. }
            | Event::Returned {}
            | Event::Seen { .. }
            | Event::Secret { .. }
            | Event::Tab { .. }
            | Event::File { .. } => Vec::new(),
            Event::Text { text, now } => {
                let code = Code::from_text(&text.0, now);
                // A slip of the fingers is mended in the field; nothing else stays there.
                let slipped = code.as_ref().is_err_and(|fault| fault.is_slip());
                self.hint = slipped.then(|| typing::look(&text.0)).flatten();
                self.given(code)
            }
            Event::CodeTyped { text } => {
                self.hint = typing::look(&text.0);
                Vec::new()
            }
            Event::Typed { field, text } => self.typed(field, text),
            Event::Pressed { action, .. } => self.pressed(action),
        }
    }

    /// A code counts only where one is asked for.
    fn given(&mut self, code: Result<Code, Fault>) -> Vec<Effect> {
        if !matches!(
            self.stage,
            Stage::Ask(_) | Stage::Reading | Stage::Scanning(_)
        ) {
            return Vec::new();
        }
        match code {
            Ok(code) => self.use_code(code),
            Err(fault) => self.fail(fault, None, false),
        }
    }

    /// What the camera sees is wrong only until it sees something better.
    fn seen(&mut self, codes: Vec<CodeText>, now: u64) -> Vec<Effect> {
        let codes: Vec<String> = codes.into_iter().map(|code| code.0).collect();
        match Code::from_picture(&codes, now) {
            Ok(code) => self.use_code(code),
            Err(fault) => {
                let is_nothing = fault == OwnFault::PictureWithoutCode.into();
                self.stage = Stage::Scanning((!is_nothing).then_some(fault));
                Vec::new()
            }
        }
    }

    fn use_code(&mut self, code: Code) -> Vec<Effect> {
        match self.status.as_ref().map(|status| status.link) {
            Some(LinkState::Down { fault }) => self.fail(fault, Some(code), true),
            Some(LinkState::Ready) => {
                let text = CodeText(code.clone().into_text());
                let step = Some(PairingStep::Looking);
                self.stage = Stage::Working(Working { code, step });
                say(FromPage::Start { code: text })
            }
            Some(LinkState::Connecting) | None => {
                self.stage = Stage::Working(Working { code, step: None });
                Vec::new()
            }
        }
    }

    fn fail(&mut self, fault: Fault, code: Option<Code>, held: bool) -> Vec<Effect> {
        self.stage = Stage::Ask(Some(Problem { fault, code, held }));
        Vec::new()
    }

    fn heard(&mut self, message: ToPage) -> Vec<Effect> {
        match message {
            ToPage::Status { status } => {
                self.status = Some(status);
                let mut effects = self.go_on();
                effects.extend(self.open_unverified());
                effects.extend(self.ask_referees(None));
                effects
            }
            ToPage::Progress { step } => {
                if let Stage::Working(working) = &mut self.stage {
                    working.step = Some(step);
                }
                Vec::new()
            }
            ToPage::Decide { decision } => {
                if matches!(self.stage, Stage::Working(_)) {
                    self.stage = Stage::Deciding(Deciding::new(decision));
                    return Vec::new();
                }
                say(FromPage::Cancel {})
            }
            ToPage::Failed { fault } => self.failed(fault),
            ToPage::Paired { device } => self.paired(&device),
            ToPage::NotVouched {} => self.not_vouched(),
            ToPage::Refused { .. }
            | ToPage::Revoked {}
            | ToPage::SitesAsked { .. }
            | ToPage::DecideImport { .. }
            | ToPage::Makers { .. }
            | ToPage::Invited { .. }
            | ToPage::HandedOver { .. }
            | ToPage::BackupMade { .. }
            | ToPage::BackupPart { .. }
            | ToPage::RestoreGiven {}
            | ToPage::RestoreOpened { .. }
            | ToPage::Restored {}
            | ToPage::Audit { .. } => Vec::new(),
        }
    }

    /// A code that had to wait for the connection goes on as soon as it can.
    fn go_on(&mut self) -> Vec<Effect> {
        match std::mem::take(&mut self.stage) {
            Stage::Working(Working { code, step: None }) => self.use_code(code),
            Stage::Ask(Some(Problem {
                code: Some(code),
                held: true,
                ..
            })) => self.use_code(code),
            stage @ (Stage::Ask(_)
            | Stage::Vouching { .. }
            | Stage::Unverified { .. }
            | Stage::Reading
            | Stage::Scanning(_)
            | Stage::Working(_)
            | Stage::Deciding(_)
            | Stage::Paired { .. }
            | Stage::Refused) => {
                self.stage = stage;
                Vec::new()
            }
        }
    }

    fn failed(&mut self, fault: Fault) -> Vec<Effect> {
        match std::mem::take(&mut self.stage) {
            Stage::Working(Working { code, .. }) => {
                let code = fault.may_pass().then_some(code);
                self.fail(fault, code, false)
            }
            Stage::Deciding(deciding) if fault == ErrorKind::NameTaken.into() => {
                self.stage = Stage::Deciding(Deciding {
                    refused_name: true,
                    committing: false,
                    ..deciding
                });
                Vec::new()
            }
            Stage::Deciding(_) | Stage::Unverified { opening: true } => {
                self.fail(fault, None, false)
            }
            stage @ Stage::Vouching { .. } => {
                self.stage = stage;
                self.not_vouched()
            }
            stage @ (Stage::Ask(_)
            | Stage::Unverified { opening: false }
            | Stage::Reading
            | Stage::Scanning(_)
            | Stage::Paired { .. }
            | Stage::Refused) => {
                self.stage = stage;
                Vec::new()
            }
        }
    }

    fn typed(&mut self, field: Field, text: String) -> Vec<Effect> {
        if let (Stage::Deciding(deciding), Field::Petname) = (&mut self.stage, field) {
            deciding.petname = text;
            deciding.refused_name = false;
        }
        Vec::new()
    }
}

fn say(message: FromPage) -> Vec<Effect> {
    vec![Effect::Say { message }]
}
