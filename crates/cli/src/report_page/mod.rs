//! The page that `mesim report` writes: one HTML file that needs nothing else.
//!
//! The front end beside this file is plain ES modules, a file a concern. The page may load nothing,
//! so they become one inline script, in the order of [`MODULES`]: each is a function that is called
//! once and returns what the module exports, and an import takes from there. Every line stays what
//! and where it is, but for `import` and `export`; and a name that a module keeps to itself is its
//! own, as it is where a browser or Node loads the file as a module.

use std::fmt::Write;

/// The skeleton, with a place for each part.
const SKELETON: &str = include_str!("page.html");
/// What pages look like, light and dark.
pub(crate) const STYLE: &str = include_str!("style.css");

/// The modules, each behind those that it imports.
const MODULES: &[(&str, &str)] = &[
    ("dom.js", include_str!("dom.js")),
    ("source.js", include_str!("source.js")),
    ("words.js", include_str!("words.js")),
    ("model.js", include_str!("model.js")),
    ("steps.js", include_str!("steps.js")),
    ("matrix.js", include_str!("matrix.js")),
    ("bus.js", include_str!("bus.js")),
    ("why.js", include_str!("why.js")),
    ("sequence.js", include_str!("sequence.js")),
    ("sets.js", include_str!("sets.js")),
    ("protocol.js", include_str!("protocol.js")),
    ("hot.js", include_str!("hot.js")),
    ("counts.js", include_str!("counts.js")),
    ("plots.js", include_str!("plots.js")),
    ("scrubber.js", include_str!("scrubber.js")),
    ("keys.js", include_str!("keys.js")),
    ("main.js", include_str!("main.js")),
];

/// What a page shows.
pub(crate) struct Page<'a> {
    /// The trace's title.
    pub(crate) title: Option<&'a str>,
    /// The line of JSON that says what the steps are steps of.
    pub(crate) header: &'a str,
    /// A line of JSON a step.
    pub(crate) steps: &'a [String],
    /// All else, as JSON.
    pub(crate) data: &'a str,
}

/// Puts a page together.
pub(crate) fn html(page: &Page) -> String {
    let mut steps = format!("[\n{}", embedded(page.header));
    for step in page.steps {
        steps.push_str(",\n");
        steps.push_str(&embedded(step));
    }
    steps.push_str("\n]");
    let title = page.title.map(|title| format!("{} - mesim", escaped(title)));
    let parts = [
        ("title", title.unwrap_or_else(|| "mesim".to_owned())),
        ("style", STYLE.to_owned()),
        ("steps", steps),
        ("page", embedded(page.data)),
        ("script", script()),
    ];
    filled(SKELETON, &parts)
}

/// Puts parts into a skeleton, where their names stand between doubled braces, in this order.
pub(crate) fn filled(skeleton: &str, parts: &[(&str, String)]) -> String {
    // From one mark to the next: what a part holds is not searched for marks.
    let (mut out, mut rest) = (String::new(), skeleton);
    for (name, part) in parts {
        let mark = format!("{{{{{name}}}}}");
        let (before, behind) = rest.split_once(&mark).expect("the skeleton has every mark");
        out.push_str(before);
        out.push_str(part);
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// Returns JSON that ends no element and begins none: in JSON, `<` stands in texts alone.
fn embedded(json: &str) -> String {
    json.replace('<', "\\u003c")
}

/// Writes a text so that it is no markup.
pub(crate) fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.replace(|letter: char| letter.is_control(), "\u{fffd}")
}

/// Returns all modules as one.
fn script() -> String {
    let mut out = String::new();
    for (name, text) in MODULES {
        let mut exports = Vec::new();
        let _ = writeln!(out, "const {} = (() => {{ // {name}", variable(name));
        for line in text.lines() {
            if let Some((names, from)) = import(line) {
                let _ = writeln!(out, "const {names} = {};", variable(from));
            } else if let Some(line) = line.strip_prefix("export ") {
                exports.push(declared(line));
                let _ = writeln!(out, "{line}");
            } else {
                let _ = writeln!(out, "{line}");
            }
        }
        let _ = writeln!(out, "return {{ {} }};\n}})();", exports.join(", "));
    }
    out
}

/// The variable that holds what a module exports.
fn variable(module: &str) -> String {
    format!("module_{}", module.trim_end_matches(".js"))
}

/// Returns the names that a line imports, with their brackets, and from which module.
fn import(line: &str) -> Option<(&str, &str)> {
    let (names, from) = line.strip_prefix("import ")?.split_once(" from \"./")?;
    Some((names, from.strip_suffix("\";")?))
}

/// Returns the name that a line declares.
fn declared(line: &str) -> &str {
    let rest = line.split_once(' ').map_or("", |(_, rest)| rest);
    rest.split([' ', '(']).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_takes_what_those_before_it_export() {
        let mut exported: Vec<(&str, Vec<&str>)> = Vec::new();
        for (name, text) in MODULES {
            for line in text.lines().filter(|line| line.starts_with("import")) {
                let (names, from) = import(line).unwrap_or_else(|| panic!("{name}: `{line}`"));
                let there = exported.iter().find(|(module, _)| *module == from);
                let (_, there) = there.unwrap_or_else(|| panic!("{name}: `{line}` is too early"));
                for wanted in names.trim_matches(['{', '}']).split(',').map(str::trim) {
                    assert!(there.contains(&wanted), "{name}: {from} exports no `{wanted}`");
                }
            }
            let exports = text.lines().filter_map(|line| line.strip_prefix("export "));
            exported.push((name, exports.map(declared).collect()));
        }
    }

    #[test]
    fn nothing_of_the_front_end_ends_its_element_or_leads_elsewhere() {
        let script = script();
        let refused = ["</script", "<!--", "innerHTML", "eval(", "import ", "fetch(", "https:"];
        for refused in refused {
            assert!(!script.contains(refused), "{refused}");
        }
        // The name of SVG, which nothing loads.
        assert_eq!(script.matches("http:").count(), 1);
        assert_eq!(STYLE.matches('@').count(), STYLE.matches("@media").count());
        assert!(!STYLE.contains("</style") && !STYLE.contains("url("));
    }

    #[test]
    fn a_title_is_text_wherever_it_stands() {
        let page = Page {
            title: Some("</title></script><b>{{script}}"),
            header: r#"{"title":"</script><img src=x>"}"#,
            steps: &[],
            data: "{}",
        };
        let html = html(&page);
        assert!(html.contains("<title>&lt;/title&gt;&lt;/script&gt;&lt;b&gt;{{script}} - mesim<"));
        assert!(html.contains(r#"{"title":"\u003c/script>\u003cimg src=x>"}"#));
        assert_eq!(html.matches("</script>").count(), 3);
    }
}
