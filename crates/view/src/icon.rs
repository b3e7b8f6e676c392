//! Signs and colours. A sign never carries meaning by its colour alone.

/// An SGR colour code of ECMA-48, as terminals understand it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colour {
    /// No colour.
    Plain,
    /// Bad.
    Red,
    /// Good.
    Green,
    /// Waiting or new.
    Yellow,
    /// Under way.
    Blue,
}

impl Colour {
    /// The number between `ESC[` and `m`.
    pub fn sgr(self) -> u8 {
        match self {
            Colour::Plain => 0,
            Colour::Red => 31,
            Colour::Green => 32,
            Colour::Yellow => 33,
            Colour::Blue => 94,
        }
    }
}

/// What a status means, as a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Has not begun.
    Waiting,
    /// Under way.
    Progressing,
    /// Something is wrong that may yet be put right.
    Warning,
    /// Cannot be told.
    Unknown,
    /// All is well.
    Ok,
    /// Failed.
    Bad,
    /// Waits for a person or a timer.
    Paused,
    /// Neither good nor bad.
    Neutral,
    /// A status without a sign.
    Blank,
}

impl Icon {
    /// The sign.
    pub fn glyph(self) -> &'static str {
        match self {
            Icon::Waiting => "◷",
            Icon::Progressing => "◌",
            Icon::Warning => "⚠",
            Icon::Unknown => "?",
            Icon::Ok => "✔",
            Icon::Bad => "✖",
            Icon::Paused => "॥",
            Icon::Neutral => "•",
            Icon::Blank => " ",
        }
    }

    /// The colour that goes with it.
    pub fn colour(self) -> Colour {
        match self {
            Icon::Waiting | Icon::Unknown => Colour::Yellow,
            Icon::Progressing => Colour::Blue,
            Icon::Warning | Icon::Bad => Colour::Red,
            Icon::Ok => Colour::Green,
            Icon::Paused | Icon::Neutral | Icon::Blank => Colour::Plain,
        }
    }

    /// Of a Rollout's phase.
    pub fn of_rollout(phase: &str) -> Icon {
        match phase {
            "Progressing" => Icon::Progressing,
            "Error" | "InvalidSpec" => Icon::Warning,
            "Paused" => Icon::Paused,
            "Healthy" => Icon::Ok,
            "Degraded" => Icon::Bad,
            "Unknown" => Icon::Unknown,
            "ScaledDown" => Icon::Neutral,
            _ => Icon::Blank,
        }
    }

    /// Of the phase of an AnalysisRun, a measurement or an Experiment.
    pub fn of_analysis(phase: &str) -> Icon {
        match phase {
            "Successful" => Icon::Ok,
            "Inconclusive" => Icon::Unknown,
            "Failed" => Icon::Bad,
            "Error" => Icon::Warning,
            "Running" => Icon::Progressing,
            "Pending" => Icon::Waiting,
            _ => Icon::Blank,
        }
    }

    /// Of a ReplicaSet's status.
    pub fn of_replica_set(status: &str) -> Icon {
        match status {
            "Healthy" => Icon::Ok,
            "ScaledDown" => Icon::Neutral,
            "ReplicaFailure" => Icon::Bad,
            _ => Icon::Progressing,
        }
    }

    /// Of a pod's status, in `kubectl get pods`' words.
    pub fn of_pod(status: &str) -> Icon {
        match status {
            s if s.starts_with("Init:") => Icon::Progressing,
            s if s.starts_with("Signal:") || s.starts_with("ExitCode:") => Icon::Bad,
            s if s.ends_with("Error") || s.starts_with("Err") => Icon::Warning,
            "Pending" | "Terminating" | "ContainerCreating" => Icon::Progressing,
            "Running" | "Completed" => Icon::Ok,
            "Failed" | "InvalidImageName" | "CrashLoopBackOff" => Icon::Bad,
            "ImagePullBackOff" | "RegistryUnavailable" => Icon::Warning,
            "Unknown" => Icon::Unknown,
            _ => Icon::Blank,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods() {
        for (status, icon) in [
            ("Init:0/2", Icon::Progressing),
            ("Init:Error", Icon::Progressing),
            ("ExitCode:3", Icon::Bad),
            ("Error", Icon::Warning),
            ("ErrImagePull", Icon::Warning),
            ("CreateContainerConfigError", Icon::Warning),
            ("ImagePullBackOff", Icon::Warning),
            ("CrashLoopBackOff", Icon::Bad),
            ("Terminating", Icon::Progressing),
            ("Evicted", Icon::Blank),
        ] {
            assert_eq!(Icon::of_pod(status), icon, "{status}");
        }
    }
}
