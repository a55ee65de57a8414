//! Which way of a full set goes. One value a set; it is told of every fill and every hit.

use super::spec::Replacement;

#[derive(Clone, Debug)]
pub enum Order {
    /// Ways, least recently used first.
    Lru(Vec<usize>),
    /// Ways, first filled first.
    Fifo(Vec<usize>),
    /// A binary tree as a heap: the children of node n are 2n+1 (left) and 2n+2 (right).
    /// `false` sends the victim left, `true` right.
    TreePlru(Vec<bool>),
    /// Two bits a way: the predicted distance of the next use.
    Srrip(Vec<u8>),
    /// No order: the cache draws.
    Drawn,
}

const SRRIP_FILL: u8 = 2;
const SRRIP_DISTANT: u8 = 3;

impl Order {
    pub fn new(policy: Replacement, ways: usize) -> Order {
        match policy {
            Replacement::Lru => Order::Lru((0..ways).collect()),
            Replacement::Fifo => Order::Fifo((0..ways).collect()),
            Replacement::TreePlru => Order::TreePlru(vec![false; ways - 1]),
            Replacement::Srrip => Order::Srrip(vec![SRRIP_DISTANT; ways]),
            Replacement::Random(_) => Order::Drawn,
        }
    }

    /// A line was placed in `way`.
    pub fn filled(&mut self, way: usize) {
        match self {
            Order::Lru(ways) | Order::Fifo(ways) => move_to_back(ways, way),
            Order::TreePlru(bits) => point_away(bits, way),
            Order::Srrip(distances) => distances[way] = SRRIP_FILL,
            Order::Drawn => {}
        }
    }

    /// The line in `way` was used.
    pub fn used(&mut self, way: usize) {
        match self {
            Order::Lru(ways) => move_to_back(ways, way),
            Order::Fifo(_) | Order::Drawn => {}
            Order::TreePlru(bits) => point_away(bits, way),
            Order::Srrip(distances) => distances[way] = 0,
        }
    }

    /// The way to give up; every way is valid. `draw` answers a random way.
    pub fn victim(&mut self, draw: impl FnOnce() -> usize) -> usize {
        match self {
            Order::Drawn => draw(),
            Order::Lru(ways) | Order::Fifo(ways) => ways[0],
            Order::TreePlru(bits) => {
                let mut node = 0;
                while node < bits.len() {
                    node = if bits[node] { 2 * node + 2 } else { 2 * node + 1 };
                }
                node - bits.len()
            }
            Order::Srrip(distances) => loop {
                if let Some(way) = distances.iter().position(|&d| d == SRRIP_DISTANT) {
                    break way;
                }
                for distance in distances.iter_mut() {
                    *distance += 1;
                }
            },
        }
    }
}

fn move_to_back(ways: &mut Vec<usize>, way: usize) {
    ways.retain(|&other| other != way);
    ways.push(way);
}

/// Walks from the leaf of `way` to the root; each node on the path points to the other side.
fn point_away(bits: &mut [bool], way: usize) {
    let mut node = way + bits.len();
    while node > 0 {
        let parent = (node - 1) / 2;
        let came_from_left = node == 2 * parent + 1;
        bits[parent] = came_from_left;
        node = parent;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unasked() -> usize {
        unreachable!("only a random order draws")
    }

    #[test]
    fn lru_gives_up_the_least_recent() {
        let mut order = Order::new(Replacement::Lru, 3);
        for way in 0..3 {
            order.filled(way);
        }
        order.used(0);
        assert_eq!(order.victim(unasked), 1);
    }

    #[test]
    fn fifo_ignores_use() {
        let mut order = Order::new(Replacement::Fifo, 3);
        for way in [2, 0, 1] {
            order.filled(way);
        }
        order.used(2);
        assert_eq!(order.victim(unasked), 2);
    }

    #[test]
    fn tree_points_away_from_the_last_use() {
        let mut order = Order::new(Replacement::TreePlru, 4);
        for way in 0..4 {
            order.filled(way);
        }
        // Last uses: left half way 1, right half way 3, the right half last: so left, way 0.
        assert_eq!(order.victim(unasked), 0);
        order.used(0);
        // Now the right half; there way 3 was used last.
        assert_eq!(order.victim(unasked), 2);
        assert_eq!(Order::new(Replacement::TreePlru, 1).victim(unasked), 0);
    }

    #[test]
    fn srrip_keeps_what_was_hit() {
        let mut order = Order::new(Replacement::Srrip, 2);
        order.filled(0);
        order.filled(1);
        order.used(0);
        // Distances 0 and 2: raised once, way 1 is distant.
        assert_eq!(order.victim(unasked), 1);
        // Way 0 was raised to 1. A new line in way 1 is at 2, raised once more: 2 and 3.
        order.filled(1);
        assert_eq!(order.victim(unasked), 1);
        // 2 and 2 after this fill: both are raised, the lowest way goes.
        order.filled(1);
        assert_eq!(order.victim(unasked), 0);
    }
}
