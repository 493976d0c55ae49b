//! `uninstall`: of one's own, of the policies for all users, or of everything there is.

use super::install::tell_failures;
use super::{CommandError, Outcome, Terminal};
use crate::install::policies::Policies;
use crate::install::{Step, removal};
use crate::paths::Paths;

const EVERYTHING: &str = "\
This takes Settle back from all browsers and destroys what you trust: every pairing, its keys, and
the log. Devices keep this computer on their lists until you remove it there. It cannot be undone.
";

pub(super) fn uninstall(
    paths: &Paths,
    everything: bool,
    system: bool,
    yes: bool,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    if system && !Policies::of(paths).are_installed() {
        terminal.say("There are no policies of Settle's.")?;
        return Ok(Outcome::Done);
    }
    if system {
        let steps = Policies::of(paths).uninstall()?;
        return told(
            &steps,
            "The policies are as they were before Settle. Firefox keeps a copy of the certificate in each\n\
             profile that it was started with; 'settle uninstall', run by that user, removes it.",
            terminal,
        );
    }
    if !everything {
        let steps = removal::uninstall(paths)?;
        let rest = if paths.store().exists() {
            format!(
                "Settle is uninstalled. What you trust is still in {}, sealed;\n'settle uninstall \
                 --everything' destroys that too.",
                paths.store().display()
            )
        } else {
            "Settle is uninstalled.".to_owned()
        };
        tell_of_policies(paths, terminal)?;
        return told(&steps, &rest, terminal);
    }
    terminal.say(EVERYTHING)?;
    if !yes && !terminal.agrees("Destroy it all?")? {
        terminal.say("Nothing was changed.")?;
        return Ok(Outcome::Declined);
    }
    let steps = removal::destroy_everything(paths)?;
    tell_of_policies(paths, terminal)?;
    told(
        &steps,
        "Nothing of Settle is left but this program.",
        terminal,
    )
}

fn tell_of_policies(paths: &Paths, terminal: &mut Terminal<'_>) -> Result<(), CommandError> {
    if Policies::of(paths).are_installed() {
        terminal.say(
            "The policies for all users of this computer are still there. Take them back with:\n  \
             sudo settle uninstall --system",
        )?;
    }
    Ok(())
}

/// Says what was taken back and what remains.
fn told(
    steps: &[Step],
    all_is_well: &str,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, CommandError> {
    for step in steps.iter().filter(|step| step.result.is_ok()) {
        terminal.say(format_args!("  removed  {}", step.what))?;
    }
    if tell_failures(steps, terminal)? {
        terminal.say(all_is_well)?;
        return Ok(Outcome::Done);
    }
    terminal.say("\nThis remains. When it is mended, run the same again.")?;
    Ok(Outcome::Unwell)
}
