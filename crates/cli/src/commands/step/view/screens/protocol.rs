//! Screen 4: the tables of the protocol, and which of their cells the run has used.

use coherence::render::{processor_cell, snoop_cell};
use coherence::{BusOp, Cell, Processor};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::cut;
use crate::commands::step::view::app::App;
use crate::commands::step::view::style::{bold, lit};

pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let protocol = &app.machine().protocol;
    let counts = app.timeline.cells();
    let (used, all) = counts.as_ref().map_or((0, 0), |counts| counts.used(protocol));
    let title = format!(" {}: {used} of {all} cells seen ", protocol.name());
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    let current: Vec<Cell> = app
        .timeline
        .step()
        .map_or_else(Vec::new, |step| step.cells.iter().map(|used| used.cell).collect());
    let mark = |cell: Cell| {
        let seen = counts.as_ref().is_some_and(|counts| counts.get(cell) > 0);
        match (current.contains(&cell), seen) {
            (true, _) => ('>', lit()),
            (false, true) => ('\u{2713}', Style::new()),
            (false, false) => (' ', app.theme.dim()),
        }
    };
    let ops: Vec<BusOp> = BusOp::ALL.into_iter().filter(|op| protocol.meets(*op)).collect();
    let own = Processor::ALL.map(|event| {
        let cell = |state| {
            let text = processor_cell(protocol, protocol.processor(state, event));
            (Cell::Own(state, event), text)
        };
        (event.name(), protocol.all_states().map(cell).collect())
    });
    let snoop = ops.iter().map(|op| {
        let cell = |state| {
            let text = snoop_cell(protocol, *op, protocol.snoop(state, *op));
            (Cell::Snoop(state, *op), text)
        };
        (op.name(), protocol.all_states().map(cell).collect())
    });
    let width = usize::from(inner.width);
    let mut rows = vec![Line::styled("A core's own accesses", bold())];
    rows.extend(table(app, &own, width, &mark));
    rows.push(Line::default());
    rows.push(Line::styled("What other cores' transactions do", bold()));
    rows.extend(table(app, &snoop.collect::<Vec<_>>(), width, &mark));
    rows.push(Line::default());
    let legend = "> used by this step   \u{2713} used before";
    rows.push(Line::styled(legend, app.theme.dim()));
    let scroll = app.scrolled(rows.len(), usize::from(inner.height));
    let rows: Vec<_> = rows.into_iter().skip(scroll).collect();
    frame.render_widget(Paragraph::new(rows).block(block), area);
}

/// A column: what happens, and the cell of each state.
type Column = (&'static str, Vec<(Cell, String)>);

/// A table as wide as it needs to be; where that is too wide, each column gives something up.
fn table(
    app: &App,
    columns: &[Column],
    room: usize,
    mark: &dyn Fn(Cell) -> (char, Style),
) -> Vec<Line<'static>> {
    let protocol = &app.machine().protocol;
    let named = protocol.states().iter().map(|state| state.name.len()).max().unwrap_or(1) + 2;
    let each = room.saturating_sub(named) / columns.len().max(1);
    let wanted = |column: &Column| {
        let cells = column.1.iter().map(|(_, text)| text.chars().count());
        cells.max().unwrap_or(0).max(column.0.len()) + 3
    };
    let fits = columns.iter().map(wanted).sum::<usize>() <= room.saturating_sub(named);
    let width = |column: &Column| if fits { wanted(column) } else { each.max(4) };
    let heads = columns.iter().map(|column| format!(" {:<1$}", column.0, width(column) - 1));
    let mut rows = vec![Line::from(format!("{:named$}{}", "", heads.collect::<String>()))];
    for (index, state) in protocol.all_states().enumerate() {
        let name = format!("{:named$}", protocol.state_name(state));
        let mut spans = vec![Span::styled(name, app.theme.state(protocol, state))];
        for column in columns {
            let (cell, text) = &column.1[index];
            let (mark, style) = mark(*cell);
            let text = cut(text, width(column) - 2);
            let gap = " ".repeat(width(column) - 1 - text.chars().count());
            spans.push(Span::styled(format!("{mark}{text}"), style));
            spans.push(Span::raw(gap));
        }
        rows.push(Line::from(spans));
    }
    rows
}
