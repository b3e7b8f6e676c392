//! The functions of the language.

pub mod bits;
pub mod convert;
pub mod lists;
pub mod maps;
pub mod numbers;
pub mod text;
pub mod time;

macro_rules! names {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($variant,)* }

        impl $name {
            /// The one of that name.
            pub fn find(name: &str) -> Option<Self> {
                match name {
                    $($text => Some($name::$variant),)*
                    _ => None,
                }
            }

            /// Its name.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)*
                }
            }
        }
    };
}

names! {
    /// Those that ask something of each element.
    Predicate {
        All = "all",
        None = "none",
        Any = "any",
        One = "one",
        Filter = "filter",
        Map = "map",
        Find = "find",
        FindIndex = "findIndex",
        FindLast = "findLast",
        FindLastIndex = "findLastIndex",
        Count = "count",
        Sum = "sum",
        GroupBy = "groupBy",
        SortBy = "sortBy",
        Reduce = "reduce",
    }
}

names! {
    /// Those that take values.
    Function {
        Len = "len",
        Type = "type",
        Abs = "abs",
        Ceil = "ceil",
        Floor = "floor",
        Round = "round",
        Int = "int",
        Float = "float",
        String = "string",
        Trim = "trim",
        TrimPrefix = "trimPrefix",
        TrimSuffix = "trimSuffix",
        Upper = "upper",
        Lower = "lower",
        Split = "split",
        SplitAfter = "splitAfter",
        Replace = "replace",
        Repeat = "repeat",
        Join = "join",
        IndexOf = "indexOf",
        LastIndexOf = "lastIndexOf",
        Max = "max",
        Min = "min",
        HasPrefix = "hasPrefix",
        HasSuffix = "hasSuffix",
        Mean = "mean",
        Median = "median",
        ToJson = "toJSON",
        FromJson = "fromJSON",
        ToBase64 = "toBase64",
        FromBase64 = "fromBase64",
        Now = "now",
        Duration = "duration",
        Date = "date",
        Timezone = "timezone",
        First = "first",
        Last = "last",
        Get = "get",
        Take = "take",
        Keys = "keys",
        Values = "values",
        ToPairs = "toPairs",
        FromPairs = "fromPairs",
        Reverse = "reverse",
        Uniq = "uniq",
        Concat = "concat",
        Flatten = "flatten",
        Sort = "sort",
        BitAnd = "bitand",
        BitOr = "bitor",
        BitXor = "bitxor",
        BitNand = "bitnand",
        BitNot = "bitnot",
        BitShl = "bitshl",
        BitShr = "bitshr",
        BitUshr = "bitushr",
    }
}

impl Predicate {
    /// Whether it cannot do without a predicate, and whether it takes a third argument.
    pub fn arity(self) -> (bool, bool) {
        match self {
            Predicate::Count | Predicate::Sum => (false, false),
            Predicate::SortBy | Predicate::Reduce => (true, true),
            _ => (true, false),
        }
    }

    /// Whether its predicate says yes or no.
    pub fn asks(self) -> bool {
        !matches!(self, Predicate::Map | Predicate::Sum | Predicate::GroupBy | Predicate::SortBy | Predicate::Reduce)
    }
}
