//! All who may be the device are tried at once, and the first that proves it wins. How many are at once
//! is bounded, and who does not get on gives way, so that many false ones delay the right one only.

use std::collections::VecDeque;
use std::pin::pin;
use std::time::Duration;

use futures_util::future::{AbortHandle, abortable};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt};
use tokio::time::{Instant, sleep_until, timeout};

/// How many are tried at once.
const AT_ONCE: usize = 32;

/// How long an attempt may take.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// At most.
    pub limit: Duration,
    /// When others wait for its place.
    pub patience: Duration,
}

/// Tries every candidate as it becomes known, and takes the first that succeeds.
///
/// # Errors
/// Those of all attempts; none when there was nobody to try.
pub async fn first_success<C, T, E, F>(
    candidates: impl Stream<Item = C>,
    pace: Pace,
    attempt: impl Fn(C) -> F,
) -> Result<T, Vec<E>>
where
    F: Future<Output = Result<T, E>>,
{
    let mut candidates = pin!(candidates.fuse().peekable());
    let mut attempts = FuturesUnordered::new();
    let mut begun: VecDeque<(Instant, AbortHandle)> = VecDeque::new();
    let mut errors = Vec::new();
    loop {
        begun.retain(|(_, handle)| !handle.is_aborted());
        let is_full = attempts.len() >= AT_ONCE;
        let oldest = begun.front().map_or_else(Instant::now, |(at, _)| *at);
        // Whose turn it is, or nobody's when a place has to be made first.
        let next = async {
            if is_full {
                sleep_until(oldest + pace.patience).await;
                candidates.as_mut().peek().await?;
                return Some(None);
            }
            candidates.next().await.map(Some)
        };
        let finished = tokio::select! {
            Some(next) = next => {
                let Some(candidate) = next else {
                    if let Some((_, handle)) = begun.pop_front() {
                        handle.abort();
                    }
                    continue;
                };
                let (trying, handle) = abortable(timeout(pace.limit, attempt(candidate)));
                let end = handle.clone();
                attempts.push(async move {
                    let result = trying.await;
                    // It needs no place any more.
                    end.abort();
                    result
                });
                begun.push_back((Instant::now(), handle));
                continue;
            }
            Some(finished) = attempts.next() => finished,
            else => return Err(errors),
        };
        match finished {
            Ok(Ok(Ok(success))) => return Ok(success),
            Ok(Ok(Err(error))) => errors.push(error),
            // It took too long, or gave way.
            Ok(Err(_)) | Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use futures_util::stream;

    use super::*;

    const PACE: Pace = Pace {
        limit: Duration::from_secs(5),
        patience: Duration::from_millis(500),
    };

    /// Candidate 0 is the device; the others take their connection and say nothing.
    async fn attempt(candidate: u32) -> Result<u32, ()> {
        match candidate {
            0 => Ok(0),
            _ => pending().await,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_right_one_wins_behind_many_that_say_nothing() {
        let candidates = stream::iter((1..=200).chain([0]));
        let begun = Instant::now();
        assert_eq!(first_success(candidates, PACE, attempt).await, Ok(0));
        assert!(
            begun.elapsed() < Duration::from_secs(5),
            "{:?}",
            begun.elapsed()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_gives_way_while_there_is_room() {
        let slow = |candidate: u32| async move {
            tokio::time::sleep(Duration::from_secs(4)).await;
            Ok::<_, ()>(candidate)
        };
        assert_eq!(first_success(stream::iter([7]), PACE, slow).await, Ok(7));
        let full = stream::iter(0..32);
        assert!(first_success(full, PACE, slow).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn when_nobody_is_it_all_reasons_are_told() {
        let refuse = |candidate: u32| async move { Err::<(), _>(candidate) };
        let told = first_success(stream::iter(0..100), PACE, refuse).await;
        let mut told = told.unwrap_err();
        told.sort_unstable();
        assert_eq!(told, Vec::from_iter(0..100));
        let nobody = first_success(stream::iter(1..100), PACE, attempt).await;
        assert_eq!(nobody, Err(vec![]));
    }
}
