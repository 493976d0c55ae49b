//! `renew`: another bridge authority in the place of one whose key may be in other hands.

use settle_protocol::rpc::{BridgeCertificate, Call};

use super::install::tell_failures;
use super::{CommandError, Outcome, Terminal};
use crate::client::Client;
use crate::install::authorities::{self, Authorities};
use crate::install::policies::Policies;
use crate::install::{InstallError, Step};
use crate::paths::Paths;

const RENEWED: &str = "\
Settle signs with another authority from now on, and the former one's key is destroyed. Restart your
browsers now: until then they accept the former one, and none of your devices opens.";

const POLICIES: &str = "\
The policies for all users of this computer still have the former one. Replace it there with:
  settle install --system";

pub(super) fn renew(paths: &Paths, terminal: &mut Terminal<'_>) -> Result<Outcome, CommandError> {
    let said: BridgeCertificate = Client::connect(paths)?.call(Call::ReplaceBridge {})?;
    let wanted = Authorities::of(&said).map_err(InstallError::from)?;
    let steps = authorities::keep(|| Some(wanted), true, paths)?;
    for Step { what, .. } in steps.iter().filter(|step| step.result.is_ok()) {
        terminal.say(format_args!("  replaced  {what}"))?;
    }
    let is_everywhere = tell_failures(&steps, terminal)?;
    terminal.say(RENEWED)?;
    let in_policies = Policies::of(paths).are_installed();
    if in_policies {
        terminal.say(POLICIES)?;
    }
    if !is_everywhere {
        terminal.say(
            "What failed still has the former one. When it is mended, run 'settle install'.",
        )?;
    }
    Ok(if is_everywhere && !in_policies {
        Outcome::Done
    } else {
        Outcome::Unwell
    })
}
