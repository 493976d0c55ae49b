//! The extension's pages: each a model, `update(event) -> effects` and `view()`. Pure: what a view
//! looks like is in the HTML files, and `extension/page.js` puts the two together.

mod blocked;
mod decision;
mod import;
mod manage;
mod overview;
mod pair;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use settle_protocol::rpc::backup::{Part as Bytes, Passphrase};

pub use self::blocked::{Blocked, Reason};
pub use self::import::Import;
pub use self::manage::{Access, Manage};
pub use self::overview::Overview;
pub use self::pair::Pair;
use crate::fault::{Fault, OwnFault};
use crate::message::{CodeText, FromPage, LinkState, Status, ToPage};
use crate::names::names;
use crate::view::{Action, Field, Mark, Part, Screen, Slot, Text, View};

names! {
    /// The pages there are.
    Kind {
        /// Where codes are given and devices decided on.
        Pair = "pair",
        /// Where devices that know nothing of Settle are trusted.
        Import = "import",
        /// What explains a blocked navigation.
        Blocked = "blocked",
        /// What opens from the extension's button.
        Popup = "popup",
        /// Where what is trusted is managed.
        Manage = "manage",
    }
}

/// What happens to a page. Times are in seconds since the Unix epoch.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// The background said something.
    Heard {
        /// What it said.
        message: ToPage,
    },
    /// The background's worker ended, and with it whatever it did for this page.
    Lost {},
    /// The user gave a picture, which is being read.
    Reading {},
    /// The codes of that picture.
    Picture {
        /// Their texts.
        codes: Vec<CodeText>,
        /// The time.
        now: u64,
    },
    /// That picture cannot be read.
    NoPicture {},
    /// The camera cannot be used.
    NoCamera {
        /// Why.
        fault: OwnFault,
    },
    /// The camera can be used.
    CameraWorks {},
    /// What only the page's script can see of the browser.
    Surroundings {
        /// Whether the extension may work in private windows.
        private_windows: bool,
        /// Whether it may use a camera.
        camera: Access,
    },
    /// The user came back to the page from somewhere else.
    Returned {},
    /// The codes that the camera sees, several times a second.
    Seen {
        /// Their texts.
        codes: Vec<CodeText>,
        /// The time.
        now: u64,
    },
    /// The user gave a text that should be a code.
    Text {
        /// The text.
        text: CodeText,
        /// The time.
        now: u64,
    },
    /// The user typed into the field for the code.
    CodeTyped {
        /// All that it holds now.
        text: CodeText,
    },
    /// The user typed into a field.
    Typed {
        /// Which.
        field: Field,
        /// All that it holds now.
        text: String,
    },
    /// The user typed into a field for a passphrase.
    Secret {
        /// Which.
        field: Field,
        /// All that it holds now.
        text: Passphrase,
    },
    /// The user chose a file.
    File {
        /// What is in it.
        bytes: Bytes,
    },
    /// The tab that the popup is about.
    Tab {
        /// Its number.
        tab: i32,
        /// The address of its page, where the browser tells.
        url: Option<String>,
        /// The numbers of the rules that kept something back there, where the browser tells.
        rules: Vec<u32>,
    },
    /// The user pressed a button.
    Pressed {
        /// What it does.
        action: Action,
        /// For a button in a list: which row.
        value: String,
    },
}

/// What a page asks its script to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Effect {
    /// Tell the background.
    Say {
        /// What to tell.
        message: FromPage,
    },
    /// Look with the camera, until [`Effect::StopCamera`].
    StartCamera {},
    /// Use a camera for a moment, and say whether that works.
    TryCamera {},
    /// Say what can be seen of the browser.
    LookAround {},
    /// Switch the camera off.
    StopCamera {},
    /// Go there in the place of this page.
    Go {
        /// A web address, or the name of one of the extension's pages.
        url: String,
    },
    /// Open a tab; a popup closes then.
    Open {
        /// A web address, or the name of one of the extension's pages.
        url: String,
    },
    /// Give the user a file of bytes.
    SaveBytes {
        /// Its name.
        name: String,
        /// What is in it.
        bytes: Bytes,
    },
    /// Give the user a file.
    Save {
        /// Its name.
        name: String,
        /// What is in it.
        text: String,
    },
}

/// One of the extension's pages.
#[derive(Debug)]
pub enum Page {
    /// Where codes are given and devices decided on.
    Pair(Pair),
    /// Where devices that know nothing of Settle are trusted.
    Import(Import),
    /// What explains a blocked navigation.
    Blocked(Blocked),
    /// What opens from the extension's button.
    Popup(Overview),
    /// Where what is trusted is managed.
    Manage(Box<Manage>),
}

impl Page {
    /// A page as it opens. `fragment` is the part of its address behind the `#`.
    #[must_use]
    pub fn open(kind: Kind, fragment: &str) -> (Self, Vec<Effect>) {
        match kind {
            Kind::Pair => (Self::Pair(Pair::open(fragment)), Vec::new()),
            Kind::Import => (Self::Import(Import::open(fragment)), Vec::new()),
            Kind::Blocked => {
                let (page, effects) = Blocked::open(fragment);
                (Self::Blocked(page), effects)
            }
            Kind::Popup => (Self::Popup(Overview::default()), Vec::new()),
            Kind::Manage => {
                let (page, effects) = Manage::open(fragment);
                (Self::Manage(Box::new(page)), effects)
            }
        }
    }

    /// Takes an event and says what to do about it.
    pub fn update(&mut self, event: Event) -> Vec<Effect> {
        match self {
            Self::Pair(page) => page.update(event),
            Self::Import(page) => page.update(event),
            Self::Blocked(page) => page.update(event),
            Self::Popup(page) => page.update(event),
            Self::Manage(page) => page.update(event),
        }
    }

    /// What to show.
    #[must_use]
    pub fn view(&self) -> View {
        match self {
            Self::Pair(page) => page.view(),
            Self::Import(page) => page.view(),
            Self::Blocked(page) => page.view(),
            Self::Popup(page) => page.view(),
            Self::Manage(page) => page.view(),
        }
    }
}

/// A view with what every page shows of the status; nothing before the first one came.
fn with_status(screen: Screen, status: Option<&Status>) -> View {
    let view = View::new(screen);
    let Some(status) = status else {
        return view;
    };
    let link = match status.link {
        LinkState::Connecting => "connecting",
        LinkState::Ready => "ready",
        LinkState::Down { .. } => "down",
    };
    let view = view.mark(Mark::Link, link);
    let Some(fault) = status.trouble() else {
        return view;
    };
    let command = fault.command();
    view.mark(Mark::Trouble, fault.word())
        .part(Part::Trouble, true)
        .part(Part::Command, command.is_some())
        .text(Slot::Trouble, fault.sentence())
        .text(Slot::TroubleNext, fault.next_step())
        .maybe(
            Slot::Command,
            command.map(|command| Text::literal(&command)),
        )
}

/// A view with what went wrong.
fn with_fault(view: View, fault: Fault) -> View {
    view.mark(Mark::Error, fault.word())
        .part(Part::Error, true)
        .text(Slot::ErrorText, fault.sentence())
        .text(Slot::ErrorNext, fault.next_step())
}
