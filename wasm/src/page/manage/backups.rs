//! Backups: what is trusted, sealed with a passphrase, as a file for a lost disk or a second computer; and such a file
//! opened again, with the user's consent to what would come out of it.

use settle_protocol::name::LocalName;
use settle_protocol::rpc::backup::{
    BackupMade, MAX_PART_TO_DAEMON, Part as Bytes, Passphrase, RestoreDecision,
};

use crate::message::FromPage;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{Field, List, Part, Row, Slot, Text, View};

/// The name of the file.
const FILE: &str = "settle.backup";

/// What is typed and chosen, and how far it is.
#[derive(Debug, Default)]
pub(super) struct Backups {
    passphrase: Option<Passphrase>,
    again: Option<Passphrase>,
    opens: Option<Passphrase>,
    file: Option<Vec<u8>>,
    step: Step,
    /// What was done last.
    done: Option<Text>,
}

/// What is under way.
#[derive(Debug, Default)]
enum Step {
    #[default]
    Nothing,
    /// The daemon seals.
    Making,
    /// The sealed bytes that were read.
    Reading { made: BackupMade, bytes: Vec<u8> },
    /// So many bytes of the chosen file were given.
    Giving { given: usize },
    /// The daemon opens it.
    Opening,
    /// The user is asked.
    Deciding(RestoreDecision),
    /// So many devices are being trusted.
    Restoring { devices: usize },
}

impl Backups {
    pub(super) fn typed(&mut self, field: Field, text: Passphrase) {
        let text = Some(text).filter(|text| !text.expose().is_empty());
        match field {
            Field::NewPassphrase => self.passphrase = text,
            Field::NewPassphraseAgain => self.again = text,
            Field::Passphrase => self.opens = text,
            Field::Petname
            | Field::Origin
            | Field::InvitedRole
            | Field::HandedName
            | Field::HandedBy
            | Field::Search
            | Field::ImportName
            | Field::ImportSource
            | Field::ImportPlace
            | Field::Order
            | Field::MakerName
            | Field::SerialNumbers => {}
        }
    }

    pub(super) fn chosen(&mut self, file: Bytes) {
        self.done = None;
        self.step = Step::Nothing;
        self.file = Some(file.0);
    }

    pub(super) fn make(&mut self) -> Vec<Effect> {
        let Some(passphrase) = self.passphrase.clone().filter(|_| self.can_make()) else {
            return Vec::new();
        };
        self.done = None;
        self.step = Step::Making;
        say(FromPage::MakeBackup { passphrase })
    }

    pub(super) fn made(&mut self, made: BackupMade) -> Vec<Effect> {
        if !matches!(self.step, Step::Making) {
            return Vec::new();
        }
        let bytes = Vec::new();
        self.step = Step::Reading { made, bytes };
        say(FromPage::ReadBackup { offset: 0 })
    }

    pub(super) fn read(&mut self, part: Bytes) -> Vec<Effect> {
        let Step::Reading { made, bytes } = &mut self.step else {
            return Vec::new();
        };
        let is_end = part.0.is_empty();
        bytes.extend(part.0);
        let offset = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if !is_end && offset < made.length {
            return say(FromPage::ReadBackup { offset });
        }
        let file = Effect::SaveBytes {
            name: FILE.to_owned(),
            bytes: Bytes(std::mem::take(bytes)),
        };
        *self = Self {
            done: Some(Text::say_of(Phrase::BackupMade, &[&made.devices])),
            ..Self::default()
        };
        vec![file]
    }

    /// Begins to give the chosen file to the daemon.
    pub(super) fn open(&mut self) -> Vec<Effect> {
        if !self.can_open() {
            return Vec::new();
        }
        self.done = None;
        self.step = Step::Giving { given: 0 };
        self.given()
    }

    /// The daemon has what was given; now it gets the next part, and the passphrase after the last one.
    pub(super) fn given(&mut self) -> Vec<Effect> {
        let (Step::Giving { given }, Some(file), Some(passphrase)) =
            (&mut self.step, &self.file, &self.opens)
        else {
            return Vec::new();
        };
        let rest = file.get(*given..).unwrap_or_default();
        if rest.is_empty() && *given > 0 {
            let passphrase = passphrase.clone();
            self.step = Step::Opening;
            return say(FromPage::OpenRestore { passphrase });
        }
        let part = rest.get(..MAX_PART_TO_DAEMON).unwrap_or(rest);
        let offset = u64::try_from(*given).unwrap_or(u64::MAX);
        // An empty file is given too: the daemon says what is wrong with it.
        *given += part.len().max(1);
        let part = Bytes(part.to_vec());
        say(FromPage::WriteRestore { offset, part })
    }

    pub(super) fn opened(&mut self, decision: RestoreDecision) {
        if matches!(self.step, Step::Opening) {
            self.step = Step::Deciding(decision);
        }
    }

    pub(super) fn confirm(&mut self) -> Vec<Effect> {
        let Step::Deciding(decision) = &self.step else {
            return Vec::new();
        };
        let devices = decision.added.len();
        self.step = Step::Restoring { devices };
        say(FromPage::CommitRestore {})
    }

    pub(super) fn restored(&mut self) {
        if let Step::Restoring { devices } = self.step {
            *self = Self {
                done: Some(Text::say_of(Phrase::RestoreDone, &[&devices])),
                ..Self::default()
            };
        }
    }

    /// Whatever was under way has ended.
    pub(super) fn stop(&mut self) {
        self.step = Step::Nothing;
    }

    fn can_make(&self) -> bool {
        matches!(self.step, Step::Nothing)
            && self.passphrase.is_some()
            && self.passphrase == self.again
    }

    const fn can_open(&self) -> bool {
        matches!(self.step, Step::Nothing) && self.file.is_some() && self.opens.is_some()
    }

    /// The fields of passphrases are emptied when they have done their work, and else left alone.
    pub(super) fn view(&self, view: View) -> View {
        let differs = self.again.is_some() && self.passphrase != self.again;
        let empty = |view: View, field: Field, typed: &Option<Passphrase>| match typed {
            Some(_) => view,
            None => view.field(field, String::new()),
        };
        let view = empty(view, Field::NewPassphrase, &self.passphrase);
        let view = empty(view, Field::NewPassphraseAgain, &self.again);
        let view = empty(view, Field::Passphrase, &self.opens);
        let asked = matches!(self.step, Step::Deciding(_));
        let view = view
            .titled(Slot::BackupTitle, Text::say(Phrase::ManageBackup))
            .maybe(Slot::BackupDone, self.done.clone())
            .maybe(
                Slot::PassphraseProblem,
                differs.then(|| Text::say(Phrase::PassphraseDiffers)),
            )
            .part(Part::BackupDone, self.done.is_some())
            .part(Part::CanBackup, self.can_make())
            .part(Part::CanRestore, self.can_open())
            .part(Part::Choosing, !asked)
            .part(Part::Restoring, asked);
        match &self.step {
            Step::Deciding(decision) => view.list(List::Restored, rows(decision)),
            Step::Nothing
            | Step::Making
            | Step::Reading { .. }
            | Step::Giving { .. }
            | Step::Opening
            | Step::Restoring { .. } => view,
        }
    }
}

fn rows(decision: &RestoreDecision) -> Vec<Row> {
    let added = decision.added.iter().map(|device| {
        let mut row = row(&device.name, Phrase::RestoredNew);
        let own = Text::literal(&device.unique_name);
        row.texts.insert(Slot::UniqueName, own);
        row
    });
    let kept = decision.kept.iter();
    let kept = kept.map(|name| row(name, Phrase::RestoredKept));
    let taken = decision.name_taken.iter();
    let taken = taken.map(|name| row(name, Phrase::RestoredTaken));
    added.chain(kept).chain(taken).collect()
}

fn row(name: &LocalName, becomes: Phrase) -> Row {
    Row {
        value: format!("{name} {}", becomes.word()),
        texts: [
            (Slot::Name, Text::literal(name)),
            (Slot::State, Text::say(becomes)),
        ]
        .into(),
        ..Row::default()
    }
}

fn say(message: FromPage) -> Vec<Effect> {
    vec![Effect::Say { message }]
}
