//! `quantity(...)`: Kubernetes resource quantities such as `100m`, `1.5Gi`, `2e3`.

use std::any::Any;
use std::cmp::Ordering;

use cel::common::types::{CelDouble, CelInt, INT_TYPE, STRING_TYPE, Type};
use cel::common::value::{CowVal, StaticVal, Val};
use cel::{DeclarationError, Env, ExecutionError};

use super::functions::{Answer, Args, boolean, text};

/// The names of what [`add`] declares.
pub(super) const NAMES: &[&str] = &[
    "quantity",
    "isQuantity",
    "isInteger",
    "asInteger",
    "asApproximateFloat",
    "sign",
    "add",
    "sub",
    "isGreaterThan",
    "isLessThan",
    "compareTo",
];

/// Quantities are counted in these: the smallest unit is nano.
const NANOS: i128 = 1_000_000_000;

static QUANTITY: Type = Type::new_unspecified_type("kubernetes.Quantity");

/// An amount in nanos.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Quantity(i128);

impl Val for Quantity {
    fn get_type(&self) -> &Type {
        &QUANTITY
    }

    fn cel_type() -> &'static Type {
        &QUANTITY
    }

    fn equals(&self, other: &dyn Val) -> bool {
        other.downcast_ref::<Self>().is_some_and(|other| self == other)
    }

    fn clone_as_boxed<'v>(&self) -> Box<dyn Val + 'v> {
        Box::new(*self)
    }

    fn as_any(&self) -> Option<&dyn Any> {
        Some(self)
    }
}

impl StaticVal for Quantity {}

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_type(QUANTITY.to_owned())?;
    env.add_overload("quantity", "string_to_quantity", vec![STRING_TYPE], quantity)?;
    env.add_overload("isQuantity", "is_quantity_string", vec![STRING_TYPE], |args| {
        boolean(Quantity::parse(text(&args, 0)?).is_some())
    })?;
    let mut member = |name: &str, id: &str, args: Vec<Type>, function: cel::common::functions::Function| {
        env.add_member_overload(name, id, QUANTITY.to_owned(), args, function)
    };
    member("isInteger", "quantity_is_integer", vec![], |args| boolean(this(&args)?.whole().is_some()))?;
    member("asInteger", "quantity_as_integer", vec![], |args| match this(&args)?.whole() {
        Some(whole) => Ok(CowVal::owned(CelInt::from(whole))),
        None => Err(ExecutionError::function_error("asInteger", "cannot convert value to integer")),
    })?;
    member("asApproximateFloat", "quantity_get_float", vec![], |args| {
        Ok(CowVal::owned(CelDouble::from(this(&args)?.0 as f64 / NANOS as f64)))
    })?;
    member("sign", "quantity_sign", vec![], |args| Ok(CowVal::owned(CelInt::from(this(&args)?.0.signum() as i64))))?;
    member("add", "quantity_add", vec![QUANTITY.to_owned()], |args| sum(this(&args)?, other(&args)?.0))?;
    member("add", "quantity_add_int", vec![INT_TYPE], |args| sum(this(&args)?, whole(&args)?))?;
    member("sub", "quantity_sub", vec![QUANTITY.to_owned()], |args| sum(this(&args)?, -other(&args)?.0))?;
    member("sub", "quantity_sub_int", vec![INT_TYPE], |args| sum(this(&args)?, -whole(&args)?))?;
    member("isGreaterThan", "quantity_is_greater_than", vec![QUANTITY.to_owned()], |args| {
        boolean(this(&args)? > other(&args)?)
    })?;
    member("isLessThan", "quantity_is_less_than", vec![QUANTITY.to_owned()], |args| {
        boolean(this(&args)? < other(&args)?)
    })?;
    member("compareTo", "quantity_compare_to", vec![QUANTITY.to_owned()], |args| {
        let order = match this(&args)?.cmp(&other(&args)?) {
            Ordering::Less => -1,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        };
        Ok(CowVal::owned(CelInt::from(order)))
    })
}

impl Quantity {
    /// `<sign><digits>[.<digits>]<suffix>`; finer than nano rounds up, as Kubernetes does.
    fn parse(text: &str) -> Option<Self> {
        let (sign, rest) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let (number, suffix) = rest.split_at(end);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if whole.is_empty() && fraction.is_empty() || fraction.contains('.') {
            return None;
        }
        let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
        let (base, power) = scale(suffix)?;
        // The value is digits × base^power ÷ 10^(digits after the point), here in nanos.
        let mut numerator = digits.checked_mul(NANOS)?;
        let mut denominator = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
        let factor = base.checked_pow(power.unsigned_abs())?;
        if power < 0 {
            denominator = denominator.checked_mul(factor)?;
        } else {
            numerator = numerator.checked_mul(factor)?;
        }
        let up = i128::from(numerator % denominator != 0);
        Some(Self(sign * (numerator / denominator + up)))
    }

    fn whole(self) -> Option<i64> {
        (self.0 % NANOS == 0).then_some(self.0 / NANOS).and_then(|whole| i64::try_from(whole).ok())
    }
}

/// A suffix as a power of a base.
fn scale(suffix: &str) -> Option<(i128, i32)> {
    const DECIMAL: [(&str, i32); 10] =
        [("n", -9), ("u", -6), ("m", -3), ("", 0), ("k", 3), ("M", 6), ("G", 9), ("T", 12), ("P", 15), ("E", 18)];
    const BINARY: [(&str, i32); 6] = [("Ki", 10), ("Mi", 20), ("Gi", 30), ("Ti", 40), ("Pi", 50), ("Ei", 60)];
    if let Some((_, power)) = DECIMAL.iter().find(|(known, _)| *known == suffix) {
        return Some((10, *power));
    }
    if let Some((_, power)) = BINARY.iter().find(|(known, _)| *known == suffix) {
        return Some((2, *power));
    }
    let exponent = suffix.strip_prefix(['e', 'E'])?;
    exponent.parse().ok().map(|power| (10, power))
}

fn quantity<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    match Quantity::parse(text(&args, 0)?) {
        Some(quantity) => Ok(CowVal::owned(quantity)),
        None => Err(ExecutionError::function_error(
            "quantity",
            "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        )),
    }
}

fn argument(args: &Args<'_, '_>, index: usize) -> Result<Quantity, ExecutionError> {
    let found = args.get(index).and_then(|arg| arg.downcast_ref::<Quantity>());
    found.copied().ok_or_else(ExecutionError::missing_argument_or_target)
}

fn this(args: &Args<'_, '_>) -> Result<Quantity, ExecutionError> {
    argument(args, 0)
}

fn other(args: &Args<'_, '_>) -> Result<Quantity, ExecutionError> {
    argument(args, 1)
}

/// An integer argument in nanos.
fn whole(args: &Args<'_, '_>) -> Result<i128, ExecutionError> {
    let found = args.get(1).and_then(|arg| arg.downcast_ref::<CelInt>());
    found.map(|n| i128::from(*n.inner()) * NANOS).ok_or_else(ExecutionError::missing_argument_or_target)
}

fn sum<'b, 'v>(quantity: Quantity, nanos: i128) -> Answer<'b, 'v> {
    let sum = quantity.0.checked_add(nanos);
    let sum = sum.ok_or_else(|| ExecutionError::function_error("add", "quantity overflow"))?;
    Ok(CowVal::owned(Quantity(sum)))
}

#[cfg(test)]
mod tests {
    use super::{NANOS, Quantity};

    #[test]
    fn parses() {
        for (text, nanos) in [
            ("1", NANOS),
            ("100m", NANOS / 10),
            ("1.5Gi", 3 * (1 << 29) * NANOS),
            ("2e3", 2000 * NANOS),
            ("-1k", -1000 * NANOS),
            (".5", NANOS / 2),
            ("1n", 1),
        ] {
            assert_eq!(Quantity::parse(text), Some(Quantity(nanos)), "{text}");
        }
        for text in ["", "x", "1.2.3", "1Zi", "1 k"] {
            assert_eq!(Quantity::parse(text), None, "{text}");
        }
    }
}
