//! `replay --top`: names for the lines and the code that a replay knows by address alone.

use std::collections::HashMap;

use driver::observe::{CodeUse, HotLine};
use driver::report::Report;
use trace::{Format, Input, Module, Surveyed};

use super::info::warn_missing;
use super::run::Wanted;
use crate::args::ReplayArgs;
use crate::diagnostics::{Diagnostic, Messages};
use crate::input::{self, Prepared};
use crate::symbols::{Place, Symbols};

/// A name says something of a line at most so far behind it: names have no sizes.
const NAME_REACH: u64 = 4096;

/// What a trace calls its addresses.
pub(super) struct Known {
    /// By address, and each once.
    names: Vec<(u64, String)>,
}

/// Refuses several runs, each of which has hot lines of its own.
pub(super) fn refuse_several_runs(args: &ReplayArgs) -> Result<(), Diagnostic> {
    let Some(most) = args.top else { return Ok(()) };
    let several = match (&args.compare, &args.vary.vary[..]) {
        (Some(list), _) => format!("--compare {list}"),
        (None, [first, ..]) => format!("--vary {first}"),
        (None, []) => return Ok(()),
    };
    Err(Diagnostic::input("E0326", "hot lines are told of one run")
        .on(several, format!("expected no other run beside `--top {most}`"))
        .help("replay each machine alone, for example with `--set protocol=moesi`"))
}

impl Known {
    pub(super) fn of(prepared: &Prepared) -> Self {
        let names = prepared.names().iter();
        let mut names: Vec<_> = names.map(|(name, address)| (*address, name.clone())).collect();
        names.sort_unstable();
        names.dedup_by_key(|(address, _)| *address);
        Self { names }
    }

    /// Names the hot lines of a report, and the code that accesses them.
    pub(super) fn name(&self, report: &mut Report, wanted: &Wanted, messages: Messages) {
        let line_bytes = report.replayed.machine.line.bytes();
        let format = report.provenance.format;
        let Some(hot) = &mut report.replayed.lines else { return };
        for line in &mut hot.top {
            line.name = self.name_of(line.address, line_bytes);
        }
        if hot.top.iter().any(|line| !line.code.is_empty()) {
            let mut symbols = Symbols::new(&modules(wanted, format));
            for line in &mut hot.top {
                name_code(line, &mut symbols);
            }
            let missing: Vec<_> = symbols.missing().into_iter().map(str::to_owned).collect();
            warn_missing(&missing, messages);
        }
    }

    /// Returns the names that lie in a line, or the last one before it with the distance.
    fn name_of(&self, address: u64, line_bytes: u64) -> Option<String> {
        let first = self.names.partition_point(|(at, _)| *at < address);
        let inside = self.names[first..].iter().take_while(|(at, _)| *at - address < line_bytes);
        let inside: Vec<_> = inside.map(|(at, name)| behind(name, *at, address)).collect();
        if !inside.is_empty() {
            return Some(inside.join(", "));
        }
        let (at, name) = self.names[..first].last()?;
        (address - at < NAME_REACH).then(|| format!("{name}+{}", address - at))
    }
}

/// Says where in a line a name is, unless that is its first byte.
fn behind(name: &str, at: u64, line: u64) -> String {
    if at == line { name.to_owned() } else { format!("{name} at +{}", at - line) }
}

/// Returns the files whose instructions a trace's program counters are of, where it says it.
fn modules(wanted: &Wanted, format: Format) -> Vec<Module> {
    let [path] = wanted.traces else { return Vec::new() };
    if format != Format::Mtrc || input::is_read_once(path) {
        return Vec::new();
    }
    // The trace was read: what is wrong with it was said.
    let options = input::options_alone(wanted.trace).unwrap_or_default();
    match trace::survey(&Input::from(path.as_path()), &options) {
        Ok(Surveyed::Mtrc(survey)) => survey.modules,
        Ok(Surveyed::Records(_)) | Err(_) => Vec::new(),
    }
}

/// Puts the instructions of a place together, and names it.
fn name_code(line: &mut HotLine, symbols: &mut Symbols) {
    let mut places: Vec<CodeUse> = Vec::new();
    let mut known: HashMap<String, usize> = HashMap::new();
    for code in std::mem::take(&mut line.code) {
        let place = in_words(&symbols.place(code.pc));
        let named = place.as_ref().and_then(|place| known.get(place));
        if let Some(number) = named {
            places[*number].accesses += code.accesses;
            continue;
        }
        if let Some(place) = &place {
            known.insert(place.clone(), places.len());
        }
        places.push(CodeUse { place, ..code });
    }
    places.sort_by_key(|code| (u64::MAX - code.accesses, code.pc));
    line.code = places;
}

/// Writes a place as `function (file:line)`, as far as it is known; a file alone says too little.
fn in_words(place: &Place) -> Option<String> {
    match (&place.function, &place.line) {
        (Some(function), Some((file, line))) => Some(format!("{function} ({file}:{line})")),
        (Some(function), None) => Some(function.clone()),
        (None, Some((file, line))) => Some(format!("{file}:{line}")),
        (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_called_by_what_lies_in_it_or_closely_before_it() {
        let names = [(0x1000, "head"), (0x1008, "tail"), (0x1080, "ring")];
        let names = names.map(|(at, name)| (at, name.to_owned())).to_vec();
        let known = Known { names };
        let name = |address| known.name_of(address, 64);
        assert_eq!(name(0x1000).as_deref(), Some("head, tail at +8"));
        assert_eq!(name(0x1040).as_deref(), Some("tail+56"));
        assert_eq!(name(0x1080).as_deref(), Some("ring"));
        assert_eq!(name(0x1100).as_deref(), Some("ring+128"));
        assert_eq!(name(0x0fc0), None);
        assert_eq!(name(0x1080 + NAME_REACH), None);
    }
}
