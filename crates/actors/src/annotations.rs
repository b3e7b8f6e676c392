//! Annotations that script what the simulated nodes do, for demonstrations, tests and simulation.
//!
//! Durations are Go's or a number of seconds: `1500ms`, `30s`, `1m30s`, `45`.
//!
//! | annotation, on a pod (template) | effect |
//! |---|---|
//! | [`NEVER_READY`]`: "true"` | the containers run, but never become ready |
//! | [`READY_AFTER`]`: 10s` | a slow start: containers run after the usual time and are ready this long after creation |
//! | [`CRASH_AFTER`]`: 30s` | every container exits with code 1 after running this long, and is restarted with back-off |
//! | [`LOG`]`: text` | what `kubectl logs` prints |
//!
//! | annotation, on a HorizontalPodAutoscaler | effect |
//! |---|---|
//! | [`METRIC`]`: "80"` | the current value of its metrics: average utilisation in percent where the target is one, else the average value |
//!
//! Without annotations, a pod says by its own spec what becomes of it. It is ready 1 s after its creation, plus the
//! largest `readinessProbe.initialDelaySeconds`, plus `sleep N` in a `postStart` hook. It is gone 1 s after its
//! deletion plus `sleep N` in a `preStop` hook, bounded by its grace period. An image that contains `error`,
//! `does-not-exist` or `nonexistent`, or a command whose first word contains `bad`, stays in `ErrImagePull`. A
//! command of the shell (`sh -c 'sleep 3; exit 1'`, `sleep 5`, `false`) runs as the shell would run it; anything
//! else runs for ever, except in pods that are not restarted: there it exits with code 0 at once.

/// The containers run, but never become ready.
pub const NEVER_READY: &str = "memkube.argoproj.io/never-ready";
/// Containers are ready this long after the pod's creation.
pub const READY_AFTER: &str = "memkube.argoproj.io/ready-after";
/// Containers exit with code 1 after running this long.
pub const CRASH_AFTER: &str = "memkube.argoproj.io/crash-after";
/// What `kubectl logs` prints.
pub const LOG: &str = "memkube.argoproj.io/log";
/// The current value of an autoscaler's metrics.
pub const METRIC: &str = "memkube.argoproj.io/metric";
