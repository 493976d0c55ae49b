//! Cuts one input into several frames: each behind its length as two bytes, big-endian.

/// More frames than this cost time and reach nothing new.
const MAX_FRAMES: usize = 4;

/// The first frames of an input; the last one may be shorter than it says.
pub(crate) fn of(mut data: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while let [high, low, rest @ ..] = data
        && frames.len() < MAX_FRAMES
    {
        let length = usize::from(u16::from_be_bytes([*high, *low])).min(rest.len());
        let (frame, others) = rest.split_at(length);
        frames.push(frame);
        data = others;
    }
    frames
}
