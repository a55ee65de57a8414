//! Screen 6: the next step, before it is shown.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph, Wrap};

use crate::commands::step::view::app::App;
use crate::commands::step::view::predict::example;
use crate::commands::step::view::style::{bold, lit};

pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let predict = &app.predict;
    let title = format!(" Predict: {} of {} right ", predict.right, predict.answers);
    let block = Block::bordered().title(title);
    let mut rows = Vec::new();
    match app.timeline.peek() {
        None => rows.push(Line::from("The trace is over: no step is left to be predicted.")),
        Some((machine, step)) => {
            let addr = step.addr(machine.line);
            let named = app.names.call(addr, machine.line.base(step.line));
            let before: Vec<_> =
                step.before.iter().map(|state| machine.protocol.state_name(*state)).collect();

            rows.push(Line::styled(
                format!(
                    "Step {}: core {} {} {named}",
                    step.number,
                    step.core,
                    word(step.action.letter())
                ),
                bold(),
            ));
            rows.push(Line::from(format!(
                "The states of the line {} are {} now, core 0 first.",
                machine.line.base(step.line),
                before.join(" ")
            )));
            rows.push(Line::default());
            rows.push(Line::from(
                "Which operation goes over the bus (- for none), and what are the states then?",
            ));
            let example = example(&machine, step.before.len());
            rows.push(Line::styled(format!("An answer looks like: {example}"), app.theme.dim()));
            rows.push(Line::default());
            rows.push(Line::from(vec![
                Span::styled("> ", bold()),
                Span::raw(predict.typed.clone()),
                Span::styled(" ", lit()),
            ]));
        }
    }
    rows.push(Line::default());
    if let Some((typed, right, record)) = &predict.last {
        let verdict = if *right { "Right" } else { "Wrong" };
        let bus = record.bus.names();
        let bus = if bus.is_empty() { "-".to_owned() } else { bus.join("+") };
        let states = crate::commands::step::states(&record.after);
        rows.push(Line::from(vec![
            Span::styled(verdict, app.theme.good(*right)),
            Span::raw(format!(": you said {typed}; step {} was {bus} {states}.", record.i)),
        ]));
        rows.push(Line::from(record.why.clone()));
    }
    frame.render_widget(Paragraph::new(rows).wrap(Wrap { trim: true }).block(block), area);
}

/// An operation in words.
fn word(letter: &str) -> &str {
    match letter {
        "R" => "reads",
        "W" => "writes",
        "A" => "reads and writes, atomically,",
        "I" => "fetches",
        "C" => "cleans",
        _ => "flushes",
    }
}
