//! The user's list of makers, whose statements about devices are shown in a pairing. No entry on it makes a device
//! trusted, or a step of a pairing go away.

use serde::Deserialize;
use serde_json::Value;
use settle_protocol::fingerprint::CertificateFingerprint;
use settle_protocol::maker::{MakerName, SerialPattern};
use settle_protocol::material::Kind;
use settle_protocol::rpc::ErrorKind;
use settle_protocol::rpc::backup::Part as Bytes;
use settle_protocol::rpc::maker::{AddMaker, Maker};

use crate::message::FromPage;
use crate::page::Effect;
use crate::phrase::Phrase;
use crate::view::{Field, List, Part, Row, Slot, Text, View};

/// The list, and the maker that is about to be put on it.
#[derive(Debug, Default)]
pub(super) struct Makers {
    listed: Vec<Maker>,
    certificate: Option<Certificate>,
    name: String,
    serial_numbers: String,
}

/// A certificate that the user chose.
#[derive(Debug)]
struct Certificate {
    pem: String,
    fingerprint: CertificateFingerprint,
}

impl Certificate {
    /// `None`: not exactly one certificate as PEM (RFC 7468 §5.1). The daemon looks closer.
    fn read(file: Bytes) -> Option<Self> {
        let pem = String::from_utf8(file.0).ok()?;
        let (_, after) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
        let (content, rest) = after.split_once("-----END CERTIFICATE-----")?;
        let base64: String = content.split_ascii_whitespace().collect();
        let Bytes(der) = Bytes::deserialize(Value::from(base64)).ok()?;
        let is_one = !der.is_empty() && !rest.contains("-----BEGIN");
        is_one.then(|| Self {
            fingerprint: CertificateFingerprint::of_der(&der),
            pem,
        })
    }
}

impl Makers {
    pub(super) fn heard(&mut self, makers: Vec<Maker>) {
        let has_new = makers.len() > self.listed.len();
        *self = Self {
            listed: makers,
            ..std::mem::take(self)
        };
        if has_new {
            self.forget_choice();
        }
    }

    pub(super) fn typed(&mut self, field: Field, text: String) {
        match field {
            Field::MakerName => self.name = text,
            Field::SerialNumbers => self.serial_numbers = text,
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
            | Field::NewPassphrase
            | Field::NewPassphraseAgain
            | Field::Passphrase => {}
        }
    }

    /// Takes the certificate of a maker.
    pub(super) fn chosen(&mut self, file: Bytes) -> Result<(), ErrorKind> {
        self.certificate = Certificate::read(file);
        let taken = self.certificate.as_ref().map(drop);
        taken.ok_or(ErrorKind::MakerUnusable)
    }

    pub(super) fn forget_choice(&mut self) {
        self.certificate = None;
        self.name.clear();
        self.serial_numbers.clear();
    }

    pub(super) fn add(&self) -> Vec<Effect> {
        let maker = self.asked().map(|maker| FromPage::AddMaker { maker });
        let messages = maker.into_iter();
        messages.map(|message| Effect::Say { message }).collect()
    }

    pub(super) fn remove(&self, name: &str) -> Vec<Effect> {
        let listed = self.listed.iter().find(|it| it.name.as_str() == name);
        let messages = listed.map(|maker| FromPage::RemoveMaker {
            maker: maker.name.clone(),
        });
        let messages = messages.into_iter();
        messages.map(|message| Effect::Say { message }).collect()
    }

    /// What is to be put on the list, once everything is there.
    fn asked(&self) -> Option<AddMaker> {
        let typed = self.serial_numbers.trim();
        let serial_numbers = match typed {
            "" => SerialPattern::all(),
            pattern => SerialPattern::parse(pattern).ok()?,
        };
        Some(AddMaker {
            name: MakerName::parse(self.name.trim()).ok()?,
            pem: self.certificate.as_ref()?.pem.clone(),
            serial_numbers,
            kinds: vec![Kind::Device],
        })
    }

    pub(super) fn view(&self, view: View) -> View {
        let chosen = self.certificate.as_ref();
        view.titled(Slot::MakersTitle, Text::say(Phrase::ManageMakers))
            .maybe(
                Slot::MakerFingerprint,
                chosen.map(|it| Text::fingerprint(it.fingerprint.as_bytes())),
            )
            .field(Field::MakerName, self.name.clone())
            .field(Field::SerialNumbers, self.serial_numbers.clone())
            .part(Part::NoMakers, self.listed.is_empty())
            .part(Part::MakerChosen, chosen.is_some())
            .part(Part::CanAddMaker, self.asked().is_some())
            .list(List::Makers, self.listed.iter().map(row).collect())
    }
}

fn row(maker: &Maker) -> Row {
    let fingerprint = Text::fingerprint_start(maker.certificate.as_bytes());
    Row {
        value: maker.name.to_string(),
        texts: [
            (Slot::Name, Text::literal(&maker.name)),
            (Slot::Fingerprint, fingerprint),
            (Slot::SerialNumbers, Text::literal(&maker.serial_numbers)),
        ]
        .into(),
        ..Row::default()
    }
}

#[cfg(test)]
mod tests {
    use wasm_bindgen_test::wasm_bindgen_test;

    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAQID\nBAUG\n-----END CERTIFICATE-----\n";

    fn file(text: &str) -> Bytes {
        Bytes(text.as_bytes().to_vec())
    }

    #[test]
    #[wasm_bindgen_test]
    fn one_certificate_is_taken_and_nothing_else() {
        let mut makers = Makers::default();
        for bad in [
            "",
            "no certificate",
            "-----BEGIN CERTIFICATE-----\nAQ!D\n-----END CERTIFICATE-----",
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----",
            &PEM.repeat(2),
        ] {
            assert_eq!(makers.chosen(file(bad)), Err(ErrorKind::MakerUnusable));
            assert!(
                !makers
                    .view(View::default())
                    .parts
                    .contains(&Part::MakerChosen)
            );
        }
        assert_eq!(makers.chosen(file(PEM)), Ok(()));
        let fingerprint = CertificateFingerprint::of_der(&[1, 2, 3, 4, 5, 6]);
        let shown = Text::fingerprint(fingerprint.as_bytes());
        let view = makers.view(View::default());
        assert_eq!(view.texts[&Slot::MakerFingerprint], shown);
    }

    #[test]
    #[wasm_bindgen_test]
    fn a_maker_is_added_under_a_name_for_the_serial_numbers_that_were_typed() {
        let mut makers = Makers::default();
        makers.chosen(file(PEM)).unwrap();
        assert_eq!(makers.add(), [], "without a name");
        makers.typed(Field::MakerName, " Example Works ".to_owned());
        makers.typed(Field::SerialNumbers, "SN-*".to_owned());
        let added = makers.add();
        let [
            Effect::Say {
                message: FromPage::AddMaker { maker },
            },
        ] = added.as_slice()
        else {
            panic!("it is added: {added:?}");
        };
        assert_eq!(maker.name.as_str(), "Example Works");
        assert_eq!(maker.serial_numbers.as_str(), "SN-*");
        assert_eq!(
            makers.remove("Example Works"),
            [],
            "it is not on the list yet"
        );
    }
}
