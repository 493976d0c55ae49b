//! What a listener writes down in a day near some devices: for each announcement what it says, and when
//! it began and ended. Which device it was is what the attacker does not know.

use std::collections::HashMap;
use std::convert::Infallible;
use std::time::Duration;

use fastrand::Rng;
use settle_device::{Rotation, Service, Step, WORN, mask};
use settle_protocol::discovery::TAGS_SEPARATOR;
use settle_protocol::fingerprint::KeyFingerprint;
use settle_protocol::name::{Label, NameError};
use settle_protocol::portable::{MARKS_BYTES, Mark, Nonce, Recognition};

/// All devices listen on the usual port.
const PORT: u16 = 8443;
/// How long a device that is announced by the clock keeps an announcement.
const QUARTER: f64 = 15.0 * 60.0;

/// One announcement.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    /// Whose it is; only the count of right guesses looks at it.
    pub(super) device: usize,
    /// In seconds.
    pub(super) begin: f64,
    pub(super) end: f64,
    pub(super) service: Service,
    /// All that is said, one after the other.
    pub(super) said: Vec<u8>,
    /// What may be marks, in order.
    pub(super) marks: Vec<Mark>,
}

impl Sighting {
    fn new(device: usize, begin: f64, end: f64, service: Service) -> Self {
        let values: Vec<u8> = service
            .text
            .iter()
            .flat_map(|(_, value)| value.clone())
            .collect();
        let mut marks = values.as_chunks().0.to_vec();
        marks.sort_unstable();
        let said = [
            service.instance.as_bytes(),
            service.host.as_bytes(),
            &values,
        ]
        .concat();
        Self {
            device,
            begin,
            end,
            service,
            said,
            marks,
        }
    }
}

/// Portable devices with one to three clients each: the device's own code, in simulated time.
pub(super) fn portable(devices: usize, hours: u64, seed: u64) -> Vec<Sighting> {
    let end = Duration::from_secs(hours * 3600);
    let day = |device: usize| {
        let mut random = random(seed, device);
        let clients: Vec<[u8; 32]> = (0..random.usize(1..=3))
            .map(|_| bytes(&mut random))
            .collect();
        // They are switched on at different times.
        let on = Duration::from_secs(random.u64(0..3600));
        let (mut rotation, mut worn) = (Rotation::default(), HashMap::new());
        let mut sightings = Vec::new();
        while on + rotation.due() < end {
            let now = rotation.due();
            let Ok(steps) = rotation.advance(now, &mut |bytes: &mut [u8]| {
                random.fill(bytes);
                Ok::<_, Infallible>(())
            });
            for step in steps {
                match step {
                    Step::Begin(nonce) => drop(worn.insert(nonce, on + now)),
                    Step::End(nonce) => {
                        let begin: Duration = worn.remove(&nonce).unwrap_or_default();
                        let (begin, end) = (begin.as_secs_f64(), (on + now).as_secs_f64());
                        let service = worn_by(&clients, nonce, &mut random);
                        sightings.push(Sighting::new(device, begin, end, service));
                    }
                }
            }
        }
        sightings
    };
    (0..devices).flat_map(day).collect()
}

fn worn_by(clients: &[[u8; 32]], nonce: Nonce, random: &mut Rng) -> Service {
    let known = clients.iter().map(|key| Recognition::of_client(key));
    let mut decoys = [0; MARKS_BYTES];
    random.fill(&mut decoys);
    mask(nonce, known, decoys, PORT)
}

/// Devices that are not portable, whose tags are drawn anew: they are to be linked.
pub(super) fn by_names(devices: usize, hours: u64, seed: u64) -> Result<Vec<Sighting>, NameError> {
    let label = Label::parse("camera")?;
    let day = |device: usize| {
        let mut random = random(seed, device);
        let root = KeyFingerprint::from_digest(bytes(&mut random));
        let (name, unique) = (label.dot_local(), label.unique(&root));
        by_quarters(device, hours, &mut random, |random| {
            let tags: [Nonce; 2] = [bytes(random), bytes(random)];
            let tags = tags.map(|tag| settle_protocol::portable::label(&tag));
            Service::named(
                &name,
                &unique,
                &tags.join(&TAGS_SEPARATOR.to_string()),
                PORT,
            )
        })
    };
    Ok((0..devices).flat_map(day).collect())
}

/// Devices that say nothing twice, but put on one mask as they take off the last: they are to be linked
/// by that.
pub(super) fn by_the_clock(devices: usize, hours: u64, seed: u64) -> Vec<Sighting> {
    let day = |device: usize| {
        let mut random = random(seed, device);
        let clients = [bytes(&mut random)];
        by_quarters(device, hours, &mut random, |random| {
            worn_by(&clients, bytes(random), random)
        })
    };
    (0..devices).flat_map(day).collect()
}

fn by_quarters(
    device: usize,
    hours: u64,
    random: &mut Rng,
    mut service: impl FnMut(&mut Rng) -> Service,
) -> Vec<Sighting> {
    debug_assert_eq!(WORN.as_secs_f64(), QUARTER);
    let on = random.f64() * QUARTER;
    let mut sightings = Vec::new();
    for quarter in 0..hours * 4 {
        let quarter = u32::try_from(quarter).map_or(0.0, f64::from);
        let begin = on + quarter * QUARTER;
        let service = service(random);
        sightings.push(Sighting::new(device, begin, begin + QUARTER, service));
    }
    sightings
}

fn random(seed: u64, device: usize) -> Rng {
    let device = u64::try_from(device).unwrap_or_default();
    Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(device))
}

fn bytes<const N: usize>(random: &mut Rng) -> [u8; N] {
    let mut bytes = [0; N];
    random.fill(&mut bytes);
    bytes
}
