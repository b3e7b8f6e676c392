//! Lines as logrus writes them, which people search and dashboards parse.

use super::fields::Fields;
use rollouts_api::Clock;
use serde_json::Value;
use std::fmt::{self, Write as _};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// What a line looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `time="…" level=info msg="…" key=value`
    Text,
    /// `INFO[…] …  key=value`, for a terminal.
    Colours,
    /// `{"level":"info","msg":"…","time":"…"}`
    Json,
}

/// Writes events as lines.
pub struct Format {
    /// How.
    pub form: Form,
    /// When it is.
    pub clock: Clock,
}

impl<S, N> FormatEvent<S, N> for Format
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'w> FormatFields<'w> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let time = self.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        writeln!(writer, "{}", line(self.form, &time, *event.metadata().level(), Fields::of(event)))
    }
}

fn line(form: Form, time: &str, level: Level, Fields { message, mut fields }: Fields) -> String {
    let level = word(level);
    let mut line = String::new();
    match form {
        Form::Json => {
            fields.insert("level".into(), level.into());
            fields.insert("msg".into(), message.into());
            fields.insert("time".into(), time.into());
            return Value::Object(fields).to_string();
        }
        Form::Text => {
            pair(&mut line, "time", &time.into());
            pair(&mut line, "level", &level.into());
            if !message.is_empty() {
                pair(&mut line, "msg", &message.into());
            }
            fields.iter().for_each(|(key, value)| pair(&mut line, key, value));
        }
        Form::Colours => {
            let colour = match level {
                "error" => 31,
                "warning" => 33,
                "info" => 36,
                _ => 37,
            };
            let short = level.get(..4).unwrap_or(level).to_uppercase();
            // Writing to a String cannot fail.
            let _ = write!(line, "\x1b[{colour}m{short}\x1b[0m[{time}] {message:<44}");
            for (key, value) in &fields {
                let mut coloured = String::new();
                pair(&mut coloured, "", value);
                let _ = write!(line, " \x1b[{colour}m{key}\x1b[0m{coloured}");
            }
        }
    }
    line
}

fn word(level: Level) -> &'static str {
    match level {
        Level::TRACE => "trace",
        Level::DEBUG => "debug",
        Level::INFO => "info",
        Level::WARN => "warning",
        Level::ERROR => "error",
    }
}

/// Adds `key=value`, quoted as in Go if need be.
fn pair(line: &mut String, key: &str, value: &Value) {
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(key);
    line.push('=');
    let text = match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._/@^+".contains(c);
    // JSON's quotes differ from Go's only in how they write characters that nobody prints.
    match text.chars().all(plain) {
        true => line.push_str(&text),
        false => line.push_str(&Value::from(text).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fields(message: &str, fields: Value) -> Fields {
        let Value::Object(fields) = fields else { panic!("an object") };
        Fields { message: message.into(), fields }
    }

    #[test]
    fn as_logrus_writes_them() {
        let some =
            || fields("Reconciliation completed", json!({"rollout": "web", "namespace": "shop", "time_ms": 1.5}));
        let time = "2026-01-01T00:00:00Z";
        assert_eq!(
            line(Form::Text, time, Level::INFO, some()),
            r#"time="2026-01-01T00:00:00Z" level=info msg="Reconciliation completed" namespace=shop rollout=web time_ms=1.5"#
        );
        assert_eq!(
            line(Form::Json, time, Level::WARN, some()),
            r#"{"level":"warning","msg":"Reconciliation completed","namespace":"shop","rollout":"web","time":"2026-01-01T00:00:00Z","time_ms":1.5}"#
        );
        assert_eq!(
            line(Form::Colours, time, Level::ERROR, fields("no", json!({"error": "a b"}))),
            "\x1b[31mERRO\x1b[0m[2026-01-01T00:00:00Z] no                                           \x1b[31merror\x1b[0m=\"a b\""
        );
        assert_eq!(
            line(Form::Text, time, Level::DEBUG, fields("done", json!({"empty": "", "said": "\"no\"\n"}))),
            r#"time="2026-01-01T00:00:00Z" level=debug msg=done empty= said="\"no\"\n""#
        );
    }

    #[test]
    fn objects_have_their_namespace_apart_and_fixed_fields_stay_theirs() {
        use std::sync::{Arc, Mutex};
        use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

        #[derive(Clone, Default)]
        struct Seen(Arc<Mutex<Vec<String>>>);

        impl<S: Subscriber> Layer<S> for Seen {
            fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
                let line = line(Form::Text, "now", *event.metadata().level(), Fields::of(event));
                self.0.lock().expect("not poisoned").push(line);
            }
        }

        let seen = Seen::default();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(seen.clone()), || {
            tracing::info!(rollout = %"shop/web", time = 3, ok = true, "It {}", "works");
        });
        let expected = r#"time=now level=info msg="It works" fields.time=3 namespace=shop ok=true rollout=web"#;
        assert_eq!(*seen.0.lock().expect("not poisoned"), [expected]);
    }
}
