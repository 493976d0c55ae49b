//! The page on which a device that knows nothing of Settle is trusted, by the certificate or the fingerprint
//! that the user got from it. Nothing is proved here, and nobody is contacted before the user consents.

#[cfg(test)]
mod tests;

use std::net::SocketAddr;

use settle_protocol::fingerprint::{CertificateFingerprint, FingerprintError};
use settle_protocol::name::LocalName;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::rpc::import::{ImportDecision, ImportKind, ImportSource, StartImport};

use super::{Effect, Event, with_fault, with_status};
use crate::address::Address;
use crate::fault::Fault;
use crate::message::{Bridge, FromPage, Status, ToPage};
use crate::phrase::Phrase;
use crate::view::{Action, Field, Mark, Part, Screen, Slot, Text, View};

/// How a certificate begins as PEM (RFC 7468 §5).
const PEM: &str = "-----BEGIN CERTIFICATE-----";

/// The page's state.
#[derive(Debug, Default)]
pub struct Import {
    asked: Option<Address>,
    status: Option<Status>,
    name: String,
    source: String,
    /// Where the device is, if its name does not lead there.
    place: String,
    stage: Stage,
    fault: Option<Fault>,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Typing,
    /// The daemon reads what was typed.
    Reading,
    Deciding {
        decision: ImportDecision,
        committing: bool,
    },
    Imported(Address),
}

impl Import {
    pub(super) fn open(fragment: &str) -> Self {
        let asked = Address::parse(fragment).or_else(|| Address::from_fragment(fragment));
        let name = asked.as_ref().map(|asked| asked.name().to_string());
        Self {
            name: name.unwrap_or_default(),
            asked,
            ..Self::default()
        }
    }

    pub(super) fn update(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Heard { message } => self.heard(message),
            Event::Typed { field, text } => {
                self.typed(field, text);
                Vec::new()
            }
            Event::Pressed { action, .. } => self.pressed(action),
            Event::Lost {} => {
                self.status = None;
                if !matches!(self.stage, Stage::Imported(_)) {
                    self.stage = Stage::Typing;
                }
                Vec::new()
            }
            Event::Reading {}
            | Event::Picture { .. }
            | Event::NoPicture {}
            | Event::NoCamera { .. }
            | Event::Seen { .. }
            | Event::Text { .. }
            | Event::Secret { .. }
            | Event::File { .. }
            | Event::CameraWorks {}
            | Event::Tab { .. }
            | Event::Surroundings { .. }
            | Event::Returned {}
            | Event::CodeTyped { .. } => Vec::new(),
        }
    }

    fn heard(&mut self, message: ToPage) -> Vec<Effect> {
        match (message, &self.stage) {
            (ToPage::Status { status }, _) => self.status = Some(status),
            (ToPage::DecideImport { decision }, Stage::Reading) => {
                self.stage = Stage::Deciding {
                    decision,
                    committing: false,
                };
            }
            (ToPage::Failed { fault }, Stage::Reading | Stage::Deciding { .. }) => {
                self.fault = Some(fault);
                self.stage = Stage::Typing;
            }
            (ToPage::Paired { device }, Stage::Deciding { .. }) => {
                let asked = self.asked.clone();
                let asked = asked.filter(|asked| device.names.contains(asked.name()));
                let home = || Address::home(device.unique_name.clone());
                return self.imported(asked.unwrap_or_else(home));
            }
            // Nothing else is asked for by this page, or not any more.
            (_, _) => {}
        }
        Vec::new()
    }

    fn imported(&mut self, opens: Address) -> Vec<Effect> {
        let status = self.status.as_ref();
        let held = status.is_some_and(|status| status.bridge == Bridge::Untrusted);
        let url = opens.to_string();
        self.stage = Stage::Imported(opens);
        Vec::from_iter((!held).then_some(Effect::Go { url }))
    }

    fn typed(&mut self, field: Field, text: String) {
        match field {
            Field::ImportName => self.name = text,
            Field::ImportSource => self.source = text,
            Field::ImportPlace => self.place = text,
            Field::Petname
            | Field::Search
            | Field::Order
            | Field::Origin
            | Field::InvitedRole
            | Field::HandedName
            | Field::HandedBy
            | Field::NewPassphrase
            | Field::NewPassphraseAgain
            | Field::Passphrase
            | Field::MakerName
            | Field::SerialNumbers => return,
        }
        self.fault = None;
    }

    fn pressed(&mut self, action: Action) -> Vec<Effect> {
        match (action, &mut self.stage) {
            (Action::ReadImport, Stage::Typing) => {
                let Some(start) = self.start() else {
                    return Vec::new();
                };
                self.fault = None;
                self.stage = Stage::Reading;
                say(FromPage::StartImport { start })
            }
            (Action::Refuse, Stage::Deciding { committing, .. }) if !*committing => {
                self.stage = Stage::Typing;
                Vec::new()
            }
            (
                Action::Trust,
                Stage::Deciding {
                    decision,
                    committing,
                },
            ) if !*committing && !decision.name_taken => {
                *committing = true;
                let import = decision.import;
                say(FromPage::CommitImport { import })
            }
            (Action::Open, Stage::Imported(opens)) => vec![Effect::Go {
                url: opens.to_string(),
            }],
            (_, _) => Vec::new(),
        }
    }

    /// All that was typed, if all of it is good.
    fn start(&self) -> Option<StartImport> {
        let name = self.good_name().ok()?;
        let asked = self.asked.as_ref().filter(|asked| *asked.name() == name);
        let place = self.good_place().ok()?;
        let port = place.map_or(443, |place| place.port());
        Some(StartImport {
            port: asked.map_or(port, Address::port),
            addresses: place.into_iter().collect(),
            source: self.good_source()?.ok()?,
            name,
        })
    }

    fn good_name(&self) -> Result<LocalName, Phrase> {
        let name = LocalName::parse(self.name.trim()).map_err(|_| Phrase::ImportNameBad)?;
        let status = self.status.as_ref();
        if status.is_some_and(|status| status.device(&name).is_some()) {
            return Err(Phrase::PetnameTaken);
        }
        Ok(name)
    }

    /// `None` while there is nothing.
    fn good_source(&self) -> Option<Result<ImportSource, Phrase>> {
        let text = self.source.trim();
        if text.is_empty() {
            return None;
        }
        if text.contains(PEM) {
            return Some(Ok(ImportSource::Pem(text.to_owned())));
        }
        let fingerprint = CertificateFingerprint::parse(text);
        Some(match fingerprint {
            Ok(fingerprint) => Ok(ImportSource::Fingerprint(fingerprint)),
            Err(FingerprintError::Sha1) => Err(Phrase::ImportSha1),
            Err(FingerprintError::NotHex | FingerprintError::Length(_)) => Err(Phrase::ImportBad),
        })
    }

    fn good_place(&self) -> Result<Option<SocketAddr>, Phrase> {
        let text = self.place.trim();
        if text.is_empty() {
            return Ok(None);
        }
        let bare = text.parse().map(|ip| SocketAddr::new(ip, 443));
        let place = text.parse().or(bare);
        place.map(Some).map_err(|_| Phrase::ImportPlaceBad)
    }

    pub(super) fn view(&self) -> View {
        match &self.stage {
            Stage::Typing | Stage::Reading => self.view_form(),
            Stage::Deciding {
                decision,
                committing,
            } => view_decision(
                with_status(Screen::Decision, self.status.as_ref()),
                decision,
                *committing,
            ),
            Stage::Imported(opens) => with_status(Screen::Done, self.status.as_ref())
                .titled(
                    Slot::DoneTitle,
                    Text::say_of(Phrase::DoneImported, &[opens.name()]),
                )
                .text(
                    Slot::DoneText,
                    Text::say_of(Phrase::DonePairedHeld, &[opens]),
                )
                .part(Part::CanOpen, true)
                .mark(Mark::Outcome, "imported"),
        }
    }

    fn view_form(&self) -> View {
        let name = (!self.name.trim().is_empty()).then(|| self.good_name());
        let problem = |problem: Option<Phrase>| problem.map(Text::say);
        let view = with_status(Screen::Import, self.status.as_ref())
            .titled(Slot::ImportTitle, Text::say(Phrase::ImportTitle))
            .field(Field::ImportName, self.name.clone())
            .field(Field::ImportSource, self.source.clone())
            .field(Field::ImportPlace, self.place.clone())
            .maybe(Slot::ImportNameProblem, problem(name.and_then(Result::err)))
            .maybe(
                Slot::ImportSourceProblem,
                problem(self.good_source().and_then(Result::err)),
            )
            .maybe(Slot::ImportPlaceProblem, problem(self.good_place().err()))
            .part(
                Part::CanImport,
                matches!(self.stage, Stage::Typing) && self.start().is_some(),
            );
        match self.fault {
            Some(fault) => with_fault(view, fault),
            None => view,
        }
    }
}

fn view_decision(view: View, decision: &ImportDecision, committing: bool) -> View {
    let kind = match decision.kind {
        ImportKind::Authority => Phrase::KindAuthority,
        ImportKind::Certificate => Phrase::KindCertificate,
    };
    let view = if decision.name_taken {
        with_fault(view, ErrorKind::NameTaken.into())
    } else {
        view
    };
    view.titled(Slot::DecisionTitle, Text::say(Phrase::ImportDecisionTitle))
        .text(Slot::Label, Text::literal(&decision.name))
        .text(Slot::Kind, Text::say(kind))
        .text(
            Slot::Scope,
            Text::say_of(Phrase::ImportScope, &[&decision.name]),
        )
        .face(decision.certificate.as_bytes())
        .part(Part::CanTrust, !committing && !decision.name_taken)
        .part(Part::CanRefuse, !committing)
}

fn say(message: FromPage) -> Vec<Effect> {
    vec![Effect::Say { message }]
}
