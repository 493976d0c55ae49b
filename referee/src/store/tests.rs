//! The store on SQLite and on a real PostgreSQL alike: what is single stays single, whoever else is at it.

use std::future::Future;

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::LocalName;

mod nonces;

use super::*;
use crate::jws::Jwk;
use settle_tests::postgres::Postgres;

const NOW: u64 = 1_900_000_000;

/// Runs a test on each kind of store; it is given two processes' views of the same one.
async fn on_each<F: Future<Output = ()>>(test: impl Fn([Store; 2]) -> F) {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("a ?%.db");
    let open = async || Store::file(&file).await.unwrap();
    test([open().await, open().await]).await;
    let postgres = Postgres::start();
    let open = async || Store::open(postgres.address()).await.unwrap();
    let both = tokio::join!(open(), open());
    test([both.0, both.1]).await;
}

fn key(x: &str) -> Jwk {
    Jwk::Okp {
        crv: "Ed25519".to_owned(),
        x: x.to_owned(),
    }
}

fn name(text: &str) -> LocalName {
    LocalName::parse(text).unwrap()
}

async fn account(store: &Store, x: &str) -> Account {
    let external = store.make_external_key(NOW).await.unwrap();
    let new = NewAccount {
        key: &key(x),
        contacts: vec!["mailto:a@b.local".to_owned()],
        external_key: Some(&external.id),
    };
    match store.join(&new, NOW).await.unwrap() {
        Joined::Made(account) => account,
        other @ (Joined::Known(_) | Joined::Spent) => panic!("{other:?}"),
    }
}

fn grant(text: &str, account: &Account) -> Grant {
    Grant {
        name: name(text),
        holder: Holder::ExternalKey(account.external_key.clone()),
        challenge: None,
        address: None,
    }
}

fn revoked(reason: u8, at: u64) -> Revocation {
    Revocation { at, reason }
}

fn certificate(serial: u8) -> NewCertificate {
    NewCertificate {
        serial: data_encoding::HEXLOWER.encode(&[serial; 16]),
        chain: "PEM".to_owned(),
        issuer: "i".to_owned(),
        root: "r".to_owned(),
        key: "k".to_owned(),
        not_before: NOW,
        not_after: NOW + 100,
    }
}

#[test]
fn no_secret_goes_over_the_network_in_the_clear() {
    let judged = |address: &str| refuse_the_clear(&PgConnectOptions::from_str(address).unwrap());
    for here in [
        "postgres://referee@localhost/postgres?host=/run/postgresql",
        "postgres://referee@localhost/postgres",
        "postgres://referee@127.0.0.1:5433/postgres",
        "postgres://referee@[::1]/postgres",
        "postgres:///postgres?host=%2Frun%2Fpostgresql",
    ] {
        judged(here).unwrap();
    }
    for away in [
        "postgres://referee@database.local/postgres",
        "postgres://referee@192.168.1.2/postgres?sslmode=require",
        "postgres://referee@localhost/postgres?host=192.168.1.2",
        "postgres://referee@localhost.example/postgres",
    ] {
        assert!(
            matches!(judged(away), Err(StoreError::InTheClear(_))),
            "{away}"
        );
    }
}

async fn count(store: &Store, table: &str) -> i64 {
    // The names of tables are this file's own.
    let count = sqlx::query_scalar(sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}")));
    count.fetch_one(&store.reading).await.unwrap()
}

#[tokio::test]
async fn orders_that_are_long_past_are_forgotten_and_their_certificates_are_not() {
    on_each(async |[one, _]| {
        let ada = account(&one, "ada").await;
        let nas = grant("nas.local", &ada);
        one.grant(&nas, By::Owner, NOW).await.unwrap();
        let grants = std::slice::from_ref(&nas);
        let old = one.order(&ada, grants, "", NOW).await.unwrap();
        let done = one.finalize(&old, &ada, &certificate(1), NOW).await;
        assert_eq!(done.unwrap(), Finalized::Done);
        let later = NOW + 31 * 24 * 60 * 60;
        let young = one.order(&ada, grants, "", later).await.unwrap();
        one.sweep(later).await.unwrap();
        assert!(
            one.order_by_id(&old.id, later).await.unwrap().is_some(),
            "a day is not over"
        );
        let much_later = later + 2 * 24 * 60 * 60;
        one.sweep(much_later).await.unwrap();
        assert!(
            one.order_by_id(&old.id, much_later)
                .await
                .unwrap()
                .is_none()
        );
        assert!(
            one.order_by_id(&young.id, much_later)
                .await
                .unwrap()
                .is_some()
        );
        let tables = [
            "orders",
            "authorizations",
            "order_authorizations",
            "certificates",
        ];
        for table in tables {
            assert_eq!(count(&one, table).await, 1, "{table}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_key_has_one_account_and_so_has_an_external_key() {
    on_each(async |[one, other]| {
        let external = one.make_external_key(NOW).await.unwrap();
        let new = |key| NewAccount {
            key,
            contacts: Vec::new(),
            external_key: Some(&external.id),
        };
        let (ada, bob) = (key("ada"), key("bob"));
        let (ada, bob) = (new(&ada), new(&bob));
        let (first, second) = tokio::join!(one.join(&ada, NOW), other.join(&bob, NOW));
        let made = [first.unwrap(), second.unwrap()];
        let made = made
            .iter()
            .filter(|joined| matches!(joined, Joined::Made(_)));
        assert_eq!(made.count(), 1, "one external key, one account");
        let again = one
            .join(
                &NewAccount {
                    external_key: None,
                    ..ada
                },
                NOW,
            )
            .await;
        let again_bob = one
            .join(
                &NewAccount {
                    external_key: None,
                    ..bob
                },
                NOW,
            )
            .await;
        let known = [again.unwrap(), again_bob.unwrap()];
        let known = known
            .iter()
            .filter(|joined| matches!(joined, Joined::Known(_)));
        assert_eq!(known.count(), 1, "the one that was made is found again");
    })
    .await;
}

#[tokio::test]
async fn an_order_is_finalized_once_by_whichever_referee() {
    on_each(async |[one, other]| {
        let account = account(&one, "ada").await;
        let grants = [grant("nas.local", &account)];
        one.grant(&grants[0], By::Owner, NOW).await.unwrap();
        let order = one.order(&account, &grants, "", NOW).await.unwrap();
        assert_eq!(
            order.status,
            Status::Ready,
            "the administrator's word suffices"
        );
        let (mine, theirs) = (certificate(1), certificate(2));
        let (first, second) = tokio::join!(
            one.finalize(&order, &account, &mine, NOW),
            other.finalize(&order, &account, &theirs, NOW)
        );
        let came = [first.unwrap(), second.unwrap()];
        assert!(
            came.contains(&Finalized::Done) && came.contains(&Finalized::NotReady),
            "{came:?}"
        );
        assert_eq!(one.certificates(NOW).await.unwrap().len(), 1);
        let lines = other.audit(100).await.unwrap();
        let issued = lines.iter().filter(|line| line.event == AuditEvent::Issued);
        assert_eq!(issued.count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_name_that_is_withdrawn_or_another_accounts_is_not_finalized() {
    on_each(async |[one, other]| {
        let (ada, bob) = (account(&one, "ada").await, account(&one, "bob").await);
        let mine = grant("nas.local", &ada);
        one.grant(&mine, By::Owner, NOW).await.unwrap();
        assert!(one.grant_of(&mine.name, &bob).await.unwrap().is_none());
        assert_eq!(
            one.grant_of(&mine.name, &ada).await.unwrap(),
            Some(mine.clone())
        );
        // An order that was ready before the name was taken back, and then given to another.
        let order = one
            .order(&ada, std::slice::from_ref(&mine), "", NOW)
            .await
            .unwrap();
        assert!(other.withdraw(&mine.name, By::Owner, NOW).await.unwrap());
        let came = one
            .finalize(&order, &ada, &certificate(1), NOW)
            .await
            .unwrap();
        assert_eq!(came, Finalized::NotGranted(mine.name.clone()));
        other
            .grant(&grant("nas.local", &bob), By::Owner, NOW)
            .await
            .unwrap();
        let came = one
            .finalize(&order, &ada, &certificate(1), NOW)
            .await
            .unwrap();
        assert_eq!(came, Finalized::NotGranted(mine.name.clone()));
        // Given back, it begins anew: what was authorized before has ended.
        other.withdraw(&mine.name, By::Owner, NOW).await.unwrap();
        other.grant(&mine, By::Owner, NOW).await.unwrap();
        let came = one
            .finalize(&order, &ada, &certificate(1), NOW)
            .await
            .unwrap();
        assert_eq!(came, Finalized::NotReady);
        assert!(one.certificates(NOW).await.unwrap().is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_challenge_that_was_asked_for_has_to_be_met_and_cannot_be_tried_twice() {
    on_each(async |[one, other]| {
        let ada = account(&one, "ada").await;
        let asked = Grant {
            challenge: Some(ChallengeKind::Http01),
            address: Some([192, 0, 2, 7].into()),
            ..grant("nas.local", &ada)
        };
        one.grant(&asked, By::Owner, NOW).await.unwrap();
        for met in [false, true] {
            let order = one
                .order(&ada, std::slice::from_ref(&asked), "", NOW)
                .await
                .unwrap();
            assert_eq!(order.status, Status::Pending);
            let came = one
                .finalize(&order, &ada, &certificate(9), NOW)
                .await
                .unwrap();
            assert_eq!(came, Finalized::NotReady);
            let authorization = one.authorization(&order.authorizations[0], NOW).await;
            let authorization = authorization.unwrap().unwrap();
            let challenge = authorization.challenge.clone().unwrap();
            assert_eq!(challenge.address, asked.address);
            let found = other.authorization_of(&challenge.id, NOW).await.unwrap();
            assert_eq!(found.unwrap().id, authorization.id);
            let came = |met: bool| met.then_some(()).ok_or_else(|| "nobody".to_owned());
            one.challenged(&authorization, came(met), NOW)
                .await
                .unwrap();
            one.challenged(&authorization, came(!met), NOW)
                .await
                .unwrap();
            let order = other.order_by_id(&order.id, NOW).await.unwrap().unwrap();
            let expected = if met { Status::Ready } else { Status::Invalid };
            assert_eq!(order.status, expected);
        }
    })
    .await;
}

#[tokio::test]
async fn nothing_outlives_its_time_or_its_account() {
    on_each(async |[one, other]| {
        let ada = account(&one, "ada").await;
        let mine = [grant("nas.local", &ada)];
        one.grant(&mine[0], By::Owner, NOW).await.unwrap();
        let order = one.order(&ada, &mine, "", NOW).await.unwrap();
        let later = NOW + 24 * 60 * 60 + 1;
        let late = other.order_by_id(&order.id, later).await.unwrap().unwrap();
        assert_eq!(late.status, Status::Invalid);
        let order = one.order(&ada, &mine, "", NOW).await.unwrap();
        other.end_account(&ada, By::Server, NOW).await.unwrap();
        let came = one
            .finalize(&order, &ada, &certificate(1), NOW)
            .await
            .unwrap();
        assert_eq!(came, Finalized::NotReady);
        assert!(!one.account(&ada.id).await.unwrap().unwrap().is_valid);
    })
    .await;
}

#[tokio::test]
async fn a_secret_enrolls_once_at_whichever_referee_and_no_revoked_certificate_renews() {
    on_each(|[store, other]| async move {
        let secret = store.make_enrollment(NOW).await.unwrap();
        let grant = Grant {
            name: name("nas.local"),
            holder: Holder::Enrollment(secret.id.clone()),
            challenge: None,
            address: None,
        };
        store.grant(&grant, By::Owner, NOW).await.unwrap();
        let device = store.enrollment(&secret.id, &secret.secret).await.unwrap();
        let device = device.unwrap();
        assert_eq!(device.names, [grant.name.clone()].into());
        assert_eq!(store.enrollment(&secret.id, "another").await.unwrap(), None);
        let (one, two) = (certificate(1), certificate(2));
        let both = tokio::join!(
            store.enroll(&device, KnownBy::Secret, &one, NOW),
            other.enroll(&device, KnownBy::Secret, &two, NOW),
        );
        let came = [both.0.unwrap(), both.1.unwrap()];
        assert!(came.contains(&Enrolled::Done) && came.contains(&Enrolled::Spent));
        let had = store
            .certificates(NOW)
            .await
            .unwrap()
            .remove(0)
            .issued
            .serial;
        let by = KnownBy::Certificate(&had);
        let next = certificate(3);
        let came = other.enroll(&device, by, &next, NOW).await.unwrap();
        assert_eq!(came, Enrolled::Done);
        let found = store.certificate(&had).await.unwrap().unwrap();
        assert_eq!(found.replaced_by, next.serial);
        // Of another device; too late; after it was revoked; after the name was withdrawn.
        let stranger = Enrollment {
            id: "stranger".to_owned(),
            ..device.clone()
        };
        let enroll = async |device, by, serial, now| {
            let new = certificate(serial);
            let came = store.enroll(device, by, &new, now).await.unwrap();
            assert_eq!(
                store.certificate(&new.serial).await.unwrap().is_some(),
                came == Enrolled::Done
            );
            came
        };
        assert_eq!(enroll(&stranger, by, 4, NOW).await, Enrolled::Ended);
        assert_eq!(enroll(&device, by, 4, NOW + 101).await, Enrolled::Ended);
        store
            .revoke(&had, Revocation { at: NOW, reason: 1 }, "", By::Owner)
            .await
            .unwrap();
        assert_eq!(enroll(&device, by, 4, NOW).await, Enrolled::Ended);
        let by = KnownBy::Certificate(&next.serial);
        assert_eq!(enroll(&device, by, 4, NOW).await, Enrolled::Done);
        store.withdraw(&grant.name, By::Owner, NOW).await.unwrap();
        let came = enroll(&device, by, 5, NOW).await;
        assert_eq!(came, Enrolled::NotGranted(grant.name));
    })
    .await;
}

#[tokio::test]
async fn a_certificate_is_revoked_once_and_listed_until_it_ends() {
    on_each(async |[one, other]| {
        let ada = account(&one, "ada").await;
        let mine = [grant("nas.local", &ada)];
        one.grant(&mine[0], By::Owner, NOW).await.unwrap();
        let order = one.order(&ada, &mine, "", NOW).await.unwrap();
        one.finalize(&order, &ada, &certificate(1), NOW)
            .await
            .unwrap();
        let serial = certificate(1).serial;
        assert!(
            other
                .revoke(&serial, revoked(4, NOW + 1), &ada.id, By::Server)
                .await
                .unwrap()
        );
        assert!(
            !one.revoke(&serial, revoked(1, NOW + 2), "", By::Owner)
                .await
                .unwrap()
        );
        let listed = one.revoked("i", NOW + 3).await.unwrap();
        assert_eq!(
            (listed.len(), listed[0].at, listed[0].reason),
            (1, NOW + 1, Some(4))
        );
        assert!(one.revoked("other", NOW + 3).await.unwrap().is_empty());
        assert!(one.revoked("i", NOW + 101).await.unwrap().is_empty());
        // The next one says in whose place it is.
        let order = one.order(&ada, &mine, &serial, NOW).await.unwrap();
        one.finalize(&order, &ada, &certificate(2), NOW)
            .await
            .unwrap();
        let replaced = other.certificate(&serial).await.unwrap().unwrap();
        assert_eq!(replaced.replaced_by, certificate(2).serial);
    })
    .await;
}

#[tokio::test]
async fn what_only_reads_a_file_cannot_write_it() {
    let temp = tempfile::tempdir().unwrap();
    let store = Store::file(&temp.path().join("referee.db")).await.unwrap();
    for (pool, may) in [(&store.reading, false), (&store.writing, true)] {
        let deleted = sqlx::query("DELETE FROM grants").execute(pool).await;
        assert_eq!(deleted.is_ok(), may);
    }
}

#[tokio::test]
async fn the_file_is_its_owners_alone_and_is_found_again() {
    use std::os::unix::fs::PermissionsExt as _;
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("referee.db");
    let store = Store::file(&file).await.unwrap();
    let ada = account(&store, "ada").await;
    for beside in std::fs::read_dir(temp.path()).unwrap() {
        let mode = beside.unwrap().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    store.close().await;
    let store = Store::file(&file).await.unwrap();
    assert_eq!(store.account(&ada.id).await.unwrap(), Some(ada));
}

#[tokio::test]
async fn the_log_says_who_it_was() {
    on_each(async |[one, other]| {
        let ada = account(&one, "ada").await;
        let nas = grant("nas.local", &ada);
        let client = By::Client(KeyFingerprint::of_spki(b"a browser"));
        one.grant(&nas, client, NOW + 1).await.unwrap();
        other.withdraw(&nas.name, By::Owner, NOW + 2).await.unwrap();
        assert!(other.end_account(&ada, client, NOW + 3).await.unwrap());
        assert!(!one.end_account(&ada, By::Owner, NOW + 4).await.unwrap());
        let told = one.audit(10).await.unwrap().into_iter();
        let told: Vec<_> = told.map(|line| (line.event, line.by)).collect();
        assert_eq!(
            told,
            [
                (AuditEvent::AccountEnded, client),
                (AuditEvent::Withdrawn, By::Owner),
                (AuditEvent::Granted, client),
                (AuditEvent::AccountMade, By::Server),
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn lines_of_one_second_are_told_in_their_order() {
    on_each(async |[one, other]| {
        let ada = account(&one, "ada").await;
        for number in 0..20 {
            let store = if number % 2 == 0 { &one } else { &other };
            let granted = grant(&format!("nas-{number}.local"), &ada);
            store.grant(&granted, By::Owner, NOW).await.unwrap();
        }
        let told = one.audit(20).await.unwrap().into_iter().rev();
        let told: Vec<String> = told.map(|line| line.subject).collect();
        let expected: Vec<String> = (0..20).map(|it| format!("nas-{it}.local")).collect();
        assert_eq!(told, expected);
    })
    .await;
}
