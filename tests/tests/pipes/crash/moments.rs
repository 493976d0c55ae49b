//! The daemon or the device killed at moments between the user's consent and its end, close to each
//! other: while files are written and the keyring is asked, which no record on the network tells of.

use std::thread;
use std::time::{Duration, Instant};

use settle_protocol::rpc::{Call, CommitPairing};
use settle_tests::process::kill;

use super::{Broken, Fate, Sweep};

/// How many moments there are.
const MOMENTS: u32 = 24;
/// How many homes share them.
const HOMES: u32 = 4;

impl Sweep {
    /// How long it takes from the consent to its end when nobody is killed.
    fn undisturbed(&mut self) -> Duration {
        let (device, _) = self.device();
        let decision = self.connector.start_pairing(device.code()).unwrap();
        let start = Instant::now();
        self.connector.commit(&decision).unwrap();
        let took = start.elapsed();
        self.forget();
        took
    }

    /// Kills somebody some time after the consent.
    fn moment(&mut self, after: Duration, fate: Fate) {
        let (device, setup) = self.device();
        let victim = self.victim(fate, &device).unwrap();
        let decision = self.connector.start_pairing(device.code()).unwrap();
        let commit = Call::CommitPairing(CommitPairing {
            pairing: decision.pairing,
            petname: decision.label,
        });
        thread::scope(|scope| {
            scope.spawn(move || {
                // No condition is waited for: what happens at this moment is the question.
                thread::sleep(after);
                kill(victim);
            });
            // Whatever comes of it, what both sides have is looked at afterwards.
            drop(
                self.connector
                    .try_call::<settle_protocol::rpc::Device>(commit),
            );
        });
        let broken = Broken {
            late: None,
            when: format!("{after:?}"),
            fate,
        };
        self.mend(device, setup, &broken);
    }
}

fn sweep(fate: Fate) {
    thread::scope(|scope| {
        for home in 0..HOMES {
            scope.spawn(move || {
                let mut sweep = Sweep::new();
                let whole = sweep.undisturbed();
                for moment in (home..MOMENTS).step_by(HOMES as usize) {
                    sweep.moment(whole * moment / MOMENTS, fate);
                }
            });
        }
    });
}

#[test]
fn the_daemon_is_killed_at_many_moments_after_the_consent() {
    sweep(Fate::DaemonKilled);
}

#[test]
fn the_device_is_killed_at_many_moments_after_the_consent() {
    sweep(Fate::DeviceKilled);
}
