//! What a subscriber was sent, counted: every message once and, where the server keeps an order, in its order. Anything
//! else is a fault of the server (or of this generator), and the run's figures are worth nothing then.

use std::fmt;
use std::ops::Range;
use std::time::Instant;

/// Numbered messages that one subscriber has received so far.
#[derive(Debug)]
pub struct Tally {
    expected: Range<u64>,
    order: Order,
    arrivals: Vec<Arrival>,
}

/// Messages that came at one moment.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// Their numbers.
    pub numbers: Range<u64>,
    /// When.
    pub at: Instant,
}

/// Whether the numbers must rise by one.
#[derive(Debug)]
enum Order {
    /// They do; the next is this one.
    Chain(u64),
    /// They come in any order; those that came are true.
    Any { seen: Vec<bool>, count: u64 },
}

/// What is wrong with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// These never came, though later ones did.
    Lost(Range<u64>),
    /// This came before.
    Twice(u64),
    /// Nobody sent this.
    Stray(u64),
}

impl Tally {
    /// Expects each of these once, in their order.
    pub fn in_order(expected: Range<u64>) -> Tally {
        let order = Order::Chain(expected.start);
        Tally {
            expected,
            order,
            arrivals: Vec::new(),
        }
    }

    /// Expects each of these once, in any order.
    pub fn in_any_order(expected: Range<u64>) -> Tally {
        let seen = vec![false; (expected.end - expected.start) as usize];
        Tally {
            expected,
            order: Order::Any { seen, count: 0 },
            arrivals: Vec::new(),
        }
    }

    /// Takes numbers in that came together.
    ///
    /// # Errors
    /// [`Fault`]: a number is missing, came twice, or is none of those that were expected.
    pub fn take(&mut self, numbers: Range<u64>, at: Instant) -> Result<(), Fault> {
        if let Some(stray) = numbers.clone().find(|number| *number >= self.expected.end) {
            return Err(Fault::Stray(stray));
        }
        match &mut self.order {
            Order::Chain(next) if numbers.start > *next => {
                return Err(Fault::Lost(*next..numbers.start));
            }
            Order::Chain(next) if numbers.start < *next => {
                return Err(Fault::Twice(numbers.start));
            }
            Order::Chain(next) => *next = numbers.end,
            Order::Any { seen, count } => {
                for number in numbers.clone() {
                    let place = number
                        .checked_sub(self.expected.start)
                        .ok_or(Fault::Stray(number))?;
                    if std::mem::replace(&mut seen[place as usize], true) {
                        return Err(Fault::Twice(number));
                    }
                    *count += 1;
                }
            }
        }
        if !numbers.is_empty() {
            self.arrivals.push(Arrival { numbers, at });
        }
        Ok(())
    }

    /// How many came.
    pub fn count(&self) -> u64 {
        match &self.order {
            Order::Chain(next) => next - self.expected.start,
            Order::Any { count, .. } => *count,
        }
    }

    /// Whether everything came.
    pub fn is_whole(&self) -> bool {
        self.count() == self.expected.end - self.expected.start
    }

    /// What came, and when.
    pub fn arrivals(&self) -> &[Arrival] {
        &self.arrivals
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Lost(range) => {
                write!(f, "messages {} to {} were lost", range.start, range.end - 1)
            }
            Fault::Twice(number) => write!(f, "message {number} came twice or out of its order"),
            Fault::Stray(number) => write!(f, "message {number} came, which nobody sent"),
        }
    }
}

#[cfg(test)]
#[expect(clippy::single_range_in_vec_init, reason = "deliveries are ranges")]
mod tests {
    use super::*;

    fn taken(mut tally: Tally, deliveries: &[Range<u64>]) -> Result<Tally, Fault> {
        let at = Instant::now();
        for numbers in deliveries {
            tally.take(numbers.clone(), at)?;
        }
        Ok(tally)
    }

    fn fault(tally: Tally, deliveries: &[Range<u64>]) -> Fault {
        taken(tally, deliveries).unwrap_err()
    }

    #[test]
    fn everything_once_and_in_its_order_is_whole() {
        let tally = taken(Tally::in_order(5..9), &[5..7, 7..8]).unwrap();
        assert!(!tally.is_whole());
        assert_eq!(tally.count(), 3);
        let tally = taken(tally, &[8..9]).unwrap();
        assert!(tally.is_whole());
        assert_eq!(tally.arrivals().len(), 3);
    }

    #[test]
    fn a_lost_a_doubled_and_a_reordered_block_are_noticed() {
        let tally = || Tally::in_order(5..9);
        assert_eq!(fault(tally(), &[5..6, 7..8]), Fault::Lost(6..7));
        assert_eq!(fault(tally(), &[5..7, 6..7]), Fault::Twice(6));
        assert_eq!(fault(tally(), &[6..7, 5..6]), Fault::Lost(5..6));
        assert_eq!(fault(tally(), &[5..10]), Fault::Stray(9));
        assert_eq!(fault(tally(), &[4..6]), Fault::Twice(4));
    }

    #[test]
    fn without_an_order_each_must_still_come_once() {
        let tally = || Tally::in_any_order(5..9);
        let whole = taken(tally(), &[8..9, 5..6, 7..8, 6..7]).unwrap();
        assert!(whole.is_whole());
        assert_eq!(fault(tally(), &[8..9, 5..6, 8..9]), Fault::Twice(8));
        assert_eq!(fault(tally(), &[4..5]), Fault::Stray(4));
        assert_eq!(fault(tally(), &[9..10]), Fault::Stray(9));
    }
}
