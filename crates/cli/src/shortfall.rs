//! What a trace lacks, said once, when all that it has was read.

use std::sync::atomic::{AtomicBool, Ordering};

use trace::{Header, Module, Record, Shortfall, Source, TraceError};

use crate::diagnostics::{Diagnostic, Messages, Severity};

/// A source that says at its end what the trace lacks.
struct Watched {
    source: Box<dyn Source>,
    messages: Messages,
}

/// Has what a trace lacks said at its end.
pub(crate) fn watched(source: Box<dyn Source>, messages: Messages) -> Box<dyn Source> {
    Box::new(Watched { source, messages })
}

/// Whether it was said: a trace may be read several times in one run.
static TOLD: AtomicBool = AtomicBool::new(false);

impl Source for Watched {
    fn header(&self) -> &Header {
        self.source.header()
    }

    fn read(&mut self, into: &mut Vec<Record>) -> Result<bool, TraceError> {
        let more = self.source.read(into)?;
        if !more
            && let Some(shortfall) = self.source.shortfall()
            && !TOLD.swap(true, Ordering::Relaxed)
        {
            warn_shortfall(shortfall, self.messages);
        }
        Ok(more)
    }

    fn shortfall(&self) -> Option<Shortfall> {
        self.source.shortfall()
    }

    fn modules(&self) -> &[Module] {
        self.source.modules()
    }

    fn read_ahead(&mut self, workers: usize) -> bool {
        self.source.read_ahead(workers)
    }
}

/// Says what a trace lacks.
pub(crate) fn warn_shortfall(shortfall: Shortfall, messages: Messages) {
    let plural = |count| if count == 1 { "" } else { "s" };
    let whole = |what| format!("`mesim convert` of it to `whole.mtrc` writes {what} with an index");
    let (code, title, help) = match shortfall {
        Shortfall::NoIndex { chunks } => {
            let s = plural(chunks);
            let read = format!("read {chunks} whole chunk{s}");
            let title = format!("the trace has no index, as if its writer was stopped: {read}");
            ("W0103", title, whole("these records"))
        }
        Shortfall::NoLastLine => {
            let title = "the trace has no `#eof` at its end, as if pinatrace was stopped";
            (
                "W0105",
                format!("{title}: read what there is"),
                "record it again if the end matters".to_owned(),
            )
        }
        Shortfall::NoFooter { files } => {
            let has = if files == 1 { "a file has no footer" } else { "files have no footer" };
            let title = format!("{has}, as if the tracer was stopped: read what there is");
            ("W0103", title, "copy or record the trace again if there was more of it".to_owned())
        }
        Shortfall::Damaged { records: 0, .. } => {
            let title = "the end of the trace is damaged: what came there is left out";
            ("W0104", title.to_owned(), whole("what is left"))
        }
        Shortfall::Damaged { gaps, records } => {
            let (some, places) = (plural(records), plural(gaps));
            let missing = format!("{records} record{some} at {gaps} place{places}");
            ("W0104", format!("the trace is damaged: left out {missing}"), whole("what is left"))
        }
    };
    messages.show(&Diagnostic {
        severity: Severity::Warning,
        ..Diagnostic::input(code, title).help(help)
    });
}
