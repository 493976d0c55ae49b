//! What the user decides on: who was proved, what trusting it means, and the name to give it.

use settle_protocol::material::{Kind, Lifetime};
use settle_protocol::name::Label;
use settle_protocol::rpc::maker::{MakerProblem, MakerStatement};
use settle_protocol::rpc::{Decision, Device};

use super::pair::Deciding;
use crate::message::Status;
use crate::phrase::Phrase;
use crate::view::{Field, Part, Slot, Text, View};

impl Deciding {
    pub(super) fn new(decision: Decision) -> Self {
        Self {
            petname: decision.label.to_string(),
            refused_name: decision.name_taken,
            committing: false,
            decision: Box::new(decision),
        }
    }

    /// The chosen name, or what is wrong with it. A device that is paired anew keeps its own name.
    fn name(&self, status: Option<&Status>) -> Result<Label, Phrase> {
        let label = Label::parse(self.petname.trim()).map_err(|_| Phrase::PetnameBad)?;
        let holder = status.and_then(|status| status.device(&label.dot_local()));
        let taken = holder.is_some_and(|holder| !self.is_same(holder));
        if taken || self.refused_name {
            return Err(Phrase::PetnameTaken);
        }
        Ok(label)
    }

    pub(super) fn usable_name(&self, status: Option<&Status>) -> Option<Label> {
        self.name(status).ok().filter(|_| !self.committing)
    }

    fn is_same(&self, device: &Device) -> bool {
        let paired = device.anchor.paired();
        paired.is_some_and(|paired| paired.fingerprint.matches(&self.decision.fingerprint))
    }
}

pub(super) fn view(view: View, deciding: &Deciding, status: Option<&Status>) -> View {
    let decision = &deciding.decision;
    let name = deciding.name(status);
    let usable = deciding.usable_name(status).is_some();
    let (kind, scope) = match decision.kind {
        Kind::Device => (
            Phrase::KindDevice,
            Text::say_of(
                Phrase::ScopeDevice,
                &[&name
                    .as_ref()
                    .map_or_else(|_| decision.unique_name.clone(), Label::dot_local)],
            ),
        ),
        Kind::Referee => (Phrase::KindReferee, Text::say(Phrase::ScopeReferee)),
    };
    let proof = match decision.code {
        Lifetime::OneTime => Phrase::ProofOneTime,
        Lifetime::Printed => Phrase::ProofPrinted,
    };
    let view = match &name {
        Ok(name) => view.text(
            Slot::PetnameAddress,
            Text::say_of(Phrase::PetnameAddress, &[&name.dot_local()]),
        ),
        Err(problem) => view.text(Slot::PetnameProblem, Text::say(*problem)),
    };
    let view = view_of_maker(view, decision.maker.as_ref());
    view.titled(Slot::DecisionTitle, Text::say(Phrase::DecisionTitle))
        .text(Slot::Label, Text::literal(&decision.label))
        .text(Slot::Kind, Text::say(kind))
        .text(Slot::UniqueName, Text::literal(&decision.unique_name))
        .key(decision.fingerprint)
        .authority(decision.authority)
        .text(Slot::Scope, scope)
        .text(Slot::Role, role(&decision.role))
        .text(Slot::Proof, Text::say(proof))
        .field(Field::Petname, deciding.petname.clone())
        .part(Part::CanTrust, usable)
        .part(Part::CanRefuse, !deciding.committing)
}

/// What its maker says of it: a line when that holds, a warning when it does not.
fn view_of_maker(view: View, statement: Option<&MakerStatement>) -> View {
    match statement {
        Some(MakerStatement::Valid {
            maker,
            serial_number,
        }) => view.part(Part::Made, true).text(
            Slot::MadeBy,
            Text::say_of(Phrase::MadeBy, &[maker, serial_number]),
        ),
        Some(MakerStatement::Invalid { maker, problem, .. }) => view
            .part(Part::NotMade, true)
            .text(
                Slot::MakerWarning,
                Text::say_of(Phrase::MakerWarning, &[maker]),
            )
            .text(Slot::MakerReason, Text::say(reason(*problem))),
        None => view,
    }
}

const fn reason(problem: MakerProblem) -> Phrase {
    match problem {
        MakerProblem::Expired => Phrase::MakerExpired,
        MakerProblem::NotPossessed => Phrase::MakerNotPossessed,
        MakerProblem::OtherDevice => Phrase::MakerOtherDevice,
        MakerProblem::OutOfScope => Phrase::MakerOutOfScope,
        MakerProblem::Broken => Phrase::MakerBroken,
    }
}

/// Roles other than the two that every device knows are the device's own words.
pub(super) fn role(role: &str) -> Text {
    match role {
        "admin" => Text::say(Phrase::RoleAdmin),
        "guest" => Text::say(Phrase::RoleGuest),
        other => Text::say_of(Phrase::RoleOther, &[&other]),
    }
}
