//! Plots as SVG that stand alone: what a crash loses over what the store is asked, shares over
//! sizes, and the frame and axes of others.

use std::fmt::Write;

use super::table::grouped;
use super::text::size;

/// The picture.
pub(super) const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 420.0;
/// The field in which the points lie.
const LEFT: f64 = 84.0;
pub(super) const RIGHT: f64 = 600.0;
const TOP: f64 = 52.0;
pub(super) const BOTTOM: f64 = 350.0;

/// About the width of a letter.
const LETTER: f64 = 7.5;

/// Text and lines in grey, on light and dark grounds; points in vermilion (Okabe and Ito), which
/// stands out from both.
const STYLE: &str = "\
text { font: 13px sans-serif; fill: #333 } .title { font-size: 15px }
line, path { stroke: #888 } .grid { stroke-opacity: 0.3 } path { fill: none }
circle { fill: #d55e00 } .way { stroke: #d55e00; stroke-opacity: 0.5 }
@media (prefers-color-scheme: dark) { text { fill: #ddd } }";

/// Draws a point for each value of a key: its name, how much is stored a second, how many writes a
/// crash loses.
pub(super) fn render(key: &str, points: &[(&str, f64, f64)]) -> String {
    let of = |number: fn(&(&str, f64, f64)) -> f64| points.iter().map(number).collect::<Vec<_>>();
    let (stored, lost) = (of(|point| point.1), of(|point| point.2));
    let is_log = spans_decades(&stored) && spans_decades(&lost);
    let x = Axis::over(&stored, is_log, (LEFT, RIGHT));
    let y = Axis::over(&lost, is_log, (BOTTOM, TOP));
    let scale = if is_log { " (log)" } else { "" };
    let labels = Labels {
        title: &format!("Writes lost and writes stored, by {}", escaped(key)),
        x: &format!("store writes a second{scale}"),
        y: &format!("writes lost in a crash, mean{scale}"),
    };
    draw(&labels, &x, &y, points)
}

/// Draws a share of something over sizes in bytes, of which there is one at least.
pub(super) fn over_sizes(labels: &Labels, points: &[(u64, f64)]) -> String {
    let sizes: Vec<_> = points.iter().map(|(bytes, _)| *bytes).collect();
    let x = Axis::of_sizes(&sizes, (LEFT, RIGHT));
    // A share of one is the top, whatever the largest one is.
    let y = Axis::over(&[1.0], false, (BOTTOM, TOP));
    let points: Vec<_> = points.iter().map(|(bytes, share)| ("", *bytes as f64, *share)).collect();
    draw(labels, &x, &y, &points)
}

/// What stands at a plot and at its axes.
pub(super) struct Labels<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
}

/// The frame of a picture.
pub(super) struct Picture<'a> {
    pub(super) height: f64,
    /// The name of the upward axis stands above it, where names of its numbers have more room.
    pub(super) is_named_above: bool,
    /// What it is for who does not see it.
    pub(super) role: &'a str,
    /// What is said of looks, besides what all plots have.
    pub(super) style: &'a str,
}

impl Picture<'_> {
    /// The places of the ends of both axes.
    pub(super) const PLACES: [(f64, f64); 2] = [(LEFT, RIGHT), (BOTTOM, TOP)];

    /// Begins a picture: its title, and both axes with their names.
    pub(super) fn begin(&self, labels: &Labels, x: &Axis, y: &Axis) -> String {
        let Self { height, is_named_above, role, style } = self;
        let title = labels.title;
        let mut out = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
             role=\"{role}\" aria-label=\"{title}\">\n<title>{title}</title>\n\
             <style>{STYLE}{style}</style>\n"
        );
        let middle = f64::midpoint(LEFT, RIGHT);
        text(&mut out, (WIDTH / 2.0, 26.0), "class=\"title\" text-anchor=\"middle\"", title);
        axes(&mut out, x, y);
        text(&mut out, (middle, HEIGHT - 18.0), "text-anchor=\"middle\"", labels.x);
        let across = f64::midpoint(TOP, BOTTOM);
        let turned = format!("text-anchor=\"middle\" transform=\"rotate(-90 20 {across:.1})\"");
        if *is_named_above {
            text(&mut out, (16.0, TOP - 10.0), "text-anchor=\"start\"", labels.y);
        } else {
            text(&mut out, (20.0, across), &turned, labels.y);
        }
        out
    }
}

fn draw(labels: &Labels, x: &Axis, y: &Axis, points: &[(&str, f64, f64)]) -> String {
    let frame = Picture { height: HEIGHT, is_named_above: false, role: "img", style: "" };
    let mut out = frame.begin(labels, x, y);
    let places: Vec<_> =
        points.iter().map(|(_, stored, lost)| (x.place(*stored), y.place(*lost))).collect();
    let way: Vec<_> = places.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    let _ = writeln!(out, "<path class=\"way\" d=\"M{}\"/>", way.join(" L"));
    for ((name, _, _), (x, y)) in points.iter().zip(places) {
        let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4\"/>");
        if name.is_empty() {
            continue;
        }
        // Less lost is more stored, so the way falls: names stand above it to the right, or where
        // there is no room, below it to the left.
        let has_room = x + LETTER * name.chars().count() as f64 <= WIDTH - 12.0;
        let (at, anchor) =
            if has_room { ((x + 8.0, y - 7.0), "start") } else { ((x - 8.0, y + 15.0), "end") };
        text(&mut out, at, &format!("text-anchor=\"{anchor}\""), &escaped(name));
    }
    out.push_str("</svg>\n");
    out
}

/// Writes both axes with their ticks.
fn axes(out: &mut String, x: &Axis, y: &Axis) {
    let _ = writeln!(out, "<path d=\"M{LEFT} {TOP} L{LEFT} {BOTTOM} L{RIGHT} {BOTTOM}\"/>");
    for (tick, name) in &x.ticks {
        let at = x.place(*tick);
        line(out, (at, TOP), (at, BOTTOM));
        text(out, (at, BOTTOM + 20.0), "text-anchor=\"middle\"", name);
    }
    for (tick, name) in &y.ticks {
        let at = y.place(*tick);
        line(out, (LEFT, at), (RIGHT, at));
        text(out, (LEFT - 8.0, at + 4.5), "text-anchor=\"end\"", name);
    }
}

fn line(out: &mut String, from: (f64, f64), to: (f64, f64)) {
    let _ = writeln!(
        out,
        "<line class=\"grid\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
        from.0, from.1, to.0, to.1
    );
}

pub(super) fn text(out: &mut String, at: (f64, f64), attributes: &str, words: &str) {
    let _ = writeln!(out, "<text x=\"{:.1}\" y=\"{:.1}\" {attributes}>{words}</text>", at.0, at.1);
}

/// Tells whether the largest of some numbers is more than ten times the smallest, which is not 0.
fn spans_decades(numbers: &[f64]) -> bool {
    let (min, max) = range(numbers);
    min > 0.0 && max / min > 10.0
}

fn range(numbers: &[f64]) -> (f64, f64) {
    let min = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    (min, numbers.iter().copied().fold(0.0, f64::max))
}

/// From numbers to places in the picture.
pub(super) struct Axis {
    is_log: bool,
    /// The numbers at its ends, or their decimal logarithms.
    ends: (f64, f64),
    /// The places of its ends.
    places: (f64, f64),
    ticks: Vec<(f64, String)>,
}

impl Axis {
    fn over(numbers: &[f64], is_log: bool, places: (f64, f64)) -> Self {
        let (min, max) = range(numbers);
        let (ends, ticks) = if is_log { decades(min, max) } else { steps(max) };
        Self { is_log, ends, places, ticks }
    }

    /// An axis of sizes in bytes, each step twice the one before, with a name at every fourth.
    fn of_sizes(sizes: &[u64], places: (f64, f64)) -> Self {
        let (min, max) = (sizes.iter().min(), sizes.iter().max());
        let low = min.map_or(0, |min| min.max(&1).ilog2());
        let high = max.map_or(0, |max| max.max(&1).next_power_of_two().ilog2()).max(low + 1);
        let end = |power: u32| f64::from(power) * std::f64::consts::LOG10_2;
        let ticks = (low..=high).step_by(4);
        let ticks = ticks.map(|power| ((f64::from(power)).exp2(), size(1 << power.min(63))));
        Self { is_log: true, ends: (end(low), end(high)), places, ticks: ticks.collect() }
    }

    /// An axis of numbers with round ticks from below the smallest to above the largest: decades if
    /// they span more than one, doublings if they are sizes in bytes.
    pub(super) fn round(numbers: &[f64], are_sizes: bool, places: (f64, f64)) -> Self {
        let (min, max) = if numbers.is_empty() { (0.0, 1.0) } else { range(numbers) };
        if are_sizes && min >= 1.0 {
            return Self::of_doublings(min, max, places);
        }
        let is_log = min > 0.0 && max / min > 10.0;
        let (ends, ticks) = if is_log { log_steps(min, max) } else { round_steps(min, max) };
        let are_long = ticks.iter().any(|(tick, _)| *tick >= 1e6);
        let name = |(tick, name)| (tick, if are_long { in_thousands(tick) } else { name });
        Self { is_log, ends, places, ticks: ticks.into_iter().map(name).collect() }
    }

    /// An axis of sizes in bytes, with a name at every doubling, or at some of many.
    fn of_doublings(min: f64, max: f64, places: (f64, f64)) -> Self {
        let power =
            |number: f64| (0..63_u32).take_while(|p| f64::from(p + 1).exp2() <= number).count();
        let low = power(min) as u32;
        let mut high = power(max) as u32;
        if f64::from(high).exp2() < max || high == low {
            high += 1;
        }
        let end = |power: u32| f64::from(power) * std::f64::consts::LOG10_2;
        let step = (high - low).div_ceil(8) as usize;
        let ticks = (low..=high).step_by(step);
        let ticks = ticks.map(|power| (f64::from(power).exp2(), size(1 << power.min(63))));
        Self { is_log: true, ends: (end(low), end(high)), places, ticks: ticks.collect() }
    }

    pub(super) const fn is_log(&self) -> bool {
        self.is_log
    }

    pub(super) fn place(&self, number: f64) -> f64 {
        let number = if self.is_log { number.log10() } else { number };
        let share = (number - self.ends.0) / (self.ends.1 - self.ends.0);
        self.places.0 + share * (self.places.1 - self.places.0)
    }
}

/// The powers of ten round a range.
fn decades(min: f64, max: f64) -> ((f64, f64), Vec<(f64, String)>) {
    let (low, high) = (min.log10().floor() as i32, max.log10().ceil() as i32);
    let ticks = (low..=high).map(|power| (10_f64.powi(power), power_text(1, power)));
    ((f64::from(low), f64::from(high)), ticks.collect())
}

/// The most decades with steps within.
const DECADES_MAX: i32 = 3;

/// The powers of ten round a range; of a few, twice and five times each too, as far as they go.
fn log_steps(min: f64, max: f64) -> ((f64, f64), Vec<(f64, String)>) {
    let ((low, high), _) = decades(min, max);
    let (low, high) = (low as i32, high as i32);
    if high - low > DECADES_MAX {
        return decades(min, max);
    }
    let all = (low..=high).flat_map(|power| [1, 2, 5].map(|digit| (digit, power)));
    let all: Vec<(f64, String)> = all
        .map(|(digit, power)| (digit as f64 * 10_f64.powi(power), power_text(digit, power)))
        .collect();
    let first = all.iter().rposition(|(tick, _)| *tick <= min).unwrap_or(0);
    let last = all.iter().position(|(tick, _)| *tick >= max).unwrap_or(all.len() - 1);
    let ticks = all[first..=last].to_vec();
    ((all[first].0.log10(), all[last].0.log10()), ticks)
}

/// Four to ten steps of 1, 2 or 5 and a power of ten, from 0 to a number or just above.
fn steps(max: f64) -> ((f64, f64), Vec<(f64, String)>) {
    let max = if max > 0.0 { max } else { 1.0 };
    let power = (max / 4.0).log10().floor() as i32;
    let fits = |digit: &u32| f64::from(*digit) * 10_f64.powi(power) * 4.0 <= max;
    let digit = [5, 2, 1].into_iter().find(fits).unwrap_or(1);
    let step = f64::from(digit) * 10_f64.powi(power);
    // At most ten.
    let below = |number: &u32| f64::from(*number) * step < max;
    let count = (0..10).take_while(below).count() as u32;
    let ticks = (0..=count).map(|number| {
        (f64::from(number) * step, power_text(u64::from(number) * u64::from(digit), power))
    });
    ((0.0, f64::from(count) * step), ticks.collect())
}

/// Steps of 1, 2 or 5 and a power of ten, from just below a number to just above another.
fn round_steps(min: f64, max: f64) -> ((f64, f64), Vec<(f64, String)>) {
    let span = max - min;
    // What is near 0 for its span begins there; what is one number has room on one side.
    if min <= span || span <= max * 1e-9 {
        return steps(max);
    }
    let power = (span / 4.0).log10().floor() as i32;
    let fits = |digit: &u32| f64::from(*digit) * 10_f64.powi(power) * 4.0 <= span;
    let digit = [5, 2, 1].into_iter().find(fits).unwrap_or(1);
    let step = f64::from(digit) * 10_f64.powi(power);
    #[expect(clippy::cast_sign_loss, reason = "counters are not negative")]
    let first = (min / step).floor() as u64;
    // At most a dozen: the span is less than ten steps.
    let above = |count: &u64| ((first + count) as f64) * step < max;
    let last = first + (0..12).take_while(above).count() as u64;
    let ticks = (first..=last)
        .map(|number| (number as f64 * step, power_text(number * u64::from(digit), power)));
    ((first as f64 * step, last as f64 * step), ticks.collect())
}

/// Writes a number in the largest of thousands, millions, billions that it is one of at least.
fn in_thousands(number: f64) -> String {
    let units = [(1e9, " G"), (1e6, " M"), (1e3, " k")];
    let unit = units.into_iter().find(|(unit, _)| number >= *unit);
    let (unit, name) = unit.unwrap_or((1.0, ""));
    // As many digits as a number of whole ones can have.
    let text = format!("{:.9}", number / unit);
    format!("{}{name}", text.trim_end_matches('0').trim_end_matches('.'))
}

/// Writes a number times a power of ten.
fn power_text(number: u64, power: i32) -> String {
    let zeros = power.unsigned_abs();
    match 10_u64.checked_pow(zeros) {
        _ if number == 0 => "0".to_owned(),
        Some(scale) if power >= 0 => {
            number.checked_mul(scale).map_or_else(|| format!("{number}e{power}"), grouped)
        }
        Some(scale) => {
            let width = zeros as usize;
            let text = format!("{}.{:0width$}", grouped(number / scale), number % scale);
            text.trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        None => format!("{number}e{power}"),
    }
}

/// Writes a text so that it is no markup.
pub(crate) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if c.is_control() => out.push(char::REPLACEMENT_CHARACTER),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checks that each element is closed where it was opened, and that attributes are quoted.
    fn is_well_formed(svg: &str) {
        let mut open: Vec<&str> = Vec::new();
        let mut rest = svg;
        while let Some(start) = rest.find('<') {
            let end = start + rest[start..].find('>').expect("a tag ends");
            let tag = &rest[start + 1..end];
            assert!(!rest[..start].contains('>'), "{}", &rest[..start]);
            assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
            if let Some(name) = tag.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name));
            } else if !tag.ends_with('/') {
                open.push(tag.split([' ', '\n']).next().unwrap());
            }
            rest = &rest[end + 1..];
        }
        assert!(open.is_empty() && rest == "\n", "{open:?} {rest:?}");
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        for refused in ["<script", "href", "url(", "@import"] {
            assert!(!svg.contains(refused), "{refused}");
        }
    }

    #[test]
    fn a_plot_is_well_formed_and_names_its_points() {
        let svg = render("a<\"b\"&c", &[("1 s", 200.0, 50.0), ("<5 s>", 100.0, 250.0)]);
        is_well_formed(&svg);
        for text in ["by a&lt;&quot;b&quot;&amp;c<", ">1 s<", ">&lt;5 s&gt;<", ">200<", ">250<"] {
            assert!(svg.contains(text), "{text}: {svg}");
        }
        assert!(!svg.contains("(log)"));
        // 200 of 0 to 200 lies at the right end, and 50 of 0 to 250 at a fifth of the height:
        // 350 - 298 / 5 = 290.4.
        assert!(svg.contains("<circle cx=\"600.0\" cy=\"290.4\""), "{svg}");
    }

    #[test]
    fn both_scales_are_logarithmic_if_both_span_more_than_ten() {
        let svg = render("k", &[("a", 1.0, 1000.0), ("b", 100.0, 10.0)]);
        is_well_formed(&svg);
        assert_eq!(svg.matches("(log)").count(), 2);
        // 10 of 10 to 1,000 lies at the bottom, 100 of 1 to 100 at the right.
        assert!(svg.contains("<circle cx=\"600.0\" cy=\"350.0\""), "{svg}");
        assert!(!render("k", &[("a", 1.0, 10.0), ("b", 100.0, 10.0)]).contains("(log)"));
        assert!(!render("k", &[("a", 1.0, 0.0), ("b", 100.0, 10.0)]).contains("(log)"));
    }

    #[test]
    fn nothing_is_a_plot_too() {
        is_well_formed(&render("k", &[("a", 0.0, 0.0)]));
        is_well_formed(&render("k", &[("a", 1e-7, 1e18), ("b", 1e18, 1e-7)]));
    }

    #[test]
    fn axes_begin_and_end_at_round_numbers_near_their_points() {
        let names = |numbers: &[f64], are_sizes| {
            let axis = Axis::round(numbers, are_sizes, (0.0, 100.0));
            for number in numbers {
                assert!((-1e-9..=100.0 + 1e-9).contains(&axis.place(*number)), "{number}");
            }
            axis.ticks.into_iter().map(|(_, name)| name).collect::<Vec<_>>()
        };
        assert_eq!(
            names(&[1_001.0, 1_038.0], false),
            ["1,000", "1,005", "1,010", "1,015", "1,020", "1,025", "1,030", "1,035", "1,040"]
        );
        assert_eq!(names(&[0.011, 0.013], false), ["0.011", "0.0115", "0.012", "0.0125", "0.013"]);
        assert_eq!(names(&[7.0], false), ["0", "1", "2", "3", "4", "5", "6", "7"]);
        assert_eq!(names(&[], false), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        let decade = ["1,000", "2,000", "5,000", "10,000", "20,000", "50,000"];
        assert_eq!(names(&[1_999.0, 26_079.0], false), decade[..]);
        assert_eq!(names(&[3.0, 2e5], false), ["1", "10", "100", "1 k", "10 k", "100 k", "1 M"]);
        let sizes = ["8 KiB", "16 KiB", "32 KiB", "64 KiB"];
        assert_eq!(names(&[65_536.0, 8_192.0], true), sizes);
        assert_eq!(names(&[48.0 * 1024.0], true), ["32 KiB", "64 KiB"]);
        names(&[1.0, (1_u64 << 63) as f64], true);
    }

    #[test]
    fn ticks_are_round() {
        let names = |max| steps(max).1.into_iter().map(|(_, name)| name).collect::<Vec<_>>();
        assert_eq!(names(200.0), ["0", "50", "100", "150", "200"]);
        assert_eq!(names(0.9), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(names(4321.0), ["0", "1,000", "2,000", "3,000", "4,000", "5,000"]);
        assert_eq!(power_text(1, -3), "0.001");
        assert_eq!(power_text(1, 3), "1,000");
    }
}
