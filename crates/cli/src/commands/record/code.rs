//! Whose instructions were recorded: the files that the program had mapped.

use std::collections::HashSet;
use std::fs::File;
use std::io::{Read, Seek};
use std::path::PathBuf;

use trace::{Module, Op, Record};

use crate::symbols;

/// Instructions are told apart by pages of so many bytes, two to this power.
const PAGE_SHIFT: u32 = 12;

/// How often the maps of a process are looked at again, at most: a program may write its own code.
const LOOKS_MAX: u32 = 256;

/// The longest list of what was mapped that is read, in bytes.
const MAPS_BYTES_MAX: u64 = 16 << 20;

/// What is known of the program's code.
pub(super) struct Code {
    maps: Maps,
    /// The pages that instructions came from.
    pages: HashSet<u64>,
    last: Option<u64>,
    modules: Vec<Module>,
}

/// Where it is written what the program has mapped, as in `/proc/PID/maps`.
pub(super) enum Maps {
    /// It can be seen as long as the process is there.
    Process {
        /// `/proc/PID/maps`.
        path: PathBuf,
        /// How often it was looked at.
        looks: u32,
    },
    /// The recorder writes it there.
    File(File),
}

impl Code {
    pub(super) fn new(maps: Maps) -> Self {
        Self { maps, pages: HashSet::new(), last: None, modules: Vec::new() }
    }

    /// Takes note of where instructions come from.
    pub(super) fn see(&mut self, records: &[Record]) {
        for record in records {
            if matches!(record.op, Op::Fetch | Op::Pc) {
                let page = record.addr >> PAGE_SHIFT;
                if self.last != Some(page) {
                    self.last = Some(page);
                    if self.pages.insert(page) {
                        self.look(record.addr);
                    }
                }
            }
        }
    }

    /// Looks what is mapped at an address that is new.
    fn look(&mut self, addr: u64) {
        let is_known = self.modules.iter().any(|module| module.contains(addr));
        if let Maps::Process { path, looks } = &mut self.maps
            && !is_known
            && *looks < LOOKS_MAX
            && let Ok(maps) = std::fs::read_to_string(path)
        {
            *looks += 1;
            self.modules.extend(maps.lines().filter_map(Module::of_maps_line));
        }
    }

    /// Returns the files that there were instructions of, by their addresses.
    pub(super) fn finish(mut self) -> Vec<Module> {
        if let Maps::File(file) = &mut self.maps {
            let mut maps = Vec::new();
            let read =
                file.rewind().and_then(|()| file.take(MAPS_BYTES_MAX).read_to_end(&mut maps));
            if read.is_ok() {
                let maps = String::from_utf8_lossy(&maps);
                self.modules.extend(maps.lines().filter_map(Module::of_maps_line));
            }
        }
        let mut pages: Vec<u64> = self.pages.into_iter().collect();
        pages.sort_unstable();
        let has_code = |module: &Module| {
            let next = pages.partition_point(|page| *page < module.start >> PAGE_SHIFT);
            pages.get(next).is_some_and(|page| page << PAGE_SHIFT < module.end)
        };
        let mut modules = self.modules;
        modules.retain(has_code);
        modules.sort_by(|a, b| (a.start, a.end, &a.path).cmp(&(b.start, b.end, &b.path)));
        modules.dedup();
        for module in &mut modules {
            module.build_id = symbols::build_id(module.path.as_ref());
        }
        modules
    }
}
