//! Go's `math.Pow`: other last digits than the C library's.

/// `x` to the power of `y`.
pub fn pow(x: f64, y: f64) -> f64 {
    // What is special is so in Rust as well.
    if y == 0.0 || x == 1.0 || y == 1.0 || x == 0.0 || !x.is_finite() || !y.is_finite() {
        return x.powf(y);
    }
    if y == 0.5 {
        return x.sqrt();
    }
    if y == -0.5 {
        return 1.0 / x.sqrt();
    }
    let (mut whole, mut fraction) = (y.abs().trunc(), y.abs().fract());
    if fraction != 0.0 && x < 0.0 {
        return f64::NAN;
    }
    if whole >= 9_223_372_036_854_775_808.0 {
        return x.powf(y);
    }
    let (mut mantissa, mut exponent) = (1.0, 0_i64);
    if fraction != 0.0 {
        if fraction > 0.5 {
            fraction -= 1.0;
            whole += 1.0;
        }
        mantissa = (fraction * x.ln()).exp();
    }
    let (mut base, mut shift) = frexp(x);
    let mut left = whole as i64;
    while left != 0 {
        if !(-4096..=4096).contains(&shift) {
            // Beyond all floats, one way or the other.
            exponent += shift;
            break;
        }
        if left & 1 == 1 {
            mantissa *= base;
            exponent += shift;
        }
        base *= base;
        shift <<= 1;
        if base < 0.5 {
            base += base;
            shift -= 1;
        }
        left >>= 1;
    }
    if y < 0.0 { ldexp(1.0 / mantissa, -exponent) } else { ldexp(mantissa, exponent) }
}

/// `x` as a fraction in [0.5, 1) and a power of two; `x` is finite and not zero.
fn frexp(x: f64) -> (f64, i64) {
    const BIAS: i64 = 1022;
    let (scaled, by) = if x.is_subnormal() { (x * 2f64.powi(54), -54) } else { (x, 0) };
    let bits = scaled.to_bits();
    let exponent = i64::try_from(bits >> 52 & 0x7ff).unwrap_or(0) - BIAS;
    let fraction = f64::from_bits(bits & !(0x7ff << 52) | BIAS.cast_unsigned() << 52);
    (fraction, exponent + by)
}

/// `fraction * 2^exponent`, in steps that neither overflow nor round twice.
fn ldexp(fraction: f64, exponent: i64) -> f64 {
    let (mut value, mut left) = (fraction, exponent.clamp(-4200, 4200));
    while left > 1000 {
        value *= 2f64.powi(1000);
        left -= 1000;
    }
    // Down to where floats end in one multiplication.
    while left < -1000 {
        let step = left.max(-1000);
        value *= 2f64.powi(i32::try_from(step).unwrap_or(0));
        left -= step;
    }
    value * 2f64.powi(i32::try_from(left).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::pow;

    #[test]
    fn close_to_the_library() {
        for (x, y) in
            [(2.0, 10.0), (0.2, 10.0), (1.5, -3.0), (10.0, 308.0), (10.0, -300.0), (-2.0, 3.0), (2.5, 2.5), (7.0, 0.1)]
        {
            let (ours, theirs) = (pow(x, y), f64::powf(x, y));
            assert!((ours / theirs - 1.0).abs() < 1e-13, "{x} ** {y}: {ours} {theirs}");
        }
        for (x, y, want) in [
            (10.0, 400.0, f64::INFINITY),
            (10.0, -400.0, 0.0),
            (0.0, 0.0, 1.0),
            (4.0, 0.5, 2.0),
            (0.0, -1.0, f64::INFINITY),
        ] {
            assert_eq!(pow(x, y), want, "{x} ** {y}");
        }
        assert!(pow(-2.0, 0.5).is_nan() && pow(-2.0, 1.5).is_nan());
    }
}
