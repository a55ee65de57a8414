//! Two reports as a course's simulators print them: numbers with names, whatever stands between.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;

use crate::diagnostics::Diagnostic;
use crate::diff_args::Course;
use crate::output;

/// The largest report, in bytes.
const REPORT_BYTES_MAX: u64 = 16 << 20;

/// A number by the headline it stands under and its name.
type Numbers = BTreeMap<(Section, String), Number>;

/// A cache, core or processor by its number; none for what stands before the first, and for what is
/// of the whole machine.
type Section = Option<u64>;

/// A number as it was printed: digits, and how many of them stand behind the point.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Number {
    digits: i128,
    decimals: u32,
    shown: String,
}

/// Says which numbers of two reports differ.
pub(super) fn compare(reference: &Path, other: &Path, course: Course) -> Result<(), Diagnostic> {
    let (a, b) = (read(reference, course)?, read(other, course)?);
    let names: BTreeSet<_> = a.keys().chain(b.keys()).collect();
    let mut rows = Vec::new();
    for name in &names {
        let (a, b) = (a.get(*name), b.get(*name));
        if !matches!((a, b), (Some(a), Some(b)) if a.equals(b)) {
            let shown = |number: Option<&Number>| {
                number.map_or_else(|| "(missing)".to_owned(), |number| number.shown.clone())
            };
            let (section, label) = name;
            let section =
                section.map_or(String::new(), |number| format!("{} {number}  ", course.part()));
            rows.push((format!("{section}{label}"), shown(a), shown(b)));
        }
    }
    if rows.is_empty() {
        let s = if names.len() == 1 { "" } else { "s" };
        return output::print(&format!("{} number{s}, and no difference\n", names.len()));
    }
    let title = format!("{} of {} numbers differ", rows.len(), names.len());
    let (a, b) = (reference.display().to_string(), other.display().to_string());
    let width = |of: &dyn Fn(&(String, String, String)) -> usize, least: usize| {
        rows.iter().map(of).chain([least]).max().unwrap_or(least)
    };
    let label = width(&|row| row.0.chars().count(), 0);
    let first = width(&|row| row.1.chars().count(), a.chars().count());
    let mut text = format!("{:label$}  {a:>first$}  {b}\n", "");
    for (name, one, two) in &rows {
        let _ = writeln!(text, "{name:<label$}  {one:>first$}  {two}");
    }
    output::print(&text)?;
    Err(Diagnostic::failed("E0703", title).at(b).help(
        "`mesim replay --json -` has each counter of each core; docs/counters.md defines them",
    ))
}

impl Course {
    /// Returns what its reports have a headline for each of.
    const fn part(self) -> &'static str {
        match self {
            Self::Ncsu => "cache",
            Self::Gatech | Self::Nus => "core",
        }
    }
}

fn read(path: &Path, course: Course) -> Result<Numbers, Diagnostic> {
    let cannot = |error: std::io::Error| {
        Diagnostic::input("E0704", format!("the report cannot be read: {error}"))
            .at(path.display().to_string())
            .help(trace::near_file(path))
    };
    let mut bytes = Vec::new();
    let file = std::fs::File::open(path).map_err(cannot)?;
    file.take(REPORT_BYTES_MAX + 1).read_to_end(&mut bytes).map_err(cannot)?;
    let wrong = |what: &str| {
        Diagnostic::input("E0704", what.to_owned())
            .at(path.display().to_string())
            .help("a report has a number in a line behind its name, such as `number of reads: 12`")
    };
    if bytes.len() as u64 > REPORT_BYTES_MAX {
        return Err(wrong("the report has more than 16 MiB"));
    }
    let numbers = parse(&String::from_utf8_lossy(&bytes), course);
    if numbers.is_empty() {
        Err(wrong("the report has no numbers with names"))
    } else {
        Ok(numbers)
    }
}

fn parse(text: &str, course: Course) -> Numbers {
    let mut numbers = Numbers::new();
    let mut section = None;
    for line in text.lines() {
        let bare = headline(line, course).filter(|(_, is_all)| *is_all);
        if let Some((part, _)) = bare {
            section = Some(part);
        } else if let Some((label, number)) = named_number(line) {
            // A name that comes again under one headline is told apart by how often it came.
            let free = |label: &String| !numbers.contains_key(&(section, label.clone()));
            let again = (2_u32..).map(|n| format!("{label} ({n})"));
            let label = std::iter::once(label.clone()).chain(again).find(free);
            numbers.insert((section, label.unwrap_or_default()), number);
        } else if let Some((part, _)) = headline(line, course) {
            section = Some(part);
        }
    }
    numbers
}

/// Returns the number of the cache or core that a headline is of, and whether the line ends there.
fn headline(line: &str, course: Course) -> Option<(u64, bool)> {
    let line = line.to_ascii_lowercase();
    let words: &[&str] = match course {
        Course::Ncsu => &["cache", "processor"],
        Course::Gatech | Course::Nus => &["core", "processor", "proc", "cpu", "cache"],
    };
    let places = words.iter().flat_map(|word| line.match_indices(word));
    places.map(|(at, word)| &line[at + word.len()..]).find_map(|rest| {
        let rest = rest.trim_start_matches([' ', '_', '#', '-', ':', '[', '(', '\t']);
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let is_all = !rest[digits..].contains(|c: char| c.is_alphanumeric());
        Some((rest[..digits].parse().ok()?, is_all))
    })
}

/// Reads `03. Number of reads ....: 1,234 reads`: the name in one form, and the number.
fn named_number(line: &str) -> Option<(String, Number)> {
    let at = line.rfind([':', '=']).map(|at| at + 1);
    // Without a colon the number is the last word, behind a name of letters.
    let at = match at {
        Some(at) => at,
        None => line.trim_end().rfind([' ', '\t'])? + 1,
    };
    let (label, rest) = line.split_at(at);
    let number = Number::of(rest.split_whitespace().next()?)?;
    let label = label.trim_start();
    let numbering = label.bytes().take_while(u8::is_ascii_digit).count();
    let label = match label[numbering..].strip_prefix(['.', ')']) {
        Some(rest) if numbering > 0 => rest,
        _ => label,
    };
    let words = label.split(|c: char| !c.is_alphanumeric() && c != '$' && c != '-');
    let words = words.map(|word| word.trim_matches('-').to_lowercase()).filter(|w| !w.is_empty());
    let label = words.collect::<Vec<_>>().join(" ");
    label.chars().any(char::is_alphabetic).then_some((label, number))
}

impl Number {
    fn of(word: &str) -> Option<Self> {
        let word = word.trim_end_matches([',', ';', '.']);
        let digits = word.strip_suffix('%').unwrap_or(word).replace(',', "");
        let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
        let all = format!("{whole}{part}");
        let unsigned = all.strip_prefix('-').unwrap_or(&all);
        let is_number = !unsigned.is_empty()
            && unsigned.len() <= 30
            && unsigned.bytes().all(|byte| byte.is_ascii_digit());
        let decimals = part.len() as u32;
        is_number.then(|| all.parse().ok())?.map(|digits| Self {
            digits,
            decimals,
            shown: word.to_owned(),
        })
    }

    /// Tells whether two numbers are the same, as far as the one with fewer decimals says.
    fn equals(&self, other: &Self) -> bool {
        let (short, long) =
            if self.decimals <= other.decimals { (self, other) } else { (other, self) };
        let scale = 10_i128.pow(long.decimals - short.decimals);
        let (quotient, rest) = (long.digits.div_euclid(scale), long.digits.rem_euclid(scale));
        // Rounded to the nearest; from the middle either way, for printers do it in both ways.
        let down = quotient == short.digits && 2 * rest <= scale;
        down || quotient + 1 == short.digits && 2 * rest >= scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Number {
        Number::of(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn names_are_the_same_whatever_stands_round_them() {
        let label = |line| named_number(line).map(|(label, number)| (label, number.shown));
        let reads = Some(("number of reads".to_owned(), "112661".to_owned()));
        for line in [
            "01. number of reads:\t\t112661",
            "1) Number of reads .............: 112661",
            "  number_of_reads = 112661",
            "Number of Reads      112661",
            "01. number of reads: 112661 reads",
        ] {
            assert_eq!(label(line), reads, "{line}");
        }
        assert_eq!(
            label("$-to-$ Transfers:       10 transfers").map(|(label, _)| label).as_deref(),
            Some("$-to-$ transfers")
        );
        for line in ["", "===== Simulation results =====", "L1_SIZE:", "12 34", ":::", "= 5"] {
            assert_eq!(label(line), None, "{line}");
        }
    }

    #[test]
    fn headlines_say_whose_the_numbers_are() {
        let of = |line| headline(line, Course::Ncsu).map(|(number, _)| number);
        assert_eq!(of("============ Simulation results (Cache 3) ============"), Some(3));
        assert_eq!(of("===== Simulation results (Cache_0)      ====="), Some(0));
        assert_eq!(of("cache coherence simulator, cache 1"), Some(1));
        assert_eq!(of("===== 506 SMP Simulator Configuration ====="), None);
        assert_eq!(headline("[Core #2]", Course::Nus), Some((2, true)));
        assert_eq!(headline("core 2 misses: 7", Course::Nus), Some((2, false)));
    }

    #[test]
    fn numbers_are_equal_as_far_as_both_say_them() {
        for (a, b) in [
            ("5.78%", "5.780%"),
            ("1,234", "1234"),
            ("5.775", "5.78"),
            ("5.8", "5.75"),
            ("-3", "-3.0"),
        ] {
            assert!(number(a).equals(&number(b)) && number(b).equals(&number(a)), "{a} {b}");
        }
        for (a, b) in [("5.78", "5.79"), ("5.7", "5.78"), ("12", "21"), ("3", "-3"), ("0", "0.6")] {
            assert!(!number(a).equals(&number(b)), "{a} {b}");
        }
        for text in ["", "-", "x", "1.2.3", "0x10", "1e5", "999999999999999999999999999999999"] {
            assert_eq!(Number::of(text), None, "{text}");
        }
    }

    #[test]
    fn a_name_that_comes_again_is_another_number() {
        let numbers = parse("misses: 1\nmisses: 2\ncache 0\nmisses: 3\n", Course::Ncsu);
        let keys: Vec<_> =
            numbers.keys().map(|(section, label)| (*section, label.as_str())).collect();
        assert_eq!(keys, [(None, "misses"), (None, "misses (2)"), (Some(0), "misses")]);
    }
}
