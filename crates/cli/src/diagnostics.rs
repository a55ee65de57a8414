//! What went wrong, shown where: rustc's look, or JSON.

use std::fmt::Write as _;
use std::io::{IsTerminal, Write};
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use driver::config::{ConfigError, ConfigWarning, Origin, Source};
use driver::protocol_file::Mistake;
use driver::{ReplayError, expect};
use serde_json::json;
use trace::{Place, TraceError};

use crate::args::MessageFormat;

/// What kind of failure ends the program; each has an exit code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Severity {
    /// Bad input or usage: exit 2.
    Input,
    /// A comparison or verification failed: exit 1.
    Failed,
    /// A promise of the program itself broke: exit 3.
    Internal,
    /// No failure: something legal that may not have been meant.
    Warning,
}

/// A diagnostic.
#[derive(Clone, Debug)]
pub(crate) struct Diagnostic {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) title: String,
    pub(crate) site: Option<Box<Site>>,
    /// Where no text can be shown.
    pub(crate) place: Option<Box<Spot>>,
    pub(crate) help: Option<String>,
    /// What else is wrong with the same input.
    pub(crate) also: Vec<Diagnostic>,
}

/// The most diagnostics of one input that people are shown.
const SHOWN_MAX: usize = 8;

/// A place without a text to show.
#[derive(Clone, Debug, Default)]
pub(crate) struct Spot {
    path: String,
    line_and_column: Option<(u64, u64)>,
    /// What there is to say of it.
    note: String,
}

impl Spot {
    fn in_words(&self) -> String {
        let mut words = self.path.clone();
        if let Some((line, column)) = self.line_and_column {
            let _ = write!(words, ":{line}:{column}");
        }
        if !self.note.is_empty() {
            words.push_str(": ");
            words.push_str(&self.note);
        }
        words
    }
}

/// A piece of text with a span to underline.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    path: String,
    text: String,
    /// The number of the text's first line, from 1.
    first_line: usize,
    /// The column of the span in the file, where the text is cut.
    column: Option<u64>,
    span: Range<usize>,
    label: String,
}

impl Diagnostic {
    /// Makes a diagnostic of bad input without a text to show.
    pub(crate) fn input(code: &'static str, title: impl Into<String>) -> Self {
        Self {
            severity: Severity::Input,
            code,
            title: title.into(),
            site: None,
            place: None,
            help: None,
            also: Vec::new(),
        }
    }

    /// Makes a diagnostic of a comparison or verification that failed.
    pub(crate) fn failed(code: &'static str, title: impl Into<String>) -> Self {
        Self { severity: Severity::Failed, ..Self::input(code, title) }
    }

    /// Makes a diagnostic of what is legal but may not have been meant.
    pub(crate) fn warning(code: &'static str, title: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::input(code, title) }
    }

    /// Makes one of several diagnostics of the same input, if there is any.
    pub(crate) fn all(diagnostics: Vec<Self>) -> Option<Self> {
        let mut diagnostics = diagnostics.into_iter();
        let first = diagnostics.next()?;
        Some(Self { also: diagnostics.collect(), ..first })
    }

    /// Shows the value of a config that it is about.
    pub(crate) fn at_value(self, origin: &Origin, label: &str) -> Self {
        let (site, place) = site(origin, label.to_owned());
        Self { site, place, ..self }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// Names the file that it is about.
    pub(crate) fn at(mut self, path: impl Into<String>) -> Self {
        self.place = Some(Box::new(Spot { path: path.into(), ..Spot::default() }));
        self
    }

    /// Shows the argument that it is about.
    pub(crate) fn on(mut self, argument: impl Into<String>, label: impl Into<String>) -> Self {
        let (path, text) = ("<command line>".to_owned(), argument.into());
        let (span, label) = (0..text.len(), label.into());
        self.site = Some(Box::new(Site { path, text, first_line: 1, column: None, span, label }));
        self
    }

    /// Shows an argument and underlines the part that it is about.
    pub(crate) fn on_part(
        mut self,
        argument: impl Into<String>,
        span: Range<usize>,
        label: impl Into<String>,
    ) -> Self {
        self = self.on(argument, label);
        if let Some(site) = &mut self.site {
            site.span = span;
        }
        self
    }

    /// Tells whether it is about that argument.
    pub(crate) fn shows(&self, argument: &str) -> bool {
        self.site.as_ref().is_some_and(|site| site.text == argument)
    }

    /// Says under which of several protocols it came up.
    pub(crate) fn under(mut self, protocol: &str) -> Self {
        self.title = format!("under {protocol}: {}", self.title);
        self
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self.severity {
            Severity::Failed => 1,
            Severity::Internal => 3,
            Severity::Input | Severity::Warning => 2,
        }
    }

    /// Renders for people.
    fn human(&self, renderer: &Renderer) -> String {
        let level = match self.severity {
            Severity::Input | Severity::Failed | Severity::Internal => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let title = level.primary_title(harmless(&self.title));
        let title = if self.code.is_empty() { title } else { title.id(self.code) };
        let mut group = Group::with_title(title);
        if let Some(site) = &self.site {
            // The renderer counts columns itself: what was cut off the line is made up by blanks.
            let cut = site.cut();
            let shown =
                if cut > 0 { site.text.replacen("...", "   ", 1) } else { site.text.clone() };
            let text = format!("{:cut$}{shown}", "");
            let annotation =
                AnnotationKind::Primary.span(site.span.start + cut..site.span.end + cut);
            group = group.element(
                Snippet::source(text)
                    .line_start(site.first_line)
                    .path(harmless(&site.path))
                    .annotation(annotation.label(harmless(&site.label))),
            );
        }
        if let Some(place) = &self.place {
            group = group.element(Level::NOTE.message(harmless(&place.in_words())));
        }
        if let Some(help) = &self.help {
            group = group.element(Level::HELP.message(harmless(help)));
        }
        renderer.render(&[group])
    }

    /// Renders for programs.
    fn json(&self) -> String {
        let severity = match self.severity {
            Severity::Input => "error",
            Severity::Failed => "failed",
            Severity::Internal => "internal",
            Severity::Warning => "warning",
        };
        let (path, place, label) = match (&self.site, &self.place) {
            (Some(site), _) => {
                let (line, column) = site.line_and_column();
                (Some(&site.path), Some((line as u64, column)), Some(&site.label))
            }
            (None, Some(spot)) => (Some(&spot.path), spot.line_and_column, Some(&spot.note)),
            (None, None) => (None, None, None),
        };
        let value = json!({
            "severity": severity,
            "code": self.code,
            "message": self.title,
            "path": path,
            "line": place.map(|(line, _)| line),
            "column": place.map(|(_, column)| column),
            "label": label.filter(|label| !label.is_empty()),
            "help": self.help,
        });
        value.to_string()
    }
}

impl Site {
    fn line_and_column(&self) -> (usize, u64) {
        let (line, column) = self.in_text();
        (line, self.column.unwrap_or(column))
    }

    /// Returns how many characters the text lacks at the beginning of its line.
    fn cut(&self) -> usize {
        let (_, shown) = self.in_text();
        self.column.map_or(0, |column| column.saturating_sub(shown) as usize)
    }

    fn in_text(&self) -> (usize, u64) {
        let before = &self.text[..self.span.start.min(self.text.len())];
        let line = self.first_line + before.matches('\n').count();
        (line, before.rsplit('\n').next().unwrap_or("").chars().count() as u64 + 1)
    }
}

/// Returns a text that does nothing to a terminal but be shown: names and values may hold anything.
fn harmless(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

/// Where diagnostics go and how they look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages {
    format: MessageFormat,
    muted: bool,
}

impl Messages {
    pub(crate) const fn new(format: MessageFormat) -> Self {
        Self { format, muted: false }
    }

    /// Returns one that shows nothing: what it is told is said elsewhere.
    pub(crate) const fn muted(self) -> Self {
        Self { muted: true, ..self }
    }

    /// Tells whether programs read the messages.
    pub(crate) fn are_for_programs(self) -> bool {
        self.format == MessageFormat::Json
    }

    /// Writes a diagnostic to standard error.
    pub(crate) fn show(self, diagnostic: &Diagnostic) {
        if self.muted {
            return;
        }
        let all: Vec<_> = std::iter::once(diagnostic).chain(&diagnostic.also).collect();
        let text = match self.format {
            MessageFormat::Json => all.iter().map(|one| one.json()).collect(),
            MessageFormat::Human if colours() => human(&all, &Renderer::styled()),
            MessageFormat::Human => human(&all, &Renderer::plain()),
        };
        // Nobody is left to be told if standard error is closed.
        let _ = writeln!(std::io::stderr(), "{}", text.join("\n"));
    }
}

/// Renders the diagnostics of one input for people, who are told how many they are not shown.
fn human(all: &[&Diagnostic], renderer: &Renderer) -> Vec<String> {
    let mut texts: Vec<_> = all.iter().take(SHOWN_MAX).map(|one| one.human(renderer)).collect();
    if all.len() > SHOWN_MAX {
        let more = format!("{} more mistakes are not shown", all.len() - SHOWN_MAX);
        texts.push(renderer.render(&[Group::with_title(Level::NOTE.primary_title(more))]));
    }
    texts
}

fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    !refused && std::io::stderr().is_terminal()
}

impl From<TraceError> for Diagnostic {
    fn from(error: TraceError) -> Self {
        let mut title = error.kind.title().to_owned();
        if !error.found.is_empty() {
            title = format!("{title}: found {}", error.found);
        }
        let expected = format!("expected {}", error.expected);
        let code = error.code();
        let diagnostic = Self::input(code, title).help(error.help.as_ref());
        match (error.excerpt, error.place) {
            (Some(excerpt), Place::Text { line, column }) => Self {
                site: Some(Box::new(Site {
                    path: error.path.into(),
                    text: excerpt.line.clone(),
                    first_line: line as usize,
                    column: Some(column),
                    span: excerpt.start..excerpt.end,
                    label: expected,
                })),
                ..diagnostic
            },
            (_, place) => {
                let note = if error.expected.is_empty() { String::new() } else { expected };
                let (line_and_column, note) = match place {
                    Place::Text { line, column } => (Some((line, column)), note),
                    Place::None => (None, note),
                    Place::Binary { record, offset } => {
                        (None, format!("record {record} at byte {offset}: {note}"))
                    }
                    Place::Bytes(offset) => (None, format!("byte {offset}: {note}")),
                };
                let path = error.path.into();
                Self { place: Some(Box::new(Spot { path, line_and_column, note })), ..diagnostic }
            }
        }
    }
}

/// Makes the text to show of a value's origin.
fn site(origin: &Origin, label: String) -> (Option<Box<Site>>, Option<Box<Spot>>) {
    let spot = |path: &str, note| {
        let path = path.to_owned();
        (None, Some(Box::new(Spot { path, line_and_column: None, note })))
    };
    let (path, text) = match &origin.source {
        Source::BuiltIn => return spot("the built-in default machine", label),
        Source::File { path, text } => (path.to_string(), text.to_string()),
        Source::Argument { text } => ("<command line>".to_owned(), text.to_string()),
        Source::Trace { path, text } => return spot(path, format!("`{text}`: {label}")),
    };
    if origin.span.is_empty() && text.trim().is_empty() {
        return spot(&path, label);
    }
    let span = origin.span.clone();
    (Some(Box::new(Site { path, text, first_line: 1, column: None, span, label })), None)
}

impl From<ConfigError> for Diagnostic {
    fn from(error: ConfigError) -> Self {
        let (site, place) = site(&error.origin, format!("expected {}", error.expected));
        Self { site, place, ..Self::input(error.kind.code(), error.message).help(error.help) }
    }
}

impl From<&ConfigWarning> for Diagnostic {
    fn from(warning: &ConfigWarning) -> Self {
        let (site, place) = site(&warning.origin, warning.label.clone());
        let severity = Severity::Warning;
        let diagnostic = Self::input("W0201", warning.message.clone()).help(warning.help.clone());
        Self { severity, site, place, ..diagnostic }
    }
}

impl From<Mistake> for Diagnostic {
    fn from(mistake: Mistake) -> Self {
        let (site, place) = site(&mistake.origin, mistake.label);
        let warns = mistake.kind.is_warning();
        let severity = if warns { Severity::Warning } else { Severity::Input };
        let diagnostic = Self::input(mistake.kind.code(), mistake.message).help(mistake.help);
        Self { severity, site, place, ..diagnostic }
    }
}

impl From<expect::Mistake> for Diagnostic {
    fn from(mistake: expect::Mistake) -> Self {
        let (site, place) = site(&mistake.origin, mistake.label);
        Self { site, place, ..Self::input(mistake.kind.code(), mistake.message).help(mistake.help) }
    }
}

impl From<ReplayError> for Diagnostic {
    fn from(error: ReplayError) -> Self {
        let internal = |code, error: &ReplayError| Self {
            severity: Severity::Internal,
            ..Self::input(code, error.to_string())
                .help("this is a mistake in mesim, not in your trace: please report it")
        };
        match error {
            ReplayError::Trace(error) => error.into(),
            ReplayError::Build(error) => Self::input("E0205", error.to_string()),
            ReplayError::Interrupted(accesses) => {
                Self::input("E0304", format!("interrupted after {accesses} accesses"))
                    .help("nothing was written; `--limit N` reports on the first N accesses")
            }
            ReplayError::NoSuchCore { access, core, cores } => {
                Self::input("E0306", format!("core {core} of a machine of {cores} cores"))
                    .at(format!("access {access} of the trace"))
                    .help(format!("`--cores {}` makes room for it", core + 1))
            }
            ReplayError::Protocol(error) => {
                Self::input("E0216", format!("the protocol does not hold: {error}")).help(
                    "`mesim protocol check` on the file, with the run's `--set rules...`, finds a \
                     shortest trail to what is wrong",
                )
            }
            ReplayError::Stuck { cores, dirty } => {
                let title =
                    format!("every core waits for {dirty} dirty blocks that nothing cleans");
                Self::input("E0217", title)
                    .at(format!("{cores} cores"))
                    .help("give a trigger: `--set durability.flush.every=5s`, `queue.trigger=true`")
            }
            ReplayError::Value(_) | ReplayError::NotStored { .. } => internal("E0901", &error),
            ReplayError::Broken { .. } => internal("E0902", &error),
            ReplayError::Law(_) => internal("E0903", &error),
        }
    }
}
