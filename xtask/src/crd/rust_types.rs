//! Structural schemas of the structs of `crates/api`, read from its source: serde's attributes give the names, doc
//! comments the descriptions.

use super::{kubernetes, tables};
use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use syn::{Attribute, Expr, Field, GenericArgument, Item, ItemStruct, Lit, PathArguments, Type};

/// All structs with named fields, by name.
pub struct Types<'a> {
    structs: BTreeMap<String, ItemStruct>,
    kubernetes: &'a kubernetes::Definitions,
}

impl<'a> Types<'a> {
    /// Parses every file below `folder`.
    pub fn load(folder: &str, kubernetes: &'a kubernetes::Definitions) -> Result<Self> {
        let mut structs = BTreeMap::new();
        collect(&tree::root().join(folder), &mut structs)?;
        Ok(Types { structs, kubernetes })
    }

    /// The schema of a struct, everything inlined.
    pub fn schema(&self, name: &str) -> Result<Value> {
        let item = self.structs.get(name).with_context(|| format!("no struct {name}"))?;
        let mut properties = Map::new();
        for field in &item.fields {
            let field_name = json_name(field)?;
            let mut schema =
                self.of_type(name, &field_name, &field.ty).with_context(|| format!("{name}.{field_name}"))?;
            if has_flag(&field.attrs, "flatten")? {
                let Some(Value::Object(inner)) = schema.get_mut("properties").map(Value::take) else {
                    bail!("{name}.{field_name}: only structs can be flattened");
                };
                properties.extend(inner);
                continue;
            }
            let description = doc(&field.attrs);
            if let Some(schema) = schema.as_object_mut().filter(|_| !description.is_empty()) {
                schema.insert("description".into(), json!(description));
            }
            tables::extend(name, &field_name, &mut schema);
            properties.insert(field_name, schema);
        }
        let mut schema = json!({ "type": "object" });
        if !properties.is_empty() {
            let required = tables::REQUIRED.iter().find(|(s, _)| *s == name).map(|(_, fields)| *fields);
            for field in required.unwrap_or_default() {
                anyhow::ensure!(properties.contains_key(*field), "{name} has no field {field}");
            }
            schema["properties"] = Value::Object(properties);
            if let Some(required) = required {
                schema["required"] = json!(required);
            }
        }
        Ok(schema)
    }

    fn of_type(&self, strukt: &str, field: &str, ty: &Type) -> Result<Value> {
        let Type::Path(path) = ty else { bail!("not a named type") };
        let segment = path.path.segments.last().context("a path has a segment")?;
        let argument = |index: usize| -> Result<&Type> {
            let PathArguments::AngleBracketed(arguments) = &segment.arguments else { bail!("no type argument") };
            match arguments.args.iter().nth(index) {
                Some(GenericArgument::Type(ty)) => Ok(ty),
                _ => bail!("no type argument {index}"),
            }
        };
        Ok(match segment.ident.to_string().as_str() {
            "String" => json!({ "type": "string" }),
            "bool" => json!({ "type": "boolean" }),
            "i32" => json!({ "type": "integer", "format": "int32" }),
            "i64" => json!({ "type": "integer", "format": "int64" }),
            "Time" => json!({ "type": "string", "format": "date-time" }),
            "IntOrString" => kubernetes::int_or_string(),
            "Option" => self.of_type(strukt, field, argument(0)?)?,
            "Vec" => json!({ "type": "array", "items": self.of_type(strukt, field, argument(0)?)? }),
            "BTreeMap" if matches!(argument(1)?, Type::Path(p) if p.path.is_ident("Value")) => free_object(),
            "BTreeMap" => {
                json!({ "type": "object", "additionalProperties": self.of_type(strukt, field, argument(1)?)? })
            }
            "Value" => match tables::kubernetes_type(strukt, field) {
                Some(name) => self.kubernetes.schema(name)?,
                None => free_object(),
            },
            "PodTemplate" => self.kubernetes.schema("io.k8s.api.core.v1.PodTemplateSpec")?,
            "LabelSelector" => self.kubernetes.schema("io.k8s.apimachinery.pkg.apis.meta.v1.LabelSelector")?,
            "ObjectMeta" => json!({ "type": "object" }),
            name => self.schema(name)?,
        })
    }
}

/// Anything; the reader knows what it means.
fn free_object() -> Value {
    json!({ "type": "object", "x-kubernetes-preserve-unknown-fields": true })
}

fn collect(folder: &Path, structs: &mut BTreeMap<String, ItemStruct>) -> Result<()> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, structs)?;
        } else if path.extension().is_some_and(|e| e == "rs") {
            let file = syn::parse_file(&fs::read_to_string(&path)?).with_context(|| format!("{}", path.display()))?;
            // Only what is read from JSON; other structs may share a name with one of those.
            for item in file.items.into_iter().filter_map(serialised) {
                structs.insert(item.ident.to_string(), item);
            }
        }
    }
    Ok(())
}

fn serialised(item: Item) -> Option<ItemStruct> {
    let Item::Struct(item) = item else { return None };
    item.attrs.iter().any(|a| a.path().is_ident("serde")).then_some(item)
}

fn json_name(field: &Field) -> Result<String> {
    let mut renamed = None;
    each_serde_meta(&field.attrs, |name, value| {
        if name == "rename" {
            renamed = value;
        }
    })?;
    let rust = field.ident.as_ref().context("a field has a name")?.to_string();
    Ok(renamed.unwrap_or_else(|| camel_case(rust.trim_start_matches("r#"))))
}

fn camel_case(snake: &str) -> String {
    let mut words = snake.split('_');
    let first = words.next().unwrap_or_default().to_string();
    words.fold(first, |mut name, word| {
        let mut letters = word.chars();
        name.extend(letters.next().map(|c| c.to_ascii_uppercase()));
        name.push_str(letters.as_str());
        name
    })
}

fn has_flag(attrs: &[Attribute], flag: &str) -> Result<bool> {
    let mut found = false;
    each_serde_meta(attrs, |name, _| found |= name == flag)?;
    Ok(found)
}

/// Calls `f` with each `name` or `name = "value"` of the serde attributes.
fn each_serde_meta(attrs: &[Attribute], mut f: impl FnMut(&str, Option<String>)) -> Result<()> {
    for attr in attrs.iter().filter(|a| a.path().is_ident("serde")) {
        attr.parse_nested_meta(|meta| {
            let name = meta.path.get_ident().map(ToString::to_string).unwrap_or_default();
            let value = match meta.value() {
                Ok(value) => match value.parse::<Lit>()? {
                    Lit::Str(text) => Some(text.value()),
                    _ => None,
                },
                Err(_) => None,
            };
            f(&name, value);
            Ok(())
        })?;
    }
    Ok(())
}

/// The doc comment as plain text: one line, no marks of Markdown.
fn doc(attrs: &[Attribute]) -> String {
    let lines = attrs.iter().filter(|a| a.path().is_ident("doc")).filter_map(|a| match &a.meta {
        syn::Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(literal) => match &literal.lit {
                Lit::Str(text) => Some(text.value().trim().to_string()),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    });
    let text = lines.collect::<Vec<_>>().join(" ");
    text.trim().replace("[`", "").replace("`]", "").replace('`', "")
}
