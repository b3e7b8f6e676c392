//! What N Rollouts of one pod cost the controller: time, CPU, memory and requests; what N AnalysisRuns that measure
//! without end cost it; and what a command of the plugin costs beside N Rollouts. `cargo xtask bench` runs it.
//!
//! Three processes, as in life: the API server with its nodes (memkube over HTTPS, or a real one), the controller (the
//! `rollouts` binary beside this one), and this one, which is the user and the stopwatch.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "the benchmark reports to a person")]

mod analysis;
mod count;
mod load;
mod options;
mod plugin;
mod process;
mod report;
mod round;
mod serve;

use anyhow::Result;
use options::{Command, Tier};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match options::parse(&args)? {
        Command::Help => print!("{}", options::USAGE),
        Command::Serve(Tier::Memkube) => serve::memkube().await?,
        Command::Serve(Tier::Real) => serve::real().await?,
        Command::Bench(options) if options.plugin => {
            println!("{}", plugin::HEADER);
            for &rollouts in &options.rollouts {
                plugin::run(&options, rollouts).await?;
            }
        }
        Command::Bench(options) if !options.analysis.is_empty() => {
            for &runs in &options.analysis {
                println!("{runs} AnalysisRuns, every {} s", options.interval_seconds);
                analysis::run(&options, runs).await?;
            }
        }
        Command::Bench(options) => {
            println!("{}", report::HEADER);
            for &rollouts in &options.rollouts {
                for _ in 0..options.repeat {
                    let round = round::run(&options, rollouts).await?;
                    println!("{}", report::row(&round));
                    if options.details {
                        print!("{}", report::details(&round));
                    }
                }
            }
        }
    }
    Ok(())
}
