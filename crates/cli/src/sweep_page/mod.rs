//! The page that `mesim sweep show --html` writes: a plot of two metrics and a table of its points,
//! in one HTML file that needs nothing else.
//!
//! All that it shows is there without the script, which finds a point's row and says what it is.

use std::fmt::Write;

use driver::report::{Scatter, ScatterPoint, ScatterSeries, grouped};

use crate::report_page::{STYLE, escaped, filled};

/// The skeleton, with a place for each part.
const SKELETON: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
/// What this page has besides the looks of the other one.
const OWN_STYLE: &str = include_str!("style.css");

/// Puts a page together.
pub(crate) fn html(plot: &Scatter) -> String {
    let (x, y) = (escaped(&plot.x.name), escaped(&plot.y.name));
    let points = plot.series.iter().map(|series| series.points.len()).sum::<usize>();
    let plural = if plot.series.len() == 1 { "trace" } else { "traces" };
    let summary = format!(
        "{} cells of {} {plural}; on the front of its trace is a cell that no other is at least as \
         good as in both and better than in one",
        grouped(points as u64),
        grouped(plot.series.len() as u64),
    );
    let mut rows = String::new();
    for series in &plot.series {
        for point in &series.points {
            row(series, point, &mut rows);
        }
    }
    let parts = [
        ("title", format!("{x} and {y} - mesim")),
        ("style", format!("{STYLE}{OWN_STYLE}")),
        ("heading", format!("{x} and {y}")),
        ("summary", summary),
        ("plot", plot.svg_of_page()),
        ("titles", titles(plot)),
        ("rows", rows),
        ("script", SCRIPT.to_owned()),
    ];
    filled(SKELETON, &parts)
}

fn titles(plot: &Scatter) -> String {
    let first = plot.series.iter().flat_map(|series| &series.points).next();
    let facts = first.iter().flat_map(|point| &point.facts).map(|(name, _)| name.as_str());
    let names = ["trace"].into_iter().chain(facts);
    let names = names.chain([plot.x.name.as_str(), &plot.y.name, "front"]);
    let cells = names.map(|name| format!("<th scope=\"col\">{}</th>", escaped(name)));
    format!("<tr>{}</tr>", cells.collect::<String>())
}

fn row(series: &ScatterSeries, point: &ScatterPoint, out: &mut String) {
    let class = if point.in_front { " class=\"front\"" } else { "" };
    let _ = write!(out, "<tr{class}><th scope=\"row\">{}</th>", escaped(&series.name));
    for (_, value) in &point.facts {
        let _ = write!(out, "<td>{}</td>", escaped(value));
    }
    for number in &point.texts {
        let _ = write!(out, "<td class=\"number\">{}</td>", escaped(number));
    }
    let _ = writeln!(out, "<td>{}</td></tr>", if point.in_front { "yes" } else { "" });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_script_ends_its_element_or_leads_elsewhere() {
        for refused in ["</script", "<!--", "innerHTML", "eval(", "import ", "fetch(", "http"] {
            assert!(!SCRIPT.contains(refused), "{refused}");
        }
        assert!(!OWN_STYLE.contains("</style") && !OWN_STYLE.contains("url("));
    }
}
