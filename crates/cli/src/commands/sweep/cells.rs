//! From what a space or a plan says to the machines on which its traces are replayed.

use std::path::{Path, PathBuf};

use coherence::LevelSpec;
use driver::config::{Config, Peers, Setting, Source};
use driver::sweep::{Identity, Plan, Reading, RunOptions};
use driver::{Interleave, ReplayOptions};
use trace::ReadOptions;

use crate::args::{
    LackeyModify, MachineArgs, PinnedMachine, TraceArgs, parse_columns, parse_format,
};
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::{self, Prepared};

/// About how many bytes a line of a cache takes in memory, with what is kept beside it.
const BYTES_A_LINE: u64 = 40;
/// About how many bytes a machine takes besides.
const BYTES_A_MACHINE: u64 = 1 << 20;

/// Returns how traces are read, or the key of what cannot be read, and why.
pub(super) fn trace_args(reading: &Reading) -> Result<TraceArgs, (&'static str, String)> {
    let Reading { format, columns, lackey_modify, requests_write } = reading;
    let format = format.as_deref().map(parse_format).transpose();
    let columns = columns.as_deref().map(parse_columns).transpose();
    let modify = match lackey_modify.as_deref() {
        None | Some("read-write") => Ok(LackeyModify::ReadWrite),
        Some("atomic") => Ok(LackeyModify::Atomic),
        Some(_) => Err("the ways to read a modify are read-write and atomic".to_owned()),
    };
    Ok(TraceArgs {
        format: format.map_err(|error| ("format", error))?,
        columns: columns.map_err(|error| ("columns", error))?,
        lackey_modify: modify.map_err(|error| ("lackey_modify", error))?,
        requests_write: *requests_write,
        salvage: false,
        pcs: false,
    })
}

/// Returns what a run counts besides what it always does.
pub(super) fn replay_options(options: RunOptions) -> ReplayOptions {
    let RunOptions { classify, check, counts_only: _, warmup, limit } = options;
    ReplayOptions { classify, check, warmup, limit, ..ReplayOptions::default() }
}

/// Returns the machine of a config and of settings that stand in a file.
pub(super) fn machine(config: Option<PathBuf>, settings: Vec<Setting>) -> MachineArgs {
    let pinned = PinnedMachine { config: None, settings };
    MachineArgs { config, set: vec![], cores: None, interleave: None, pinned }
}

/// Returns the machines of a plan; paths count from the folder of its space.
pub(super) fn machines_of(plan: &Plan, folder: &Path) -> Vec<MachineArgs> {
    // As if the space said so: a path of a protocol counts from there too.
    let path: std::sync::Arc<str> = folder.join("plan").display().to_string().into();
    let setting = |key: &str, value: &str| {
        let text = format!("{key}={value}");
        let source = Source::File { path: path.clone(), text: text.as_str().into() };
        Setting { source, key: 0..key.len(), value: key.len() + 1..text.len() }
    };
    let machine = |planned: &driver::sweep::PlannedMachine| {
        let fixed = plan.set.iter().map(|(key, value)| setting(key, value));
        let varied = plan.keys.iter().zip(&planned.values).map(|(key, value)| setting(key, value));
        let config = planned.config.as_ref().map(|config| folder.join(config));
        machine(config, fixed.chain(varied).collect())
    };
    plan.machines.iter().map(machine).collect()
}

/// A machine for a trace.
pub(super) struct Fitted {
    pub(super) config: Config,
    /// The order of accesses where none is asked for.
    pub(super) own_order: Interleave,
    /// The trace has an order among its cores.
    pub(super) has_recorded_order: bool,
    /// What decides, besides the trace's bytes, which records are read.
    pub(super) reading: String,
}

/// Builds some machines for a trace, in their order; an error comes with the number of its machine.
pub(super) fn fit<'a>(
    paths: &[PathBuf],
    trace: &TraceArgs,
    machines: impl Iterator<Item = (usize, &'a MachineArgs)>,
    messages: Messages,
) -> Result<Vec<Fitted>, (usize, Diagnostic)> {
    let mut opened: Option<(&Option<PathBuf>, Prepared)> = None;
    let mut fitted = Vec::new();
    for (number, machine) in machines {
        let beside = match &mut opened {
            Some((config, prepared)) if **config == machine.config => {
                input::config_beside(prepared, paths, trace, machine, messages)
                    .map_err(|error| (number, error))?
            }
            _ => None,
        };
        let (prepared, config) = if let (Some(config), Some((_, prepared))) = (beside, &opened) {
            (prepared, config)
        } else {
            let prepared = input::prepare(paths, trace, machine, None, messages);
            let prepared = prepared.map_err(|error| (number, error))?;
            let (_, prepared) = opened.insert((&machine.config, prepared));
            (&*prepared, prepared.config().clone())
        };
        fitted.push(Fitted {
            own_order: prepared.own_order(&config),
            has_recorded_order: prepared.has_recorded_order(),
            reading: reading(prepared, trace, &config),
            config,
        });
    }
    Ok(fitted)
}

/// Says how the records of a trace are read for a machine; a format that is named is the same as
/// one that is recognised.
fn reading(prepared: &Prepared, trace: &TraceArgs, config: &Config) -> String {
    let options =
        input::read_options(trace, config).map(|options| ReadOptions { format: None, ..options });
    format!("{} {options:?}", prepared.format().name())
}

impl Fitted {
    /// Returns the id of its run in an order.
    pub(super) fn id(&self, contents: &[String], order: Interleave, options: RunOptions) -> String {
        let Self { config, reading, .. } = self;
        Identity { contents, reading, config, order, options }.id()
    }

    /// Returns about how many bytes of memory it takes, for so many cores of a trace.
    pub(super) fn memory(&self, cores: u32) -> u64 {
        let machine = &self.config.machine;
        let lines = |levels: &[LevelSpec]| -> u64 {
            levels.iter().map(|level| u64::from(level.geometry.lines())).sum()
        };
        let l1i = machine.l1i.as_ref().map_or(0, |level| u64::from(level.geometry.lines()));
        let cores = match self.config.peers {
            Peers::Bus if self.config.cores_from_trace => machine.cores.max(cores),
            Peers::Bus => machine.cores,
            Peers::None => 1,
        };
        let private = u64::from(cores) * (lines(&machine.private) + l1i);
        BYTES_A_MACHINE + BYTES_A_LINE * (private + lines(&machine.shared))
    }
}
