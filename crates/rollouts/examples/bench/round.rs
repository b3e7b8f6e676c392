//! One round: a fresh controller, N Rollouts created and updated, and the quiet after it.

use crate::count::{Requests, since, writes};
use crate::load::Load;
use crate::options::Options;
use crate::process::Process;
use anyhow::Result;
use std::path::Path;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// After this long without work the controller has nothing to do and memory has settled.
const SETTLE: Duration = Duration::from_secs(5);

/// Time and cost of one phase.
pub struct Phase {
    pub healthy_after: Duration,
    pub cpu: Duration,
    pub requests: Requests,
}

/// What was measured.
pub struct Round {
    pub rollouts: usize,
    /// Resident bytes with nothing to do, before anything was created.
    pub memory_at_rest: u64,
    pub create: Phase,
    pub update: Phase,
    /// Resident bytes: the most there ever was, and at the end.
    pub memory_peak: u64,
    pub memory_end: u64,
    pub idle: Duration,
    pub idle_cpu: Duration,
    pub idle_writes: u64,
    pub restart: Restart,
}

/// A second controller that finds all Rollouts there.
pub struct Restart {
    pub cpu: Duration,
    /// Resident bytes: the most there ever was, and at the end.
    pub memory_peak: u64,
    pub memory_end: u64,
    pub requests: Requests,
}

/// The process of the API server.
pub struct Server(pub Process);

impl Server {
    /// The controller's requests so far.
    pub fn requests(&mut self) -> Result<Requests> {
        Ok(serde_json::from_str(&self.0.ask()?)?)
    }
}

pub async fn run(options: &Options, rollouts: usize) -> Result<Round> {
    let (server, kubeconfig) = Process::start_role(&["serve", options.tier.name()])?;
    let mut server = Server(server);
    let mut load = Load::new(Path::new(&kubeconfig), rollouts).await?;
    // Renewing a lease is no work on Rollouts: 30 writes a minute, however many there are.
    let mut flags: Vec<String> =
        ["controller", "--leader-elect=false", "--kubeconfig", &kubeconfig].map(Into::into).into();
    flags.extend(options.controller_flags.iter().cloned());
    let controller = Process::start(&options.controller, &flags)?;
    sleep(SETTLE).await;
    let (memory_at_rest, _) = controller.memory()?;

    let started = Mark::new(&controller, &mut server)?;
    load.create().await?;
    let create_healthy = started.at.elapsed();
    sleep(SETTLE).await;
    let created = Mark::new(&controller, &mut server)?;
    load.update().await?;
    let update_healthy = created.at.elapsed();
    settle(&mut server).await?;
    let updated = Mark::new(&controller, &mut server)?;
    sleep(Duration::from_secs(options.idle_seconds)).await;
    let idle = Mark::new(&controller, &mut server)?;
    let (memory_end, memory_peak) = controller.memory()?;
    drop(controller);
    let restart = restart(options, &flags, &mut server).await?;
    Ok(Round {
        rollouts,
        memory_at_rest,
        create: started.until(&created, create_healthy),
        update: created.until(&updated, update_healthy),
        memory_peak,
        memory_end,
        idle: idle.at - updated.at,
        idle_cpu: idle.cpu.saturating_sub(updated.cpu),
        idle_writes: writes(&since(&updated.requests, &idle.requests)),
        restart,
    })
}

async fn restart(options: &Options, flags: &[String], server: &mut Server) -> Result<Restart> {
    let before = server.requests()?;
    let controller = Process::start(&options.controller, flags)?;
    settle(server).await?;
    let (memory_end, memory_peak) = controller.memory()?;
    let requests = since(&before, &server.requests()?);
    Ok(Restart { cpu: controller.cpu()?, memory_peak, memory_end, requests })
}

/// Waits until the controller has sent its last event.
async fn settle(server: &mut Server) -> Result<()> {
    let mut before = server.requests()?;
    loop {
        sleep(SETTLE).await;
        let now = server.requests()?;
        if writes(&now) == writes(&before) {
            return Ok(());
        }
        before = now;
    }
}

struct Mark {
    at: Instant,
    cpu: Duration,
    requests: Requests,
}

impl Mark {
    fn new(controller: &Process, server: &mut Server) -> Result<Self> {
        Ok(Mark { cpu: controller.cpu()?, requests: server.requests()?, at: Instant::now() })
    }

    fn until(&self, end: &Mark, healthy_after: Duration) -> Phase {
        let requests = since(&self.requests, &end.requests);
        Phase { healthy_after, cpu: end.cpu.saturating_sub(self.cpu), requests }
    }
}
