//! The one result with fields of its own: what CloudWatch's `GetMetricData` answers.

use crate::eval::structs::{FieldOf, Struct, StructType};
use crate::eval::value::{List, ListKind, Val};
use crate::types::Type;
use jiff::Timestamp;
use std::sync::Arc;

/// One metric of the answer. Conditions see its fields by these names with a capital first letter.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetricData {
    /// `Id` of the query.
    pub id: Option<String>,
    /// `Label`.
    pub label: Option<String>,
    /// `Messages` about the data.
    pub messages: Vec<Message>,
    /// `StatusCode`: `Complete`, `PartialData`, …
    pub status_code: String,
    /// `Timestamps` of the values.
    pub timestamps: Vec<Timestamp>,
    /// `Values`, newest first.
    pub values: Vec<f64>,
}

/// A message about data.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Message {
    /// `Code`.
    pub code: Option<String>,
    /// `Value`.
    pub value: Option<String>,
}

static MESSAGE: StructType =
    StructType { name: "types.MessageData", fields: &[("Code", FieldOf::TextOrNil), ("Value", FieldOf::TextOrNil)] };

static DATA: StructType = StructType {
    name: "types.MetricDataResult",
    fields: &[
        ("Id", FieldOf::TextOrNil),
        ("Label", FieldOf::TextOrNil),
        ("Messages", FieldOf::Structs(&MESSAGE)),
        ("StatusCode", FieldOf::Named("types.StatusCode")),
        ("Timestamps", FieldOf::Times),
        ("Values", FieldOf::Floats),
    ],
};

/// What conditions see of `results`.
pub(crate) fn list(results: &[MetricData]) -> List {
    let rows = results.iter().map(|data| {
        let messages = data.messages.iter().map(|m| structure(&MESSAGE, vec![text(&m.code), text(&m.value)]));
        let times = data.timestamps.iter().map(|t| Val::time(t.to_zoned(jiff::tz::TimeZone::UTC)));
        structure(
            &DATA,
            vec![
                text(&data.id),
                text(&data.label),
                Val::List(List::flat(ListKind::Structs(&MESSAGE), messages.collect())),
                Val::text(&data.status_code),
                Val::List(List::flat(ListKind::Times, times.collect())),
                Val::List(List::flat(ListKind::Floats, data.values.iter().copied().map(Val::Float).collect())),
            ],
        )
    });
    List::flat(ListKind::Structs(&DATA), rows.collect())
}

/// The type of [`list`].
pub(crate) fn list_type() -> Type {
    Type::List(ListKind::Structs(&DATA), Arc::new(Type::Struct(&DATA)))
}

fn structure(of: &'static StructType, fields: Vec<Val>) -> Val {
    Val::Struct(Arc::new(Struct { of, fields }))
}

fn text(text: &Option<String>) -> Val {
    text.as_deref().map_or(Val::Nil, Val::text)
}
