//! An explanation: one sentence, then what a person needs to know, the most urgent first.

use super::Paint;
use rollouts_view::explain::{Explanation, Moment, Version};
use rollouts_view::{Colour, table};

/// Columns before the lines of a block.
const INDENT: &str = "  ";

struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    fn block(&mut self, title: &str, lines: &[String]) {
        if lines.is_empty() {
            return;
        }
        self.text.push('\n');
        self.text.push_str(&self.paint.strong(title));
        self.text.push('\n');
        for line in lines {
            self.text.push_str(INDENT);
            self.text.push_str(line.trim_end());
            self.text.push('\n');
        }
    }
}

pub(crate) fn explanation(e: &Explanation, paint: Paint) -> String {
    let mut page = Page { text: format!("{} {}\n", paint.icon(e.icon), paint.strong(&e.headline)), paint };
    page.block("Versions:", &rows(e.versions.iter().map(|v| version(v, paint))));
    page.block("Why:", &why(e, paint));
    page.block("Waits for:", &e.waits_for);
    let intents = e
        .about_to
        .iter()
        .map(|i| if i.why.is_empty() { i.what.clone() } else { format!("{}, because {}", i.what, i.why) });
    let title = if e.is_attended { "About to:" } else { "Left undone:" };
    page.block(title, &intents.collect::<Vec<_>>());
    page.block("Next:", &rows(e.next.iter().map(|moment| next(e, moment))));
    let commands = e.commands.iter().map(|c| vec![paint.colour(Colour::Blue, &c.command), c.effect.clone()]);
    page.block("You can:", &rows(commands));
    page.block("Could not look at:", &e.unseen.iter().map(|u| format!("{}: {}", u.what, u.why)).collect::<Vec<_>>());
    if e.plan.is_none() && !e.unseen.is_empty() {
        page.text.push_str("\nWhat the controller will do next cannot be told without these.\n");
    }
    page.text
}

fn rows(rows: impl Iterator<Item = Vec<String>>) -> Vec<String> {
    table::layout(&rows.collect::<Vec<_>>()).lines().map(str::to_owned).collect()
}

fn version(v: &Version, paint: Paint) -> Vec<String> {
    let colour = |role: &&str| if *role == "stable" { Colour::Green } else { Colour::Yellow };
    let mut roles: Vec<String> = v.roles.iter().map(|role| paint.colour(colour(role), role)).collect();
    if roles.is_empty() {
        roles.push("earlier".into());
    }
    let mut does = vec![match (v.desired, v.pods) {
        (0, 0) => "no pods".to_owned(),
        (0, going) => format!("{going} pods are going"),
        (desired, pods) if pods > desired => {
            format!("{} of {desired} pods available, {} to go", v.available, pods - desired)
        }
        (desired, _) => format!("{} of {desired} pods available", v.available),
    }];
    does.extend(v.weight.map(|weight| format!("{weight}% of the traffic")));
    if v.active {
        does.push("its users are here".into());
    }
    vec![roles.join(", "), format!("revision {}", v.revision), v.images.join(", "), does.join(", ")]
}

fn why(e: &Explanation, paint: Paint) -> Vec<String> {
    let lines = e.why.iter().flat_map(|finding| {
        let first = format!("{} {}", paint.icon(finding.icon), finding.text);
        let about = (!finding.about.is_empty()).then_some(&finding.about);
        let more = about.into_iter().chain(&finding.details).map(|line| format!("    {line}"));
        std::iter::once(first).chain(more.collect::<Vec<_>>())
    });
    lines.collect()
}

fn next(e: &Explanation, moment: &Moment) -> Vec<String> {
    match moment.at {
        Some(at) => vec![rollouts_view::explain::clock(at, e.now), moment.what.clone()],
        None => vec![moment.what.clone()],
    }
}
