//! Cache shapes that cannot be, and near ones that can.

use cache::{Geometry, GeometryError, LineSize, Ways};

use super::draft::Draft;
use super::{ConfigError, ConfigErrorKind, bytes_text};

/// The most ways that are tried for a shape near the one asked for.
const WAYS_TRIED: u64 = 1024;

/// Makes the error of a level's shape, with a value that works in place of the one to blame.
pub(super) fn error(
    draft: &Draft,
    (level, name): (&str, &str),
    error: &GeometryError,
    (size, ways, line): (u64, Ways, LineSize),
) -> ConfigError {
    let (blamed, help) = match error {
        GeometryError::NotWholeSets { .. } | GeometryError::TooManyWays { .. } => {
            ("ways", near_ways(size, ways, line))
        }
        GeometryError::TreeWaysNotPowerOfTwo { ways }
        | GeometryError::TooManyWaysForSrrip { ways } => {
            ("ways", Some(format!("`replacement: Lru` takes {ways} ways")))
        }
        GeometryError::Line { .. }
        | GeometryError::NotWholeLines { .. }
        | GeometryError::TooLarge { .. }
        | GeometryError::SetsNotPowerOfTwo { .. } => ("size", near_size(size, ways, line)),
    };
    let expected = match error {
        GeometryError::TreeWaysNotPowerOfTwo { .. } => "a power of two of ways".to_owned(),
        GeometryError::TooLarge { .. }
        | GeometryError::TooManyWays { .. }
        | GeometryError::TooManyWaysForSrrip { .. } => error.help(),
        GeometryError::Line { .. }
        | GeometryError::NotWholeLines { .. }
        | GeometryError::NotWholeSets { .. }
        | GeometryError::SetsNotPowerOfTwo { .. } => {
            "size = sets x ways x line, the sets a power of two".to_owned()
        }
    };
    ConfigError {
        kind: ConfigErrorKind::Geometry,
        message: format!("{name}: {error}"),
        origin: draft.origin(&format!("{level}.{blamed}")),
        expected: expected.into(),
        help: help.unwrap_or_else(|| error.help()).into(),
    }
}

/// Returns the nearest size that has whole sets of those ways, a power of two of them.
fn near_size(size: u64, ways: Ways, line: LineSize) -> Option<String> {
    let set = match ways {
        Ways::Count(ways) => ways.checked_mul(line.bytes())?,
        Ways::Full => line.bytes(),
    };
    let sizes = (0..64).filter_map(|sets| set.checked_mul(1 << sets));
    let works = sizes.filter_map(|size| Geometry::new(size, ways, line).ok());
    let near = works.min_by_key(|geometry| geometry.size_bytes().abs_diff(size))?;
    Some(described(&bytes_text(near.size_bytes()), &near))
}

/// Returns the nearest ways into which the lines divide.
fn near_ways(size: u64, ways: Ways, line: LineSize) -> Option<String> {
    let Ways::Count(wanted) = ways else { return None };
    let works =
        (1..=WAYS_TRIED).filter_map(|ways| Geometry::new(size, Ways::Count(ways), line).ok());
    let near = works.min_by_key(|geometry| u64::from(geometry.ways()).abs_diff(wanted))?;
    Some(described(&format!("`{}`", near.ways()), &near))
}

fn described(value: &str, geometry: &Geometry) -> String {
    let plural =
        |count: u32, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    if geometry.is_full() {
        return format!("{value} works: {}", plural(geometry.lines(), "line"));
    }
    let (sets, ways) = (plural(geometry.sets(), "set"), plural(geometry.ways(), "way"));
    format!("{value} works: {sets} of {ways}")
}
