//! `lint`: manifests before they reach a cluster. The checks are `rollouts_lint`'s; this reads files and prints.

mod files;

use super::Action;
use crate::cobra::{Arguments, Command, Flag, Values};
use crate::context::Context;
use crate::failure::{Failure, Result};
use rollouts_lint::{Report, Settings, Severity, report, rules};

pub(super) fn command() -> Command<Action> {
    Command::new("lint", "Check manifests before they reach a cluster", Arguments::Any, Action::Lint)
        .long(
            "Checks Rollouts, AnalysisTemplates, AnalysisRuns and Experiments, with the objects they refer to, as the\n\
             controller would, and warns of what is legal but mostly a mistake. No cluster is asked. Other objects are\n\
             passed over, so the output of helm template or kustomize build can be checked as it is.\n\n\
             Errors make it fail; warnings do not, unless --warnings=error is given. Each finding ends in the id of its\n\
             rule; docs/lint.md has the reason and the remedy.",
        )
        .example(
            "  # Check a file\n  kubectl argo rollouts lint -f my-rollout.yaml\n\n  \
             # Check files, and directories with all that is in them, together\n  \
             kubectl argo rollouts lint -f deploy/ -f services.yaml\n\n  \
             # Check what a chart or a kustomization makes\n  helm template shop ./chart | kubectl argo rollouts lint -f -\n  \
             kubectl kustomize overlays/prod | kubectl argo rollouts lint -f -\n\n  \
             # Annotate a pull request on GitHub, and fail at warnings, too\n  \
             kubectl argo rollouts lint -f deploy/ -o github --warnings=error\n\n  \
             # Do without one of the warnings\n  kubectl argo rollouts lint -f deploy/ --ignore no-readiness-probe",
        )
        .flag(Flag::list("filename", &[], "File or directory to check, - for standard input; may be repeated").short('f'))
        .flag(
            Flag::list("ignore", &[], "Id of a warning that is not wanted; may be repeated").values(Values::Words(rules::WARNING_IDS)),
        )
        .flag(
            Flag::text("output", "text", "How to print: text, json, github or sarif")
                .short('o')
                .values(Values::Words(&["text", "json", "github", "sarif"])),
        )
        .flag(
            Flag::text("warnings", "on", "What to make of warnings: on, off or error")
                .values(Values::Words(&["on", "off", "error"])),
        )
        .required("filename")
}

/// What becomes of warnings.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Warnings {
    On,
    Off,
    Error,
}

type Format = fn(&Report, &str) -> String;

pub(super) fn run(context: &mut Context<'_>) -> Result {
    let warnings = match context.matches.text("warnings") {
        "on" => Warnings::On,
        "off" => Warnings::Off,
        "error" => Warnings::Error,
        other => return Err(format!("--warnings must be on, off or error, not {other:?}").into()),
    };
    let format: Option<Format> = match context.matches.text("output") {
        "text" => None,
        "json" => Some(|found, _| report::json(found)),
        "github" => Some(|found, _| report::github(found)),
        "sarif" => Some(report::sarif),
        other => return Err(format!("--output must be text, json, github or sarif, not {other:?}").into()),
    };
    let settings = settings(context)?;
    let files = files::read(context, context.matches.list("filename"))?;
    let mut found = rollouts_lint::check(&files, &settings);
    if warnings == Warnings::Off {
        found.findings.retain(|finding| finding.severity() == Severity::Error);
    }
    let (errors, warned) = (found.count(Severity::Error), found.count(Severity::Warning));
    let fails = errors > 0 || (warnings == Warnings::Error && warned > 0);
    if let Some(format) = format {
        let text = format(&found, context.build().version);
        context.print(&text)?;
        return if fails { Err(Failure::Silent) } else { Ok(()) };
    }
    let text = report::text(&found);
    // People read the lines with the places. The bare ones are for those who have always read them.
    if !context.is_tty() {
        context.print(&text.bodies)?;
    }
    context.warn(&text.lines)?;
    match text.first_error {
        Some(error) => Err(error.into()),
        None if fails => Err(format!("{warned} {}", if warned == 1 { "warning" } else { "warnings" }).into()),
        None => Ok(()),
    }
}

fn settings(context: &Context<'_>) -> Result<Settings> {
    let ignored = context.matches.list("ignore");
    for id in ignored {
        match rules::find(id) {
            None => return Err(format!("--ignore: there is no rule {id:?}").into()),
            Some(rule) if rule.severity == Severity::Error => {
                return Err(format!("--ignore: {id} is no warning but an error").into());
            }
            Some(_) => {}
        }
    }
    let namespace = context.matches.text("namespace").to_owned();
    Ok(Settings { namespace, ignored: ignored.iter().cloned().collect() })
}
