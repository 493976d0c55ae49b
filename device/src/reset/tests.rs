//! What is left of a device that was reset, and which devices can be. That it survives a power cut
//! is shown on the program itself.

use std::fs;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use settle_protocol::pairing::client::code_id;
use settle_protocol::pairing::evidence::VoucherForm;
use settle_transport::certificate::PrivateKey;

use super::*;
use crate::audit::AuditEvent;
use crate::client::Client;
use crate::register::Register;
use crate::role::Role;
use crate::stored;

struct Scene {
    temp: tempfile::TempDir,
    before: KeyFingerprint,
}

impl Scene {
    /// A device with a client, a code, and a maker's certificate and voucher; it does not run.
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let state = temp.path().join("state");
        let (dir, identity, contents) = stored::load(&state, &label()).unwrap();
        let provenance = Provenance {
            key: PrivateKey::make().unwrap(),
            chain: vec![CertificateDer::from(vec![1, 2, 3])],
            voucher: Some((VoucherForm::Cms, b"of the old root".to_vec())),
        };
        provenance.store(&dir).unwrap();
        let register = Arc::new(Register::new(dir, contents));
        register.make_code(unix_now()).await.unwrap();
        let (code, _) = register.code(unix_now()).unwrap();
        let client = Client {
            key: KeyFingerprint::of_spki(b"ada"),
            label: "Ada".to_owned(),
            role: Role::Admin,
            paired_at: unix_now(),
        };
        let awaited = register.await_client(client.key);
        let id = code_id(&code);
        register.record(id, client, awaited).await.unwrap();
        register.make_code(unix_now()).await.unwrap();
        register.finish().await;
        Self {
            temp,
            before: identity.fingerprint(),
        }
    }

    fn state(&self) -> PathBuf {
        self.temp.path().join("state")
    }

    fn reset(&self) -> Fresh {
        let reset = Reset::prepare(&self.state(), None).unwrap();
        reset.carry_out().unwrap()
    }

    /// Nothing is left of before but the label.
    fn is_anew(&self) {
        let entries = fs::read_dir(self.state()).unwrap();
        let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<_> = names.filter(|name| name != "maker").collect();
        names.sort();
        assert_eq!(names, ["identity", "lock", "register"]);
        let (_, identity, contents) = stored::load(&self.state(), &label()).unwrap();
        assert_ne!(identity.fingerprint(), self.before);
        assert!(!contents.has_clients());
    }
}

fn label() -> Label {
    Label::parse("printer").unwrap()
}

#[tokio::test]
async fn a_device_is_anew_and_its_log_begins_with_that() {
    let scene = Scene::new().await;
    let fresh = scene.reset();
    scene.is_anew();
    let (dir, identity, contents) = stored::load(&scene.state(), &label()).unwrap();
    assert_eq!(identity.unique_name(), fresh.unique_name);
    let register = Arc::new(Register::new(dir, contents));
    let (_, entries) = register.log(identity.fingerprint()).await.unwrap();
    let [entry] = entries.as_slice() else {
        panic!("one entry: {entries:?}");
    };
    assert_eq!((entry.number, &entry.event), (1, &AuditEvent::Reset {}));
    assert!(register.secrets(unix_now()).is_empty());
}

#[tokio::test]
async fn the_makers_certificate_stays_and_the_voucher_of_the_old_root_goes() {
    let scene = Scene::new().await;
    scene.reset();
    let dir = StateDir::open(&scene.state()).unwrap();
    let made = Provenance::load(&dir).unwrap().unwrap();
    assert_eq!(made.chain, [CertificateDer::from(vec![1, 2, 3])]);
    assert_eq!(made.voucher, None);
}

#[tokio::test]
async fn a_reset_that_was_cut_off_goes_on_by_itself() {
    let scene = Scene::new().await;
    let dir = StateDir::take(&scene.state()).unwrap();
    dir.store(MARK, &Mark { label: label() }).unwrap();
    // What it had done until then: half of an identity, and a write that did not come to its end.
    fs::write(dir.path_of(MARK).with_file_name("identity"), [0; 20]).unwrap();
    fs::write(dir.path_of(MARK).with_file_name(".register.00"), "half").unwrap();
    drop(dir);
    drop(StateDir::open(&scene.state()).unwrap());
    scene.is_anew();
}

#[tokio::test]
async fn a_damaged_device_is_reset_when_its_name_is_said() {
    let scene = Scene::new().await;
    for file in ["identity", "register", "maker"] {
        fs::write(scene.state().join(file), "nothing that can be read").unwrap();
    }
    let error = Reset::prepare(&scene.state(), None).unwrap_err();
    assert!(matches!(error, ResetError::Nameless(_)), "{error}");
    let reset = Reset::prepare(&scene.state(), Some(&label())).unwrap();
    assert_eq!(reset.before(), None);
    reset.carry_out().unwrap();
    scene.is_anew();
    assert!(!scene.state().join("maker").exists());
}

#[tokio::test]
async fn neither_a_device_that_runs_nor_one_of_another_name_is_reset() {
    let scene = Scene::new().await;
    let held = StateDir::open(&scene.state()).unwrap();
    let error = Reset::prepare(&scene.state(), None).unwrap_err();
    assert!(matches!(error, ResetError::Running(_)), "{error}");
    drop(held);
    let camera = Label::parse("camera").unwrap();
    let error = Reset::prepare(&scene.state(), Some(&camera)).unwrap_err();
    assert!(matches!(error, ResetError::Identity(_)), "{error}");
    // Held for a reset that nobody confirmed.
    drop(Reset::prepare(&scene.state(), None).unwrap());
    let (_, identity, contents) = stored::load(&scene.state(), &label()).unwrap();
    assert_eq!(identity.fingerprint(), scene.before);
    assert!(contents.has_clients());
}

#[test]
fn what_is_no_device_is_neither_reset_nor_made_one() {
    let temp = tempfile::tempdir().unwrap();
    for state in [temp.path().to_path_buf(), temp.path().join("none")] {
        let error = Reset::prepare(&state, Some(&label())).unwrap_err();
        assert!(matches!(error, ResetError::NoDevice(_)), "{error}");
    }
    assert_eq!(fs::read_dir(temp.path()).unwrap().count(), 0);
}
