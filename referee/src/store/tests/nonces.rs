//! Nonces, alone and shared: each is good once, also after a crash.

use super::*;

const ENDED: u64 = NOW + 3601;

#[tokio::test]
async fn a_nonce_is_taken_once_by_whichever_referee() {
    on_each(async |[one, other]| {
        let nonce = one.make_nonce(NOW).unwrap();
        let take = async |store: &Store| store.take_nonce(&nonce, NOW).await.unwrap();
        let all = tokio::join!(take(&one), take(&other), take(&one), take(&other));
        let taken = [all.0, all.1, all.2, all.3];
        assert_eq!(taken.into_iter().filter(|taken| *taken).count(), 1);
        assert!(!take(&one).await && !take(&other).await);
        assert!(!one.take_nonce("made-up", NOW).await.unwrap());
        let late = one.make_nonce(NOW).unwrap();
        assert!(!one.take_nonce(&late, ENDED).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn referees_that_share_a_database_take_each_others() {
    let postgres = Postgres::start();
    let open = async || Store::open(postgres.address()).await.unwrap();
    let (one, other) = (open().await, open().await);
    let nonce = one.make_nonce(NOW).unwrap();
    assert!(other.take_nonce(&nonce, NOW).await.unwrap());
    assert!(!one.take_nonce(&nonce, NOW).await.unwrap());
}

#[tokio::test]
async fn nonces_cost_nothing_until_they_are_spent_and_none_can_be_made_up() {
    on_each(async |[one, _]| {
        let known = async || one.counts().await.unwrap().nonces;
        for _ in 0..1000 {
            one.make_nonce(NOW).unwrap();
        }
        assert_eq!(known().await, 0);
        let nonce = one.make_nonce(NOW).unwrap();
        let octets = BASE64URL_NOPAD.decode(nonce.as_bytes()).unwrap();
        for place in 0..octets.len() {
            let mut altered = octets.clone();
            altered[place] ^= 1;
            let altered = BASE64URL_NOPAD.encode(&altered);
            assert!(!one.take_nonce(&altered, NOW).await.unwrap(), "{place}");
        }
        for cut in [&octets[..39], &octets[..8], &[]] {
            let cut = BASE64URL_NOPAD.encode(cut);
            assert!(!one.take_nonce(&cut, NOW).await.unwrap());
        }
        assert!(one.take_nonce(&nonce, NOW).await.unwrap());
        assert_eq!(known().await, 1);
        one.sweep(ENDED).await.unwrap();
        assert_eq!(known().await, 0);
        // What was forgotten is past, and so is not good again.
        assert!(!one.take_nonce(&nonce, ENDED).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_referee_that_starts_again_takes_no_nonce_from_before() {
    let temp = tempfile::tempdir().unwrap();
    let file = temp.path().join("referee.db");
    let before = Store::file(&file).await.unwrap();
    let [spent, unspent] = [(); 2].map(|()| before.make_nonce(NOW).unwrap());
    assert!(before.take_nonce(&spent, NOW).await.unwrap());
    before.close().await;
    let after = Store::file(&file).await.unwrap();
    for nonce in [&spent, &unspent] {
        assert!(!after.take_nonce(nonce, NOW).await.unwrap());
    }
}

#[tokio::test]
async fn no_nonce_from_before_a_crash_of_the_database_is_good_after_it() {
    let mut postgres = Postgres::start();
    let open = async |address: &str| Store::open(address).await.unwrap();
    let (one, other) = (
        open(postgres.address()).await,
        open(postgres.address()).await,
    );
    let [spent, unspent] = [(); 2].map(|()| one.make_nonce(NOW).unwrap());
    assert!(one.take_nonce(&spent, NOW).await.unwrap());
    postgres.crash();
    // Both still have the key in memory that proves them.
    for (store, nonce) in [(&one, &spent), (&other, &spent), (&one, &unspent)] {
        assert!(!store.take_nonce(nonce, NOW).await.unwrap());
    }
    let next = one.make_nonce(NOW).unwrap();
    assert!(other.take_nonce(&next, NOW).await.unwrap());
    assert!(!one.take_nonce(&next, NOW).await.unwrap());
}
