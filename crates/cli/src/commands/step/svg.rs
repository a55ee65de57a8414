//! Steps as a sequence chart that every browser and drawing program shows, for a page or a sheet.
//!
//! A life line a core and one for what lies below the bus; a row a step. The chart says at its
//! beginning how large it is, so it is written when the last step is known.

use std::cell::RefCell;
use std::fmt::Write as _;

use cache::Addr;
use coherence::{Holding, MachineSpec, Protocol};
use driver::steps::{Names, StepRecord};

use super::{Printer, answer};
use crate::diagnostics::Diagnostic;

/// As many steps a chart has: what draws it holds all of them, and nobody reads more.
pub(super) const STEPS_MAX: u64 = 5_000;

/// The diagnostic of a trace with more steps.
pub(super) fn too_many(from: u64) -> Diagnostic {
    Diagnostic::input("E0327", format!("a picture has at most {STEPS_MAX} steps"))
        .on("--as svg", "more steps would be in this one")
        .help(format!(
            "`--from {from} --limit {}` draws some; `mesim report TRACE -o out.html` shows all",
            from + 199
        ))
}

/// The height of the heads of the life lines, and of a step, in pixels.
const HEAD: usize = 34;
const ROW: usize = 46;
/// The width of a core's column, and of the one of what lies below the bus.
const COLUMN: usize = 96;
const BELOW: usize = 132;
/// The width of a letter of the labels, on the safe side.
const LETTER: usize = 8;

/// Colours of Okabe and Ito (2008), "Color Universal Design"; each state has its letters too.
const STYLE: &str = "\
.steps text{font:13px sans-serif;fill:#1a1a1a}
.steps .head{font-weight:600;text-anchor:middle}
.steps .op{font-size:12px;fill:#555c66}
.steps .life{stroke:#c3c8d0}
.steps .odd{fill:#f4f5f7}
.steps .request{stroke:#1a1a1a;stroke-width:1.5;stroke-dasharray:2 3}
.steps .data{stroke:#0072b2;stroke-width:2.5}
.steps .back{stroke:#d55e00;stroke-width:1.5;stroke-dasharray:6 3}
.steps .data-tip{fill:#0072b2}
.steps .back-tip{fill:#d55e00}
.steps .state rect{stroke:#1a1a1a}
.steps .state text{font-weight:700;fill:#000;text-anchor:middle}
.steps .modified rect{fill:#d55e00}
.steps .owned rect{fill:#cc79a7}
.steps .exclusive rect{fill:#009e73}
.steps .forward rect{fill:#f0e442}
.steps .shared rect{fill:#56b4e9}
.steps .absent rect{fill:#fff}";

/// A sequence chart in SVG 1.1.
pub(super) struct Svg {
    title: String,
    names: Names,
    protocol: Protocol,
    steps: RefCell<Vec<StepRecord>>,
}

impl Svg {
    pub(super) fn new(title: Option<&str>, names: &Names, machine: &MachineSpec) -> Self {
        let title = title.unwrap_or("Steps").to_owned();
        let (names, protocol) = (names.clone(), machine.protocol.clone());
        Self { title, names, protocol, steps: RefCell::default() }
    }
}

impl Printer for Svg {
    fn begin(&self) -> Option<String> {
        None
    }

    fn row(&self, record: &StepRecord) -> Option<String> {
        self.steps.borrow_mut().push(record.clone());
        None
    }

    fn end(&self) -> Option<String> {
        let steps = self.steps.borrow();
        let labels: Vec<String> = steps.iter().map(|step| label(step, &self.names)).collect();
        let longest = labels.iter().map(|label| label.chars().count()).max().unwrap_or(0);
        let cores = steps.iter().map(|step| step.after.names().len()).max().unwrap_or(0);
        let chart = Chart { left: longest * LETTER + 16, cores, protocol: &self.protocol };
        let (width, height) = (chart.below() + BELOW / 2, HEAD + ROW * steps.len() + 8);
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
             viewBox=\"0 0 {width} {height}\" class=\"steps\" role=\"img\">\n<title>{}</title>\n\
             <style>\n{STYLE}\n</style>\n\
             <rect width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>\n",
            escaped(&self.title)
        );
        for at in (1..steps.len()).step_by(2) {
            let y = HEAD + ROW * at;
            let _ =
                writeln!(out, "<rect class=\"odd\" y=\"{y}\" width=\"{width}\" height=\"{ROW}\"/>");
        }
        chart.life_lines(&mut out, height);
        for (at, (step, label)) in steps.iter().zip(&labels).enumerate() {
            chart.step(&mut out, step, label, HEAD + ROW * at + 18);
        }
        out += "</svg>";
        Some(out)
    }
}

/// What a step is called: `3  C0 W left  miss`.
fn label(step: &StepRecord, names: &Names) -> String {
    let called = names.call(address(&step.addr), address(&step.line));
    let label = format!("{}  C{} {} {called}  {}", step.i, step.core, step.op, answer(step.hit));
    label.trim_end().to_owned()
}

fn address(shown: &str) -> Addr {
    let digits = shown.strip_prefix("0x").unwrap_or(shown);
    Addr(u64::from_str_radix(digits, 16).expect("a record's addresses are hexadecimal"))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// Where things stand in a chart.
struct Chart<'a> {
    /// The width of the labels.
    left: usize,
    cores: usize,
    protocol: &'a Protocol,
}

impl Chart<'_> {
    /// The middle of a core's column.
    fn x(&self, core: usize) -> usize {
        self.left + COLUMN * core + COLUMN / 2
    }

    /// The middle of the column of what lies below the bus.
    fn below(&self) -> usize {
        self.left + COLUMN * self.cores + BELOW / 2
    }

    fn life_lines(&self, out: &mut String, height: usize) {
        let cores = (0..self.cores).map(|core| (self.x(core), format!("core {core}")));
        for (x, name) in cores.chain([(self.below(), "below the bus".to_owned())]) {
            let _ = writeln!(
                out,
                "<text class=\"head\" x=\"{x}\" y=\"22\">{name}</text>\
                 <path class=\"life\" d=\"M{x} {}V{height}\"/>",
                HEAD - 4
            );
        }
    }

    /// Draws a step whose request goes over the bus at a height `y`.
    fn step(&self, out: &mut String, step: &StepRecord, label: &str, y: usize) {
        let (me, below) = (self.x(step.core as usize), self.below());
        let _ = writeln!(
            out,
            "<g><title>{}</title>\n<text x=\"8\" y=\"{}\">{}</text>",
            escaped(&step.why),
            y + 9,
            escaped(label)
        );
        let ops = step.bus.names().join("+");
        if !ops.is_empty() {
            // A transaction is for all to see.
            let first = self.x(0);
            let _ = writeln!(out, "<path class=\"request\" d=\"M{first} {y}H{below}\"/>");
            let is_last = step.core as usize + 1 == self.cores;
            let (x, anchor) = if is_last { (me - 16, "end") } else { (me + 16, "start") };
            let _ = writeln!(
                out,
                "<text class=\"op\" x=\"{x}\" y=\"{}\" text-anchor=\"{anchor}\">{ops}</text>",
                y - 5
            );
            if let Some(supplier) = &step.supplier {
                self.data(out, supplier, me, y);
            }
        }
        for event in step.events.iter().filter(|event| event.what == "write_back") {
            arrow(out, self.x(event.core as usize), below, y + 22, "back");
        }
        let (before, after) = (step.before.names(), step.after.names());
        for (core, state) in after.iter().enumerate() {
            if core == step.core as usize || before.get(core) != Some(state) {
                self.state(out, state, self.x(core), y + 2);
            }
        }
        *out += "</g>\n";
    }

    /// Draws where the line comes from: another core, or what lies below.
    fn data(&self, out: &mut String, supplier: &str, me: usize, y: usize) {
        let core = supplier.strip_prefix("core").and_then(|core| core.parse::<usize>().ok());
        arrow(out, core.map_or(self.below(), |core| self.x(core)), me, y + 16, "data");
        if core.is_none() {
            let (x, y) = (self.below() - 8, y + 12);
            let name = escaped(supplier);
            let _ = writeln!(
                out,
                "<text class=\"op\" x=\"{x}\" y=\"{y}\" text-anchor=\"end\">{name}</text>"
            );
        }
    }

    /// Draws a core's new state.
    fn state(&self, out: &mut String, name: &str, x: usize, y: usize) {
        let known = self.protocol.states().iter().find(|state| state.name == name);
        let kind = known.map_or("absent", |state| kind(state.holding));
        let width = 12 + LETTER * name.chars().count();
        let (left, top, base) = (x - width / 2, y - 9, y + 5);
        let _ = writeln!(
            out,
            "<g class=\"state {kind}\"><rect x=\"{left}\" y=\"{top}\" width=\"{width}\" \
             height=\"18\" rx=\"4\"/><text x=\"{x}\" y=\"{base}\">{}</text></g>",
            escaped(name)
        );
    }
}

fn arrow(out: &mut String, from: usize, to: usize, y: usize, kind: &str) {
    let (end, base) = if to > from { (to - 4, to - 8) } else { (to + 4, to + 8) };
    let (top, bottom) = (y - 4, y + 4);
    let _ = writeln!(
        out,
        "<path class=\"{kind}\" d=\"M{from} {y}H{end}\"/>\
         <path class=\"{kind}-tip\" d=\"M{to} {y}L{base} {top}V{bottom}Z\"/>"
    );
}

/// What a state's colour hangs on: what its holder may assume.
const fn kind(holding: Holding) -> &'static str {
    match (holding.valid, holding.dirty, holding.unique, holding.forwards) {
        (false, ..) => "absent",
        (_, true, true, _) => "modified",
        (_, true, false, _) => "owned",
        (_, false, true, _) => "exclusive",
        (_, false, false, true) => "forward",
        (_, false, false, false) => "shared",
    }
}
