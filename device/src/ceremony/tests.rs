//! A stranger who tries codes, in memory and with a clock of its own: ten thousand times.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::Label;
use settle_protocol::pairing::client::{self, Offer, code_id};
use settle_protocol::pairing::message::Role;
use settle_protocol::secret::{Entropy, Secret};
use settle_protocol::spake2::Suite;
use tokio::io::{AsyncWriteExt, duplex};
use tokio::sync::mpsc;

use super::*;
use crate::register::Contents;
use crate::state::StateDir;
use settle_transport::pool::Pool;

const TRIES: usize = 10_000;

struct Fixture {
    _temp: tempfile::TempDir,
    register: Arc<Register>,
    identity: Identity,
    ceremony: Ceremony,
    pool: Pool,
    _events: mpsc::Receiver<Event>,
}

impl Fixture {
    async fn new() -> Self {
        let temp = tempfile::tempdir().unwrap();
        let dir = Arc::new(StateDir::open(temp.path()).unwrap());
        let label = Label::parse("printer").unwrap();
        let identity = Identity::make(&dir, &label).unwrap();
        let contents = Contents::make(&dir).unwrap();
        let register = Arc::new(Register::new(dir, contents));
        register.make_code(unix_now()).await.unwrap();
        let (sender, events) = mpsc::channel(8);
        let ceremony = Ceremony::new(
            None,
            None,
            Arc::clone(&register),
            8443,
            Notices(sender),
            CancellationToken::new(),
        );
        Self {
            _temp: temp,
            register,
            identity,
            ceremony,
            pool: Pool::new(4),
            _events: events,
        }
    }

    fn binding(&self) -> Binding {
        Binding {
            exporter: Secret::new([1; 32]),
            client: KeyFingerprint::of_spki(b"a stranger"),
            device: self.identity.fingerprint(),
            former: Vec::new(),
        }
    }

    /// The first frame of a client that names the code of `secret`.
    fn hello(&self, secret: &PairingSecret) -> Vec<u8> {
        let offer = Offer {
            secret,
            suites: &[Suite::P256],
            label: "laptop",
            role: Role::Admin,
        };
        client::begin(&offer, self.binding(), &Entropy::new([2; 64])).1
    }

    /// One try with a guessed confirmation; what came back, and after how long.
    async fn try_once(&self, hello: &[u8], guess: [u8; 32]) -> (Vec<Vec<u8>>, Duration) {
        let (mut near, far) = duplex(64 * 1024);
        let place = self.pool.take(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let started = Instant::now();
        let stranger = async {
            pairing::write_frame(&mut near, hello).await.unwrap();
            let mut frames = vec![
                pairing::read_frame(&mut near).await.unwrap(),
                pairing::read_frame(&mut near).await.unwrap(),
            ];
            let answered = started.elapsed();
            let guess = Message::Confirmation(guess).to_bytes();
            pairing::write_frame(&mut near, &guess).await.unwrap();
            frames.push(pairing::read_frame(&mut near).await.unwrap());
            near.shutdown().await.unwrap();
            (frames, answered)
        };
        let (_, seen) = tokio::join!(
            self.ceremony
                .run_bound(far, &self.identity, self.binding(), place),
            stranger
        );
        seen
    }
}

/// What a stranger can tell of an answer: the messages and their lengths, and all of the last one.
fn shape(frames: &[Vec<u8>]) -> (Vec<usize>, Vec<u8>) {
    let lengths = frames.iter().map(Vec::len).collect();
    (lengths, frames.last().cloned().unwrap_or_default())
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_wrong_codes_let_nobody_in_and_tell_nothing() {
    let fixture = Fixture::new().await;
    let (secret, _) = fixture.register.code(unix_now()).unwrap();
    let known = fixture.hello(&secret);
    let unknown = fixture.hello(&PairingSecret::new([9; 16]));
    let mut answers: HashMap<_, usize> = HashMap::new();
    let mut delays = Vec::new();
    for number in 0..TRIES / 2 {
        let mut guess = [0; 32];
        guess[..8].copy_from_slice(&number.to_be_bytes());
        let (frames, at_known) = fixture.try_once(&known, guess).await;
        *answers.entry(shape(&frames)).or_default() += 1;
        let (frames, at_unknown) = fixture.try_once(&unknown, guess).await;
        *answers.entry(shape(&frames)).or_default() += 1;
        assert_eq!(at_known, at_unknown, "try {number}");
        delays.push(at_known.as_millis());
    }
    // All the same to the byte, where it is not a share or a proof.
    assert_eq!(answers.values().copied().collect::<Vec<_>>(), [TRIES]);
    let (_, last) = answers.keys().next().unwrap();
    assert_eq!(
        Message::read(last),
        Err(PairingError::Aborted(AbortReason::NotConfirmed))
    );
    assert_eq!(delays[..8], [0, 0, 0, 250, 500, 1000, 2000, 2000]);
    assert!(delays[8..].iter().all(|delay| *delay == 2000));
    assert!(fixture.register.clients().is_empty());
    assert!(
        fixture.register.code(unix_now()).is_none(),
        "the code is dead"
    );
    let attempt = fixture.register.attempt(code_id(&secret), unix_now()).await;
    assert!(attempt.unwrap().secret.is_none());
}

/// How far a client goes before it says nothing more.
#[derive(Clone, Copy, Debug)]
enum Silence {
    AtOnce,
    AfterTheLength,
    AfterTheHello,
    AtTheDecision,
}

#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_more_is_given_up_at_every_step() {
    let fixture = Fixture::new().await;
    let (secret, _) = fixture.register.code(unix_now()).unwrap();
    for (silence, limit) in [
        (Silence::AtOnce, STEP),
        (Silence::AfterTheLength, STEP),
        (Silence::AfterTheHello, STEP),
        (Silence::AtTheDecision, DECISION),
    ] {
        let (mut near, far) = duplex(64 * 1024);
        let place = fixture.pool.take(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let offer = Offer {
            secret: &secret,
            suites: &[Suite::P256],
            label: "laptop",
            role: Role::Admin,
        };
        let (state, hello) = client::begin(&offer, fixture.binding(), &Entropy::new([2; 64]));
        let started = Instant::now();
        let client = async {
            if matches!(silence, Silence::AfterTheLength) {
                near.write_all(&[0, 0, 1, 0]).await.unwrap();
            }
            if matches!(silence, Silence::AfterTheHello | Silence::AtTheDecision) {
                pairing::write_frame(&mut near, &hello).await.unwrap();
            }
            if matches!(silence, Silence::AtTheDecision) {
                let state = state.receive(&pairing::read_frame(&mut near).await.unwrap());
                let proof = pairing::read_frame(&mut near).await.unwrap();
                let (_, proof) = state.unwrap().receive(&proof).unwrap();
                pairing::write_frame(&mut near, &proof).await.unwrap();
            }
            near
        };
        let serving = fixture
            .ceremony
            .run_bound(far, &fixture.identity, fixture.binding(), place);
        // The client's end stays open until the device has given up.
        let (near, ()) = tokio::join!(client, serving);
        drop(near);
        let waited = started.elapsed();
        assert!(
            waited >= limit && waited <= limit + LINGER * 2,
            "{silence:?} {waited:?}"
        );
        assert!(fixture.register.clients().is_empty());
    }
}
