//! One device: who it is, what it may do, and what happened with it.

use settle_protocol::material::Lifetime;
use settle_protocol::rpc::{Device, DeviceAnchor, PairedAnchor};

use super::list::verified_at;
use super::{Manage, Place};
use crate::page::overview::role_of;
use crate::phrase::Phrase;
use crate::view::{Field, List, Part, Row, Slot, Text, View};
use crate::vouching;

/// The role that a referee takes names from.
const ADMIN: &str = "admin";

impl Manage {
    pub(super) fn view_device(&self, view: View) -> View {
        let (Some(device), Place::Device(shown)) = (self.shown(), &self.place) else {
            return view;
        };
        let name = device.name();
        let new_name = self.new_name(device);
        let problem = new_name.as_ref().and_then(|name| name.as_ref().err());
        let new_origin = self.new_origin(device);
        let no_origin = new_origin.as_ref().and_then(|it| it.as_ref().err());
        let typed = shown.petname.as_deref().unwrap_or(device.petname.as_str());
        let origins: Vec<Row> = device.allowed_origins.iter().map(origin).collect();
        let former = device.anchor.paired().map_or_else(Vec::new, former);
        let devices = self.status.as_ref().map_or(&[][..], |it| &it.devices);
        with_anchor(view, device, devices)
            .titled(Slot::DeviceTitle, Text::literal(name))
            .text(Slot::UniqueName, Text::literal(&device.unique_name))
            .text(Slot::Role, role_of(device, devices))
            .text(Slot::Proof, Text::say(proof(&device.anchor)))
            .text(Slot::PairedAt, Text::Time(device.paired_at))
            .text(Slot::VerifiedAt, verified_at(device))
            .text(
                Slot::ForgetQuestion,
                Text::say_of(Phrase::ForgetQuestion, &[name]),
            )
            .part(Part::HasPetname, device.anchor.paired().is_some())
            .maybe(Slot::PetnameProblem, problem.map(|it| Text::say(*it)))
            .field(Field::Petname, typed.to_owned())
            .part(Part::CanRename, matches!(new_name, Some(Ok(_))))
            .part(Part::CanForget, !shown.forgetting)
            .part(Part::Forgetting, shown.forgetting)
            .part(Part::CanAllow, matches!(new_origin, Some(Ok(_))))
            .maybe(Slot::OriginProblem, no_origin.map(|it| Text::say(*it)))
            .field(Field::Origin, shown.origin.clone())
            .list(List::Origins, origins)
            .part(Part::MayInvite, device.anchor.paired().is_some())
            .part(Part::HasFormer, !former.is_empty())
            .list(List::Former, former)
            .list(List::History, self.log.rows_of(device))
    }
}

fn origin(origin: &settle_protocol::origin::Origin) -> Row {
    Row {
        value: origin.to_string(),
        texts: [(Slot::Origin, Text::literal(origin))].into(),
        ..Row::default()
    }
}

/// The last one first: it is what others know the device by, if they were away.
fn former(paired: &PairedAnchor) -> Vec<Row> {
    let keys = paired.former.iter().rev();
    keys.map(|key| Row {
        value: key.to_hex(),
        texts: [
            (Slot::Fingerprint, Text::fingerprint(key.as_bytes())),
            (Slot::FingerprintWords, Text::literal(&key.to_words())),
        ]
        .into(),
        ..Row::default()
    })
    .collect()
}

/// What it is trusted by: its own key or certificate, or the key of who vouches for it.
fn with_anchor(view: View, device: &Device, devices: &[Device]) -> View {
    let is_own = !matches!(device.anchor, DeviceAnchor::Vouched { .. });
    let view = view.part(Part::HasFingerprint, is_own);
    match &device.anchor {
        DeviceAnchor::Device(paired) => view.key(paired.fingerprint),
        DeviceAnchor::Referee(paired) => {
            let vouched: Vec<Row> = vouching::vouched(device, devices).map(vouched).collect();
            view.key(paired.fingerprint)
                .authority(paired.authority)
                .part(Part::IsReferee, true)
                .part(Part::MayHandOver, paired.role == ADMIN)
                .part(Part::NothingVouched, vouched.is_empty())
                .list(List::Vouched, vouched)
        }
        DeviceAnchor::Authority { certificate } | DeviceAnchor::Certificate { certificate } => {
            view.face(certificate.as_bytes())
        }
        DeviceAnchor::Vouched { authority, .. } => {
            let referee = vouching::voucher(device, devices);
            view.authority(Some(*authority))
                .part(Part::HasVoucher, referee.is_some())
                .list(List::Vouchers, referee.map(vouched).into_iter().collect())
        }
    }
}

/// Leads to the other side of a voucher.
fn vouched(device: &Device) -> Row {
    Row {
        value: device.id.clone(),
        texts: [(Slot::Name, Text::literal(device.name()))].into(),
        ..Row::default()
    }
}

const fn proof(anchor: &DeviceAnchor) -> Phrase {
    match anchor {
        DeviceAnchor::Device(paired) | DeviceAnchor::Referee(paired) => match paired.code {
            Lifetime::OneTime => Phrase::ProofOneTime,
            Lifetime::Printed => Phrase::ProofPrinted,
        },
        DeviceAnchor::Authority { .. } | DeviceAnchor::Certificate { .. } => Phrase::ProofImported,
        DeviceAnchor::Vouched { .. } => Phrase::ProofVouched,
    }
}
