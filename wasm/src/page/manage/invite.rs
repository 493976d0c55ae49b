//! Letting another computer in to a device: what it may do is chosen, the device is asked for a code, and the code
//! is shown in each of its forms until the user leaves.

use settle_protocol::code;
use settle_protocol::material::PairingMaterial;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::rpc::invitation::{Invitation, Invite, InvitedAs};

use crate::drawing::Drawing;
use crate::fault::Fault;
use crate::message::FromPage;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{Field, Part, Slot, Text, View};

/// One invitation, from the choice on.
#[derive(Debug)]
pub(super) struct Inviting {
    /// The device's identifier in the trust store.
    pub(super) device: String,
    role: InvitedAs,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    Choosing,
    /// The device is asked.
    Asked,
    Shown(Shown),
}

/// The code in each of its forms.
struct Shown {
    code: String,
    typed: String,
    words: String,
    drawing: Option<Drawing>,
    expires_at: u64,
}

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shown")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Inviting {
    pub(super) fn to(device: String) -> Self {
        Self {
            device,
            role: InvitedAs::default(),
            stage: Stage::Choosing,
        }
    }

    pub(super) fn chosen(&mut self, word: &str) {
        let roles = [InvitedAs::Guest, InvitedAs::Admin];
        if let Some(role) = roles.into_iter().find(|role| role.word() == word) {
            self.role = role;
        }
    }

    /// Asks the device, once at a time.
    pub(super) fn ask(&mut self) -> Vec<Effect> {
        if !matches!(self.stage, Stage::Choosing) {
            return Vec::new();
        }
        self.stage = Stage::Asked;
        let invite = Invite {
            device: self.device.clone(),
            role: self.role,
        };
        let message = FromPage::Invite { invite };
        vec![Effect::Say { message }]
    }

    /// Something went wrong, which the page tells.
    pub(super) fn failed(&mut self) {
        if matches!(self.stage, Stage::Asked) {
            self.stage = Stage::Choosing;
        }
    }

    /// A code that nobody waits for any more is shown to nobody.
    pub(super) fn heard(&mut self, invitation: Invitation) -> Result<(), Fault> {
        if !matches!(self.stage, Stage::Asked) {
            return Ok(());
        }
        self.stage = Stage::Choosing;
        let Invitation { code, expires_at } = invitation;
        let material = PairingMaterial::parse(&code);
        let material = material.map_err(|_| Fault::from(ErrorKind::DeviceMisbehaved))?;
        let (typed, words) = code::forms_to_read(&material.secret);
        self.stage = Stage::Shown(Shown {
            drawing: Drawing::qr(&code),
            code,
            typed,
            words,
            expires_at,
        });
        Ok(())
    }

    pub(super) fn view(&self, view: View, name: &dyn std::fmt::Display) -> View {
        let view = view
            .titled(
                Slot::InviteTitle,
                Text::say_of(Phrase::InviteTitle, &[name]),
            )
            .field(Field::InvitedRole, self.role.word().to_owned());
        let shown = match &self.stage {
            Stage::Choosing => return view.part(Part::Inviting, true).part(Part::CanInvite, true),
            Stage::Asked => {
                let asking = Text::say_of(Phrase::InviteAsking, &[name]);
                return view
                    .part(Part::Inviting, true)
                    .text(Slot::InviteAsking, asking);
            }
            Stage::Shown(shown) => shown,
        };
        let role = match self.role {
            InvitedAs::Admin => Phrase::InvitedAdmin,
            InvitedAs::Guest => Phrase::InvitedGuest,
        };
        view.part(Part::Invited, true)
            .text(Slot::InvitedAs, Text::say(role))
            .text(Slot::ExpiresAt, Text::Time(shown.expires_at))
            .text(Slot::Code, Text::literal(&shown.code))
            .text(Slot::CodeTyped, Text::literal(&shown.typed))
            .text(Slot::CodeWords, Text::literal(&shown.words))
            .drawing(shown.drawing.clone())
    }
}
