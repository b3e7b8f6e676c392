//! A real Kubernetes control plane on this machine, for the tests that memkube alone cannot settle.
//!
//! etcd, kube-apiserver and kube-controller-manager are Go programs, pinned in `go/go.mod`, built once and kept in the
//! user's cache ([`Binaries`]). [`Cluster::start`] runs them on loopback in a directory of their own, with RBAC,
//! service-account tokens and the default admission plugins; nodes are simulated by the pod actor of
//! `rollouts-actors`, so that pods behave as they do on memkube. Everything ends, and is gone, with the [`Cluster`] or
//! with the process that started it.
//!
//! ```no_run
//! # async fn test() -> Result<(), Box<dyn std::error::Error>> {
//! let Some(binaries) = rollouts_cluster::binaries_for_tests() else { return Ok(()) };
//! let mut cluster = rollouts_cluster::Cluster::start(&binaries, &Default::default()).await?;
//! cluster.install_crds().await?;
//! let client = cluster.client();
//! cluster.stop();
//! # Ok(())
//! # }
//! ```

mod background;
mod binaries;
mod certificates;
mod cluster;
mod process;
mod tier;

pub use background::{Running, UpError, down, serve, up};
pub use binaries::{Binaries, Unavailable};
pub use cluster::{Cluster, Options, StartError};
pub use tier::binaries_for_tests;
