//! What the pairing page shows; the decision's own screen is in `page/decision.rs`.

use settle_protocol::rpc::PairingStep;

use super::Pair;
use super::stage::{Problem, Stage, Working};
use crate::address::Address;
use crate::fault::Fault;
use crate::page::{decision, with_fault, with_status};
use crate::phrase::Phrase;
use crate::typing::Hint;
use crate::view::{Mark, Part, Screen, Slot, Text, View};

impl Pair {
    pub(in crate::page) fn view(&self) -> View {
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
