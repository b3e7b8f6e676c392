//! Pods: servers that answer their name.

use crate::client::DICE;
use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What Envoy puts behind the host of a copy.
const SHADOW: &str = "-shadow";

/// The dice of the copies that each server has got.
type Copies = Arc<Mutex<BTreeMap<String, Vec<u64>>>>;

/// The names of the headers that anything came with, in lower case.
type Headers = Arc<Mutex<BTreeSet<String>>>;

/// Servers by their names.
pub struct Backends {
    pub addresses: BTreeMap<String, SocketAddr>,
    copies: Copies,
    headers: Headers,
}

impl Backends {
    /// One server for each name, until the runtime ends.
    pub async fn start(names: &[&str]) -> Backends {
        let mut backends = Backends { addresses: BTreeMap::new(), copies: Arc::default(), headers: Arc::default() };
        for name in names {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            backends.addresses.insert((*name).into(), listener.local_addr().expect("an address"));
            tokio::spawn(serve(listener, (*name).into(), backends.copies.clone(), backends.headers.clone()));
        }
        backends
    }

    /// How many copies the server has got of the requests with these dice.
    pub fn copies(&self, name: &str, dice: &BTreeSet<u64>) -> usize {
        let copies = self.copies.lock().unwrap_or_else(PoisonError::into_inner);
        copies.get(name).map_or(0, |copies| copies.iter().filter(|copy| dice.contains(copy)).count())
    }

    /// Whether a header of this name, in lower case, has come through to any server.
    pub fn has_seen(&self, header: &str) -> bool {
        self.headers.lock().unwrap_or_else(PoisonError::into_inner).contains(header)
    }
}

async fn serve(listener: TcpListener, name: String, copies: Copies, headers: Headers) {
    while let Ok((socket, _)) = listener.accept().await {
        let (name, copies, headers) = (name.clone(), copies.clone(), headers.clone());
        tokio::spawn(async move {
            let mut socket = BufReader::new(socket);
            while let Some((host, dice)) = head(&mut socket, &headers).await {
                let is_copy = host.ends_with(SHADOW);
                if is_copy {
                    let mut copies = copies.lock().unwrap_or_else(PoisonError::into_inner);
                    copies.entry(name.clone()).or_default().push(dice);
                }
                // Nobody may ever see this of a copy.
                let body = if is_copy { format!("{name} to a copy") } else { name.clone() };
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
                if socket.write_all((head + &body).as_bytes()).await.is_err() {
                    return;
                }
            }
        });
    }
}

/// The host and the dice of the next request, which has no body; `None` at the end.
async fn head(socket: &mut BufReader<TcpStream>, headers: &Headers) -> Option<(String, u64)> {
    let (mut host, mut dice) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        if let Some((name, _)) = line.split_once(':') {
            headers.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_ascii_lowercase());
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("host") => host = value.trim().into(),
            Some((name, value)) if name.eq_ignore_ascii_case(DICE) => dice = value.trim().parse().ok()?,
            _ if line.trim_end().is_empty() => return Some((host, dice)),
            _ => {}
        }
    }
}
