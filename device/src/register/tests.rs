//! What the register promises, with its file looked at anew.

use super::contents::FILE;
use super::*;
use crate::audit::By;
use crate::client::Client;
use settle_protocol::pairing::client::code_id;

const NOW: u64 = 1_900_000_000;

fn key(name: &str) -> KeyFingerprint {
    KeyFingerprint::of_spki(name.as_bytes())
}

fn client(name: &str, role: Role) -> Client {
    Client {
        key: key(name),
        label: name.to_owned(),
        role,
        paired_at: NOW,
    }
}

async fn revoked(register: &Arc<Register>, name: &str) -> Result<Option<Client>, RegisterError> {
    register.revoke(key(name), By::Owner, true).await
}

struct Fixture {
    _temp: tempfile::TempDir,
    register: Arc<Register>,
}

impl Fixture {
    fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = Arc::new(StateDir::open(temp.path()).unwrap());
        let contents = Contents::make(&dir).unwrap();
        let register = Arc::new(Register::new(dir, contents));
        Self {
            _temp: temp,
            register,
        }
    }

    /// What a restart would find.
    fn reread(&self) -> Contents {
        Contents::load(&self.register.dir).unwrap().unwrap()
    }

    async fn code(&self) -> CodeId {
        self.register.make_code(NOW).await.unwrap();
        code_id(&self.register.code(NOW).unwrap().0)
    }

    /// Records a client that nobody refused.
    async fn record(&self, id: CodeId, client: Client) -> Result<(), RegisterError> {
        let awaited = self.register.await_client(client.key);
        self.register.record(id, client, awaited).await
    }
}

#[tokio::test]
async fn a_client_is_on_the_disk_once_it_is_recorded_and_its_code_is_not() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    let ada = client("ada", Role::Admin);
    fixture.record(id, ada.clone()).await.unwrap();
    let stored = fixture.reread();
    assert_eq!(stored.clients, [ada]);
    assert!(stored.codes.is_empty());
}

#[tokio::test]
async fn a_code_records_one_client() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    fixture
        .record(id, client("ada", Role::Admin))
        .await
        .unwrap();
    let again = fixture.record(id, client("eve", Role::Guest)).await;
    assert!(matches!(again, Err(RegisterError::Spent)));
    assert_eq!(fixture.reread().clients.len(), 1);
}

#[tokio::test]
async fn a_client_that_was_refused_while_its_user_decided_is_not_recorded() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    let ada = client("ada", Role::Admin);
    let awaited = fixture.register.await_client(ada.key);
    assert!(!fixture.register.admits(&ada.key));
    let refused = fixture.register.record(id, ada.clone(), awaited).await;
    assert!(matches!(refused, Err(RegisterError::Refused)));
    assert!(fixture.reread().clients.is_empty());
    assert!(fixture.register.code(NOW).is_some(), "nothing was spent");
    // It may come again.
    fixture.record(id, ada.clone()).await.unwrap();
    assert!(fixture.register.admits(&ada.key));
}

#[tokio::test]
async fn a_client_is_recorded_or_refused_and_never_both() {
    let fixture = Fixture::new();
    for number in 0..50 {
        let id = fixture.code().await;
        let ada = client(&format!("ada {number}"), Role::Guest);
        let awaited = fixture.register.await_client(ada.key);
        let (register, key) = (Arc::clone(&fixture.register), ada.key);
        let asking = tokio::task::spawn_blocking(move || register.admits(&key));
        let recorded = fixture.register.record(id, ada, awaited).await;
        assert_eq!(asking.await.unwrap(), recorded.is_ok());
    }
}

#[tokio::test]
async fn the_disk_never_counts_fewer_attempts_than_were_answered() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    for before in 0..10 {
        let attempt = fixture.register.attempt(id, NOW).await.unwrap();
        assert_eq!(attempt.before, before);
        assert!(attempt.secret.is_some());
        let stored = fixture.reread();
        assert!(stored.code(id).unwrap().attempts() > before);
    }
    for before in 10..12 {
        let attempt = fixture.register.attempt(id, NOW).await.unwrap();
        assert_eq!(attempt.before, before);
        assert!(attempt.secret.is_none());
    }
    assert!(fixture.register.code(NOW).is_none());
}

#[tokio::test]
async fn an_orderly_end_counts_what_was_tried_and_no_more() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    fixture.register.attempt(id, NOW).await.unwrap();
    fixture.register.finish().await;
    assert_eq!(fixture.reread().code(id).unwrap().attempts(), 1);
}

#[tokio::test]
async fn a_printed_code_admits_the_first_and_then_only_in_a_window() {
    let fixture = Fixture::new();
    let register = &fixture.register;
    let mut contents = fixture.reread();
    let secret = contents.print_code(NOW).unwrap();
    register.replace(contents);
    let id = code_id(&secret);
    assert_eq!(register.admission(id, NOW).unwrap(), Lifetime::Printed);
    fixture
        .record(id, client("ada", Role::Admin))
        .await
        .unwrap();

    assert!(matches!(
        register.admission(id, NOW),
        Err(RegisterError::Closed)
    ));
    // It still has an answer, since only who knows it may be told that the device is closed.
    assert!(register.attempt(id, NOW).await.unwrap().secret.is_some());

    register.open_window(NOW + 120, By::Button).await.unwrap();
    assert!(register.admission(id, NOW + 119).is_ok());
    fixture
        .record(id, client("bob", Role::Guest))
        .await
        .unwrap();
    assert!(register.admission(id, NOW + 120).is_err());
}

#[tokio::test]
async fn an_unknown_code_is_counted_like_a_known_one() {
    let fixture = Fixture::new();
    for before in 0..4 {
        let attempt = fixture.register.attempt([7; 8], NOW).await.unwrap();
        assert_eq!(attempt.before, before);
        assert!(attempt.secret.is_none());
    }
}

#[tokio::test]
async fn the_first_client_is_administrator_and_nobody_becomes_it_beside_them() {
    let fixture = Fixture::new();
    let register = &fixture.register;
    let (first, second) = (fixture.code().await, fixture.code().await);
    assert_eq!(register.role_for(&key("ada"), second), Role::Admin);
    fixture
        .record(first, client("ada", Role::Admin))
        .await
        .unwrap();
    assert_eq!(register.role_for(&key("ada"), second), Role::Admin);
    assert_eq!(register.role_for(&key("bob"), second), Role::Guest);
    // Granted while nobody was administrator yet.
    let late = fixture.record(second, client("bob", Role::Admin)).await;
    assert!(matches!(late, Err(RegisterError::RoleTaken)));
    assert!(register.code(NOW).is_some(), "nothing was spent");
}

#[tokio::test]
async fn removing_a_client_cuts_its_connections_and_gives_no_new_ones() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    let register = &fixture.register;
    fixture
        .record(id, client("ada", Role::Admin))
        .await
        .unwrap();
    let cut = register.cut_of(&key("ada")).unwrap();
    assert!(revoked(register, "ada").await.unwrap().is_some());
    assert!(cut.is_cancelled());
    assert!(register.cut_of(&key("ada")).is_none());
    assert!(!register.admits(&key("ada")));
    assert!(revoked(register, "ada").await.unwrap().is_none());
    assert!(fixture.reread().clients.is_empty());
}

#[tokio::test]
async fn a_failed_write_changes_nothing() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    let path = fixture.register.dir.path_of(FILE);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir_all(path.join("in the way")).unwrap();
    let recorded = fixture.record(id, client("ada", Role::Admin)).await;
    assert!(matches!(recorded, Err(RegisterError::State(_))));
    assert!(!fixture.register.admits(&key("ada")));
}

#[tokio::test]
async fn a_change_and_its_entry_are_one_write() {
    let fixture = Fixture::new();
    let id = fixture.code().await;
    fixture
        .record(id, client("ada", Role::Admin))
        .await
        .unwrap();
    let before = fixture.reread();
    let path = fixture.register.dir.path_of(FILE);
    std::fs::remove_file(&path).unwrap();
    std::fs::create_dir_all(path.join("in the way")).unwrap();
    let failed = revoked(&fixture.register, "ada").await;
    assert!(matches!(failed, Err(RegisterError::State(_))));
    assert_eq!(fixture.register.contents().journal, before.journal);
    assert!(fixture.register.admits(&key("ada")));
    std::fs::remove_dir_all(&path).unwrap();
    revoked(&fixture.register, "ada").await.unwrap();
    assert_ne!(fixture.reread().journal, before.journal);
    assert!(fixture.reread().clients.is_empty());
}

#[tokio::test]
async fn a_register_of_before_there_was_a_log_is_read() {
    let fixture = Fixture::new();
    let old = serde_json::json!({"clients": [client("ada", Role::Admin)], "codes": []});
    fixture.register.dir.store(FILE, &old).unwrap();
    let mut contents = fixture.reread();
    contents.take_up(&fixture.register.dir, NOW).unwrap();
    assert_eq!(contents.journal, crate::audit::Journal::default());
    assert_eq!(contents.clients.len(), 1);
}

#[tokio::test]
async fn a_start_that_cannot_know_the_time_takes_up_no_code_that_ends() {
    let fixture = Fixture::new();
    fixture.code().await;
    fixture.register.print().await.unwrap();
    let mut contents = fixture.reread();
    contents.take_up(&fixture.register.dir, NOW).unwrap();
    assert_eq!(contents.codes.len(), 2);
    // By a clock that nobody has set every code of another start may be years old, or just made.
    contents.take_up(&fixture.register.dir, 600).unwrap();
    let [code] = contents.codes.as_slice() else {
        panic!("one code: {:?}", contents.codes);
    };
    assert_eq!(code.lifetime(), Lifetime::Printed);
}
