//! Points of two metrics with their fronts, as SVG: by itself, or as part of a page.

use std::fmt::Write;

use super::plot::{Axis, BOTTOM, Labels, Picture, WIDTH, escaped, text};

/// Points by what they cost and give.
#[derive(Clone, Debug)]
pub struct Scatter {
    /// The axis to the right.
    pub x: ScatterAxis,
    /// The axis upwards.
    pub y: ScatterAxis,
    /// What has a colour and a mark of its own.
    pub series: Vec<ScatterSeries>,
}

/// What stands at an axis.
#[derive(Clone, Debug)]
pub struct ScatterAxis {
    /// Its name.
    pub name: String,
    /// Its numbers are sizes in bytes.
    pub are_sizes: bool,
    /// More is better there.
    pub more_is_better: bool,
}

/// Points that belong together.
#[derive(Clone, Debug)]
pub struct ScatterSeries {
    /// What they are called together.
    pub name: String,
    /// The points, from left to right.
    pub points: Vec<ScatterPoint>,
}

/// A point.
#[derive(Clone, Debug)]
pub struct ScatterPoint {
    /// Where it lies.
    pub at: (f64, f64),
    /// Its two numbers as people read them.
    pub texts: [String; 2],
    /// What it is, name by name.
    pub facts: Vec<(String, String)>,
    /// No other of its series is at least as good in both and better in one.
    pub in_front: bool,
}

/// Colours of Okabe and Ito that stand out from light and dark grounds.
const COLOURS: [&str; 6] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"];

/// Marks, drawn round a point: circle, square, triangle, diamond, triangle on its tip, cross, plus.
const MARKS: [&str; 7] = [
    "M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z",
    "M-4 -4h8v8h-8z",
    "M0 -5.2l4.8 8.6h-9.6z",
    "M0 -5.6l5.6 5.6l-5.6 5.6l-5.6 -5.6z",
    "M0 5.2l4.8 -8.6h-9.6z",
    "M-4.5 -2.5l2 -2l2.5 2.5l2.5 -2.5l2 2l-2.5 2.5l2.5 2.5l-2 2l-2.5 -2.5l-2.5 2.5l-2 -2l2.5 -2.5z",
    "M-1.4 -5h2.8v3.6h3.6v2.8h-3.6v3.6h-2.8v-3.6h-3.6v-2.8h3.6z",
];

/// The height of a line of the legend.
const LINE: f64 = 20.0;
/// Where the legend begins.
const LEGEND: f64 = BOTTOM + 104.0;
/// The most letters of a name in the legend.
const NAME_MAX: usize = 72;

impl ScatterPoint {
    /// Says in words what the point is, which series it is of, and where it lies.
    pub fn words(&self, scatter: &Scatter, series: &ScatterSeries) -> String {
        let facts = self.facts.iter().map(|(name, value)| format!("{name}: {value}"));
        let [x, y] = &self.texts;
        let numbers = [format!("{}: {x}", scatter.x.name), format!("{}: {y}", scatter.y.name)];
        let front = self.in_front.then(|| "on the front".to_owned());
        let all = [series.name.clone()].into_iter().chain(facts).chain(numbers).chain(front);
        all.collect::<Vec<_>>().join("; ")
    }
}

impl Scatter {
    /// Renders a plot that stands alone. Each point says what it is to who points at it.
    pub fn svg(&self) -> String {
        self.draw(false)
    }

    /// Renders a plot as part of a page, in which each point can have the focus.
    pub fn svg_of_page(&self) -> String {
        self.draw(true)
    }

    fn axes(&self) -> [Axis; 2] {
        let numbers = |of: fn(&ScatterPoint) -> f64| -> Vec<f64> {
            self.series.iter().flat_map(|series| series.points.iter().map(of)).collect()
        };
        let [to_the_right, upwards] = Picture::PLACES;
        let axis = |axis: &ScatterAxis, numbers: &[f64], places| {
            Axis::round(numbers, axis.are_sizes, places)
        };
        [
            axis(&self.x, &numbers(|point| point.at.0), to_the_right),
            axis(&self.y, &numbers(|point| point.at.1), upwards),
        ]
    }

    fn draw(&self, in_page: bool) -> String {
        let [x, y] = self.axes();
        let title = format!("{} and {}", escaped(&self.x.name), escaped(&self.y.name));
        let name = |axis: &ScatterAxis, drawn: &Axis| {
            let better = if axis.more_is_better { "more" } else { "less" };
            let scale = if drawn.is_log() && !axis.are_sizes { ", log" } else { "" };
            let bytes = if axis.are_sizes { ", bytes" } else { "" };
            format!("{}{bytes} ({better} is better{scale})", escaped(&axis.name))
        };
        let height = LEGEND + LINE * self.series.len() as f64 + 8.0;
        let labels = Labels { title: &title, x: &name(&self.x, &x), y: &name(&self.y, &y) };
        let role = if in_page { "group" } else { "img" };
        let mut out =
            Picture { height, is_named_above: true, role, style: &style() }.begin(&labels, &x, &y);
        let mut number = 0;
        let count: usize = self.series.iter().map(|series| series.points.len()).sum();
        for (of, series) in self.series.iter().enumerate() {
            let _ = writeln!(out, "<g class=\"{}\">", classes(of));
            self.step_line(series, &x, &y, &mut out);
            for point in &series.points {
                number += 1;
                let (left, top) = (x.place(point.at.0), y.place(point.at.1));
                let front = if point.in_front { "front" } else { "behind" };
                let focus = if in_page {
                    let tab = if point.in_front { 0 } else { -1 };
                    format!(
                        " tabindex=\"{tab}\" role=\"img\" aria-label=\"point {number} of {count}\""
                    )
                } else {
                    String::new()
                };
                let _ = writeln!(
                    out,
                    "<path class=\"point {front}\" transform=\"translate({left:.1} {top:.1})\" \
                     d=\"{}\"{focus}><title>{}</title></path>",
                    mark(of),
                    escaped(&point.words(self, series)),
                );
            }
            out.push_str("</g>\n");
        }
        self.legend(&mut out);
        out.push_str("</svg>\n");
        out
    }

    /// Draws the front of a series: the border of what its points are better than.
    fn step_line(&self, series: &ScatterSeries, x: &Axis, y: &Axis, out: &mut String) {
        let front: Vec<(f64, f64)> = series
            .points
            .iter()
            .filter(|point| point.in_front)
            .map(|point| (x.place(point.at.0), y.place(point.at.1)))
            .collect();
        let Some((left, top)) = front.first() else { return };
        let mut way = format!("M{left:.1} {top:.1}");
        for (left, top) in &front[1..] {
            // Where less of the first is better, a point is as good as one to its right.
            let _ = if self.x.more_is_better {
                write!(way, "V{top:.1}H{left:.1}")
            } else {
                write!(way, "H{left:.1}V{top:.1}")
            };
        }
        let _ = writeln!(out, "<path class=\"step\" d=\"{way}\"/>");
    }

    fn legend(&self, out: &mut String) {
        let left = 40.0;
        for (of, series) in self.series.iter().enumerate() {
            let top = LEGEND + LINE * of as f64;
            let _ = writeln!(
                out,
                "<g class=\"{}\"><path class=\"point front\" transform=\"translate({left:.1} \
                 {:.1})\" d=\"{}\"/></g>",
                classes(of),
                top - 4.5,
                mark(of)
            );
            let name = match series.name.char_indices().nth(NAME_MAX) {
                Some((end, _)) => format!("{}...", &series.name[..end]),
                None => series.name.clone(),
            };
            text(out, (left + 14.0, top), "text-anchor=\"start\"", &escaped(&name));
        }
        let note = "full: on the front, which the line joins; faint: the other cells";
        text(out, (WIDTH / 2.0, LEGEND - 26.0), "text-anchor=\"middle\"", note);
    }
}

/// Returns the class that gives a series its colour.
fn classes(series: usize) -> String {
    format!("series colour{}", series % COLOURS.len())
}

/// Returns the mark of a series: seven of them and six colours make 42 pairs.
fn mark(series: usize) -> &'static str {
    MARKS[series % MARKS.len()]
}

/// What points and fronts look like.
fn style() -> String {
    let mut style = String::from(
        "\n.step { fill: none; stroke-width: 1.5; stroke-opacity: 0.8 }\n\
         .point { stroke-width: 1 } .behind { fill-opacity: 0.25; stroke-opacity: 0.45 }\n",
    );
    for (number, colour) in COLOURS.iter().enumerate() {
        let _ = writeln!(
            style,
            ".colour{number} path {{ stroke: {colour} }} .colour{number} .point {{ fill: {colour} \
             }}"
        );
    }
    style
}
