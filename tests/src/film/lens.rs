//! What becomes of a scene on its way through the camera: lamps, blur, and the noise of the sensor.

use fastrand::Rng;

use super::{Fault, HEIGHT, WIDTH};

/// How much of each fault.
pub(super) struct Lens {
    /// Of the blur, in pixels each way.
    blur: usize,
    /// How far the camera moved, in pixels.
    moved: usize,
    /// Of the noise, as the deviation in shades.
    noise: f32,
    /// Where a lamp is reflected, how wide and how bright.
    lamp: Option<(f32, f32, f32, f32)>,
}

impl Lens {
    pub(super) fn of(fault: Fault, rng: &mut Rng) -> Self {
        let mut lens = Self {
            blur: 0,
            moved: 0,
            noise: 2.0,
            lamp: None,
        };
        match fault {
            Fault::Blur if rng.bool() => lens.blur = rng.usize(1..=3),
            Fault::Blur => lens.moved = rng.usize(3..=7),
            Fault::Noise => lens.noise = 18.0 + 40.0 * rng.f32(),
            Fault::Glare => {
                let place = |whole: usize, rng: &mut Rng| whole as f32 * (0.35 + 0.3 * rng.f32());
                let (x, y) = (place(WIDTH, rng), place(HEIGHT, rng));
                lens.lamp = Some((x, y, 60.0 + 90.0 * rng.f32(), 120.0 + 80.0 * rng.f32()));
            }
            Fault::Perspective => lens.blur = rng.usize(0..=1),
            Fault::Clear | Fault::Pale | Fault::Two | Fault::Nothing => {}
        }
        lens
    }

    /// The shades of the scene as the sensor has them.
    pub(super) fn expose(&self, mut shades: Vec<f32>, rng: &mut Rng) -> Vec<u8> {
        if let Some(lamp) = self.lamp {
            shine(&mut shades, lamp);
        }
        // Three means are close to a Gaussian.
        for _ in 0..3 {
            shades = mean(&mean(&shades, self.blur, 1), self.blur, WIDTH);
        }
        shades = mean(&shades, self.moved, 1);
        let exposed = shades.into_iter().map(|shade| {
            // Of four even distributions the sum is close to a normal one.
            let even: f32 = (0..4).map(|_| rng.f32() - 0.5).sum();
            let shade = shade + even * 1.732 * self.noise;
            shade.clamp(0.0, 255.0) as u8
        });
        exposed.collect()
    }
}

fn shine(shades: &mut [f32], (x, y, width, brightness): (f32, f32, f32, f32)) {
    for (number, shade) in shades.iter_mut().enumerate() {
        let (dx, dy) = ((number % WIDTH) as f32 - x, (number / WIDTH) as f32 - y);
        *shade += brightness * (-(dx * dx + dy * dy) / (2.0 * width * width)).exp();
    }
}

/// The mean over `reach` values before and after each, `step` values apart; at the edges of what there is.
fn mean(shades: &[f32], reach: usize, step: usize) -> Vec<f32> {
    if reach == 0 {
        return shades.to_vec();
    }
    let around = (0..=2 * reach).map(|offset| offset * step);
    let around: Vec<usize> = around.collect();
    (0..shades.len())
        .map(|at| {
            let there = around
                .iter()
                .filter_map(|offset| (at + offset).checked_sub(reach * step))
                .filter_map(|place| shades.get(place));
            let (sum, count) =
                there.fold((0.0, 0.0), |(sum, count), shade| (sum + shade, count + 1.0));
            sum / count
        })
        .collect()
}
