//! Functions Kubernetes adds to CEL: regular expression search, list sums and bounds, addresses and URLs.

use cel::common::types::{CelBool, CelDouble, CelInt, CelList, CelString, DYN_TYPE, INT_TYPE, LIST_TYPE, STRING_TYPE};
use cel::common::value::{CowVal, Val};
use cel::{DeclarationError, Env, ExecutionError};
use std::cmp::Ordering;

/// The names of what [`add`] declares.
pub(super) const NAMES: &[&str] =
    &["find", "findAll", "isSorted", "sum", "min", "max", "indexOf", "lastIndexOf", "isURL", "isIP", "isCIDR"];

pub(super) type Args<'b, 'v> = Vec<CowVal<'b, 'v>>;
pub(super) type Answer<'b, 'v> = Result<CowVal<'b, 'v>, ExecutionError>;

pub(super) fn add(env: &mut Env) -> Result<(), DeclarationError> {
    env.add_member_overload("find", "string_find_string", STRING_TYPE, vec![STRING_TYPE], find)?;
    env.add_member_overload("findAll", "string_find_all_string", STRING_TYPE, vec![STRING_TYPE], find_all)?;
    env.add_member_overload(
        "findAll",
        "string_find_all_string_int",
        STRING_TYPE,
        vec![STRING_TYPE, INT_TYPE],
        find_all,
    )?;
    env.add_member_overload("isSorted", "list_is_sorted_bool", LIST_TYPE, vec![], is_sorted)?;
    env.add_member_overload("sum", "list_sum", LIST_TYPE, vec![], sum)?;
    env.add_member_overload("min", "list_min", LIST_TYPE, vec![], min)?;
    env.add_member_overload("max", "list_max", LIST_TYPE, vec![], max)?;
    env.add_member_overload("indexOf", "list_index_of_int", LIST_TYPE, vec![DYN_TYPE], index_of)?;
    env.add_member_overload("lastIndexOf", "list_last_index_of_int", LIST_TYPE, vec![DYN_TYPE], last_index_of)?;
    env.add_overload("isURL", "is_url_string", vec![STRING_TYPE], is_url)?;
    env.add_overload("isIP", "is_ip", vec![STRING_TYPE], is_ip)?;
    env.add_overload("isCIDR", "is_cidr", vec![STRING_TYPE], is_cidr)?;
    Ok(())
}

pub(super) fn text<'a>(args: &'a Args<'_, '_>, index: usize) -> Result<&'a str, ExecutionError> {
    args.get(index)
        .and_then(|arg| arg.downcast_ref::<CelString>())
        .map(CelString::inner)
        .ok_or_else(ExecutionError::missing_argument_or_target)
}

pub(super) fn boolean<'b, 'v>(value: bool) -> Answer<'b, 'v> {
    Ok(CowVal::owned(CelBool::from(value)))
}

fn regex(function: &str, pattern: &str) -> Result<regex_lite::Regex, ExecutionError> {
    regex_lite::Regex::new(pattern).map_err(|error| ExecutionError::function_error(function, error))
}

fn find<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let found = regex("find", text(&args, 1)?)?.find(text(&args, 0)?).map_or("", |found| found.as_str()).to_owned();
    Ok(CowVal::owned(CelString::from(found)))
}

fn find_all<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let limit = args.get(2).and_then(|arg| arg.downcast_ref::<CelInt>()).map_or(-1, |limit| *limit.inner());
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found: Vec<Box<dyn Val + 'v>> = regex("findAll", text(&args, 1)?)?
        .find_iter(text(&args, 0)?)
        .take(limit)
        .map(|found| Box::new(CelString::from(found.as_str().to_owned())) as Box<dyn Val + 'v>)
        .collect();
    Ok(CowVal::owned(CelList::from(found)))
}

/// The items of the list a member function is called on.
fn items<'a, 'b, 'v>(args: &'a Args<'b, 'v>) -> Result<Vec<&'a (dyn Val + 'v)>, ExecutionError> {
    let list = args.first().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let iterable = list.as_ref().as_iterable().ok_or_else(ExecutionError::missing_argument_or_target)?;
    let mut items = iterable.iter();
    let mut found = Vec::new();
    while let Some(item) = items.next() {
        found.push(item);
    }
    Ok(found)
}

fn order(a: &dyn Val, b: &dyn Val) -> Result<Ordering, ExecutionError> {
    let comparer = a.as_comparer().ok_or_else(|| {
        ExecutionError::no_such_overload("_<_", vec![a.get_type().name().to_owned(), b.get_type().name().to_owned()])
    })?;
    comparer.compare(b)
}

fn is_sorted<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    for pair in items(&args)?.windows(2) {
        if order(pair[0], pair[1])?.is_gt() {
            return boolean(false);
        }
    }
    boolean(true)
}

fn sum<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    let items = items(&args)?;
    let mut whole = 0_i64;
    let mut float = None;
    for item in items {
        if let Some(n) = item.downcast_ref::<CelInt>() {
            let added = whole.checked_add(*n.inner());
            whole = added.ok_or_else(|| ExecutionError::function_error("sum", "integer overflow"))?;
        } else if let Some(f) = item.downcast_ref::<CelDouble>() {
            *float.get_or_insert(0.0) += *f.inner();
        } else {
            return Err(ExecutionError::no_such_member_overload("sum", vec!["list".to_owned()]));
        }
    }
    Ok(match float {
        Some(float) => CowVal::owned(CelDouble::from(float)),
        None => CowVal::owned(CelInt::from(whole)),
    })
}

fn extreme<'b, 'v>(args: &Args<'b, 'v>, function: &str, wanted: Ordering) -> Answer<'b, 'v> {
    let mut best: Option<&(dyn Val + 'v)> = None;
    for item in items(args)? {
        let better = match best {
            None => true,
            Some(best) => order(item, best)? == wanted,
        };
        if better {
            best = Some(item);
        }
    }
    match best {
        Some(best) => Ok(CowVal::Owned(best.clone_as_boxed())),
        None => Err(ExecutionError::function_error(function, format!("{function} called on empty list"))),
    }
}

fn min<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    extreme(&args, "min", Ordering::Less)
}

fn max<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    extreme(&args, "max", Ordering::Greater)
}

fn position<'b, 'v>(args: &Args<'b, 'v>, last: bool) -> Answer<'b, 'v> {
    let items = items(args)?;
    let wanted = args.get(1).ok_or_else(ExecutionError::missing_argument_or_target)?;
    let same = |item: &&(dyn Val + 'v)| item.equals(wanted.as_ref());
    let found = if last { items.iter().rposition(same) } else { items.iter().position(same) };
    let index = found.and_then(|index| i64::try_from(index).ok()).unwrap_or(-1);
    Ok(CowVal::owned(CelInt::from(index)))
}

fn index_of<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    position(&args, false)
}

fn last_index_of<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    position(&args, true)
}

/// An absolute URI or an absolute path, as Go's `url.ParseRequestURI` takes.
fn is_url<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    boolean(crate::schema::has_format("uri", text(&args, 0)?))
}

fn is_ip<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    boolean(text(&args, 0)?.parse::<std::net::IpAddr>().is_ok())
}

fn is_cidr<'b, 'v>(args: Args<'b, 'v>) -> Answer<'b, 'v> {
    boolean(crate::schema::has_format("cidr", text(&args, 0)?))
}
