//! `Accept`: plain objects, tables, or metadata alone, in JSON or YAML.

use crate::errors::{ApiError, Details, Result};

/// What the client wants to see of objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// The objects.
    Plain,
    /// `meta.k8s.io/v1` Table.
    Table,
    /// `meta.k8s.io/v1` PartialObjectMetadata.
    Metadata,
    /// `meta.k8s.io/v1` PartialObjectMetadataList.
    MetadataList,
}

/// The outcome of negotiation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// Shape of objects.
    pub shape: Shape,
    /// YAML instead of JSON.
    pub yaml: bool,
    /// Aggregated discovery is wanted, where it exists.
    pub aggregated: bool,
}

const PLAIN: Format = Format { shape: Shape::Plain, yaml: false, aggregated: false };
/// What the 406 lists.
const SERVED: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
const STREAMED: &str = ", application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";

/// Picks the first media type that the server can write, to a watch if `watch`.
///
/// # Errors
/// 406 when there is none.
pub fn negotiate(accept: &str, watch: bool) -> Result<Format> {
    if accept.trim().is_empty() {
        return Ok(PLAIN);
    }
    let mut shaped = false;
    for clause in accept.split(',') {
        let mut parts = clause.split(';').map(str::trim);
        let yaml = match parts.next().unwrap_or_default() {
            "application/json" | "*/*" | "application/*" | "text/plain" | "text/*" => false,
            "application/yaml" => true,
            _ => continue,
        };
        let parameter = |key: &str| {
            clause.split(';').skip(1).filter_map(|p| p.trim().split_once('=')).find(|(k, _)| *k == key).map(|(_, v)| v)
        };
        let v1 = parameter("g") == Some("meta.k8s.io") && parameter("v") == Some("v1");
        let format = match parameter("as") {
            None => Format { yaml, ..PLAIN },
            Some("Table") if v1 => Format { shape: Shape::Table, yaml, aggregated: false },
            Some("PartialObjectMetadata") if v1 => Format { shape: Shape::Metadata, yaml, aggregated: false },
            Some("PartialObjectMetadataList") if v1 => Format { shape: Shape::MetadataList, yaml, aggregated: false },
            Some("APIGroupDiscoveryList") if parameter("v") == Some("v2") => Format { aggregated: true, yaml, ..PLAIN },
            Some(_) => {
                shaped = true;
                continue;
            }
        };
        return Ok(format);
    }
    if shaped {
        return Err(ApiError::not_acceptable(format!("only the following media types are accepted: {SERVED}")));
    }
    let streamed = if watch { STREAMED } else { "" };
    let message = format!("406: Not Acceptable\n\nAvailable representations: {SERVED}{streamed}");
    Err(ApiError::not_acceptable(message).with_details(Details::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubectl_gets_a_table_and_protobuf_falls_back() {
        let accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";
        assert_eq!(negotiate(accept, false).unwrap().shape, Shape::Table);
        assert_eq!(negotiate("application/vnd.kubernetes.protobuf,application/json", false).unwrap(), PLAIN);
        assert_eq!(negotiate("application/vnd.kubernetes.protobuf", false).unwrap_err().code(), 406);
        assert_eq!(negotiate("", false).unwrap(), PLAIN);
    }
}
