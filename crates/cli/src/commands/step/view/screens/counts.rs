//! Screen 5: what was counted up to here.

use coherence::{BusCounters, CoreCounters, MemoryCounters};
use driver::observe::ClassCounters;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Line;
use ratatui::widgets::{Block, Paragraph};

use crate::commands::step::view::app::App;
use crate::commands::step::view::style::bold;

/// The width of a column of numbers.
const COLUMN: usize = 10;

pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let position = app.timeline.position();
    let title = format!(" Counts up to step {position}; Up Down scroll ");
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    let tally = app.timeline.tally();
    let totals = tally.totals();
    // The totals come first: where not all cores fit, the last ones are left out.
    let fit = (usize::from(inner.width) - 26) / COLUMN - 1;
    let cores = &tally.cores[..tally.cores.len().min(fit)];
    let row = |name: &str, total: u64, each: Vec<u64>| {
        let cells = std::iter::once(total).chain(each).map(|count| format!("{count:>COLUMN$}"));
        let text = format!("{name:26}{}", cells.collect::<String>());
        // What is zero everywhere stands back.
        Line::styled(text, if total == 0 { app.theme.dim() } else { Style::new() })
    };
    let mut rows = Vec::new();
    let values = totals.counters.values();
    for (index, name) in CoreCounters::NAMES.iter().enumerate() {
        let each = cores.iter().map(|core| core.counters.values()[index]).collect();
        rows.push(row(name, values[index], each));
    }
    let cycles = cores.iter().map(|core| core.cycles).collect();
    rows.push(row("cycles", totals.cycles, cycles));
    rows.push(Line::styled("misses by class", bold()));
    let classes = totals.classes.unwrap_or_default().values();
    for (index, name) in ClassCounters::NAMES.iter().enumerate() {
        let of = |core: &driver::CoreTally| core.classes.unwrap_or_default().values()[index];
        rows.push(row(name, classes[index], cores.iter().map(of).collect()));
    }
    rows.push(Line::styled("bus", bold()));
    let bus = tally.bus.values();
    rows.extend(BusCounters::NAMES.iter().zip(bus).map(|(name, one)| row(name, one, vec![])));
    rows.push(Line::styled("memory", bold()));
    let memory = tally.memory.values();
    rows.extend(MemoryCounters::NAMES.iter().zip(memory).map(|(name, one)| row(name, one, vec![])));

    let heads = (0..cores.len()).map(|core| format!("{:>COLUMN$}", format!("C{core}")));
    let head = format!("{:26}{:>COLUMN$}{}", "", "all", heads.collect::<String>());
    let height = usize::from(inner.height).saturating_sub(1);
    let scroll = app.scrolled(rows.len(), height);
    let shown = std::iter::once(Line::styled(head, bold()))
        .chain(rows.into_iter().skip(scroll).take(height));
    frame.render_widget(Paragraph::new(shown.collect::<Vec<_>>()).block(block), area);
}
