//! All devices: found by a part of a name, in the order of their names or of their last use.

use std::cmp::Ordering;

use settle_protocol::rpc::{Device, UnverifiedName};

use super::Manage;
use crate::page::overview::{role_of, state_of};
use crate::phrase::Phrase;
use crate::view::{Field, List, Part, Row, Slot, Text, View};

/// The order of the list.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) enum Order {
    /// By name.
    #[default]
    Name,
    /// The one that was used last comes first.
    Used,
    /// The one that was trusted last comes first.
    New,
}

impl Order {
    /// The order of a word of the page's; the usual one, if there is none.
    pub(super) fn of_word(word: &str) -> Self {
        match word {
            "used" => Self::Used,
            "new" => Self::New,
            _ => Self::Name,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Used => "used",
            Self::New => "new",
        }
    }

    fn compare(self, one: &Device, other: &Device) -> Ordering {
        match self {
            Self::Name => one.name().cmp(other.name()),
            Self::Used => other.last_verified_at.cmp(&one.last_verified_at),
            Self::New => other.paired_at.cmp(&one.paired_at),
        }
    }
}

impl Manage {
    pub(super) fn view_list(&self, view: View) -> View {
        let Some(status) = &self.status else {
            return view;
        };
        let wanted = self.search.trim().to_lowercase();
        let fits = |device: &&Device| {
            let mut names = device.names.iter();
            names.any(|name| name.as_str().contains(&wanted))
        };
        let mut found: Vec<&Device> = status.devices.iter().filter(fits).collect();
        found.sort_by(|one, other| self.order.compare(one, other));
        let empty = status.devices.is_empty();
        view.titled(Slot::ManageTitle, Text::say(Phrase::ManageDevices))
            .part(Part::Some, !empty)
            .part(Part::Nothing, empty)
            .part(Part::NoMatch, !empty && found.is_empty())
            .field(Field::Search, self.search.clone())
            .field(Field::Order, self.order.word().to_owned())
            .list(
                List::Devices,
                found
                    .into_iter()
                    .map(|device| row(device, &status.devices))
                    .collect(),
            )
            .part(Part::SomeUnverified, !status.unverified.is_empty())
            .list(
                List::Unverified,
                status.unverified.iter().map(unverified_row).collect(),
            )
    }
}

fn unverified_row(unverified: &UnverifiedName) -> Row {
    Row {
        value: unverified.name.to_string(),
        texts: [
            (Slot::Name, Text::literal(&unverified.name)),
            (Slot::Since, Text::Time(unverified.since)),
        ]
        .into(),
        ..Row::default()
    }
}

fn row(device: &Device, devices: &[Device]) -> Row {
    let mut row = Row {
        value: device.id.clone(),
        texts: [
            (Slot::Name, Text::literal(device.name())),
            (Slot::Role, role_of(device, devices)),
            (Slot::VerifiedAt, verified_at(device)),
        ]
        .into(),
        ..Row::default()
    };
    if let Some(state) = state_of(device) {
        row.texts.insert(Slot::State, state);
    }
    row
}

/// When the device was reached last.
pub(super) fn verified_at(device: &Device) -> Text {
    let never = || Text::say(Phrase::NeverVerified);
    device.last_verified_at.map_or_else(never, Text::Time)
}
