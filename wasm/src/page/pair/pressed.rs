//! What the buttons of the pairing page do, each in the stages that show it.

use settle_protocol::name::Label;

use super::stage::{Deciding, Problem, Stage};
use super::{Pair, say};
use crate::address::Address;
use crate::message::FromPage;
use crate::page::Effect;
use crate::view::Action;

impl Pair {
    pub(super) fn pressed(&mut self, action: Action) -> Vec<Effect> {
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
}
