//! Powers that are the same on every machine.
//!
//! The standard library's `powf` may differ in the last bit from platform to platform. These use
//! only the operations that IEEE 754 defines exactly.

use std::f64::consts::{LN_2, SQRT_2};

/// Returns `1 / base^exponent` for `base` from 1 on and `exponent` from 0 on.
pub(super) fn inverse_power(base: u64, exponent: f64) -> f64 {
    exp_negative(logarithm(base) * exponent)
}

/// Returns the natural logarithm, by `ln(2^k m) = k ln 2 + 2 artanh((m - 1) / (m + 1))`.
fn logarithm(value: u64) -> f64 {
    let mut exponent = 0;
    let mut mantissa = value as f64;
    while mantissa > SQRT_2 {
        mantissa /= 2.0;
        exponent += 1;
    }
    let ratio = (mantissa - 1.0) / (mantissa + 1.0);
    let mut power = ratio;
    let mut sum = 0.0;
    // |ratio| <= 0.172, so 12 terms are beyond double precision.
    for term in 0..12 {
        sum += power / f64::from(2 * term + 1);
        power *= ratio * ratio;
    }
    f64::from(exponent) * LN_2 + 2.0 * sum
}

/// Returns `e^-x` for `x` from 0 on, by `e^-x = (e^-r) / 2^k` with `r` below ln 2.
fn exp_negative(x: f64) -> f64 {
    let halvings = (x / LN_2).floor();
    let rest = x - halvings * LN_2;
    let mut term = 1.0;
    let mut sum = 1.0;
    for n in 1..24 {
        term *= -rest / f64::from(n);
        sum += term;
    }
    let mut halved = 0.0;
    while halved < halvings && sum > 0.0 {
        sum /= 2.0;
        halved += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_agree_with_the_standard_library() {
        for base in [1u64, 2, 3, 10, 1000, 12_345_678] {
            for exponent in [0.0, 0.5, 0.99, 1.0, 2.5, 10.0] {
                let (got, expected) =
                    (inverse_power(base, exponent), (base as f64).powf(-exponent));
                assert!((got / expected - 1.0).abs() < 1e-12, "{base}^-{exponent}: {got}");
            }
        }
    }
}
