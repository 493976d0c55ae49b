//! A TCP relay between the host and a device that counts TLS records and does a deed at one of them:
//! a crash at any chosen step of an exchange that nobody can look into. It can also keep one of the
//! host's back, and deliver it when the host has long given up.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

/// Whose records are meant.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Side {
    /// Those that the host sends.
    Host,
    /// Those that the device sends.
    Device,
}

/// When the deed is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Moment {
    /// The record never arrives.
    Before,
    /// The record has left for the other side.
    After,
}

/// One step of an exchange.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Step {
    /// Whose record.
    pub side: Side,
    /// Which, counted from 1.
    pub record: usize,
    /// When.
    pub moment: Moment,
}

/// What is done at a step.
enum Deed {
    /// This, and then the connection is cut.
    Cut(Box<dyn FnOnce() + Send>),
    /// The connection is cut for the host alone, and its record is kept.
    Keep,
}

#[derive(Default)]
struct State {
    host: usize,
    device: usize,
    plan: Option<(Step, Deed)>,
    kept: Option<Kept>,
    done: bool,
}

/// A record that the host sent on a connection that is over for it, and not for the device.
struct Kept {
    record: Vec<u8>,
    device: TcpStream,
    /// Ends with what the device says.
    answers: Option<JoinHandle<()>>,
}

/// A running relay. Its threads end with the test.
#[derive(Clone)]
pub struct Tap {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl std::fmt::Debug for Tap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Tap({})", self.address)
    }
}

impl Tap {
    /// Starts a relay to `target` on a free port.
    #[must_use]
    pub fn start(target: SocketAddr) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
        let tap = Self {
            address: listener.local_addr().expect("an address"),
            state: Arc::default(),
        };
        let accepting = tap.clone();
        thread::spawn(move || {
            for host in listener.incoming().filter_map(Result::ok) {
                if let Ok(device) = TcpStream::connect(target) {
                    let answers = accepting.copy(Side::Device, &device, &host, None);
                    accepting.copy(Side::Host, &host, &device, Some(answers));
                }
            }
        });
        tap
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Plans a deed, after which the connection is cut.
    pub fn plan(&self, step: Step, deed: impl FnOnce() + Send + 'static) {
        self.state().plan = Some((step, Deed::Cut(Box::new(deed))));
    }

    /// Plans to keep a record of the host's, which then finds its connection cut.
    pub fn plan_to_keep(&self, step: Step) {
        self.state().plan = Some((step, Deed::Keep));
    }

    /// Delivers the record that was kept, as the last thing that the device hears on its connection,
    /// and waits until the device has ended that.
    ///
    /// # Panics
    /// If none was kept.
    pub fn deliver(&self) {
        let kept = self.state().kept.take();
        let mut kept = kept.expect("a record that was kept");
        // A device that has given up meanwhile takes nothing more.
        drop(kept.device.write_all(&kept.record));
        drop(kept.device.shutdown(Shutdown::Write));
        let answers = kept.answers.map(JoinHandle::join);
        answers.expect("the host's record").expect("no panic");
    }

    /// Whether the planned deed is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state().done
    }

    /// Every step that was taken until now.
    #[must_use]
    pub fn steps(&self) -> Vec<Step> {
        let (host, device) = {
            let state = self.state();
            (state.host, state.device)
        };
        let of = |side, count| {
            (1..=count).flat_map(move |record| {
                [Moment::Before, Moment::After].map(|moment| Step {
                    side,
                    record,
                    moment,
                })
            })
        };
        of(Side::Host, host)
            .chain(of(Side::Device, device))
            .collect()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a record; gives the deed that belongs to it.
    fn count(&self, side: Side) -> Option<(Step, Deed)> {
        let mut state = self.state();
        let count = match side {
            Side::Host => &mut state.host,
            Side::Device => &mut state.device,
        };
        *count += 1;
        let record = *count;
        let is_meant = |(step, _): &mut (Step, Deed)| step.side == side && step.record == record;
        state.plan.take_if(is_meant)
    }

    /// Copies what a side says to its end. `answers` is the copying of the other way, for a record of
    /// the host's that is kept.
    fn copy(
        &self,
        side: Side,
        from: &TcpStream,
        to: &TcpStream,
        answers: Option<JoinHandle<()>>,
    ) -> JoinHandle<()> {
        let tap = self.clone();
        let mut from = from.try_clone().expect("a socket");
        let mut to = to.try_clone().expect("a socket");
        thread::spawn(move || {
            while let Ok(record) = read_record(&mut from) {
                let meant = if says_goodbye(&record) {
                    None
                } else {
                    tap.count(side)
                };
                match meant {
                    // A side that has gone meanwhile has nothing more to lose.
                    None => drop(to.write_all(&record)),
                    Some((step, Deed::Cut(deed))) => {
                        if step.moment == Moment::After {
                            drop(to.write_all(&record));
                        }
                        deed();
                        tap.state().done = true;
                        break;
                    }
                    Some((_, Deed::Keep)) => {
                        drop(from.shutdown(Shutdown::Both));
                        return tap.keep(record, to, answers);
                    }
                }
            }
            // Either end may be gone already; then there is nothing left to close.
            drop(from.shutdown(Shutdown::Both));
            drop(to.shutdown(Shutdown::Both));
        })
    }

    fn keep(&self, record: Vec<u8>, device: TcpStream, answers: Option<JoinHandle<()>>) {
        let mut state = self.state();
        state.kept = Some(Kept {
            record,
            device,
            answers,
        });
        state.done = true;
    }
}

/// The encrypted alert that closes a connection: 2 bytes, the inner type and the tag (RFC 8446 §5.2,
/// §6.1). Whether it still leaves depends on who closes first, so it is no step.
fn says_goodbye(record: &[u8]) -> bool {
    record.len() == 5 + 2 + 1 + 16
}

/// RFC 8446 §5.1: type, version, length, fragment.
fn read_record(from: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut record = vec![0; 5];
    from.read_exact(&mut record)?;
    let length = match record.as_slice() {
        [_, _, _, high, low] => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    };
    record.resize(5 + length, 0);
    from.read_exact(record.get_mut(5..).unwrap_or_default())?;
    Ok(record)
}
