//! Screen 2: what lies in which set and way.

use coherence::{CacheOf, WayLook};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use crate::commands::step::view::app::App;
use crate::commands::step::view::style::bold;

/// The most sets of one cache that are drawn, besides the one of the selected line.
const SETS_MAX: usize = 64;
/// The most ways of a set that are drawn.
const WAYS_MAX: usize = 64;

pub(super) fn draw(app: &App, frame: &mut Frame, area: Rect) {
    let title = " Caches: address, state, rank (0 was used last), * dirty, . empty; Up Down ";
    let block = Block::bordered().title(title);
    let inner = block.inner(area);
    let mut rows = Vec::new();
    for cache in app.timeline.caches() {
        // What lies below the screen is not worked out: there may be hundreds of caches.
        if rows.len() >= app.scroll.get().saturating_add(usize::from(inner.height)) {
            break;
        }
        rows_of(app, cache, usize::from(inner.width), &mut rows);
    }
    let scroll = app.scrolled(rows.len(), usize::from(inner.height));
    let rows: Vec<_> = rows.into_iter().skip(scroll).take(usize::from(inner.height)).collect();
    frame.render_widget(Paragraph::new(rows).block(block), area);
}

fn name(app: &App, cache: CacheOf) -> String {
    let machine = app.machine();
    let level = match cache {
        CacheOf::Core(_, index) => machine.private.iter().chain(&machine.l1i).nth(index),
        CacheOf::Shared(index) => machine.shared.get(index),
    };
    let level = level.map_or("", |level| level.name.as_str());
    match cache {
        CacheOf::Core(core, _) => format!("C{core} {level}"),
        CacheOf::Shared(_) => format!("{level} (shared)"),
    }
}

/// A row for the cache, and one or more for each set in which something lies; the set of the
/// selected line is there even if it is empty.
fn rows_of(app: &App, cache: CacheOf, width: usize, rows: &mut Vec<Line<'static>>) {
    let timeline = &app.timeline;
    let mut sets = timeline.sets_in_use(cache);
    let used = sets.len();
    let own = app.line().map(|line| timeline.set_of(cache, line));
    sets.truncate(SETS_MAX);
    sets.extend(own);
    sets.sort_unstable();
    sets.dedup();
    let more =
        if used > SETS_MAX { format!(", the first {SETS_MAX} of {used}") } else { String::new() };
    rows.push(Line::styled(format!("{}{more}", name(app, cache)), bold()));
    let changed = app.timeline.step().map(|step| step.changes.as_slice()).unwrap_or_default();
    for set in sets {
        let mark = if Some(set) == own { '>' } else { ' ' };
        let head = format!("{mark}set {set:<4} ");
        let ways = timeline.ways_of(cache, set);
        let hidden = ways.len().saturating_sub(WAYS_MAX);
        let empty = ways.iter().skip(WAYS_MAX).all(Option::is_none);
        let mut spans = vec![Span::raw(head.clone())];
        let mut taken = head.len();
        for way in ways.iter().take(WAYS_MAX) {
            let (text, style) = cell(app, cache, way.as_ref());
            let lit = way.is_some_and(|way| changed.iter().any(|change| change.line == way.line));
            if taken + text.len() + 1 > width {
                rows.push(Line::from(std::mem::take(&mut spans)));
                spans.push(Span::raw(" ".repeat(head.len())));
                taken = head.len();
            }
            taken += text.len() + 1;
            spans.push(Span::styled(text, if lit { style.patch(bold()) } else { style }));
            spans.push(Span::raw(" "));
        }
        if hidden > 0 && !empty {
            spans.push(Span::raw(format!("and {hidden} ways")));
        }
        rows.push(Line::from(spans));
    }
}

/// A way: whose line, in which state, how recently used, whether dirty.
fn cell(app: &App, cache: CacheOf, way: Option<&WayLook>) -> (String, Style) {
    let Some(way) = way else { return (".".to_owned(), app.theme.dim()) };
    let machine = app.machine();
    let addr = machine.line.base(way.line);
    let rank = way.rank.map_or(String::new(), |rank| format!(" {rank}"));
    let dirty = if way.dirty { "*" } else { "" };
    match cache {
        CacheOf::Core(..) => {
            let state = machine.protocol.state_name(way.state);
            let style = app.theme.state(&machine.protocol, way.state);
            (format!("[{addr} {state}{rank}{dirty}]"), style)
        }
        CacheOf::Shared(_) => (format!("[{addr}{rank}{dirty}]"), Style::new()),
    }
}
