//! The block above the tree.

use super::Paint;
use rollouts_view::{ExperimentInfo, Image, RolloutInfo};
use std::fmt::{Display, Write as _};

/// Columns of the labels.
const LABEL_COLUMNS: usize = 17;

struct Block(String);

impl Block {
    fn line(&mut self, label: &str, value: impl Display) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.0, "{label:LABEL_COLUMNS$}{value}");
    }

    fn line_if(&mut self, label: &str, value: &str) {
        if !value.is_empty() {
            self.line(label, value);
        }
    }

    fn images(&mut self, images: &[Image], paint: Paint) {
        for (i, image) in images.iter().enumerate() {
            let label = if i == 0 { "Images:" } else { "" };
            if image.tags.is_empty() {
                self.line(label, &image.image);
            } else {
                self.line(label, format_args!("{} ({})", image.image, paint.tags(&image.tags, ", ")));
            }
        }
    }
}

pub(crate) fn rollout_header(info: &RolloutInfo, paint: Paint) -> String {
    let mut block = Block(String::new());
    block.line("Name:", &info.name);
    block.line("Namespace:", &info.namespace);
    block.line("Status:", paint.status(info.icon, &info.phase.name));
    block.line_if("Message:", &info.phase.message);
    block.line("Strategy:", info.strategy);
    if let Some(weights) = &info.weights {
        block.line("  Step:", weights.step.as_deref().unwrap_or(""));
        block.line("  SetWeight:", weights.set);
        block.line("  ActualWeight:", weights.actual);
    }
    block.images(&info.images(), paint);
    block.0.push_str("Replicas:\n");
    block.line("  Desired:", info.desired);
    block.line("  Current:", info.current);
    block.line("  Updated:", info.updated);
    block.line("  Ready:", info.ready);
    block.line("  Available:", info.available);
    block.0
}

pub(crate) fn experiment_header(info: &ExperimentInfo, paint: Paint) -> String {
    let mut block = Block(String::new());
    block.line("Name:", &info.name);
    block.line("Namespace:", &info.namespace);
    block.line("Status:", paint.status(info.icon, &info.status));
    block.line_if("Message:", &info.message);
    block.images(&info.images(), paint);
    block.0
}
