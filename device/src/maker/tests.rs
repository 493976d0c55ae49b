//! A maker in a directory, a device in another, and a host's opinion of what comes out.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use rustls_pki_types::UnixTime;
use rustls_pki_types::pem::PemObject;
use settle_protocol::maker::MakerName;
use settle_protocol::pairing::evidence::{Evidence, Presented};
use settle_transport::evidence::{MakerAnchor, Proved, verify};

use super::*;

const SIGNED: &[u8] = b"an exchange";

struct Factory {
    temp: tempfile::TempDir,
    maker: Maker,
}

impl Factory {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let name = MakerName::parse("Example Works").unwrap();
        let now = SystemTime::now();
        Maker::make(&temp.path().join("maker"), &name, now).unwrap();
        // What was written is what is used.
        let maker = Maker::open(&temp.path().join("maker")).unwrap();
        Self { temp, maker }
    }

    fn state(&self) -> PathBuf {
        self.temp.path().join("device")
    }

    fn issue(&self) -> Result<(), MakerError> {
        let serial_number = SerialNumber::parse("SN-1").unwrap();
        let now = SystemTime::now();
        self.maker
            .issue(&self.state(), &label(), &serial_number, now)
    }

    fn vouch(&self, form: VoucherForm) -> Result<Vec<u8>, MakerError> {
        let now = SystemTime::now();
        self.maker.vouch(&self.state(), &label(), form, None, now)
    }
}

fn label() -> Label {
    Label::parse("printer").unwrap()
}

#[test]
fn hosts_take_what_it_issues_and_vouches_for() {
    let factory = Factory::new();
    factory.issue().unwrap();
    for form in [VoucherForm::Cms, VoucherForm::Jws] {
        let voucher = factory.vouch(form).unwrap();
        let (dir, identity, _) = load(&factory.state(), &label()).unwrap();
        let made = Provenance::load(&dir).unwrap().unwrap();
        assert_eq!(made.voucher, Some((form, voucher.clone())));
        let presented = Presented {
            evidence: Evidence {
                chain: made.chain.iter().map(|one| one.to_vec().into()).collect(),
                form,
                voucher,
                signature: made.key.sign(SIGNED).unwrap(),
            },
            signed: SIGNED.to_vec(),
        };
        assert!(presented.evidence.is_bounded());
        let certificate =
            CertificateDer::from_pem_file(factory.temp.path().join("maker/maker.pem")).unwrap();
        let anchor = MakerAnchor::from_der(&certificate).unwrap();
        let proved = Proved {
            root: identity.root(),
            former: &[],
            unique_name: &identity.unique_name(),
        };
        let verdict = verify(&anchor, &presented, proved, UnixTime::now());
        assert_eq!(verdict.unwrap().as_str(), "SN-1");
    }
}

#[test]
fn nothing_is_overwritten_and_keys_are_their_owners() {
    let factory = Factory::new();
    let path = factory.temp.path().join("maker");
    let name = MakerName::parse("Another").unwrap();
    let error = Maker::make(&path, &name, SystemTime::now()).unwrap_err();
    assert!(matches!(error, MakerError::Exists(_)), "{error}");
    for file in fs::read_dir(&path).unwrap() {
        let mode = file.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(fs::read_dir(&path).unwrap().count(), 4);

    factory.issue().unwrap();
    let error = factory.issue().unwrap_err();
    assert!(matches!(error, MakerError::HasOne), "{error}");
}

#[test]
fn a_voucher_is_for_a_serial_number() {
    let error = Factory::new().vouch(VoucherForm::Cms).unwrap_err();
    assert!(matches!(error, MakerError::HasNone), "{error}");
}

#[test]
fn what_is_no_maker_is_none() {
    let factory = Factory::new();
    let path = factory.temp.path().join("maker");
    fs::write(path.join("maker.key"), "x").unwrap();
    let error = Maker::open(&path).unwrap_err();
    assert!(matches!(error, MakerError::Damaged(_)), "{error}");
    let error = Maker::open(&factory.temp.path().join("nowhere")).unwrap_err();
    assert!(matches!(error, MakerError::File { .. }), "{error}");
}
