//! Bits.

use super::Function;
use crate::error::{Result, fail};
use crate::eval::value::{IntKind, Val};

/// `bitand` and its kin.
pub fn apply(function: Function, arguments: &[Val]) -> Result<Val> {
    let number = |at: usize| match arguments.get(at).unwrap_or(&Val::Nil) {
        Val::Int(IntKind::Int | IntKind::Int64 | IntKind::Byte, n) => Ok(*n),
        other => fail!("cannot use {} as argument (type int) to call {}", other.type_name(), function.name()),
    };
    let a = number(0)?;
    if function == Function::BitNot {
        return Ok(Val::int(!a));
    }
    let b = number(1)?;
    let shifts = matches!(function, Function::BitShl | Function::BitShr | Function::BitUshr);
    if shifts && b < 0 {
        return fail!("invalid operation: negative shift count {b} (type int)");
    }
    // What is shifted by more bits than there are is gone.
    let by = u32::try_from(b).ok().filter(|by| *by < 64);
    Ok(Val::int(match function {
        Function::BitAnd => a & b,
        Function::BitOr => a | b,
        Function::BitXor => a ^ b,
        Function::BitNand => a & !b,
        Function::BitShl => by.map_or(0, |by| a << by),
        Function::BitShr => a >> by.unwrap_or(63),
        _ => by.map_or(0, |by| (a.cast_unsigned() >> by).cast_signed()),
    }))
}
