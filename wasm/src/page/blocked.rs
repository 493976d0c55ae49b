//! The page in the place of a blocked one: why, what was expected and what was seen, and what to do.
//! There is no way past a wrong key but to forget the device and pair it anew.

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::rpc::{Device, Refusal};

use super::{Effect, Event, with_fault, with_status};
use crate::address::Address;
use crate::fault::Fault;
use crate::message::{Bridge, FromPage, LinkState, Status, ToPage};
use crate::names::names;
use crate::phrase::Phrase;
use crate::view::{Action, Mark, Part, Screen, Slot, Text, View};

names! {
    /// Why a page was blocked; all but the last two are the words of a [`Refusal`].
    #[derive(Hash)]
    Reason {
        /// Another key than the trusted one answers.
        WrongKey = "wrong_key",
        /// A new key that the trusted one does not vouch for.
        RolloverRefused = "rollover_refused",
        /// Another certificate than the imported one answers.
        WrongCertificate = "wrong_certificate",
        /// A certificate that breaks a rule.
        BrokenRule = "broken_rule",
        /// Nothing answers.
        Unreachable = "unreachable",
        /// The certificate's time is over or has not begun.
        Expired = "expired",
        /// The device does not know us.
        NotAdmitted = "not_admitted",
        /// Another site's request.
        CrossSite = "cross_site",
        /// The host cannot check.
        HostAway = "host_away",
        /// It is not known any more.
        Unknown = "unknown",
    }
}

impl Reason {
    /// The reason of a refusal.
    #[must_use]
    pub const fn of(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::WrongKey { .. } => Self::WrongKey,
            Refusal::RolloverRefused { .. } => Self::RolloverRefused,
            Refusal::WrongCertificate { .. } => Self::WrongCertificate,
            Refusal::BrokenRule { .. } => Self::BrokenRule,
            Refusal::Unreachable {} => Self::Unreachable,
            Refusal::Expired {} => Self::Expired,
            Refusal::NotAdmitted {} => Self::NotAdmitted,
            Refusal::CrossSite { .. } => Self::CrossSite,
        }
    }

    /// Finds the reason of a word.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|it| it.word() == word)
    }

    /// Headline, explanation, next step.
    const fn phrases(self) -> [Phrase; 3] {
        match self {
            Self::WrongKey => [
                Phrase::BlockedWrongKey,
                Phrase::BlockedWrongKeyText,
                Phrase::BlockedWrongKeyNext,
            ],
            Self::RolloverRefused => [
                Phrase::BlockedRolloverRefused,
                Phrase::BlockedRolloverRefusedText,
                Phrase::BlockedRolloverRefusedNext,
            ],
            Self::WrongCertificate => [
                Phrase::BlockedWrongCertificate,
                Phrase::BlockedWrongCertificateText,
                Phrase::BlockedWrongCertificateNext,
            ],
            Self::BrokenRule => [
                Phrase::BlockedBrokenRule,
                Phrase::BlockedBrokenRuleText,
                Phrase::BlockedBrokenRuleNext,
            ],
            Self::Unreachable => [
                Phrase::BlockedUnreachable,
                Phrase::BlockedUnreachableText,
                Phrase::BlockedUnreachableNext,
            ],
            Self::Expired => [
                Phrase::BlockedExpired,
                Phrase::BlockedExpiredText,
                Phrase::BlockedExpiredNext,
            ],
            Self::NotAdmitted => [
                Phrase::BlockedNotAdmitted,
                Phrase::BlockedNotAdmittedText,
                Phrase::BlockedNotAdmittedNext,
            ],
            Self::CrossSite => [
                Phrase::BlockedCrossSite,
                Phrase::BlockedUnnamedSiteText,
                Phrase::BlockedCrossSiteNext,
            ],
            Self::HostAway => [
                Phrase::BlockedHostAway,
                Phrase::BlockedHostAwayText,
                Phrase::BlockedHostAwayNext,
            ],
            Self::Unknown => [
                Phrase::BlockedUnknown,
                Phrase::BlockedUnknownText,
                Phrase::BlockedUnknownNext,
            ],
        }
    }

    /// What happened, in one sentence.
    pub(super) const fn headline(self) -> Phrase {
        let [headline, _, _] = self.phrases();
        headline
    }

    /// What can be done anew, once what is trusted is forgotten.
    const fn mended_by(self) -> Option<Anew> {
        match self {
            Self::WrongKey | Self::RolloverRefused | Self::Expired | Self::NotAdmitted => {
                Some(Anew::Pair)
            }
            Self::WrongCertificate => Some(Anew::Import),
            Self::BrokenRule
            | Self::Unreachable
            | Self::CrossSite
            | Self::HostAway
            | Self::Unknown => None,
        }
    }
}

/// How trust comes about again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Anew {
    Pair,
    Import,
}

impl Anew {
    /// The way there, what happens on it, its last step.
    const fn phrases(self) -> [Phrase; 3] {
        match self {
            Self::Pair => [
                Phrase::PairAnew,
                Phrase::PairAnewText,
                Phrase::ForgetAndPair,
            ],
            Self::Import => [
                Phrase::ImportAnew,
                Phrase::ImportAnewText,
                Phrase::ForgetAndImport,
            ],
        }
    }

    const fn page(self) -> &'static str {
        match self {
            Self::Pair => "pair.html",
            Self::Import => "import.html",
        }
    }
}

/// The page's state.
#[derive(Debug, Default)]
pub struct Blocked {
    address: Option<Address>,
    status: Option<Status>,
    answered: bool,
    refusal: Option<Refusal>,
    /// How often in a row this tab got no answer.
    failures: u32,
    /// The host was seen to be away.
    waited: bool,
    forgetting: bool,
    fault: Option<Fault>,
}

impl Blocked {
    pub(super) fn open(fragment: &str) -> (Self, Vec<Effect>) {
        let address = Address::parse(fragment).or_else(|| Address::from_fragment(fragment));
        let ask = address.as_ref().map(|address| Effect::Say {
            message: FromPage::AskRefusal {
                name: address.name().clone(),
            },
        });
        let page = Self {
            answered: address.is_none(),
            address,
            ..Self::default()
        };
        (page, Vec::from_iter(ask))
    }

    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Heard { message } => self.heard(message),
            Event::Pressed { action, .. } => self.pressed(action),
            Event::Lost {}
            | Event::Reading {}
            | Event::Picture { .. }
            | Event::NoPicture {}
            | Event::NoCamera { .. }
            | Event::CameraWorks {}
            | Event::Surroundings { .. }
            | Event::Returned {}
            | Event::Seen { .. }
            | Event::Tab { .. }
            | Event::Text { .. }
            | Event::Secret { .. }
            | Event::File { .. }
            | Event::CodeTyped { .. }
            | Event::Typed { .. } => Vec::new(),
        }
    }

    fn heard(&mut self, message: ToPage) -> Vec<Effect> {
        match message {
            ToPage::Status { status } => {
                self.status = Some(status);
                if self.is_forgotten() {
                    return self.to_ceremony();
                }
                return self.go_on();
            }
            ToPage::Refused { refusal, failures } => {
                self.answered = true;
                self.refusal = refusal;
                self.failures = failures;
                return self.go_on();
            }
            ToPage::Failed { fault } => self.fault = Some(fault),
            ToPage::Revoked {} => return self.to_ceremony(),
            ToPage::Makers { .. }
            | ToPage::Invited { .. }
            | ToPage::HandedOver { .. }
            | ToPage::BackupMade { .. }
            | ToPage::BackupPart { .. }
            | ToPage::RestoreGiven {}
            | ToPage::RestoreOpened { .. }
            | ToPage::Restored {}
            | ToPage::Audit { .. }
            | ToPage::Progress { .. }
            | ToPage::SitesAsked { .. }
            | ToPage::Decide { .. }
            | ToPage::NotVouched {}
            | ToPage::DecideImport { .. }
            | ToPage::Paired { .. } => {}
        }
        Vec::new()
    }

    fn pressed(&mut self, action: Action) -> Vec<Effect> {
        self.fault = None;
        match action {
            Action::Retry => self.to_address(),
            Action::Forget | Action::ForgetCancel => {
                self.forgetting = action == Action::Forget && self.device().is_some();
                Vec::new()
            }
            Action::ForgetConfirm if self.forgetting => {
                self.forgetting = false;
                let device = self.device().map(|device| device.id.clone());
                let message = device.map(|device| FromPage::Revoke { device });
                Vec::from_iter(message.map(|message| Effect::Say { message }))
            }
            Action::Pair => self.to_ceremony(),
            Action::ForgetConfirm
            | Action::Scan
            | Action::Import
            | Action::ReadImport
            | Action::AskUnverified
            | Action::OpenUnverified
            | Action::RemoveUnverified
            | Action::StopScan
            | Action::Open
            | Action::Cancel
            | Action::Trust
            | Action::Refuse
            | Action::Again
            | Action::Manage
            | Action::ShowDevices
            | Action::Allow
            | Action::PassSite
            | Action::AllowSite
            | Action::ShowMakers
            | Action::ShowChecks
            | Action::TryCamera
            | Action::AddMaker
            | Action::RemoveMaker
            | Action::AddCancel
            | Action::ShowBackup
            | Action::Backup
            | Action::OpenBackup
            | Action::Restore
            | Action::RestoreCancel
            | Action::ShowLog
            | Action::Details
            | Action::Rename
            | Action::ShowHandover
            | Action::HandOver
            | Action::CloseHandover
            | Action::ShowInvite
            | Action::Invite
            | Action::CloseInvite
            | Action::Deny
            | Action::Undo
            | Action::Older
            | Action::Export => Vec::new(),
        }
    }

    /// The page opens by itself once the host is back, if nothing else is known to be in its way. One failure
    /// may be of a moment ago, when the host was just going; a second one is more than that.
    fn go_on(&mut self) -> Vec<Effect> {
        let (Some(status), true, None) = (&self.status, self.answered, &self.refusal) else {
            return Vec::new();
        };
        let away = status.link != LinkState::Ready || status.trouble().is_some();
        self.waited |= away;
        if !away && status.bridge == Bridge::Trusted && (self.waited || self.failures == 1) {
            return self.to_address();
        }
        Vec::new()
    }

    fn to_address(&self) -> Vec<Effect> {
        let url = self.address.as_ref().map(ToString::to_string);
        Vec::from_iter(url.map(|url| Effect::Go { url }))
    }

    /// To where trust comes about again.
    fn to_ceremony(&self) -> Vec<Effect> {
        let address = self.address.as_ref();
        let fragment = address.map(Address::to_fragment).unwrap_or_default();
        let page = self.anew().unwrap_or(Anew::Pair).page();
        vec![Effect::Go {
            url: format!("{page}#{fragment}"),
        }]
    }

    fn anew(&self) -> Option<Anew> {
        self.reason().mended_by()
    }

    /// Whatever stood in the way: the name is not trusted any more, so nothing is left to explain.
    fn is_forgotten(&self) -> bool {
        let status = self.status.as_ref();
        let ready = status.is_some_and(|status| status.link == LinkState::Ready);
        ready && self.address.is_some() && self.device().is_none()
    }

    fn device(&self) -> Option<&Device> {
        let name = self.address.as_ref()?.name();
        self.status.as_ref()?.device(name)
    }

    fn reason(&self) -> Reason {
        let trouble = self.status.as_ref().and_then(Status::trouble);
        match (&self.refusal, trouble) {
            (Some(refusal), _) => Reason::of(refusal),
            (None, Some(_)) => Reason::HostAway,
            (None, None) => Reason::Unknown,
        }
    }

    pub(super) fn view(&self) -> View {
        let view = with_status(Screen::Blocked, self.status.as_ref());
        let (Some(status), Some(address), true) = (&self.status, &self.address, self.answered)
        else {
            return view;
        };
        let reason = self.reason();
        let name = address.name();
        let [title, text, next] = reason.phrases();
        let text = match &self.refusal {
            Some(Refusal::CrossSite {
                origin: Some(origin),
            }) => Text::say_of(Phrase::BlockedCrossSiteText, &[name, origin]),
            _ => Text::say_of(text, &[name]),
        };
        let paired = self.device().is_some();
        let ready = status.link == LinkState::Ready;
        let anew = reason.mended_by().filter(|_| paired && ready);
        let may_forget = anew.is_some();
        let view = view
            .titled(Slot::BlockedTitle, Text::say_of(title, &[name]))
            .text(Slot::BlockedText, text)
            .text(Slot::BlockedNext, Text::say_of(next, &[name]))
            .mark(Mark::Reason, reason.word())
            .part(Part::CanRetry, paired && !self.forgetting)
            .part(Part::CanForget, may_forget && !self.forgetting)
            .part(Part::Forgetting, may_forget && self.forgetting)
            .part(Part::CanPair, ready && !paired);
        let view = match self.fault {
            Some(fault) => with_fault(view, fault),
            None => view,
        };
        let view = self.with_keys(view).text(
            Slot::ForgetQuestion,
            Text::say_of(Phrase::ForgetQuestion, &[name]),
        );
        let Some([way, text, done]) = anew.map(Anew::phrases) else {
            return view;
        };
        view.text(Slot::ForgetWay, Text::say(way))
            .text(Slot::ForgetText, Text::say(text))
            .text(Slot::ForgetDo, Text::say(done))
    }

    fn with_keys(&self, view: View) -> View {
        let (expected, seen) = match &self.refusal {
            Some(
                Refusal::WrongKey { expected, seen }
                | Refusal::RolloverRefused { expected, seen, .. },
            ) => {
                let seen = seen.as_ref().map(KeyFingerprint::as_bytes);
                (expected.as_bytes(), seen)
            }
            Some(Refusal::WrongCertificate { expected, seen }) => {
                (expected.as_bytes(), Some(seen.as_bytes()))
            }
            Some(
                Refusal::BrokenRule { .. }
                | Refusal::Unreachable {}
                | Refusal::Expired {}
                | Refusal::NotAdmitted {}
                | Refusal::CrossSite { .. },
            )
            | None => return view,
        };
        let seen = seen.map_or_else(|| Text::say(Phrase::SeenNothing), Text::fingerprint);
        view.part(Part::Keys, true)
            .text(Slot::Expected, Text::fingerprint(expected))
            .text(Slot::Seen, seen)
    }
}
