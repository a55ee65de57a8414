//! What is drawn: a frame round a screen, one file a screen.

mod caches;
mod counts;
mod life;
mod predict;
mod protocol;
mod step;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::app::{App, Screen};
use super::keys::HELP;
use super::style::{bold, lit};

/// The least terminal that everything fits.
const COLUMNS_MIN: u16 = 80;
const ROWS_MIN: u16 = 24;

/// Draws everything.
pub(super) fn draw(app: &App, frame: &mut Frame) {
    let area = frame.area();
    if area.width < COLUMNS_MIN || area.height < ROWS_MIN {
        let (columns, rows) = (area.width, area.height);
        let text = format!(
            "{columns} x {rows} is too small: at least {COLUMNS_MIN} x {ROWS_MIN} is needed \
             (q quits)"
        );
        frame.render_widget(Paragraph::new(text), area);
        return;
    }
    let [top, tabs, body, bottom, hints] = Layout::vertical([
        Constraint::Length(1),
        Constraint::Length(1),
        Constraint::Min(0),
        Constraint::Length(1),
        Constraint::Length(1),
    ])
    .areas(area);
    frame.render_widget(header(app, top.width), top);
    frame.render_widget(titles(app), tabs);
    match app.screen {
        Screen::Step => step::draw(app, frame, body),
        Screen::Caches => caches::draw(app, frame, body),
        Screen::Life => life::draw(app, frame, body),
        Screen::Protocol => protocol::draw(app, frame, body),
        Screen::Counts => counts::draw(app, frame, body),
        Screen::Predict => predict::draw(app, frame, body),
    }
    draw_bottom(app, frame, bottom);
    let text = match app.screen {
        Screen::Predict => "type bus and states, Enter   arrows: step   Tab: screens   Esc: leave",
        _ => "arrows: step  n p: bus  g: go to  b c: break, continue  ?: all keys  q: quit",
    };
    frame.render_widget(Line::styled(text, app.theme.dim()), hints);
    if app.help {
        draw_help(frame, area);
    }
}

fn header(app: &App, width: u16) -> Line<'static> {
    let machine = app.machine();
    let position = app.timeline.position();
    let cores = if machine.cores == 1 { "core" } else { "cores" };
    let right = format!(
        "{}, {} {cores}   step {position} of {}",
        machine.protocol.name(),
        machine.cores,
        app.timeline.len()
    );
    let room = usize::from(width).saturating_sub(right.len() + 1);
    let title = app.title.as_deref().unwrap_or("mesim step");
    let title = cut(title, room);
    Line::from(vec![Span::styled(format!("{title:room$} "), bold()), right.into()])
}

fn titles(app: &App) -> Line<'static> {
    let title = |(number, screen): (usize, &Screen)| {
        let text = format!(" {} {} ", number + 1, screen.title());
        let style = if *screen == app.screen { lit() } else { app.theme.dim() };
        [Span::styled(text, style), " ".into()]
    };
    Line::from(Screen::ALL.iter().enumerate().flat_map(title).collect::<Vec<_>>())
}

/// The message, or what is asked for with what was typed; the end of it, where it is too long.
fn draw_bottom(app: &App, frame: &mut Frame, area: Rect) {
    if let Some((asked, text)) = &app.asked {
        let room = usize::from(area.width).saturating_sub(text.chars().count() + 1);
        let line = vec![
            Span::styled(cut(asked.question(), room.max(8)), bold()),
            text.clone().into(),
            Span::styled(" ", lit()),
        ];
        frame.render_widget(Line::from(line), area);
    } else if !app.message.is_empty() {
        frame.render_widget(Line::styled(app.message.clone(), bold()), area);
    } else if let Some(text) = app.break_text() {
        frame.render_widget(Line::styled(format!("break at {text}"), app.theme.dim()), area);
    }
}

fn draw_help(frame: &mut Frame, area: Rect) {
    let rows = HELP.iter().map(|(keys, what)| {
        Line::from(vec![Span::styled(format!(" {keys:18} "), bold()), Span::raw(*what)])
    });
    let rows: Vec<_> = rows.collect();
    let (width, height) = (74, rows.len() as u16 + 2);
    let place = Rect {
        x: (area.width - width) / 2,
        y: (area.height.saturating_sub(height)) / 2,
        width,
        height: height.min(area.height),
    };
    frame.render_widget(Clear, place);
    let block = Block::bordered().title(" Keys (q quits, any other key goes on) ");
    frame.render_widget(Paragraph::new(rows).block(block), place);
}

/// Returns a text that is no longer than so many letters; what was cut off is marked.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    let kept = text.chars().take(room.saturating_sub(1));
    kept.chain(std::iter::once('~')).take(room).collect()
}
