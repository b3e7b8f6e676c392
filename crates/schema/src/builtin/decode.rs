//! What Go's JSON decoder says about built-in objects whose fields have the wrong JSON type.

use serde_json::Value;

use crate::Schema;
use crate::schema::{Additional, Type};

/// Why a built-in object cannot be decoded into its Go type, in the decoder's words:
/// `json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32`. The Status is 400
/// BadRequest, its message `<Kind> in version "<version>" cannot be handled as a <Kind>: ` and this. Nulls are absence.
#[must_use]
pub fn decode_problem(schema: &Schema, object: &Value) -> Option<String> {
    let name = schema.definition.map(struct_name).unwrap_or_default();
    walk(schema, object, name, &mut Vec::new())
}

fn walk<'v>(schema: &Schema, value: &'v Value, holder: &'static str, path: &mut Vec<&'v str>) -> Option<String> {
    const QUANTITY: &str = "io.k8s.apimachinery.pkg.api.resource.Quantity";
    let scalar = matches!(value, Value::String(_) | Value::Number(_) | Value::Null);
    let malformed = value.as_str().is_some_and(|text| !looks_like_quantity(text));
    if schema.definition == Some(QUANTITY) && (!scalar || malformed) {
        let pattern = "^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$";
        return Some(format!("quantities must match the regular expression '{pattern}'"));
    }
    if let (Some(TIME | MICRO_TIME), Value::String(text)) = (schema.definition, value)
        && text.parse::<jiff::Timestamp>().is_err()
    {
        return Some(bad_time(text, schema.definition == Some(MICRO_TIME)));
    }
    if let (Type::String, Some("byte"), Value::String(text)) = (schema.ty, schema.format.as_deref(), value)
        && let Some(at) = not_base64(text)
    {
        return Some(format!("illegal base64 data at input byte {at}"));
    }
    let found = match (schema.ty, value) {
        (_, Value::Null) | (Type::String, Value::String(_)) | (Type::Boolean, Value::Bool(_)) => return None,
        (Type::Any, _) if !schema.int_or_string || scalar => return None,
        (Type::Object, Value::Object(fields)) => {
            let holder = schema.definition.map_or(holder, struct_name);
            return fields.iter().find_map(|(name, value)| {
                let (child, named) = match (schema.properties.get(name.as_str()), &schema.additional) {
                    (Some(child), _) => (child, true),
                    (None, Additional::Schema(child)) => (child, false),
                    _ => return None,
                };
                // Keys of maps are no part of the path.
                if named {
                    path.push(name);
                }
                let problem = walk(child, value, holder, path);
                if named {
                    path.pop();
                }
                problem
            });
        }
        (Type::Array, Value::Array(items)) => {
            let child = schema.items.as_ref()?;
            return items.iter().find_map(|item| walk(child, item, holder, path));
        }
        (Type::Number, Value::Number(_)) => return None,
        (Type::Integer, Value::Number(number)) => {
            let fits = match (number.as_i64(), schema.format.as_deref()) {
                (Some(n), Some("int32")) => i32::try_from(n).is_ok(),
                (whole, _) => whole.is_some(),
            };
            if fits {
                return None;
            }
            format!("number {number}")
        }
        (_, Value::Bool(_)) => "bool".to_owned(),
        (_, Value::Number(_)) => "number".to_owned(),
        (_, Value::String(_)) => "string".to_owned(),
        (_, Value::Array(_)) => "array".to_owned(),
        (_, Value::Object(_)) => "object".to_owned(),
    };
    let wanted = go_type(schema);
    let place = if path.is_empty() {
        format!("Go value of type {wanted}")
    } else {
        format!("Go struct field {holder}.{} of type {wanted}", path.join("."))
    };
    Some(format!("json: cannot unmarshal {found} into {place}"))
}

const TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Time";
const MICRO_TIME: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.MicroTime";

/// What Go says about text that is no time: where it stops to fit.
fn bad_time(text: &str, micro: bool) -> String {
    let layout = if micro { "2006-01-02T15:04:05.000000Z07:00" } else { "2006-01-02T15:04:05Z07:00" };
    format!("parsing time \"{text}\" as \"{layout}\": cannot parse \"{text}\" as \"2006\"")
}

/// A number and perhaps letters: what is neither is refused before anybody asks for its value.
fn looks_like_quantity(text: &str) -> bool {
    let number = text.strip_prefix(['+', '-']).unwrap_or(text);
    number.starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// Where text stops being base64 for Go's decoder.
fn not_base64(text: &str) -> Option<usize> {
    let text: Vec<u8> = text.bytes().filter(|b| !matches!(b, b'\r' | b'\n')).collect();
    let data = text.strip_suffix(b"==").or_else(|| text.strip_suffix(b"=")).unwrap_or(&text);
    let wrong = data.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/')));
    wrong.or_else(|| (!text.len().is_multiple_of(4) || data.len() % 4 == 1).then_some(text.len()))
}

/// `io.k8s.api.apps.v1.DeploymentSpec` → `DeploymentSpec`
fn struct_name(definition: &'static str) -> &'static str {
    definition.rsplit('.').next().unwrap_or(definition)
}

fn go_type(schema: &Schema) -> String {
    if schema.int_or_string {
        return "int32".to_owned();
    }
    if let (Some(definition), Type::Object) = (schema.definition, schema.ty) {
        let mut parts = definition.rsplitn(3, '.');
        let (name, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        return format!("{package}.{name}");
    }
    match (schema.ty, schema.format.as_deref()) {
        (Type::Any, _) => "interface {}".to_owned(),
        (Type::Integer, Some("int64")) => "int64".to_owned(),
        (Type::Integer, _) => "int32".to_owned(),
        (Type::Number, _) => "float64".to_owned(),
        (Type::Boolean, _) => "bool".to_owned(),
        (Type::String, Some("byte")) => "[]uint8".to_owned(),
        (Type::String, _) => "string".to_owned(),
        (Type::Array, _) => {
            format!("[]{}", schema.items.as_ref().map_or_else(|| "interface {}".to_owned(), |item| go_type(item)))
        }
        (Type::Object, _) => match &schema.additional {
            Additional::Schema(value) => format!("map[string]{}", go_type(value)),
            _ => "map[string]interface {}".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builtin;
    use serde_json::json;

    #[test]
    fn words_of_the_decoder() {
        let deployment = builtin::schema("apps", "v1", "Deployment").unwrap();
        let cases = [
            (
                json!({"spec": {"replicas": "3"}}),
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                json!({"spec": {"replicas": 1.5}}),
                "json: cannot unmarshal number 1.5 into Go struct field DeploymentSpec.spec.replicas of type int32",
            ),
            (
                json!({"spec": {"template": {"spec": {"containers": [{"image": 5}]}}}}),
                "json: cannot unmarshal number into Go struct field Container.spec.template.spec.containers.image of type string",
            ),
            (
                json!({"spec": {"template": {"spec": {"containers": {}}}}}),
                "json: cannot unmarshal object into Go struct field PodSpec.spec.template.spec.containers of type []v1.Container",
            ),
            (
                json!({"metadata": {"labels": {"a": 1}}}),
                "json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string",
            ),
            (
                json!({"metadata": {"labels": []}}),
                "json: cannot unmarshal array into Go struct field ObjectMeta.metadata.labels of type map[string]string",
            ),
            (
                json!({"spec": 1}),
                "json: cannot unmarshal number into Go struct field Deployment.spec of type v1.DeploymentSpec",
            ),
            (
                json!({"spec": {"paused": "x"}}),
                "json: cannot unmarshal string into Go struct field DeploymentSpec.spec.paused of type bool",
            ),
        ];
        for (object, want) in cases {
            assert_eq!(decode_problem(deployment, &object).as_deref(), Some(want));
        }
        let fine =
            json!({"spec": {"replicas": null, "strategy": {"rollingUpdate": {"maxSurge": "25%"}}}, "unknown": 1});
        assert_eq!(decode_problem(deployment, &fine), None);
    }
}
