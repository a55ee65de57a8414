//! `mesim crash`: what is lost when everything volatile is gone at a moment of a run.

use super::outputs::Outputs;
use super::run::{Wanted, warn_of_loss};
use super::{twins, vary};
use crate::crash_args::CrashArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::progress::Progress;
use driver::report::Run;

pub(super) fn run(args: &CrashArgs, messages: Messages) -> Result<(), Diagnostic> {
    let wanted = Wanted::from(args);
    if let Some(list) = &args.compare {
        twins::only(list)?;
        return twins::run(&wanted, args.json.as_deref(), messages);
    }
    if !args.vary.vary.is_empty() {
        return vary::run(&wanted, &args.vary, args.json.as_deref(), messages);
    }
    wanted.refuse_unknown_length()?;
    let prepared = wanted.prepare(wanted.machine, None, messages)?;
    wanted.need_durability(&prepared, "a crash")?;
    prepared.warn(messages);
    let outputs = Outputs::begin(&[("--json", args.json.as_deref())])?;
    let bar = Progress::start(args.quiet || messages.are_for_programs());
    let again = || wanted.prepare(wanted.machine, None, messages);
    let (run, accesses) = wanted.run(prepared, &again, &mut |accesses| bar.at(accesses))?;
    bar.finish(accesses);
    let Run::Crash(crashes) = run else { unreachable!("crashes were asked for") };
    warn_of_loss([&crashes.report], messages);
    outputs.write(&[&|| crashes.json()], || crashes.text())
}
