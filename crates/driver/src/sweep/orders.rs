//! The orders of accesses that a space asks for: single ones, and ranges of seeds or turns.

use crate::interleave::{Interleave, InterleaveError};

/// The most orders that one range stands for.
const RANGE_MAX: u64 = 10_000;

/// Reads an order such as `clock` or `random:1`, or a range such as `random:1..20`, both ends of
/// which are part of it.
pub(super) fn read(text: &str) -> Result<Vec<Interleave>, String> {
    let Some((name, (first, last))) = text
        .split_once(':')
        .and_then(|(name, range)| Some((name, range.split_once("..")?)))
        .filter(|(name, _)| matches!(*name, "rr" | "random"))
    else {
        return Ok(vec![text.parse().map_err(|error: InterleaveError| error.to_string())?]);
    };
    let wrong = || format!("`{text}` is no range: write it as `{name}:1..20`");
    let (first, last): (u64, u64) =
        (first.parse().map_err(|_| wrong())?, last.parse().map_err(|_| wrong())?);
    if first > last || last - first >= RANGE_MAX {
        return Err(format!("`{text}` does not stand for 1 to {RANGE_MAX} orders"));
    }
    let orders = (first..=last).map(|number| format!("{name}:{number}").parse());
    orders.collect::<Result<_, _>>().map_err(|error: InterleaveError| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_has_both_its_ends() {
        let words = |text| read(text).map(|all| all.iter().map(ToString::to_string).collect());
        let list = |list: &[&str]| Ok(list.iter().map(|&one| one.to_owned()).collect::<Vec<_>>());
        assert_eq!(words("random:3..5"), list(&["random:3", "random:4", "random:5"]));
        assert_eq!(words("rr:2..2"), list(&["rr:2"]));
        assert_eq!(words("clock"), list(&["clock"]));
        for wrong in ["random:5..3", "random:1..", "rr:0..2", "random:0..10000", "up:1..2", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        let all = "random:18446744073709551615..18446744073709551615";
        assert_eq!(read(all).map(|all| all.len()), Ok(1));
    }
}
