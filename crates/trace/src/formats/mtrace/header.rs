//! The header lines of a trace: what it says about itself.

use crate::error_kind::TraceErrorKind;
use crate::header::Header;
use crate::nearest::nearest;
use crate::record::CORES_MAX;
use crate::text::fault::Fault;
use crate::text::fields::{Field, Fields};
use crate::text::number;

/// The keywords, `@time` included, which is not a header line but looks like one.
const KEYWORDS: [&str; 5] = ["@cores", "@line", "@title", "@config", "@time"];

/// What the header lines so far said.
#[derive(Clone, Default)]
pub(super) struct Stated {
    pub(super) cores: Option<u16>,
    line: Option<u64>,
    title: Option<String>,
    config: Option<String>,
}

impl Stated {
    /// Reads a header line; `late` says that there was a record before it.
    pub(super) fn set(
        &mut self,
        keyword: Field<'_>,
        rest: &mut Fields<'_>,
        late: bool,
    ) -> Result<(), Fault> {
        let fault = || Fault::new(TraceErrorKind::BadHeader, keyword.span());
        let stated = match keyword.bytes {
            b"@cores" => self.cores.is_some(),
            b"@line" => self.line.is_some(),
            b"@title" => self.title.is_some(),
            b"@config" => self.config.is_some(),
            other => {
                let near = nearest(&String::from_utf8_lossy(other), KEYWORDS);
                let help = near.map_or("a title is `@title ...`".to_owned(), |near| {
                    format!("did you mean `{near}`?")
                });
                return Err(fault().expected(KEYWORDS.join(", ")).help(help));
            }
        };
        if late {
            return Err(fault()
                .expected("header lines before the first record")
                .help("move the line to the top of the trace"));
        }
        if stated {
            return Err(fault()
                .expected("each header line once")
                .help("keep one of the two lines"));
        }
        match keyword.bytes {
            b"@cores" => self.cores = Some(count(rest, u64::from(CORES_MAX), "`@cores 4`")? as u16),
            b"@line" => self.line = Some(count(rest, u64::MAX, "`@line 64`")?),
            b"@title" => {
                // A title is for showing: nothing in it moves a cursor.
                let title = text(rest, "a title")?;
                self.title = Some(title.replace(char::is_control, " "));
            }
            _ => self.config = Some(text(rest, "a path")?),
        }
        Ok(())
    }

    /// Copies what was said into a header.
    pub(super) fn tell(self, header: &mut Header) {
        header.cores = self.cores;
        header.line = self.line;
        header.title = self.title;
        header.config = self.config;
    }
}

/// Reads a decimal number from 1 to `max`, alone on the rest of the line.
fn count(rest: &mut Fields<'_>, max: u64, example: &str) -> Result<u64, Fault> {
    let help = format!("write it such as {example}");
    let expected = match max {
        u64::MAX => "a number of bytes".to_owned(),
        _ => format!("a number from 1 to {max}"),
    };
    let field = rest.expect(&expected, &help)?;
    let value = number::decimal_digits(field.bytes)
        .ok()
        .filter(|value| (1..=max).contains(value))
        .ok_or_else(|| {
            Fault::new(TraceErrorKind::BadHeader, field.span()).expected(expected).help(&*help)
        })?;
    rest.end(&help)?;
    Ok(value)
}

/// Reads the rest of the line, which is not empty, as it is.
fn text(rest: &mut Fields<'_>, expected: &str) -> Result<String, Fault> {
    let field = rest.remainder();
    let fault = |kind| Fault::new(kind, field.span()).expected(expected);
    if field.bytes.is_empty() {
        return Err(fault(TraceErrorKind::MissingField).help("or leave the line out"));
    }
    let text = std::str::from_utf8(field.bytes);
    text.map(str::to_owned).map_err(|_| fault(TraceErrorKind::BadHeader).help("write it in UTF-8"))
}
