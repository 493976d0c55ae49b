//! Handing a name over to a server: its name and what it speaks are given, the referee is asked, and what has to be
//! pasted on the server is shown until the user leaves.

use settle_protocol::handover::Taker;
use settle_protocol::name::LocalName;
use settle_protocol::rpc::handover::{HandOver, HandedOver, HandedTo};

use crate::message::FromPage;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{Field, List, Part, Row, Slot, Text, View};

/// One name, from the question on.
#[derive(Debug)]
pub(super) struct Handing {
    /// The referee's identifier in the trust store.
    pub(super) referee: String,
    /// What the field for the name holds.
    name: String,
    is_est: bool,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Choosing,
    /// The referee is asked.
    Asked(LocalName),
    Shown(LocalName, HandedOver),
}

impl Handing {
    pub(super) const fn by(referee: String) -> Self {
        Self {
            referee,
            name: String::new(),
            is_est: false,
            stage: Stage::Choosing,
        }
    }

    pub(super) fn typed(&mut self, field: Field, text: String) {
        if field == Field::HandedBy {
            self.is_est = text == "est";
        } else {
            self.name = text;
        }
    }

    /// The name that was typed, or that it is none.
    fn named(&self) -> Option<Result<LocalName, Phrase>> {
        match self.name.trim() {
            "" => None,
            name => Some(LocalName::parse(name).map_err(|_| Phrase::ImportNameBad)),
        }
    }

    /// Asks the referee, once at a time.
    pub(super) fn ask(&mut self) -> Vec<Effect> {
        let (Stage::Choosing, Some(Ok(name))) = (&self.stage, self.named()) else {
            return Vec::new();
        };
        self.stage = Stage::Asked(name.clone());
        let hand_over = HandOver {
            referee: self.referee.clone(),
            name,
            to: match self.is_est {
                true => HandedTo::Est,
                false => HandedTo::Acme,
            },
        };
        let message = FromPage::HandOver { hand_over };
        vec![Effect::Say { message }]
    }

    /// Something went wrong, which the page tells.
    pub(super) fn failed(&mut self) {
        if matches!(self.stage, Stage::Asked(_)) {
            self.stage = Stage::Choosing;
        }
    }

    /// What nobody waits for any more is shown to nobody.
    pub(super) fn heard(&mut self, handed: HandedOver) {
        if let Stage::Asked(name) = &self.stage {
            self.stage = Stage::Shown(name.clone(), handed);
        }
    }

    pub(super) fn view(&self, view: View, referee: &LocalName) -> View {
        let say = |phrase| Text::say_of(phrase, &[referee]);
        let by = if self.is_est { "est" } else { "acme" };
        let view = view
            .titled(Slot::HandoverTitle, say(Phrase::HandoverTitle))
            .field(Field::HandedName, self.name.clone())
            .field(Field::HandedBy, by.to_owned());
        let named = self.named();
        let problem = named.as_ref().and_then(|named| named.as_ref().err());
        match &self.stage {
            Stage::Choosing => view
                .part(Part::Handing, true)
                .part(Part::CanHandOver, matches!(named, Some(Ok(_))))
                .maybe(Slot::HandedNameProblem, problem.map(|it| Text::say(*it))),
            Stage::Asked(_) => view
                .part(Part::Handing, true)
                .text(Slot::HandoverAsking, say(Phrase::HandoverAsking)),
            Stage::Shown(name, handed) => {
                let lines = Taker::ALL.into_iter().filter_map(|it| lines(handed, it));
                view.part(Part::HandedOver, true)
                    .text(
                        Slot::HandedOver,
                        Text::say_of(Phrase::HandedOver, &[name, referee]),
                    )
                    .text(Slot::HandedRoot, Text::literal(&handed.root.trim_end()))
                    .list(List::Lines, lines.collect())
            }
        }
    }
}

fn lines(handed: &HandedOver, taker: Taker) -> Option<Row> {
    let lines = handed.handover.lines(taker)?;
    Some(Row {
        value: taker.name().to_owned(),
        texts: [
            (Slot::Taker, Text::literal(&taker.name())),
            (Slot::Lines, Text::literal(&lines.as_str())),
        ]
        .into(),
        ..Row::default()
    })
}
