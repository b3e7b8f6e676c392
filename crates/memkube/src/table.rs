//! `metav1.Table`: what `kubectl get` shows.

use serde_json::Value;

/// One column of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Column {
    /// Header.
    pub name: String,
    /// `string`, `integer`, `number`, `boolean` or `date`.
    pub column_type: String,
    /// OpenAPI format; `name` marks the column that names the object.
    pub format: String,
    /// Explains the column.
    pub description: String,
    /// 0 is always shown, above only with `-o wide`.
    pub priority: i32,
}

/// Columns, and one row of cells an object in the order given.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Table {
    /// The columns.
    pub columns: Vec<Column>,
    /// The rows; each as long as `columns`.
    pub rows: Vec<Vec<Value>>,
}
