//! The pairing page: a code is given, both sides are proved, and the user decides.
//!
//! Its address says which page the user was on the way to. Anybody can write that address, so it
//! only decides what is shown and what opens after the user's own consent.

use settle_protocol::name::Label;
use settle_protocol::rpc::{Decision, Device, ErrorKind, PairingStep};

use super::{Effect, Event, with_fault, with_status};
use crate::address::Address;
use crate::code::Code;
use crate::fault::{Fault, OwnFault};
use crate::message::{Bridge, CodeText, FromPage, LinkState, Status, ToPage};
use crate::page::decision;
use crate::phrase::Phrase;
use crate::typing::{self, Hint};
use crate::view::{Action, Field, Mark, Part, Screen, Slot, Text, View};
use crate::vouching;

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

#[derive(Debug)]
enum Stage {
    Ask(Option<Problem>),
    /// A referee may vouch for the address. What opens if none does: the referee that was paired just now.
    Vouching {
        otherwise: Option<Address>,
    },
    /// The name may open without pairing: whether the user wants that, and has said so.
    Unverified {
        opening: bool,
    },
    Reading,
    /// With what is wrong with the code that the camera sees.
    Scanning(Option<Fault>),
    Working(Working),
    Deciding(Deciding),
    Paired {
        opens: Address,
        headline: Phrase,
    },
    Refused,
}

impl Default for Stage {
    fn default() -> Self {
        Self::Ask(None)
    }
}

/// What went wrong with the last code.
#[derive(Debug)]
struct Problem {
    fault: Fault,
    /// The code, where it may do better later.
    code: Option<Code>,
    /// The code was never used, since there was no connection; it goes on by itself.
    held: bool,
}

/// A pairing before the decision. Without a step it waits for the connection.
#[derive(Debug)]
struct Working {
    code: Code,
    step: Option<PairingStep>,
}

/// The user decides.
#[derive(Debug)]
pub(super) struct Deciding {
    pub(super) decision: Box<Decision>,
    /// What the name field holds.
    pub(super) petname: String,
    /// What the daemon said against that name.
    pub(super) refused_name: bool,
    /// The consent is on its way.
    pub(super) committing: bool,
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

    /// The page that was asked for opens if the device goes by its name, else the device's own. Of a referee
    /// that was paired on the way to another name, it is asked first whether it vouches for that.
    fn paired(&mut self, device: &Device) -> Vec<Effect> {
        let asked = self.asked.clone();
        let asked = asked.filter(|asked| device.names.contains(asked.name()));
        match (&self.stage, asked) {
            (Stage::Deciding(_), Some(asked)) => self.open_paired(asked, Phrase::DonePaired),
            (Stage::Deciding(_), None) => {
                let home = Address::home(device.petname.dot_local());
                self.asked_referees = false;
                let ask = self.ask_referees(Some(home.clone()));
                if ask.is_empty() {
                    return self.open_paired(home, Phrase::DonePaired);
                }
                ask
            }
            (Stage::Vouching { .. }, Some(asked)) => self.open_paired(asked, Phrase::DoneVouched),
            (
                Stage::Vouching { .. }
                | Stage::Ask(_)
                | Stage::Unverified { .. }
                | Stage::Reading
                | Stage::Scanning(_)
                | Stage::Working(_)
                | Stage::Paired { .. }
                | Stage::Refused,
                _,
            ) => Vec::new(),
        }
    }

    fn open_paired(&mut self, opens: Address, headline: Phrase) -> Vec<Effect> {
        let go = Effect::Go {
            url: opens.to_string(),
        };
        self.stage = Stage::Paired { opens, headline };
        if self.bridge_untrusted() {
            return Vec::new();
        }
        vec![go]
    }

    /// Once for each visit, before a code is asked for, and when a referee was paired just now.
    fn ask_referees(&mut self, otherwise: Option<Address>) -> Vec<Effect> {
        let (Some(asked), Some(status)) = (&self.asked, &self.status) else {
            return Vec::new();
        };
        let is_free = otherwise.is_some() || matches!(self.stage, Stage::Ask(None));
        if self.asked_referees || !is_free || status.link != LinkState::Ready {
            return Vec::new();
        }
        self.asked_referees = true;
        if !vouching::may_help(asked, &status.devices) {
            return Vec::new();
        }
        self.stage = Stage::Vouching { otherwise };
        say(FromPage::Vouch {
            name: asked.name().clone(),
            port: asked.port(),
        })
    }

    fn not_vouched(&mut self) -> Vec<Effect> {
        let Stage::Vouching { otherwise } = &mut self.stage else {
            return Vec::new();
        };
        match otherwise.take() {
            Some(home) => self.open_paired(home, Phrase::DonePaired),
            None => {
                self.stage = Stage::Ask(None);
                Vec::new()
            }
        }
    }

    fn bridge_untrusted(&self) -> bool {
        let status = self.status.as_ref();
        status.is_some_and(|status| status.bridge == Bridge::Untrusted)
    }

    fn typed(&mut self, field: Field, text: String) -> Vec<Effect> {
        if let (Stage::Deciding(deciding), Field::Petname) = (&mut self.stage, field) {
            deciding.petname = text;
            deciding.refused_name = false;
        }
        Vec::new()
    }

    fn pressed(&mut self, action: Action) -> Vec<Effect> {
        match (action, std::mem::take(&mut self.stage)) {
            (
                Action::Retry,
                Stage::Ask(Some(Problem {
                    code: Some(code), ..
                })),
            ) => self.use_code(code),
            (Action::Open, stage) => {
                let opens = if let Stage::Paired { opens, .. } = &stage {
                    Some(opens)
                } else {
                    self.asked_and_paired()
                };
                let go = opens.map(|opens| Effect::Go {
                    url: opens.to_string(),
                });
                self.stage = stage;
                Vec::from_iter(go)
            }
            (Action::Cancel, Stage::Working(_)) => say(FromPage::Cancel {}),
            // The answer may still come; then the page says that it can be opened.
            (Action::Cancel, Stage::Vouching { .. }) => Vec::new(),
            (
                Action::Refuse,
                Stage::Deciding(Deciding {
                    committing: false, ..
                }),
            ) => {
                self.stage = Stage::Refused;
                say(FromPage::Cancel {})
            }
            (Action::Trust, Stage::Deciding(deciding)) => self.trust(deciding),
            (Action::Again, Stage::Refused) | (Action::StopScan, Stage::Scanning(_)) => Vec::new(),
            (Action::Import, stage) => {
                self.stage = stage;
                let asked = self.asked.as_ref();
                let fragment = asked.map(Address::to_fragment).unwrap_or_default();
                vec![Effect::Go {
                    url: format!("import.html#{fragment}"),
                }]
            }
            (Action::AskUnverified, Stage::Ask(_)) if self.may_open_unverified().is_some() => {
                self.stage = Stage::Unverified { opening: false };
                Vec::new()
            }
            (Action::OpenUnverified, Stage::Unverified { opening: false }) => {
                self.stage = Stage::Unverified { opening: true };
                let asked = self.may_open_unverified();
                let name = asked.map(|asked| asked.name().clone());
                name.map_or_else(Vec::new, |name| say(FromPage::AddUnverified { name }))
            }
            (Action::Cancel, Stage::Unverified { .. }) => Vec::new(),
            (Action::Scan, Stage::Ask(_)) => {
                self.stage = Stage::Scanning(None);
                Vec::new()
            }
            (_, stage) => {
                self.stage = stage;
                Vec::new()
            }
        }
    }

    fn trust(&mut self, deciding: Deciding) -> Vec<Effect> {
        let petname: Option<Label> = deciding.usable_name(self.status.as_ref());
        let committing = petname.is_some();
        self.stage = Stage::Deciding(Deciding {
            committing,
            ..deciding
        });
        petname.map_or_else(Vec::new, |petname| say(FromPage::Commit { petname }))
    }

    fn asked_and_paired(&self) -> Option<&Address> {
        let asked = self.asked.as_ref()?;
        let status = self.status.as_ref()?;
        status.device(asked.name()).map(|_| asked)
    }

    /// The address that may open without pairing: of no device, and the host is there to find it.
    fn may_open_unverified(&self) -> Option<&Address> {
        let asked = self.asked.as_ref()?;
        let status = self.status.as_ref()?;
        let is_free = status.device(asked.name()).is_none();
        (is_free && status.link == LinkState::Ready).then_some(asked)
    }

    /// The page opens once the browser's rules let it.
    fn open_unverified(&self) -> Vec<Effect> {
        let (Stage::Unverified { opening: true }, Some(status), Some(asked)) =
            (&self.stage, &self.status, &self.asked)
        else {
            return Vec::new();
        };
        let is_open = status.is_unverified(asked.name());
        let url = is_open.then(|| asked.as_asked(&self.given));
        Vec::from_iter(url.map(|url| Effect::Go { url }))
    }

    pub(super) fn view(&self) -> View {
        match &self.stage {
            Stage::Ask(problem) => {
                let view = self.view_ask();
                match problem {
                    // The banner tells it already.
                    Some(Problem { held: true, .. }) => view,
                    Some(Problem { fault, code, .. }) => {
                        with_fault(view, *fault).part(Part::CanRetry, code.is_some())
                    }
                    None => view,
                }
            }
            Stage::Vouching { .. } => self.view_vouching(),
            Stage::Unverified { opening } => self.view_unverified(*opening),
            Stage::Reading => self
                .view_ask()
                .text(Slot::Reading, Text::say(Phrase::StepReading)),
            Stage::Scanning(fault) => self.view_scanning(*fault),
            Stage::Working(Working { step, .. }) => self.view_working(*step),
            Stage::Deciding(deciding) => decision::view(
                with_status(Screen::Decision, self.status.as_ref()),
                deciding,
                self.status.as_ref(),
            ),
            Stage::Paired { opens, headline } => self.view_paired(opens, *headline),
            Stage::Refused => with_status(Screen::Done, self.status.as_ref())
                .titled(Slot::DoneTitle, Text::say(Phrase::DoneRefused))
                .text(Slot::DoneText, Text::say(Phrase::DoneRefusedText))
                .part(Part::CanAsk, true)
                .mark(Mark::Outcome, "refused"),
        }
    }

    fn view_ask(&self) -> View {
        let title = match &self.asked {
            Some(asked) => Text::say_of(Phrase::AskTitle, &[asked.name()]),
            None => Text::say(Phrase::AskTitleAny),
        };
        let open = self.asked_and_paired();
        let paired = open.map(|asked| Text::say_of(Phrase::PairedAlready, &[asked.name()]));
        let view = with_status(Screen::Ask, self.status.as_ref());
        let view = match &self.hint {
            Some(Hint { standing, text }) => view
                .mark(Mark::Typed, standing.word())
                .text(Slot::Typed, text.clone()),
            None => view,
        };
        view.titled(Slot::AskTitle, title)
            .maybe(Slot::Paired, paired)
            .part(Part::CanOpen, open.is_some())
            .part(
                Part::MayOpenUnverified,
                self.may_open_unverified().is_some(),
            )
    }

    fn view_unverified(&self, opening: bool) -> View {
        let view = with_status(Screen::Unverified, self.status.as_ref())
            .part(Part::CanOpenUnverified, !opening);
        let Some(asked) = &self.asked else {
            return view;
        };
        let say = |phrase| Text::say_of(phrase, &[asked.name()]);
        view.titled(Slot::UnverifiedTitle, say(Phrase::UnverifiedTitle))
            .text(Slot::UnverifiedText, say(Phrase::UnverifiedText))
    }

    fn view_scanning(&self, fault: Option<Fault>) -> View {
        let view = with_status(Screen::Scan, self.status.as_ref());
        match fault {
            Some(fault) => view
                .mark(Mark::Error, fault.word())
                .text(Slot::ScanSaid, fault.sentence()),
            None => view.text(Slot::ScanSaid, Text::say(Phrase::ScanNothing)),
        }
    }

    fn view_working(&self, step: Option<PairingStep>) -> View {
        let (word, phrase) = match step {
            None | Some(PairingStep::Looking) => ("looking", Phrase::StepLooking),
            Some(PairingStep::Connecting) => ("connecting", Phrase::StepConnecting),
            Some(PairingStep::Proving) => ("proving", Phrase::StepProving),
        };
        with_status(Screen::Working, self.status.as_ref())
            .text(Slot::Step, Text::say(phrase))
            .mark(Mark::Progress, word)
    }

    fn view_vouching(&self) -> View {
        let asked = self.asked.as_ref();
        let title = asked.map(|asked| Text::say_of(Phrase::VouchingTitle, &[asked.name()]));
        let view = with_status(Screen::Vouching, self.status.as_ref())
            .text(Slot::VouchingText, Text::say(Phrase::VouchingText));
        match title {
            Some(title) => view.titled(Slot::VouchingTitle, title),
            None => view,
        }
    }

    fn view_paired(&self, opens: &Address, headline: Phrase) -> View {
        let held = self.bridge_untrusted();
        let text = if held {
            Phrase::DonePairedHeld
        } else {
            Phrase::DonePairedText
        };
        with_status(Screen::Done, self.status.as_ref())
            .titled(Slot::DoneTitle, Text::say_of(headline, &[opens.name()]))
            .text(Slot::DoneText, Text::say_of(text, &[opens]))
            .part(Part::CanOpen, true)
            .mark(Mark::Outcome, "paired")
    }
}

fn say(message: FromPage) -> Vec<Effect> {
    vec![Effect::Say { message }]
}
