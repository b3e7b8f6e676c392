//! The functions and macros rules may use: CEL's own, its string, list and math extensions, and Kubernetes' additions.

use std::sync::{Arc, OnceLock};

use cel::{Env, extensions};

use super::{functions, quantity, url};

/// The one environment of all rules.
pub(super) fn shared() -> &'static Arc<Env> {
    static ENV: OnceLock<Arc<Env>> = OnceLock::new();
    ENV.get_or_init(|| {
        let mut env = Env::stdlib();
        env.add_extension(extensions::strings)
            .and_then(|()| env.add_extension(extensions::lists))
            .and_then(|()| env.add_extension(extensions::math))
            .and_then(|()| functions::add(&mut env))
            .and_then(|()| url::add(&mut env))
            .and_then(|()| quantity::add(&mut env))
            .expect("no function is declared twice");
        Arc::new(env)
    })
}

/// Functions that rules may call by name; operators are not listed.
pub(super) fn is_known(function: &str) -> bool {
    const KNOWN: &[&str] = &[
        // CEL
        "size",
        "contains",
        "startsWith",
        "endsWith",
        "matches",
        "int",
        "uint",
        "double",
        "string",
        "bool",
        "bytes",
        "dyn",
        "type",
        "duration",
        "timestamp",
        "getFullYear",
        "getMonth",
        "getDate",
        "getDayOfMonth",
        "getDayOfWeek",
        "getDayOfYear",
        "getHours",
        "getMinutes",
        "getSeconds",
        "getMilliseconds",
        "optional.none",
        "optional.of",
        "optional.ofNonZeroValue",
        "value",
        "hasValue",
        "or",
        "orValue",
        "optMap",
        "optFlatMap",
        // extensions
        "charAt",
        "indexOf",
        "lastIndexOf",
        "join",
        "lowerAscii",
        "upperAscii",
        "replace",
        "split",
        "substring",
        "trim",
        "reverse",
        "format",
        "strings.quote",
        "quote",
        "slice",
        "flatten",
        "distinct",
        "sort",
        "sortBy",
        "lists.range",
        "math.ceil",
        "math.floor",
        "math.round",
        "math.trunc",
        "math.abs",
        "math.sign",
        "math.isInf",
        "math.isNaN",
        "math.isFinite",
        "math.sqrt",
        "math.bitAnd",
        "math.bitOr",
        "math.bitXor",
        "math.bitNot",
        "math.bitShiftLeft",
        "math.bitShiftRight",
    ];
    let operator = function.starts_with(['_', '@', '!', '-', '?']) || function.contains('@');
    let more = [functions::NAMES, url::NAMES, quantity::NAMES];
    operator || KNOWN.contains(&function) || more.iter().any(|names| names.contains(&function))
}
