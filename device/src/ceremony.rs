//! The device's side of pairing over one provisional connection (docs/pairing.md §5). The peer is
//! hostile until it has proved to know a code: each step has its time, and nothing of an exchange
//! that ends early remains.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use settle_protocol::material::Lifetime;
use settle_protocol::pairing::device::{AwaitingConfirmation, AwaitingHello, Confirmed, Offered};
use settle_protocol::pairing::message::{AbortReason, Grant, Message};
use settle_protocol::pairing::{Binding, PairingError};
use settle_protocol::portable::discovery_key;
use settle_protocol::secret::PairingSecret;
use settle_transport::{pairing, random};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep_until, timeout};
use tokio_rustls::server::TlsStream;
use tokio_util::sync::CancellationToken;

use crate::audit::PairingRefusal;
use crate::authority::{self, Authority};
use crate::client::{Client, showable};
use crate::clock::{steady_now, unix_now};
use crate::code::{self, CodeId};
use crate::event::Event;
use crate::evidence::Provenance;
use crate::identity::Identity;
use crate::notices::Notices;
use crate::register::{Awaited, Register, RegisterError};
use crate::role::Role;
use settle_transport::pool::Place;

/// How long the peer may take for one step.
const STEP: Duration = Duration::from_secs(10);
/// How long the peer's user may take to decide, with a little for the way.
const DECISION: Duration = Duration::from_secs(5 * 60 + 10);
/// How many clients' users may be deciding at once.
const MAX_DECIDING: usize = 16;
/// How long the peer may take to read the last word.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES: u64 = 64 * 1024;

/// Why an exchange ended.
#[derive(Debug, thiserror::Error)]
enum CeremonyError {
    #[error("the connection broke: {0}")]
    Io(#[from] io::Error),
    #[error("the peer took too long")]
    TimedOut,
    #[error(transparent)]
    Pairing(#[from] PairingError),
    #[error("the client cannot be recorded: {0}")]
    Register(#[from] RegisterError),
    #[error("the system's random generator fails: {0}")]
    Random(#[from] getrandom::Error),
    #[error("it gave way to another pairing")]
    GaveWay,
    #[error("too many users are deciding at once")]
    Crowded,
    #[error("the device is being stopped")]
    Stopping,
}

impl CeremonyError {
    /// What the peer is told; nothing when it ended the exchange itself.
    fn reason(&self) -> Option<AbortReason> {
        match self {
            Self::Io(_) | Self::GaveWay | Self::Pairing(PairingError::Aborted(_)) => None,
            Self::TimedOut => Some(AbortReason::Protocol),
            Self::Pairing(error) => Some((*error).into()),
            Self::Register(
                RegisterError::Spent
                | RegisterError::Closed
                | RegisterError::RoleTaken
                | RegisterError::NotAdmin
                | RegisterError::LastAdmin
                | RegisterError::ManyCodes
                | RegisterError::OtherRoot
                | RegisterError::ManyRollovers,
            )
            | Self::Crowded
            | Self::Stopping => Some(AbortReason::Closed),
            Self::Register(
                RegisterError::State(_)
                | RegisterError::Random(_)
                | RegisterError::Issue(_)
                | RegisterError::Refused
                | RegisterError::Interrupted,
            )
            | Self::Random(_) => Some(AbortReason::Failed),
        }
    }
}

/// What all exchanges of a device share.
#[derive(Debug)]
pub(crate) struct Ceremony {
    /// What its maker says of it.
    provenance: Option<Arc<Provenance>>,
    /// Of a referee.
    authority: Option<Arc<Authority>>,
    register: Arc<Register>,
    /// The port that clients are granted.
    port: u16,
    notices: Notices,
    deciding: Semaphore,
    stop: CancellationToken,
}

/// The answer is out, so the client can test one guess.
struct Answered {
    next: AwaitingConfirmation,
    code: CodeId,
}

/// What a client gets that has proved to know a code.
struct Granted {
    role: Role,
    lifetime: Lifetime,
    awaited: Awaited,
}

impl Ceremony {
    /// Pairing for one device, until `stop`.
    pub(crate) fn new(
        provenance: Option<Arc<Provenance>>,
        authority: Option<Arc<Authority>>,
        register: Arc<Register>,
        port: u16,
        notices: Notices,
        stop: CancellationToken,
    ) -> Self {
        Self {
            provenance,
            authority,
            register,
            port,
            notices,
            deciding: Semaphore::new(MAX_DECIDING),
            stop,
        }
    }

    /// Runs one exchange, in a place that is given up once the client has proved itself. The identity
    /// is the one that the connection was opened with.
    pub(crate) async fn run<S>(&self, tls: TlsStream<S>, identity: &Identity, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        match pairing::device_binding(&tls, identity.fingerprint()) {
            Some(binding) => self.run_bound(tls, identity, binding, place).await,
            None => tracing::debug!("a peer showed no key to pair"),
        }
    }

    async fn run_bound<S>(&self, mut stream: S, identity: &Identity, binding: Binding, place: Place)
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut place = Some(place);
        let last_frame = match self
            .exchange(&mut stream, identity, binding, &mut place)
            .await
        {
            Ok(client) => {
                tracing::info!(client = %client.key, role = client.role.word(), "paired");
                self.notices.tell(Event::Paired(client)).await;
                None
            }
            Err(error) => {
                tracing::info!(%error, "a pairing ended");
                error
                    .reason()
                    .map(|reason| Message::Abort(reason).to_bytes())
            }
        };
        let parting = part(&mut stream, last_frame);
        match &place {
            // Who has proved nothing takes up no more room by leaving slowly.
            Some(place) => place.hold(parting).await.unwrap_or_default(),
            None => parting.await,
        }
    }

    async fn exchange<S>(
        &self,
        tls: &mut S,
        identity: &Identity,
        binding: Binding,
        place: &mut Option<Place>,
    ) -> Result<Client, CeremonyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let client = binding.client;
        let answered = hold(place, self.answer(tls, binding)).await?;
        let code = answered.code;
        let confirmed = hold(place, self.confirm(tls, answered))
            .await
            .inspect_err(|_| self.failed())?;
        drop(place.take());
        self.register.forgive(code).await?;
        let admitted = self.register.admission(code, steady_now());
        let lifetime =
            admitted.inspect_err(|_| self.register.tally.refused(PairingRefusal::Closed))?;
        let _deciding = self
            .deciding
            .try_acquire()
            .map_err(|_| CeremonyError::Crowded)?;
        let granted = Granted {
            role: self.register.role_for(&client, code),
            lifetime,
            awaited: self.register.await_client(client),
        };
        self.decide(tls, identity, confirmed, code, granted).await
    }

    /// Somebody could not prove to know a code.
    fn failed(&self) {
        self.register.tally.refused(PairingRefusal::NotConfirmed);
        self.notices.mention(Event::AttemptFailed);
    }

    /// Reads the offer and answers it, from a secret that nobody has where the code is not alive.
    async fn answer<S>(&self, tls: &mut S, binding: Binding) -> Result<Answered, CeremonyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let hello = self.receive(tls, STEP).await?;
        let offered = AwaitingHello::new(binding).receive(&hello)?;
        let code = offered.code();
        let received = Instant::now();
        let attempt = self.register.attempt(code, steady_now()).await?;
        // Counted from the offer, so that the time does not tell whether the disk was written to.
        sleep_until(received + code::delay_after(attempt.before)).await;
        let secret = match attempt.secret {
            Some(secret) => secret,
            None => random::make_secret()?,
        };
        let (next, [hello, confirmation]) = compute_answer(offered, secret).await?;
        send(tls, &hello).await?;
        send(tls, &confirmation).await?;
        Ok(Answered { next, code })
    }

    async fn confirm<S>(&self, tls: &mut S, answered: Answered) -> Result<Confirmed, CeremonyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let frame = self.receive(tls, STEP).await?;
        Ok(answered.next.receive(&frame)?)
    }

    /// Grants, waits for the user at the other side, and records the client before saying so.
    async fn decide<S>(
        &self,
        tls: &mut S,
        identity: &Identity,
        confirmed: Confirmed,
        code: CodeId,
        granted: Granted,
    ) -> Result<Client, CeremonyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let provenance = self.provenance.as_ref();
        let evidence = provenance.and_then(|made| made.present(confirmed.exchange()));
        // One of its own: who is taken off the list recognizes the device no more.
        let discovery_key = discovery_key(identity.discovery_key(), &confirmed.client());
        let (awaiting, grant) = confirmed.grant(Grant {
            root: identity.root().to_vec(),
            label: identity.label().as_str().to_owned(),
            unique_name: identity.unique_name().as_str().to_owned(),
            port: self.port,
            kind: authority::kind_of(self.authority.as_deref()),
            role: granted.role.granted(),
            discovery_key: *discovery_key.expose(),
            code: granted.lifetime,
            evidence,
            authority: self.authority.as_ref().map(|made| made.root.to_vec()),
        });
        send(tls, &grant).await?;
        let committed = awaiting.receive(&self.receive(tls, DECISION).await?)?;
        let client = Client {
            key: committed.client(),
            label: showable(committed.label()),
            role: granted.role,
            paired_at: unix_now(),
        };
        let awaited = granted.awaited;
        self.register.record(code, client.clone(), awaited).await?;
        // Recorded is paired: a client that never gets the last frame is let in all the same.
        if let Err(error) = send(tls, &committed.done()).await {
            tracing::info!(%error, "a client was recorded but could not be told");
        }
        Ok(client)
    }

    async fn receive<S>(&self, tls: &mut S, within: Duration) -> Result<Vec<u8>, CeremonyError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let frame = timeout(within, pairing::read_frame(tls));
        match self.stop.run_until_cancelled(frame).await {
            Some(Ok(frame)) => Ok(frame?),
            Some(Err(_)) => Err(CeremonyError::TimedOut),
            None => Err(CeremonyError::Stopping),
        }
    }
}

/// The group arithmetic takes milliseconds, which the connections of paired clients do not wait.
async fn compute_answer(
    offered: Offered,
    secret: PairingSecret,
) -> Result<(AwaitingConfirmation, [Vec<u8>; 2]), CeremonyError> {
    let entropy = random::make_secret()?;
    tokio::task::spawn_blocking(move || offered.answer(&secret, &entropy))
        .await
        .map_err(|_| CeremonyError::Stopping)?
        .map_err(CeremonyError::from)
}

async fn send<S>(tls: &mut S, frame: &[u8]) -> Result<(), CeremonyError>
where
    S: AsyncWrite + Unpin,
{
    timeout(STEP, pairing::write_frame(tls, frame))
        .await
        .map_err(|_| CeremonyError::TimedOut)?
        .map_err(CeremonyError::from)
}

/// Does a step as long as the place for it is not given to another.
async fn hold<T>(
    place: &Option<Place>,
    step: impl Future<Output = Result<T, CeremonyError>>,
) -> Result<T, CeremonyError> {
    let place = place.as_ref().ok_or(CeremonyError::GaveWay)?;
    place
        .hold(step)
        .await
        .unwrap_or(Err(CeremonyError::GaveWay))
}

/// Says the last word and ends the connection so that the peer still reads it: a socket that is
/// closed with unread bytes resets the connection.
async fn part<S: AsyncRead + AsyncWrite + Unpin>(tls: &mut S, last_frame: Option<Vec<u8>>) {
    let ended = timeout(LINGER, async {
        if let Some(frame) = last_frame {
            pairing::write_frame(tls, &frame).await?;
        }
        tls.shutdown().await?;
        tokio::io::copy(&mut tls.take(LINGER_BYTES), &mut tokio::io::sink()).await
    });
    if !matches!(ended.await, Ok(Ok(_))) {
        tracing::debug!("a peer did not part orderly");
    }
}

#[cfg(test)]
mod tests;
