//! The AnalysisRun as a state machine.
