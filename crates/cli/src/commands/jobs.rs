//! `replay --jobs`: one replay in parts, each in a thread of its own.

use std::ops::ControlFlow;
use std::sync::Mutex;

use driver::{Parts, Streams};

use super::run::Wanted;
use crate::diagnostics::Diagnostic;
use crate::fan_out::{Lent, fan_out};
use crate::input::Opened;
use crate::interrupt;

/// Replays in as many parts as there are jobs; the result is that of one job.
pub(super) fn replay(
    wanted: &Wanted,
    opened: Opened,
    jobs: u32,
    progress: &mut (dyn FnMut(u64) + Send),
) -> Result<driver::report::Report, Diagnostic> {
    let Opened { config, streams, interleave, provenance, .. } = opened;
    let refuse = |why: String, help: &str| {
        Err(Diagnostic::input("E0319", "this replay cannot be split exactly")
            .on(format!("--jobs {jobs}"), why)
            .help(help))
    };
    let alone = "leave `--jobs` out";
    if !wanted.counts_only {
        let why = "cycles come of the order of all accesses on one bus".to_owned();
        return refuse(why, "add `--counts-only`, which leaves cycles out of the report");
    }
    let parts = match Parts::new(&config, &wanted.options, jobs) {
        Ok(parts) => parts,
        Err(why) => return refuse(why.to_string(), alone),
    };
    let source = match streams {
        Streams::Ordered(source) => source,
        Streams::PerCore(_) => {
            let why = format!("the order `{interleave}` is made while the streams are replayed");
            return refuse(why, "replay one trace in its own order, or leave `--jobs` out");
        }
    };
    let progress = Mutex::new(progress);
    let fanned = fan_out(source, parts.count() as usize, |number, lent: Lent| {
        let mut go_on = |accesses| {
            if number == 0
                && let Ok(mut progress) = progress.lock()
            {
                progress(accesses);
            }
            if interrupt::asked() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let part = (parts, number as u64);
        driver::replay_part(&config, Box::new(lent), &wanted.options, part, &mut go_on)
    })?;
    let done = fanned.done().map_err(|(_, error)| error)?;
    let replayed = driver::merge_parts(done, interleave)?;
    wanted.finish(replayed, &config, provenance)
}
