//! The lines with the most coherence trouble: their table, what is said of each, and the JSON.

use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::Report;
use super::json::class_map;
use super::table::{Table, grouped};
use super::text::amount;
use crate::observe::{CodeUse, Divided, HotLine, HotLines, LineUse, Who};

/// The most columns of a line of text, where it can be broken.
const COLUMNS: usize = 100;
/// The most places of code that are named of a line.
const PLACES_MAX: usize = 3;

/// A column of the table: its head, its number of a line, and whether it stands there if all its
/// numbers are zero.
type Column = (&'static str, fn(&HotLine) -> u64, bool);

const COUNTS: &[Column] = &[
    ("invalidations", |line| line.counts.invalidations, true),
    ("updates", |line| line.counts.updates, false),
    ("true", |line| line.counts.classes.true_sharing, true),
    ("false", |line| line.counts.classes.false_sharing, true),
    ("cold", |line| line.counts.classes.cold, true),
    ("replaced", |line| line.counts.classes.capacity + line.counts.classes.conflict, true),
    ("other", |line| line.counts.classes.back_invalidation + line.counts.classes.upgrade, false),
    ("bytes", |line| line.counts.bytes, true),
];

/// Writes the table, then each line's cores, words and code.
pub(super) fn render(report: &Report, hot: &HotLines, out: &mut String) {
    let shown = grouped(hot.top.len() as u64);
    let _ = writeln!(out, "hot lines: {shown} of {}\n", amount(hot.lines as u64, "line", "lines"));
    put_bound(hot, out);
    let is_shown = |(_, count, always): &&Column| *always || hot.top.iter().any(|l| count(l) > 0);
    let columns: Vec<_> = COUNTS.iter().filter(is_shown).collect();
    let heads = columns.iter().map(|(head, ..)| (*head).to_owned());
    let mut table = Table::new("line", heads.chain(["pattern".to_owned()]));
    for line in &hot.top {
        let counts = columns.iter().map(|(_, count, _)| grouped(count(line)));
        let cells = counts.chain([line.pattern.name().to_owned()]).collect();
        table.cells(&format!("{:#x}", line.address), cells);
    }
    table.render(out);
    let line_bytes = report.replayed.machine.line.bytes();
    for line in &hot.top {
        put_line(line, hot.word_bytes, line_bytes, out);
    }
    if hot.top.is_empty() {
        out.pop();
    }
}

fn put_bound(hot: &HotLines, out: &mut String) {
    let HotLines { lines_max, forgotten, refused, .. } = hot;
    if *forgotten == 0 && *refused == 0 {
        return;
    }
    let note = format!(
        "At most {} lines are told apart at a time: {} without coherence events made room, and \
         what came later to one of these begins anew; {} of lines for which there was none are in \
         the report above alone.",
        grouped(*lines_max as u64),
        amount(*forgotten, "line", "lines"),
        amount(*refused, "reference", "references"),
    );
    put_wrapped("", &note, out);
    out.push('\n');
}

fn put_line(line: &HotLine, word_bytes: u64, line_bytes: u64, out: &mut String) {
    let name = line.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
    let _ = write!(out, "{:#x}{name}: {}", line.address, line.pattern.name());
    let moves = line.moves.used + line.moves.unused;
    if moves > 0 {
        let unused = grouped(line.moves.unused);
        let _ = write!(out, ", {}, {unused} of them in vain", amount(moves, "move", "moves"));
    }
    out.push('\n');
    for (cores, uses) in alike(&line.uses) {
        let mut did = Vec::new();
        for (what, words) in [("reads", uses.reads), ("writes", uses.writes)] {
            if words != 0 {
                did.push(format!("{what} {}", in_words(words, word_bytes)));
            }
        }
        put_wrapped(&cores_named(cores), &did.join(", "), out);
    }
    if let Some(divided) = &line.divided {
        put_wrapped("apart", &advice(divided, word_bytes, line_bytes), out);
    }
    let code = places(line);
    if !code.is_empty() {
        let named = code.iter().map(|code| format!("{} {}", place(code), grouped(code.accesses)));
        put_wrapped("code", &named.collect::<Vec<_>>().join("; "), out);
    }
    out.push('\n');
}

/// Puts cores together that do the same, by the first of them, core n as bit n.
fn alike(uses: &[LineUse]) -> Vec<(u64, LineUse)> {
    let mut groups: Vec<(u64, LineUse)> = Vec::new();
    for one in uses {
        let same = |(_, other): &&mut (u64, LineUse)| {
            (other.reads, other.writes) == (one.reads, one.writes)
        };
        match groups.iter_mut().find(same) {
            Some((cores, _)) => *cores |= 1 << one.core,
            None => groups.push((1 << one.core, *one)),
        }
    }
    groups
}

/// Writes what padding sets apart.
fn advice(divided: &Divided, word_bytes: u64, line_bytes: u64) -> String {
    let part = |(who, words): &(Who, u64)| {
        let (cores, does) = match who {
            Who::Writers(cores) => (*cores, "write"),
            Who::Readers(cores) => (*cores, "read"),
        };
        let s = if cores.is_power_of_two() { "s" } else { "" };
        format!("{} {does}{s} {}", cores_named(cores), in_words(*words, word_bytes))
    };
    let parts: Vec<_> = divided.parts.iter().map(part).collect();
    format!("{}: give each a line of its own, alignas({line_bytes})", parts.join(", "))
}

/// Names cores: `core 2`, `cores 0, 2-4`.
fn cores_named(cores: u64) -> String {
    let s = if cores.is_power_of_two() { "" } else { "s" };
    let runs = runs(cores).into_iter().map(|(first, end)| match end - first {
        1 => first.to_string(),
        _ => format!("{first}-{}", end - 1),
    });
    format!("core{s} {}", runs.collect::<Vec<_>>().join(", "))
}

/// Names words by their bytes: `+0..8`, `+0..4 and +12..16`.
fn in_words(words: u64, word_bytes: u64) -> String {
    let ranges =
        bytes(words, word_bytes).into_iter().map(|[first, end]| format!("+{first}..{end}"));
    ranges.collect::<Vec<_>>().join(" and ")
}

/// Returns the bytes of words: each range's first and the one behind its last.
fn bytes(words: u64, word_bytes: u64) -> Vec<[u64; 2]> {
    let in_bytes = |(first, end)| [u64::from(first) * word_bytes, u64::from(end) * word_bytes];
    runs(words).into_iter().map(in_bytes).collect()
}

/// Returns the runs of set bits: the first of each and the one behind its last.
fn runs(bits: u64) -> Vec<(u32, u32)> {
    let (mut runs, mut at) = (Vec::new(), 0);
    while at < u64::BITS && bits >> at != 0 {
        let first = at + (bits >> at).trailing_zeros();
        let end = first + (!(bits >> first)).trailing_zeros().min(u64::BITS - first);
        runs.push((first, end));
        at = end;
    }
    runs
}

/// Returns the places of code that are named.
fn places(line: &HotLine) -> &[CodeUse] {
    &line.code[..line.code.len().min(PLACES_MAX)]
}

fn place(code: &CodeUse) -> String {
    code.place.clone().unwrap_or_else(|| format!("{:#x}", code.pc))
}

/// Writes a text behind a label, broken at blanks; a word that is too long stays whole.
fn put_wrapped(label: &str, text: &str, out: &mut String) {
    let label = if label.is_empty() { String::new() } else { format!("  {label:<9} ") };
    let mut column = label.len();
    let indent = column;
    out.push_str(&label);
    for (number, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if number > 0 && column + 1 + width > COLUMNS {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if number > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += width;
    }
    out.push('\n');
}

/// Returns the lines, by rank.
pub(super) fn value(report: &Report, hot: &HotLines) -> Value {
    let line_bytes = report.replayed.machine.line.bytes();
    hot.top.iter().map(|line| line_value(line, hot.word_bytes, line_bytes)).collect()
}

/// Returns what there is to say of all lines.
pub(super) fn counted(hot: &HotLines) -> Value {
    let HotLines { lines, lines_max, forgotten, refused, word_bytes, .. } = hot;
    json!({
        "lines": lines,
        "lines_max": lines_max,
        "forgotten": forgotten,
        "refused_references": refused,
        "word_bytes": word_bytes,
    })
}

fn line_value(line: &HotLine, word_bytes: u64, line_bytes: u64) -> Value {
    let cores = line.uses.iter().map(|uses| {
        let [reads, writes] = [uses.reads, uses.writes].map(|words| bytes(words, word_bytes));
        json!({"core": uses.core, "reads": reads, "writes": writes})
    });
    let code = places(line).iter().map(|code| {
        let pc = format!("{:#x}", code.pc);
        json!({"pc": pc, "place": code.place, "accesses": code.accesses})
    });
    let mut map = Map::new();
    let mut put = |key: &str, value: Value| map.insert(key.to_owned(), value);
    put("address", json!(format!("{:#x}", line.address)));
    put("name", json!(line.name));
    put("pattern", json!(line.pattern.name()));
    put("invalidations", json!(line.counts.invalidations));
    put("updates", json!(line.counts.updates));
    put("misses", json!(line.counts.misses()));
    put("classes", Value::Object(class_map(&line.counts.classes)));
    put("bytes", json!(line.counts.bytes));
    put("moves", json!({"used": line.moves.used, "in_vain": line.moves.unused}));
    put("cores", cores.collect());
    let divided = line.divided.as_ref();
    put("apart", divided.map_or(Value::Null, |divided| parts(divided, word_bytes)));
    put("advice", json!(divided.map(|divided| advice(divided, word_bytes, line_bytes))));
    put("code", code.collect());
    Value::Object(map)
}

fn parts(divided: &Divided, word_bytes: u64) -> Value {
    let one = |(who, words): &(Who, u64)| {
        let (key, cores) = match who {
            Who::Writers(cores) => ("writers", *cores),
            Who::Readers(cores) => ("readers", *cores),
        };
        let cores: Vec<u32> = runs(cores).into_iter().flat_map(|(first, end)| first..end).collect();
        json!({key: cores, "bytes": bytes(*words, word_bytes)})
    };
    divided.parts.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_named_as_runs() {
        assert_eq!(runs(0), []);
        assert_eq!(runs(0b1101), [(0, 1), (2, 4)]);
        assert_eq!(runs(u64::MAX), [(0, 64)]);
        assert_eq!(runs(1 << 63 | 1), [(0, 1), (63, 64)]);
        assert_eq!(cores_named(0b1), "core 0");
        assert_eq!(cores_named(0b11_0101), "cores 0, 2, 4-5");
        assert_eq!(in_words(0b1011, 4), "+0..8 and +12..16");
    }

    #[test]
    fn long_texts_are_broken_at_blanks() {
        let mut out = String::new();
        put_wrapped("core 0", &"eight-ch ".repeat(20), &mut out);
        assert!(out.lines().all(|line| line.chars().count() <= COLUMNS));
        assert_eq!(out.lines().count(), 3);
        assert!(out.lines().skip(1).all(|line| line.starts_with("            eight")));
    }
}
