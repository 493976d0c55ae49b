//! Whether somebody who listens for a day can tell which announcements are one device's: the announcing
//! code of the device itself, in simulated time, against every attack that is thought of here.
//!
//! Addresses are left out: they link whatever is said from them, and are not Settle's to change. So this
//! measures what Settle adds. Two controls say that the measurement can fail.

mod attacker;
mod observed;
mod wire;

use serde::Serialize;

use self::attacker::STRATEGIES;
use self::observed::{Sighting, by_names, by_the_clock, portable};

/// The devices in reach of the listener.
const DEVICES: usize = 20;
const HOURS: u64 = 24;
/// Any number; the measurement is the same each time.
const SEED: u64 = 20;

/// How one attack did on one kind of devices.
#[derive(Debug, Serialize)]
pub(crate) struct Finding {
    bench: &'static str,
    devices: &'static str,
    strategy: &'static str,
    /// How often the attacker had to choose.
    sightings: usize,
    /// How often what was chosen is the same device.
    link_rate: f64,
    /// How often it would be by choosing blindly.
    chance_rate: f64,
    advantage: f64,
    /// The advantage lies in here 99.9 times of 100.
    low: f64,
    high: f64,
}

/// What is told.
#[derive(Debug)]
pub(crate) struct Measured {
    /// One for each attack.
    pub(crate) findings: Vec<Finding>,
    /// What the real program sends has the form that the simulation takes it to have.
    pub(crate) wire: wire::Seen,
}

/// Measures all, and holds the simulation against the real program.
pub(crate) fn measure() -> anyhow::Result<Measured> {
    Ok(Measured {
        findings: findings(HOURS, SEED)?,
        wire: wire::see()?,
    })
}

fn findings(hours: u64, seed: u64) -> anyhow::Result<Vec<Finding>> {
    let populations: [(_, Vec<Sighting>); 3] = [
        ("portable", portable(DEVICES, hours, seed)),
        (
            "control: under their names",
            by_names(DEVICES, hours, seed)?,
        ),
        ("control: by the clock", by_the_clock(DEVICES, hours, seed)),
    ];
    let mut findings = Vec::new();
    for (devices, sightings) in &populations {
        for (strategy, likeness) in STRATEGIES {
            let guesses = attacker::guess(sightings, *likeness, seed);
            findings.push(Finding::of(devices, strategy, &guesses));
        }
    }
    Ok(findings)
}

impl Finding {
    #[expect(clippy::cast_precision_loss, reason = "counts of some thousands")]
    fn of(devices: &'static str, strategy: &'static str, guesses: &[attacker::Guess]) -> Self {
        let count = guesses.len() as f64;
        let mean = |of: fn(&attacker::Guess) -> f64| guesses.iter().map(of).sum::<f64>() / count;
        let link_rate = mean(|guess| f64::from(u8::from(guess.is_right)));
        let chance_rate = mean(|guess| guess.chance);
        let advantage = link_rate - chance_rate;
        // Of a proportion; the wider of what was seen and of what chance gives.
        let spread = |rate: f64| (rate * (1.0 - rate) / count).sqrt();
        let margin = 3.29 * spread(link_rate).max(spread(chance_rate));
        Self {
            bench: "privacy",
            devices,
            strategy,
            sightings: guesses.len(),
            link_rate,
            chance_rate,
            advantage,
            low: advantage - margin,
            high: advantage + margin,
        }
    }

    /// The row of the table.
    pub(crate) fn line(&self) -> String {
        let Self {
            devices,
            strategy,
            sightings,
            link_rate,
            chance_rate,
            advantage,
            low,
            high,
            ..
        } = self;
        format!(
            "{devices:<28} {strategy:<12} {sightings:>6}  {link_rate:>7.4} {chance_rate:>7.4}  {advantage:>8.4}  {low:>8.4} … {high:.4}"
        )
    }
}

/// What stands above the table.
pub(crate) const HEADING: &str =
    "devices                      strategy     choices   linked  chance  advantage";

#[cfg(test)]
mod tests {
    use super::*;

    fn finding<'a>(findings: &'a [Finding], devices: &str, strategy: &str) -> &'a Finding {
        let found = |one: &&Finding| one.devices == devices && one.strategy == strategy;
        findings.iter().find(found).unwrap()
    }

    #[test]
    fn no_attack_links_the_announcements_of_a_portable_device_better_than_chance() {
        let findings = findings(6, SEED).unwrap();
        let portable = findings.iter().filter(|one| one.devices == "portable");
        for one in portable {
            assert!(one.sightings > 1000, "{one:?}");
            assert!(one.low <= 0.0 && one.advantage < 0.02, "{one:?}");
        }
    }

    #[test]
    fn the_same_attacks_link_a_device_by_its_name_and_one_that_changes_by_the_clock() {
        let findings = findings(6, SEED).unwrap();
        let named = finding(&findings, "control: under their names", "equality");
        assert!(named.link_rate > 0.999, "{named:?}");
        let timed = finding(&findings, "control: by the clock", "handover");
        assert!(timed.link_rate > 0.9, "{timed:?}");
        for one in [named, timed] {
            assert!(one.low > 0.8, "{one:?}");
        }
    }
}
