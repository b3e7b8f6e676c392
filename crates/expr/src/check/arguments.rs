//! Whether arguments suit parameters.

use super::Checker;
use crate::error::{Error, Result};
use crate::eval::value::ListKind;
use crate::syntax::ast::Node;
use crate::types::Type;

/// Arguments of a call, and what is known of their types: each is looked at once, however many lists of parameters
/// they are compared with.
pub(super) struct Given<'n> {
    nodes: &'n mut [Node],
    types: Vec<Type>,
}

impl<'n> Given<'n> {
    pub(super) fn of(nodes: &'n mut [Node]) -> Self {
        Given { types: Vec::with_capacity(nodes.len()), nodes }
    }
}

impl Checker<'_> {
    /// What keeps `given` from being the arguments for `parameters`, if anything does. What is wrong within an
    /// argument fails before; when their number is wrong all of them are looked at first, else those before the
    /// first that does not suit.
    pub(super) fn suiting(&mut self, name: &str, parameters: &[Type], given: &mut Given<'_>) -> Result<Option<Error>> {
        let complaint = match given.nodes.len().cmp(&parameters.len()) {
            std::cmp::Ordering::Greater => format!("too many arguments to call {name}"),
            std::cmp::Ordering::Less => format!("not enough arguments to call {name}"),
            std::cmp::Ordering::Equal => {
                for (at, parameter) in parameters.iter().enumerate() {
                    if let Some(complaint) = mismatch(name, &self.argument(given, at)?, parameter) {
                        return Ok(Some(Error::new(complaint)));
                    }
                }
                return Ok(None);
            }
        };
        for at in 0..given.nodes.len() {
            self.argument(given, at)?;
        }
        Ok(Some(Error::new(complaint)))
    }

    /// The type of an argument; those before it are known.
    fn argument(&mut self, given: &mut Given<'_>, at: usize) -> Result<Type> {
        if given.types.len() <= at {
            let of = self.node(&mut given.nodes[at])?;
            given.types.push(of);
        }
        Ok(given.types[at].clone())
    }
}

/// Why a value of type `given` cannot be the argument that should be of type `wanted`.
fn mismatch(name: &str, given: &Type, wanted: &Type) -> Option<String> {
    let fine = match (given, wanted) {
        (_, Type::Unknown) => true,
        (given, _) if given.is_unknown() => true,
        (Type::Nil, _) => return Some(format!("cannot use nil as argument (type {wanted}) to call {name}")),
        (given, Type::Float) => given.is_number(),
        (given, &Type::INT) => given.is_integer(),
        // Any list is sorted.
        (Type::List(..), Type::List(ListKind::Ints | ListKind::Any, _)) => true,
        (Type::List(given, _), Type::List(wanted, _)) => given == wanted || *given == ListKind::Any,
        (given, wanted) => given == wanted,
    };
    (!fine).then(|| format!("cannot use {given} as argument (type {wanted}) to call {name} "))
}
