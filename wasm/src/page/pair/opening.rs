//! What opens, and when: the address that was asked for, once its device is paired, a referee vouches for it, or the user
//! has said that it may open without.

use settle_protocol::rpc::Device;

use super::stage::Stage;
use super::{Pair, say};
use crate::address::Address;
use crate::message::{Bridge, FromPage, LinkState};
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::vouching;

impl Pair {
    /// The page that was asked for opens if the device goes by its name, else the device's own. Of a referee
    /// that was paired on the way to another name, it is asked first whether it vouches for that.
    pub(super) fn paired(&mut self, device: &Device) -> Vec<Effect> {
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
    pub(super) fn ask_referees(&mut self, otherwise: Option<Address>) -> Vec<Effect> {
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

    pub(super) fn not_vouched(&mut self) -> Vec<Effect> {
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

    pub(super) fn bridge_untrusted(&self) -> bool {
        let status = self.status.as_ref();
        status.is_some_and(|status| status.bridge == Bridge::Untrusted)
    }

    pub(super) fn asked_and_paired(&self) -> Option<&Address> {
        let asked = self.asked.as_ref()?;
        let status = self.status.as_ref()?;
        status.device(asked.name()).map(|_| asked)
    }

    /// The address that may open without pairing: of no device, and the host is there to find it.
    pub(super) fn may_open_unverified(&self) -> Option<&Address> {
        let asked = self.asked.as_ref()?;
        let status = self.status.as_ref()?;
        let is_free = status.device(asked.name()).is_none();
        (is_free && status.link == LinkState::Ready).then_some(asked)
    }

    /// The page opens once the browser's rules let it.
    pub(super) fn open_unverified(&self) -> Vec<Effect> {
        let (Stage::Unverified { opening: true }, Some(status), Some(asked)) =
            (&self.stage, &self.status, &self.asked)
        else {
            return Vec::new();
        };
        let is_open = status.is_unverified(asked.name());
        let url = is_open.then(|| asked.as_asked(&self.given));
        Vec::from_iter(url.map(|url| Effect::Go { url }))
    }
}
