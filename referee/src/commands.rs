//! What the commands take, do, and say.

pub(crate) mod authority;
pub(crate) mod issued;
pub(crate) mod names;
pub(crate) mod serve;

use settle_referee::administration::Administration;
use settle_referee::authority::Files;
use settle_referee::store::By;
use settle_referee::{open_store, unix_now as now};

use crate::Which;

/// The store of a referee that has an authority already, in the hands of its owner.
async fn owner(which: &Which) -> anyhow::Result<Administration> {
    let state = which.state()?;
    Files::new(&state, None).authority()?;
    let store = open_store(&state, which.database.as_deref()).await?;
    Ok(Administration::new(store, By::Owner))
}

fn block_on<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(work)
}
