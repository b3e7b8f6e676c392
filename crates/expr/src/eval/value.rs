//! What expressions compute with: values that know their Go type and are cheap to pass around.

use super::structs::{Struct, StructType};
use crate::cloudwatch;
use crate::env::EnvFunction;
use crate::value::Value;
use jiff::Zoned;
use jiff::tz::TimeZone;
use rollouts_api::GoDuration;
use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A value.
#[derive(Debug, Clone)]
pub enum Val {
    /// `nil`.
    Nil,
    /// `bool`.
    Bool(bool),
    /// An integer type.
    Int(IntKind, i64),
    /// `float64`.
    Float(f64),
    /// `string`.
    Text(Arc<str>),
    /// A slice.
    List(List),
    /// A map.
    Map(Map),
    /// `time.Time`.
    Time(Arc<Zoned>),
    /// `time.Duration`.
    Duration(GoDuration),
    /// `time.Location`.
    Location(Arc<TimeZone>),
    /// A struct.
    Struct(Arc<Struct>),
    /// A function of the environment.
    Function(EnvFunction),
}

/// Which of Go's integers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum IntKind {
    /// `int`.
    Int,
    /// `int64`.
    Int64,
    /// `uint8`.
    Byte,
    /// `time.Month`.
    Month,
    /// `time.Weekday`.
    Weekday,
}

/// Which of Go's slices.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum ListKind {
    /// `[]interface {}`.
    Any,
    /// `[]float64`.
    Floats,
    /// `[]int`.
    Ints,
    /// `[]string`.
    Texts,
    /// `[]uint8`.
    Bytes,
    /// `[]time.Time`.
    Times,
    /// A list of structs.
    Structs(&'static StructType),
    /// `[][2]interface {}`.
    Pairs,
    /// `[2]interface {}`.
    Pair,
}

/// A part of shared items.
#[derive(Debug, Clone)]
pub struct List {
    /// Its Go type.
    pub kind: ListKind,
    items: Arc<[Val]>,
    start: usize,
    end: usize,
    /// How deep lists and maps are nested in it, itself included.
    depth: u16,
}

/// Which of Go's maps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MapKind {
    /// `map[string]interface {}`.
    Texts,
    /// `map[interface {}]interface {}`.
    Any,
    /// `map[interface {}][]interface {}`.
    Groups,
}

/// A shared map.
#[derive(Debug, Clone)]
pub struct Map {
    /// Its Go type.
    pub kind: MapKind,
    entries: Arc<BTreeMap<Key, Val>>,
    depth: u16,
}

/// A key of a map, in the order in which Go prints maps.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// `nil`.
    Nil,
    /// `bool`.
    Bool(bool),
    /// An integer.
    Int(IntKind, i64),
    /// `float64`.
    Float(OrderedFloat),
    /// `string`.
    Text(Arc<str>),
    /// `time.Duration`.
    Duration(GoDuration),
    /// `time.Time`.
    Time(Arc<Zoned>),
}

/// A float with a total order.
#[derive(Debug, Clone, Copy)]
pub struct OrderedFloat(pub f64);

impl PartialEq for OrderedFloat {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}
impl Eq for OrderedFloat {}
impl PartialOrd for OrderedFloat {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for OrderedFloat {
    fn cmp(&self, other: &Self) -> Ordering {
        // Adding zero makes one zero of both.
        (self.0 + 0.0).total_cmp(&(other.0 + 0.0))
    }
}

impl List {
    /// A list of values none of which is a list or a map made by the expression.
    pub fn flat(kind: ListKind, items: Vec<Val>) -> Self {
        let depth = 1 + items.iter().map(Val::depth).max().unwrap_or(0);
        List { kind, end: items.len(), items: Arc::from(items), start: 0, depth }
    }

    /// `[]uint8`.
    pub fn bytes(bytes: impl Iterator<Item = u8>) -> Self {
        Self::flat(ListKind::Bytes, bytes.map(|b| Val::Int(IntKind::Byte, i64::from(b))).collect())
    }

    /// The items.
    pub fn items(&self) -> &[Val] {
        &self.items[self.start..self.end]
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.end - self.start
    }

    /// The items from `from` up to `to`, which must lie within.
    pub fn cut(&self, from: usize, to: usize) -> Self {
        List { start: self.start + from, end: self.start + to, ..self.clone() }
    }
}

impl Map {
    /// A map of `entries`.
    pub fn new(kind: MapKind, entries: BTreeMap<Key, Val>) -> Self {
        let depth = 1 + entries.values().map(Val::depth).max().unwrap_or(0);
        Map { kind, entries: Arc::new(entries), depth }
    }

    /// The entries.
    pub fn entries(&self) -> &BTreeMap<Key, Val> {
        &self.entries
    }
}

impl Key {
    /// The key that `val` makes; none from values that Go cannot hash or that no map of ours holds.
    pub fn of(val: &Val) -> Option<Key> {
        Some(match val {
            Val::Nil => Key::Nil,
            Val::Bool(b) => Key::Bool(*b),
            Val::Int(kind, n) => Key::Int(*kind, *n),
            Val::Float(f) => Key::Float(OrderedFloat(*f)),
            Val::Text(text) => Key::Text(text.clone()),
            Val::Duration(duration) => Key::Duration(*duration),
            Val::Time(time) => Key::Time(time.clone()),
            _ => return None,
        })
    }

    /// The value that made it.
    pub fn val(&self) -> Val {
        match self {
            Key::Nil => Val::Nil,
            Key::Bool(b) => Val::Bool(*b),
            Key::Int(kind, n) => Val::Int(*kind, *n),
            Key::Float(f) => Val::Float(f.0),
            Key::Text(text) => Val::Text(text.clone()),
            Key::Duration(duration) => Val::Duration(*duration),
            Key::Time(time) => Val::Time(time.clone()),
        }
    }
}

impl Val {
    /// `int`.
    pub fn int(n: i64) -> Self {
        Val::Int(IntKind::Int, n)
    }

    /// `int` of a length.
    pub fn size(n: usize) -> Self {
        Val::int(i64::try_from(n).unwrap_or(i64::MAX))
    }

    /// `string`.
    pub fn text(text: &str) -> Self {
        Val::Text(Arc::from(text))
    }

    /// `time.Time`.
    pub fn time(time: Zoned) -> Self {
        Val::Time(Arc::new(time))
    }

    /// How deep lists and maps are nested in it.
    pub fn depth(&self) -> u16 {
        match self {
            Val::List(list) => list.depth,
            Val::Map(map) => map.depth,
            Val::Struct(one) => 1 + one.fields.iter().map(Val::depth).max().unwrap_or(0),
            _ => 0,
        }
    }
}

impl From<&Value> for Val {
    fn from(value: &Value) -> Self {
        match value {
            Value::Nil => Val::Nil,
            Value::Bool(b) => Val::Bool(*b),
            Value::Int(n) => Val::int(*n),
            Value::Float(f) => Val::Float(*f),
            Value::String(text) => Val::text(text),
            Value::List(items) => Val::List(List::flat(ListKind::Any, items.iter().map(Val::from).collect())),
            Value::Floats(items) => {
                Val::List(List::flat(ListKind::Floats, items.iter().copied().map(Val::Float).collect()))
            }
            Value::Map(map) => {
                let entries = map.iter().map(|(key, value)| (Key::Text(Arc::from(key.as_str())), Val::from(value)));
                Val::Map(Map::new(MapKind::Texts, entries.collect()))
            }
            Value::CloudWatch(results) => Val::List(cloudwatch::list(results)),
        }
    }
}
