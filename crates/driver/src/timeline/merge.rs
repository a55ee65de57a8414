//! One order for the records of one trace a core.

use trace::{Record, Source};

use super::point::Point;
use super::{GoOn, PROGRESS_EVERY, RECORDS_MAX};
use crate::config::Config;
use crate::interleave::{Interleave, Merger};
use crate::replay_error::ReplayError;

/// Puts the records of one trace a core into the order in which a replay performs them, up to so
/// many accesses; the machine has a core for each trace.
///
/// What goes wrong comes beside the records before it. There are at most [`RECORDS_MAX`] and one
/// more, by which one sees that there are too many.
pub fn merge(
    config: &Config,
    sources: Vec<Box<dyn Source>>,
    interleave: Interleave,
    limit: Option<u64>,
    progress: GoOn,
) -> Result<(Vec<Record>, Option<ReplayError>), ReplayError> {
    let protocol = &config.machine.protocol;
    let mut point = Point::start_merged(config).map_err(|error| error.under(protocol))?;
    let mut merger = Merger::new(sources, interleave);
    let mut records = Vec::new();
    let mut left = limit.unwrap_or(u64::MAX);
    let failed = loop {
        if left == 0 || records.len() > RECORDS_MAX {
            break None;
        }
        let record = match merger.next(|core| point.session.due(core)) {
            Ok(Some((_, record))) => record,
            Ok(None) => break None,
            Err(error) => break Some(error.into()),
        };
        if let Err(error) = point.run(&record) {
            break Some(error.under(protocol));
        }
        left -= u64::from(record.op.is_access());
        records.push(record);
        let count = records.len();
        if count.is_multiple_of(PROGRESS_EVERY) && progress(count as u64).is_break() {
            break Some(ReplayError::Interrupted(count as u64));
        }
    };
    Ok((records, failed))
}
