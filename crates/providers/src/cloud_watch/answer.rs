//! What CloudWatch answers.

use crate::http::Response;
use crate::reading::Failure;
use jiff::Timestamp;
use rollouts_expr::{Message, MetricData};
use serde::Deserialize;

/// One page.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Page {
    metric_data_results: Option<Vec<Piece>>,
    messages: Option<Vec<Text>>,
    next_token: Option<String>,
}

/// What a page has of one metric; other pages may have more of it.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Piece {
    id: Option<String>,
    label: Option<String>,
    messages: Option<Vec<Text>>,
    status_code: Option<String>,
    /// Seconds since 1970.
    timestamps: Option<Vec<f64>>,
    values: Option<Vec<f64>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Text {
    code: Option<String>,
    value: Option<String>,
}

impl From<Text> for Message {
    fn from(Text { code, value }: Text) -> Self {
        Message { code, value }
    }
}

/// All pages so far.
#[derive(Default)]
pub(super) struct Results {
    data: Vec<MetricData>,
    messages: Vec<String>,
}

impl Results {
    /// Adds a page; where the next one is.
    pub fn add(&mut self, page: Page) -> Option<String> {
        for piece in page.metric_data_results.unwrap_or_default() {
            let same = |data: &&mut MetricData| data.id == piece.id && data.label == piece.label;
            match self.data.iter_mut().find(same) {
                Some(data) => extend(data, piece),
                None => {
                    let mut data =
                        MetricData { id: piece.id.clone(), label: piece.label.clone(), ..MetricData::default() };
                    extend(&mut data, piece);
                    self.data.push(data);
                }
            }
        }
        for Text { code, value } in page.messages.unwrap_or_default() {
            self.messages.push(format!("{}: {}", code.unwrap_or_default(), value.unwrap_or_default()));
        }
        page.next_token.filter(|token| !token.is_empty())
    }

    /// The data, and what the service says of all of it.
    pub fn into_parts(self) -> (Vec<MetricData>, String) {
        (self.data, self.messages.join(", "))
    }
}

fn extend(data: &mut MetricData, piece: Piece) {
    data.messages.extend(piece.messages.unwrap_or_default().into_iter().map(Message::from));
    if let Some(status) = piece.status_code {
        data.status_code = status;
    }
    let times = piece.timestamps.unwrap_or_default().into_iter();
    // A time that is none is as far away as a time can be.
    data.timestamps.extend(times.map(|seconds| Timestamp::from_second(seconds as i64).unwrap_or(Timestamp::MIN)));
    data.values.extend(piece.values.unwrap_or_default());
}

/// A refusal of AWS.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Refusal {
    #[serde(rename = "__type")]
    kind: String,
    #[serde(alias = "Message")]
    message: String,
}

/// Why there is no answer.
pub(super) fn refusal(response: &Response) -> Failure {
    let code = response.status;
    let said = match serde_json::from_slice::<Refusal>(&response.body) {
        Ok(Refusal { kind, message }) if !kind.is_empty() => {
            format!("{}: {message}", kind.rsplit('#').next().unwrap_or(&kind))
        }
        _ => response.text(),
    };
    Failure::new(format!("operation error CloudWatch: GetMetricData, StatusCode: {code}, {said}"))
}
