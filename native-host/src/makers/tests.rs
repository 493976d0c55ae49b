//! Which words a decision gets for which evidence.

use std::time::{Duration, SystemTime};

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::maker::{MakerName, SerialNumber, SerialPattern};
use settle_protocol::material::Lifetime;
use settle_protocol::name::Label;
use settle_protocol::pairing::evidence::{Evidence, Presented, VoucherForm};
use settle_protocol::pairing::message::Role;
use settle_protocol::secret::Secret;
use settle_transport::certificate::{PrivateKey, idevid, maker_authority, voucher_signer};
use settle_transport::evidence::{Statement, VoucherSigner};

use super::*;
use settle_transport::certificate::pem;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const ROOT: &[u8] = b"a root certificate";
const SIGNED: &[u8] = b"an exchange";

struct Works {
    key: PrivateKey,
    certificate: CertificateDer<'static>,
}

impl Works {
    fn new(name: &str) -> Self {
        let key = PrivateKey::make().unwrap();
        let name = MakerName::parse(name).unwrap();
        let certificate = maker_authority(&key, &name, SystemTime::now()).unwrap();
        Self { key, certificate }
    }

    /// Its entry on the list.
    fn listed(&self, serial_numbers: &str, kind: Kind) -> Maker {
        let asked = AddMaker {
            name: MakerName::parse("Works").unwrap(),
            pem: pem(&self.certificate),
            serial_numbers: SerialPattern::parse(serial_numbers).unwrap(),
            kinds: vec![kind],
        };
        read(asked, 1).unwrap()
    }

    /// What a device grants whose voucher is for `root`.
    fn device(&self, root: &[u8]) -> Granted {
        let now = SystemTime::now();
        let (key, signer_key) = (PrivateKey::make().unwrap(), PrivateKey::make().unwrap());
        let serial_number = SerialNumber::parse("SN-1").unwrap();
        let issued = idevid(&self.key, &self.certificate, &key, &serial_number, now).unwrap();
        let signer = voucher_signer(&self.key, &self.certificate, &signer_key, 99 * DAY, now);
        let mut granted = granted();
        let statement = Statement {
            device: &issued,
            root,
            unique_name: &granted.unique_name,
            created: now,
            expires: Some(now + 9 * DAY),
        };
        let signer = VoucherSigner {
            key: &signer_key,
            chain: &[signer.unwrap()],
        };
        let voucher = signer.seal(VoucherForm::Cms, &statement).unwrap();
        granted.evidence = Some(Presented {
            evidence: Evidence {
                chain: [issued.to_vec().into()].into(),
                form: VoucherForm::Cms,
                voucher,
                signature: key.sign(SIGNED).unwrap(),
            },
            signed: SIGNED.to_vec(),
        });
        granted
    }
}

fn granted() -> Granted {
    let label = Label::parse("printer").unwrap();
    let fingerprint = KeyFingerprint::of_spki(b"a root key");
    Granted {
        root: ROOT.to_vec(),
        fingerprint,
        former: Vec::new(),
        unique_name: label.unique(&fingerprint),
        label,
        port: 443,
        kind: Kind::Device,
        role: Role::Admin,
        discovery_key: Secret::new([0; 32]),
        code: Lifetime::OneTime,
        evidence: None,
        authority: None,
    }
}

fn problem_of(statement: Option<MakerStatement>) -> MakerProblem {
    match statement {
        Some(MakerStatement::Invalid { problem, .. }) => problem,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_statement_that_holds_names_maker_and_serial_number() {
    let works = Works::new("Works");
    let device = works.device(ROOT);
    let listed = works.listed("SN-*", Kind::Device);
    let valid = MakerStatement::Valid {
        maker: MakerName::parse("Works").unwrap(),
        serial_number: SerialNumber::parse("SN-1").unwrap(),
    };
    let said = judge(std::slice::from_ref(&listed), &device, UnixTime::now());
    assert_eq!(said, Some(valid.clone()));
    // A second certificate of the same name, for whom it does not hold, changes nothing.
    let twice = [Works::new("Works").listed("*", Kind::Device), listed];
    assert_eq!(judge(&twice, &device, UnixTime::now()), Some(valid));
}

#[test]
fn nothing_is_said_without_evidence_or_of_makers_that_are_not_listed() {
    let works = Works::new("Works");
    let listed = [works.listed("*", Kind::Device)];
    assert_eq!(judge(&listed, &granted(), UnixTime::now()), None);
    let stranger = Works::new("Stranger").device(ROOT);
    assert_eq!(judge(&listed, &stranger, UnixTime::now()), None);
    assert_eq!(judge(&[], &works.device(ROOT), UnixTime::now()), None);
}

#[test]
fn each_reason_to_stop_has_its_own_word() {
    let works = Works::new("Works");
    let listed = [works.listed("SN-*", Kind::Device)];
    let problem = |granted: &Granted, now| problem_of(judge(&listed, granted, now));
    let now = UnixTime::now();
    let later = UnixTime::since_unix_epoch(Duration::from_secs(now.as_secs()) + 10 * DAY);

    let device = works.device(ROOT);
    assert_eq!(problem(&device, later), MakerProblem::Expired);
    let other = works.device(b"another root certificate");
    assert_eq!(problem(&other, now), MakerProblem::OtherDevice);
    let mut copied = works.device(ROOT);
    copied.evidence.as_mut().unwrap().signed = b"another exchange".to_vec();
    assert_eq!(problem(&copied, now), MakerProblem::NotPossessed);
    let mut broken = works.device(ROOT);
    broken.evidence.as_mut().unwrap().evidence.voucher.pop();
    assert_eq!(problem(&broken, now), MakerProblem::Broken);
    let counterfeit = Works::new("Works").device(ROOT);
    assert_eq!(problem(&counterfeit, now), MakerProblem::Broken);
}

#[test]
fn a_maker_is_believed_about_what_the_user_said_alone() {
    let works = Works::new("Works");
    let device = works.device(ROOT);
    for listed in [
        works.listed("XN-*", Kind::Device),
        works.listed("*", Kind::Referee),
    ] {
        let said = judge(&[listed], &device, UnixTime::now());
        assert_eq!(problem_of(said), MakerProblem::OutOfScope);
    }
}

#[test]
fn what_is_no_authority_is_not_listed() {
    let works = Works::new("Works");
    let key = PrivateKey::make().unwrap();
    let serial_number = SerialNumber::parse("SN-1").unwrap();
    let now = SystemTime::now();
    let device = idevid(&works.key, &works.certificate, &key, &serial_number, now).unwrap();
    let asked = |pem: String, kinds: &[Kind]| AddMaker {
        name: MakerName::parse("Works").unwrap(),
        pem,
        serial_numbers: SerialPattern::all(),
        kinds: kinds.to_vec(),
    };
    let refused = |asked| read(asked, 1).unwrap_err();
    let error = refused(asked(pem(&device), &[Kind::Device]));
    assert!(matches!(error, UnusableMaker::Authority(_)), "{error}");
    let error = refused(asked("x".to_owned(), &[Kind::Device]));
    assert!(matches!(error, UnusableMaker::Certificate(_)), "{error}");
    let error = refused(asked(pem(&works.certificate), &[]));
    assert!(matches!(error, UnusableMaker::NoKind), "{error}");
}
