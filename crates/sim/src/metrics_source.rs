//! A source of metrics without a socket: what the recorded scenarios measured, under virtual time.
//!
//! It answers at [`ADDRESS`] alone, GET and POST alike; nobody listens anywhere else.
//!
//! | path | answer |
//! |---|---|
//! | `/version`, `/example.json`, `/resolve` | a small fixed JSON body |
//! | `/json/TEXT`, `/text/TEXT` | the decoded text |
//! | `/seq/KEY/V1/V2/…` | `{"value": V}` with the next V at each request for that key; the last repeats; `code:500` is a status |
//! | `/code/N` | that status |
//! | `/slow/SECONDS` | `{"value": 1}` after that time |
//! | `/echo` | method, path, headers and body of the request |
//! | `/prom/V/api/v1/query[_range]` | Prometheus' answer with the value V: `empty`, `nan`, `scalar:X`, `string:X`, `error`, or several |
//! | `/promseq/KEY/V1,V2,…/api/v1/query` | the same with the next V at each request |
//! | `/mood/NAME`, `/mood/NAME/api/v1/query` | what the source of that name feels like at the moment ([`Mood`]) |
//! | `/reset` | forgets all sequences |

mod moods;
mod record;

pub use moods::{Mood, Timeline};

use futures::FutureExt;
use futures::future::BoxFuture;
use moods::Moods;
use record::Record;
use rollouts_memkube::Server;
use rollouts_providers::http::Problem;
use rollouts_providers::url::query_unescape;
use rollouts_providers::{Http, HttpError, Request, Response};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Where it listens.
pub const ADDRESS: &str = "127.0.0.1:18080";

/// The time of Prometheus' samples, in seconds since 1970.
const SAMPLED_AT: i64 = 1_700_000_000;

/// A source of metrics. Clones share the sequences and the moods.
#[derive(Debug, Clone, Default)]
pub struct MetricsSource {
    /// How far each sequence is, by its key.
    sequences: Arc<Mutex<BTreeMap<String, usize>>>,
    moods: Arc<Mutex<Moods>>,
    record: Option<Record>,
}

/// An answer, and how long it takes.
struct Answer {
    said: Result<(u16, Vec<u8>), Problem>,
    /// `None`: for ever.
    after: Option<Duration>,
}

impl Answer {
    fn json(status: u16, body: &Value) -> Self {
        Answer { said: Ok((status, body.to_string().into_bytes())), after: Some(Duration::ZERO) }
    }

    fn text(text: String) -> Self {
        Answer { said: Ok((200, text.into_bytes())), after: Some(Duration::ZERO) }
    }

    fn none(problem: Problem) -> Self {
        Answer { said: Err(problem), after: Some(Duration::ZERO) }
    }
}

impl Http for MetricsSource {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, HttpError>> {
        let Some(path) = path(&request.url) else {
            let host = request.url.split('/').nth(2).unwrap_or_default();
            let problem = Problem::Other(format!("dial tcp {host}: connect: connection refused"));
            return futures::future::ready(Err(request.failed(problem))).boxed();
        };
        let Answer { said, after } = self.answer(path, &request);
        async move {
            match after {
                Some(after) => tokio::time::sleep(after).await,
                None => std::future::pending().await,
            }
            let (status, body) = said.map_err(|problem| request.failed(problem))?;
            Ok(Response { status, headers: Vec::new(), body })
        }
        .boxed()
    }
}

/// The path of a URL with its query, if it is one of ours.
fn path(url: &str) -> Option<&str> {
    let rest = url.strip_prefix("http://")?.strip_prefix(ADDRESS)?;
    (rest.is_empty() || rest.starts_with(['/', '?'])).then_some(rest)
}

/// Decodes a path, in which a plus is a plus.
fn unescape(text: &str) -> String {
    query_unescape(&text.replace('+', "%2B"))
}

impl MetricsSource {
    /// Gives the source of that name moods of its own, from now on.
    pub fn set_moods(&self, source: &str, timeline: Timeline) {
        self.moods().set(source, timeline);
    }

    /// Puts everything that is measured here into one mood, or with `None` back to what it is by itself.
    pub fn set_mood(&self, mood: Option<Mood>) {
        self.moods().set_all(mood);
    }

    /// The same source, whose sequences go on with what stands in the status of runs in `server`: an answer that was lost
    /// with whoever asked for it is given again, so that it makes no difference to what is measured.
    #[must_use]
    pub fn following(self, server: Server) -> Self {
        MetricsSource { record: Some(Record(server)), ..self }
    }

    fn moods(&self) -> MutexGuard<'_, Moods> {
        self.moods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, target: &str, request: &Request) -> Answer {
        if let Some(mood) = self.moods().shared() {
            return mood.answer(target, request);
        }
        let path = target.split('?').next().unwrap_or_default();
        let parts: Vec<String> = path.split('/').skip(1).map(unescape).collect();
        let part = |n: usize| parts.get(n).map_or("", String::as_str);
        let is_range = path.ends_with("_range");
        match part(0) {
            "version" => Answer::json(200, &json!({ "major": "1", "minor": "34" })),
            "example.json" => Answer::json(200, &json!({ "message": "It worked!" })),
            "resolve" => Answer::json(200, &json!({ "Status": 0 })),
            "json" => Answer::text(unescape(path.strip_prefix("/json/").unwrap_or_default())),
            "text" => Answer::text(unescape(path.strip_prefix("/text/").unwrap_or_default())),
            "seq" => {
                let values: Vec<&str> = parts.iter().skip(2).map(String::as_str).collect();
                let value = self.next(&format!("seq/{}", part(1)), &values);
                match value.strip_prefix("code:").and_then(|code| code.parse().ok()) {
                    Some(code) => Answer::json(code, &json!({ "error": value })),
                    None => Answer::json(200, &json!({ "value": number(value) })),
                }
            }
            "code" => {
                let code = part(1).parse().unwrap_or(500);
                Answer::json(code, &json!({ "error": code }))
            }
            "slow" => {
                let after = part(1).parse().ok().and_then(|s| Duration::try_from_secs_f64(s).ok()).unwrap_or_default();
                Answer { after: Some(after), ..Answer::json(200, &json!({ "value": 1 })) }
            }
            "mood" => {
                let mood = self.moods().of(part(1));
                mood.answer(target, request)
            }
            "echo" => Answer::json(200, &echo(target, request)),
            "prom" => prometheus(part(1), is_range),
            "promseq" => {
                let values: Vec<&str> = part(2).split(',').collect();
                prometheus(self.next(&format!("promseq/{}", part(1)), &values), is_range)
            }
            "reset" => {
                self.sequences.lock().unwrap_or_else(PoisonError::into_inner).clear();
                Answer::json(200, &json!({ "ok": true }))
            }
            _ => Answer::json(200, &json!({ "ok": true })),
        }
    }

    /// The next value of a sequence.
    fn next<'a>(&self, key: &str, values: &[&'a str]) -> &'a str {
        let value = |at: usize| values.get(at).or(values.last()).copied().unwrap_or_default();
        if let Some(record) = &self.record {
            return value(record.measured(key));
        }
        let mut sequences = self.sequences.lock().unwrap_or_else(PoisonError::into_inner);
        let at = sequences.entry(key.to_owned()).or_default();
        *at += 1;
        value(*at - 1)
    }
}

/// JSON where it is, else a text.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

fn echo(target: &str, request: &Request) -> Value {
    let mut headers: Map<String, Value> = Map::from_iter([("Host".to_owned(), ADDRESS.into())]);
    headers.extend(request.headers.iter().map(|(name, value)| (name.clone(), value.clone().into())));
    let body = String::from_utf8_lossy(request.body.as_deref().unwrap_or_default());
    json!({ "method": request.method, "path": target, "headers": headers, "body": body })
}

fn prometheus(value: &str, is_range: bool) -> Answer {
    let data = match value.split_once(':') {
        _ if value == "error" => {
            let error = "expanding series: boom";
            return Answer::json(422, &json!({ "status": "error", "errorType": "execution", "error": error }));
        }
        Some((kind @ ("scalar" | "string"), value)) => json!({ "resultType": kind, "result": [SAMPLED_AT, value] }),
        _ => {
            let values = value.split(',').filter(|_| value != "empty").map(|v| if v == "nan" { "NaN" } else { v });
            let series = values.enumerate().map(|(i, value)| {
                let metric = json!({ "i": i.to_string() });
                match is_range {
                    true => {
                        json!({ "metric": metric, "values": [[SAMPLED_AT, value], [SAMPLED_AT + 60, value]] })
                    }
                    false => json!({ "metric": metric, "value": [SAMPLED_AT, value] }),
                }
            });
            let kind = if is_range { "matrix" } else { "vector" };
            json!({ "resultType": kind, "result": series.collect::<Vec<Value>>() })
        }
    };
    Answer::json(200, &json!({ "status": "success", "data": data }))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn get(source: &MetricsSource, path: &str) -> String {
        let request = Request::new("GET", format!("http://{ADDRESS}{path}"), Duration::from_secs(60));
        match source.send(request).await {
            Ok(answer) => format!("{} {}", answer.status, answer.text()),
            Err(error) => error.to_string(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn answers() {
        let source = MetricsSource::default();
        for (path, answer) in [
            ("/version", r#"200 {"major":"1","minor":"34"}"#),
            ("/json/%7B%22a%22:%221+1/2%22%7D?q=1", r#"200 {"a":"1+1/2"}"#),
            ("/seq/k/1/code:500/x", r#"200 {"value":1}"#),
            ("/seq/k/1/code:500/x", r#"500 {"error":"code:500"}"#),
            ("/seq/k/1/code:500/x", r#"200 {"value":"x"}"#),
            ("/seq/k/1/code:500/x", r#"200 {"value":"x"}"#),
            ("/code/404", r#"404 {"error":404}"#),
            ("/slow/30", r#"200 {"value":1}"#),
            ("/mood/m", r#"200 {"value":1}"#),
            (
                "/prom/nan/api/v1/query",
                r#"200 {"data":{"result":[{"metric":{"i":"0"},"value":[1700000000,"NaN"]}],"resultType":"vector"},"status":"success"}"#,
            ),
            ("/prom/empty/api/v1/query", r#"200 {"data":{"result":[],"resultType":"vector"},"status":"success"}"#),
            (
                "/promseq/k/scalar:2/api/v1/query",
                r#"200 {"data":{"result":[1700000000,"2"],"resultType":"scalar"},"status":"success"}"#,
            ),
        ] {
            assert_eq!(get(&source, path).await, answer, "{path}");
        }
        let elsewhere = Request::new("GET", "http://127.0.0.1:1/", Duration::from_secs(60));
        let error = source.send(elsewhere).await.expect_err("nobody listens").to_string();
        assert_eq!(error, "Get \"http://127.0.0.1:1/\": dial tcp 127.0.0.1:1: connect: connection refused");
    }
}
