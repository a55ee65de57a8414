//! Several orders of accesses in a few words: single ones, ranges of seeds or turns, lists of both.

use std::fmt;
use std::str::FromStr;

use crate::interleave::{Interleave, InterleaveError};

/// The most orders that a range or a list stands for.
const ORDERS_MAX: u64 = 10_000;

/// Orders of accesses, at least one, and none of them twice: `clock`, `random:1..20`,
/// `rr:1,rr:4,random:1..8,clock`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Orders {
    all: Vec<Interleave>,
    /// As they were written.
    text: String,
}

/// A text that names no orders of accesses.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OrdersError {
    /// What is wrong with it.
    pub message: String,
}

impl fmt::Display for OrdersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for OrdersError {}

impl Orders {
    /// Returns them, as they were named.
    pub fn list(&self) -> &[Interleave] {
        &self.all
    }

    /// Returns the order if it is one alone.
    pub fn alone(&self) -> Option<Interleave> {
        if let [order] = self.all[..] { Some(order) } else { None }
    }
}

impl From<Interleave> for Orders {
    fn from(order: Interleave) -> Self {
        Self { all: vec![order], text: order.to_string() }
    }
}

impl fmt::Display for Orders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Orders {
    type Err = OrdersError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut all: Vec<Interleave> = Vec::new();
        for part in text.split(',') {
            for order in read(part.trim()).map_err(|message| OrdersError { message })? {
                if all.contains(&order) {
                    let message = format!("the order `{order}` is there twice");
                    return Err(OrdersError { message });
                }
                all.push(order);
            }
            if all.len() as u64 > ORDERS_MAX {
                let message = format!("these are more than {ORDERS_MAX} orders");
                return Err(OrdersError { message });
            }
        }
        Ok(Self { all, text: text.to_owned() })
    }
}

/// Reads an order such as `clock` or `random:1`, or a range such as `random:1..20`, both ends of
/// which are part of it.
pub(crate) fn read(text: &str) -> Result<Vec<Interleave>, String> {
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
    if first > last || last - first >= ORDERS_MAX {
        return Err(format!("`{text}` does not stand for 1 to {ORDERS_MAX} orders"));
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

    #[test]
    fn a_list_has_each_order_once() {
        let text = "rr:1..2, clock,random:7";
        let orders: Orders = text.parse().unwrap();
        let words: Vec<_> = orders.list().iter().map(ToString::to_string).collect();
        assert_eq!(words, ["rr:1", "rr:2", "clock", "random:7"]);
        assert_eq!(orders.to_string(), text);
        assert_eq!("clock".parse::<Orders>().unwrap().alone(), Some(Interleave::Clock));
        assert_eq!("rr:1,clock".parse::<Orders>().unwrap().alone(), None);
        for wrong in ["", "clock,", "rr:1..3,rr:2", "random:1..10000,clock", "clock;rr:1"] {
            assert!(wrong.parse::<Orders>().is_err(), "{wrong}");
        }
    }
}
