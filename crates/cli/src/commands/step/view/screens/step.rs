//! Screen 1: the trace, the states of its lines, the bus, and why.

use cache::{Addr, LineAddr};
use coherence::BusOp;
use driver::observe::Step;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};
use trace::{Op, Record};

use super::cut;
use crate::commands::step::view::app::App;
use crate::commands::step::view::style::{bold, lit};

/// Rows of the reason, with its frame.
const WHY_ROWS: u16 = 7;
/// Of so many cores the states before are all told.
const ALL_CORES: usize = 4;

pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let [above, below] =
        Layout::vertical([Constraint::Min(0), Constraint::Length(WHY_ROWS)]).areas(area);
    let matrix = matrix_width(app).min(above.width / 2).max(24);
    let rest = above.width - matrix;
    let [list, states, bus] = Layout::horizontal([
        Constraint::Length(rest / 2),
        Constraint::Length(matrix),
        Constraint::Min(0),
    ])
    .areas(above);
    draw_list(app, frame, list);
    draw_matrix(app, frame, states);
    draw_bus(app, frame, bus);
    draw_why(app, frame, below);
}

/// The steps before, the step, and the accesses to come, whose outcome is not told.
fn draw_list(app: &App, frame: &mut Frame, area: Rect) {
    let block = Block::bordered().title(" Trace ");
    let inner = block.inner(area);
    let rows = usize::from(inner.height);
    let before = rows / 2;
    let digits = app.timeline.len().to_string().len();
    let mut past: Vec<&Step> = app.timeline.past().rev().take(before + 1).collect();
    past.reverse();
    let mut lines: Vec<Line> = Vec::new();
    for step in past {
        let here = step.number == app.timeline.position();
        let mark = if here { '>' } else { ' ' };
        let record = app.record_of(step);
        let answer = crate::commands::step::answer(record.hit);
        let addr = call(app, step.addr(app.machine().line), step.line);
        let left = format!("{mark}{:>digits$} C{} {} {addr}", step.number, step.core, record.op);
        let room = usize::from(inner.width).saturating_sub(answer.len() + 1);
        let text = format!("{:room$} {answer}", cut(&left, room));
        lines.push(Line::styled(text, if here { lit() } else { Style::new() }));
    }
    if app.timeline.position() == 0 {
        lines.push(Line::styled(">the start", lit()));
    }
    let rest = app.timeline.rest().map(|step| {
        let addr = call(app, step.addr(app.machine().line), step.line);
        let (number, core, op) = (step.number, step.core, step.action.letter());
        format!(" {number:>digits$} C{core} {op} {addr}")
    });
    let coming = app.timeline.coming(rows);
    let coming = coming.iter().map(|(number, record)| {
        let number = number.map_or(String::new(), |number| number.to_string());
        format!(" {number:>digits$} {}", asked(app, record))
    });
    let room = usize::from(inner.width);
    lines.extend(rest.chain(coming).map(|text| Line::styled(cut(&text, room), app.theme.dim())));
    lines.truncate(rows);
    frame.render_widget(Paragraph::new(lines).block(block), area);
}

/// A record that is yet to come.
fn asked(app: &App, record: &Record) -> String {
    let Record { addr, core, op, .. } = *record;
    let letter = match op {
        Op::Read => "R",
        Op::Write => "W",
        Op::Atomic => "A",
        Op::Fetch => "I",
        Op::Clean => "C",
        _ => "F",
    };
    if op == Op::FlushAll {
        return format!("C{core} F all");
    }
    let addr = Addr(addr);
    format!("C{core} {letter} {}", call(app, addr, app.machine().line.line(addr)))
}

/// An address by its name, without its line.
fn call(app: &App, addr: Addr, line: LineAddr) -> String {
    app.names.call(addr, app.machine().line.base(line))
}

/// The width of a core's column.
fn each(app: &App) -> usize {
    let names = app.machine().protocol.states().iter().map(|state| state.name.len());
    let cores = format!("C{}", app.machine().cores - 1).len();
    names.max().unwrap_or(1).max(cores) + 1
}

fn matrix_width(app: &App) -> u16 {
    let cores = app.machine().cores as usize;
    let named = app.lines().iter().map(|line| app.call(*line).len()).max().unwrap_or(0);
    let was = " was ".len() + 2 * cores.min(ALL_CORES);
    (named.clamp(6, 18) + 1 + cores * each(app) + was + 2) as u16
}

/// Every core's state for the lines of the last steps.
fn draw_matrix(app: &App, frame: &mut Frame, area: Rect) {
    let follow = if app.is_chosen() { " Lines (Esc follows) " } else { " Lines " };
    let block = Block::bordered().title(follow);
    let inner = block.inner(area);
    let machine = app.machine();
    let protocol = &machine.protocol;
    let all = app.lines();
    let named = all.iter().map(|line| app.call(*line).chars().count()).max().unwrap_or(4);
    let named = named.clamp(4, 18).min(usize::from(inner.width) / 2);
    // Where not all cores fit, those round the step's core are shown.
    let each = each(app);
    let fit = (usize::from(inner.width).saturating_sub(named + 1) / each).max(1);
    let cores = machine.cores as usize;
    let own = app.timeline.step().map_or(0, |step| step.core as usize);
    let first = if fit >= cores { 0 } else { own.saturating_sub(fit / 2).min(cores - fit) };
    let shown = first..(first + fit).min(cores);
    let mut rows = vec![Line::from(
        std::iter::once(format!("{:named$} ", "line"))
            .chain(shown.clone().map(|core| format!("{:each$}", format!("C{core}"))))
            .collect::<String>(),
    )];
    let height = usize::from(inner.height).saturating_sub(1).max(1);
    let at = all.iter().position(|line| Some(*line) == app.line()).unwrap_or(0);
    let top = at.saturating_sub(height - 1);
    let changes = app.timeline.step().map_or(&[][..], |step| &step.changes);
    for line in all.into_iter().skip(top).take(height) {
        let selected = Some(line) == app.line();
        let style = if selected { bold() } else { Style::new() };
        let mark = if selected { ">" } else { " " };
        let mut spans =
            vec![Span::styled(format!("{:named$}{mark}", cut(&app.call(line), named)), style)];
        let states = app.timeline.states(line);
        let mut before = Vec::new();
        for (core, state) in states.iter().enumerate() {
            // The first change of several says what the state was.
            let change = changes.iter().find(|one| one.line == line && one.core as usize == core);
            let name = protocol.state_name(*state);
            let was = change.map_or(name, |change| protocol.state_name(change.from));
            before.push((change.is_some(), was));
            if shown.contains(&core) {
                let style = app.theme.state(protocol, *state);
                let style = if change.is_some() { style.patch(lit()) } else { style };
                spans.push(Span::styled(name.to_owned(), style));
                spans.push(Span::raw(" ".repeat(each - name.len())));
            }
        }
        if before.iter().any(|(changed, _)| *changed) {
            spans.push(Span::raw(was(&before)));
        }
        rows.push(Line::from(spans));
    }
    frame.render_widget(Paragraph::new(rows).block(block), area);
}

/// What the states of a line were: all of them where they are few, else those that changed.
fn was(before: &[(bool, &str)]) -> String {
    if before.len() <= ALL_CORES {
        let names: Vec<_> = before.iter().map(|(_, name)| *name).collect();
        return format!(" was {}", names.join(" "));
    }
    let changed = before.iter().enumerate().filter(|(_, (changed, _))| *changed);
    let changed: Vec<_> = changed.map(|(core, (_, name))| format!("C{core} {name}")).collect();
    format!(" was {}", changed.join(" "))
}

/// The last transactions, and how many there were of each kind.
fn draw_bus(app: &App, frame: &mut Frame, area: Rect) {
    let block = Block::bordered().title(" Bus ");
    let inner = block.inner(area);
    let totals = app.timeline.tally().totals().counters;
    let counts = [totals.bus_rd, totals.bus_rdx, totals.bus_upgr, totals.bus_upd];
    let counts = BusOp::ALL.iter().zip(counts);
    let issued = counts.filter(|(op, _)| app.machine().protocol.issues(**op));
    let mut totals: Vec<Line> =
        issued.map(|(op, count)| Line::from(format!("{:8} {count:>8}", op.name()))).collect();
    totals.push(Line::from("-".repeat(usize::from(inner.width))));
    let rows = usize::from(inner.height).saturating_sub(totals.len());
    let mut log = Vec::new();
    for step in app.timeline.past().rev().filter(|step| !step.bus.is_empty()).take(rows) {
        let record = app.record_of(step);
        let from = crate::commands::step::supplier(&record);
        let from = from.map_or(String::new(), |from| format!(" <- {from}"));
        let bus = record.bus.names().join("+");
        let text = format!("{} C{} {bus}{from}", step.number, step.core);
        let here = step.number == app.timeline.position();
        let style = if here { lit() } else { Style::new() };
        log.push(Line::styled(cut(&text, usize::from(inner.width)), style));
    }
    totals.extend(log.into_iter().rev());
    frame.render_widget(Paragraph::new(totals).block(block), area);
}

fn draw_why(app: &App, frame: &mut Frame, area: Rect) {
    let block = Block::bordered().title(" Why ");
    let mut lines = Vec::new();
    if let Some(record) = app.record() {
        lines.push(Line::from(record.why.clone()));
        let mut facts = Vec::new();
        if let Some(class) = record.class {
            facts.push(format!("class {class}"));
        }
        if !record.cells.is_empty() {
            facts.push(format!("cells {}", record.cells.join(" ")));
        }
        let values = record.values.iter().map(|(word, step)| format!("{word}={step}"));
        let values = values.collect::<Vec<_>>().join(" ");
        if !values.is_empty() {
            facts.push(format!("values {values}"));
        }
        let events = crate::commands::step::events(&record);
        if !events.is_empty() {
            facts.push(events);
        }
        lines.push(Line::styled(facts.join("; "), app.theme.dim()));
    } else {
        lines.push(Line::from("All caches are empty. The right arrow makes the first step."));
    }
    frame.render_widget(Paragraph::new(lines).wrap(Wrap { trim: true }).block(block), area);
}
