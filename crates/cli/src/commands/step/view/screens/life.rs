//! Screen 3: one line over time.

use driver::timeline::{Moment, WINDOW};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use crate::commands::step::view::app::App;
use crate::commands::step::view::style::{bold, lit};

pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let Some(line) = app.line() else {
        let text = "No line is selected before the first step: the right arrow makes it.";
        let block = Block::bordered().title(" Life line ");
        frame.render_widget(Paragraph::new(text).block(block), area);
        return;
    };
    let title =
        format!(" Life of {} in the last {WINDOW} steps; Up Down: other lines ", app.call(line));
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    let machine = app.machine();
    let protocol = &machine.protocol;
    let digits = app.timeline.len().to_string().len();
    let names = protocol.states().iter().map(|state| state.name.len()).max().unwrap_or(1);
    let column = digits.max(names).max(5) + 1;
    let head = machine.shared.iter().map(|level| level.name.len()).max().unwrap_or(0).max(7);
    let fit = usize::from(inner.width).saturating_sub(head) / column;
    let moments = &app.timeline.life(line, fit)[..];
    let text_row = |name: &str, cell: &dyn Fn(&Moment) -> String| {
        let mut spans = vec![Span::raw(format!("{name:head$}"))];
        for moment in moments {
            let lit = moment.step.number == app.timeline.position();
            let style = if lit { bold() } else { app.theme.dim() };
            spans.push(Span::styled(format!("{:>column$}", cell(moment)), style));
        }
        Line::from(spans)
    };
    let mut rows = vec![
        text_row("step", &|moment| moment.step.number.to_string()),
        text_row("access", &|moment| {
            // A step of another line takes this one along.
            let other = if moment.step.line == line { "" } else { "~" };
            format!("{other}C{} {}", moment.step.core, moment.step.action.letter())
        }),
        text_row("bus", &|moment| {
            let op = moment.step.bus.first().filter(|_| moment.step.line == line);
            op.map_or(String::new(), |bus| bus.op.name()["Bus".len()..].to_owned())
        }),
        Line::default(),
    ];
    for core in 0..machine.cores {
        let mut spans = vec![Span::raw(format!("{:head$}", format!("C{core}")))];
        for moment in moments {
            let Some(state) = moment.states.get(core as usize) else {
                spans.push(Span::raw(format!("{:>column$}", "")));
                continue;
            };
            let changed = moment.step.changes.iter();
            let changed = changed.filter(|change| change.line == line).any(|one| one.core == core);
            let style = app.theme.state(protocol, *state);
            let style = if changed { style.patch(lit()) } else { style };
            let name = protocol.state_name(*state);
            spans.push(Span::raw(" ".repeat(column - name.len())));
            spans.push(Span::styled(name.to_owned(), style));
        }
        rows.push(Line::from(spans));
    }
    rows.push(Line::default());
    for (level, spec) in machine.shared.iter().enumerate() {
        rows.push(text_row(&spec.name, &|moment| {
            let copy = moment.shared.get(level).copied().flatten();
            let word = match copy {
                None => "-",
                Some(false) => "has",
                Some(true) => "dirty",
            };
            word.to_owned()
        }));
    }
    rows.push(text_row("memory", &|moment| {
        let dirty = moment.states.iter().any(|state| protocol.holding(*state).dirty);
        let below = moment.shared.contains(&Some(true));
        if dirty || below { "old" } else { "good" }.to_owned()
    }));
    rows.push(Line::default());
    let legend = "bold: this step   reversed: changed by the step   ~ a step of another line";
    rows.push(Line::styled(legend, app.theme.dim()));
    frame.render_widget(Paragraph::new(rows).block(block), area);
}
