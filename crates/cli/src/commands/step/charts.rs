//! Steps for programs that draw: sequence charts, tracks in time, waveforms.
//!
//! A step has no length of its own: here each lasts one unit of time, step 1 from 1 to 2.

use std::cell::{Cell, RefCell};
use std::fmt::Write as _;

use coherence::MachineSpec;
use driver::steps::StepRecord;
use serde_json::{Map, Value, json};

use super::{Printer, answer, states};

/// A sequence chart as Mermaid draws it: <https://mermaid.js.org/syntax/sequenceDiagram.html>.
pub(super) struct Mermaid {
    cores: u32,
    /// The levels below the bus, from the nearest on.
    shared: Vec<String>,
}

impl Mermaid {
    pub(super) fn new(machine: &MachineSpec) -> Self {
        let shared = machine.shared.iter().map(|level| level.name.clone()).collect();
        Self { cores: machine.cores, shared }
    }
}

impl Printer for Mermaid {
    fn begin(&self) -> Option<String> {
        let mut lines = vec!["sequenceDiagram".to_owned()];
        lines
            .extend((0..self.cores).map(|core| format!("  participant core{core} as core {core}")));
        lines.push("  participant bus".to_owned());
        lines.extend(self.shared.iter().map(|level| format!("  participant {level}")));
        lines.push("  participant memory".to_owned());
        Some(lines.join("\n"))
    }

    fn row(&self, record: &StepRecord) -> Option<String> {
        let StepRecord { i, core, op, addr, .. } = record;
        let what = format!("{i}: {op} {addr} {}", answer(record.hit));
        let what = what.trim_end();
        let mut lines = Vec::new();
        let bus = record.bus.names();
        if bus.is_empty() {
            lines.push(format!("  Note over core{core}: {what}"));
        } else {
            lines.push(format!("  core{core}->>bus: {what}, {}", bus.join(", ")));
        }
        for event in &record.events {
            let (other, line) = (event.core, event.line.as_ref().unwrap_or(&record.line));
            lines.push(match event.what {
                "flush" => format!("  core{other}->>bus: flush {line}"),
                "supply" | "hand_over" => {
                    format!("  core{other}->>core{core}: {} {line}", event.what)
                }
                "invalidate" | "back_invalidate" => {
                    format!("  bus-xcore{other}: {} {line}", event.what)
                }
                "update" => format!("  bus->>core{other}: update {line}"),
                "write_back" => format!("  core{other}->>bus: write_back {line}"),
                what => format!("  Note over core{other}: {what} {line}"),
            });
        }
        let is_drawn = |name: &&String| {
            name.as_str() == "memory"
                || self.shared.contains(name)
                || name.strip_prefix("core").is_some_and(|rest| rest.parse::<u32>().is_ok())
        };
        if let Some(supplier) = record.supplier.as_ref().filter(is_drawn) {
            lines.push(format!("  {supplier}-->>core{core}: data of {}", record.line));
        }
        if record.before != record.after {
            let (before, after) = (states(&record.before), states(&record.after));
            lines.push(format!("  Note over core{core}: {before} to {after}"));
        }
        Some(lines.join("\n"))
    }
}

/// Tracks in time, one a core and one for the bus, and counters: the JSON that Perfetto and
/// Chrome's tracing read.
pub(super) struct Perfetto {
    cores: u32,
    /// How many transactions of each kind, and how many lines were lost, so far.
    transactions: RefCell<Map<String, Value>>,
    invalidations: Cell<u64>,
}

impl Perfetto {
    pub(super) fn new(machine: &MachineSpec) -> Self {
        let transactions = RefCell::new(Map::new());
        Self { cores: machine.cores, transactions, invalidations: Cell::new(0) }
    }
}

impl Printer for Perfetto {
    fn begin(&self) -> Option<String> {
        let named = |track: u32, name: String| {
            let args = json!({"name": name});
            json!({"ph": "M", "pid": 1, "tid": track, "name": "thread_name", "args": args})
        };
        let cores = (0..self.cores).map(|core| named(core, format!("core {core}")));
        let tracks = cores.chain([named(self.cores, "bus".to_owned())]);
        let tracks = tracks.map(|track| track.to_string()).collect::<Vec<_>>().join(",\n");
        Some(format!("{{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n{tracks}"))
    }

    fn row(&self, record: &StepRecord) -> Option<String> {
        let StepRecord { i, core, op, addr, .. } = record;
        let name = format!("{op} {addr} {}", answer(record.hit));
        let mut all = vec![json!({
            "ph": "X", "pid": 1, "tid": core, "ts": i, "dur": 1, "name": name.trim_end(),
            "args": {
                "line": record.line, "class": record.class,
                "before": states(&record.before), "after": states(&record.after), "why": record.why,
            },
        })];
        let mut transactions = self.transactions.borrow_mut();
        for bus in record.bus.names() {
            let count = transactions.get(*bus).and_then(Value::as_u64).unwrap_or(0) + 1;
            transactions.insert((*bus).to_owned(), count.into());
            all.push(json!({
                "ph": "X", "pid": 1, "tid": self.cores, "ts": i, "dur": 1, "name": bus,
                "args": {"core": core, "supplier": record.supplier},
            }));
        }
        if !record.bus.names().is_empty() {
            let args = Value::from(transactions.clone());
            all.push(json!({"ph": "C", "pid": 1, "ts": i, "name": "transactions", "args": args}));
        }
        let lost = record.events.iter().filter(|event| event.what == "invalidate").count() as u64;
        if lost > 0 {
            self.invalidations.set(self.invalidations.get() + lost);
            let args = json!({"invalidations": self.invalidations.get()});
            all.push(json!({"ph": "C", "pid": 1, "ts": i, "name": "invalidations", "args": args}));
        }
        Some(all.iter().map(|event| format!(",{event}")).collect::<Vec<_>>().join("\n"))
    }

    fn end(&self) -> Option<String> {
        Some("]}".to_owned())
    }
}

/// Waveforms (IEEE 1364, clause 18), as `GTKWave` and Surfer show them; texts are ASCII in bits.
pub(super) struct Vcd {
    cores: u32,
    /// The bits of a state's name.
    state_bits: usize,
    last: Cell<u64>,
}

/// The bits of the name of a step's transactions: 16 letters.
const BUS_BITS: usize = 128;

/// What is shown of a core, and of the bus.
const CORE_SIGNALS: [&str; 4] = ["op", "addr", "hit", "state"];

impl Vcd {
    pub(super) fn new(machine: &MachineSpec) -> Self {
        let longest = machine.protocol.states().iter().map(|state| state.name.len()).max();
        Self { cores: machine.cores, state_bits: 8 * longest.unwrap_or(1), last: Cell::new(0) }
    }

    /// Returns the short name of a signal of a core, or of the bus.
    fn id(&self, core: Option<u32>, signal: usize) -> String {
        let number = core.unwrap_or(self.cores) as usize * CORE_SIGNALS.len() + signal;
        // The characters that may be in one are those from `!` to `~`.
        let digit = |number: usize| char::from(b'!' + (number % 94) as u8);
        if number < 94 {
            digit(number).into()
        } else {
            [digit(number / 94 - 1), digit(number)].iter().collect()
        }
    }

    fn bits(text: &str, bits: usize) -> String {
        let mut ascii = String::new();
        for byte in text.bytes() {
            let _ = write!(ascii, "{byte:08b}");
        }
        let from = ascii.len().saturating_sub(bits);
        format!("{:0>bits$}", &ascii[from..])
    }
}

impl Printer for Vcd {
    fn begin(&self) -> Option<String> {
        let mut lines =
            vec!["$timescale 1 ns $end".to_owned(), "$scope module mesim $end".to_owned()];
        for core in 0..self.cores {
            lines.push(format!("$scope module core{core} $end"));
            for (signal, name) in CORE_SIGNALS.iter().enumerate() {
                let bits = [8, 64, 1, self.state_bits][signal];
                lines.push(format!("$var wire {bits} {} {name} $end", self.id(Some(core), signal)));
            }
            lines.push("$upscope $end".to_owned());
        }
        lines.push("$scope module bus $end".to_owned());
        lines.push(format!("$var wire {BUS_BITS} {} op $end", self.id(None, 0)));
        lines.push(format!("$var wire 64 {} line $end", self.id(None, 1)));
        lines.extend(["$upscope $end", "$upscope $end", "$enddefinitions $end"].map(str::to_owned));
        Some(lines.join("\n"))
    }

    fn row(&self, record: &StepRecord) -> Option<String> {
        self.last.set(record.i);
        let number =
            |text: &str| u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap_or(0);
        let mut lines = vec![format!("#{}", record.i)];
        for (core, state) in (0..self.cores).zip(record.after.names()) {
            let state = Self::bits(&state, self.state_bits);
            lines.push(format!("b{state} {}", self.id(Some(core), 3)));
            let id = |signal| self.id(Some(core), signal);
            if core == record.core {
                lines.push(format!("b{} {}", Self::bits(record.op, 8), id(0)));
                lines.push(format!("b{:b} {}", number(&record.addr), id(1)));
                let hit = record.hit.map_or('x', |hit| if hit { '1' } else { '0' });
                lines.push(format!("{hit}{}", id(2)));
            } else {
                lines.extend([
                    format!("bz {}", id(0)),
                    format!("bz {}", id(1)),
                    format!("z{}", id(2)),
                ]);
            }
        }
        let bus = record.bus.names().join("+");
        if bus.is_empty() {
            lines.extend([format!("bz {}", self.id(None, 0)), format!("bz {}", self.id(None, 1))]);
        } else {
            lines.push(format!("b{} {}", Self::bits(&bus, BUS_BITS), self.id(None, 0)));
            lines.push(format!("b{:b} {}", number(&record.line), self.id(None, 1)));
        }
        Some(lines.join("\n"))
    }

    fn end(&self) -> Option<String> {
        Some(format!("#{}", self.last.get() + 1))
    }
}
