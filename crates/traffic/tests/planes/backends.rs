//! Pods: servers that answer their name.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// What Envoy puts behind the host of a copy.
const SHADOW: &str = "-shadow";

/// Servers by their names.
pub struct Backends {
    pub addresses: BTreeMap<String, SocketAddr>,
    copies: Arc<Mutex<BTreeMap<String, usize>>>,
}

impl Backends {
    /// One server for each name, until the runtime ends.
    pub async fn start(names: &[&str]) -> Backends {
        let mut backends = Backends { addresses: BTreeMap::new(), copies: Arc::default() };
        for name in names {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            backends.addresses.insert((*name).into(), listener.local_addr().expect("an address"));
            tokio::spawn(serve(listener, (*name).into(), backends.copies.clone()));
        }
        backends
    }

    /// How many copies the server has got since the last call.
    pub fn take_copies(&self, name: &str) -> usize {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner).remove(name).unwrap_or(0)
    }
}

async fn serve(listener: TcpListener, name: String, copies: Arc<Mutex<BTreeMap<String, usize>>>) {
    while let Ok((socket, _)) = listener.accept().await {
        let (name, copies) = (name.clone(), copies.clone());
        tokio::spawn(async move {
            let mut socket = BufReader::new(socket);
            while let Some(host) = host(&mut socket).await {
                let is_copy = host.ends_with(SHADOW);
                if is_copy {
                    *copies.lock().unwrap_or_else(PoisonError::into_inner).entry(name.clone()).or_default() += 1;
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

/// The host of the next request, which has no body; `None` at the end.
async fn host(socket: &mut BufReader<TcpStream>) -> Option<String> {
    let mut host = String::new();
    loop {
        let mut line = String::new();
        if socket.read_line(&mut line).await.ok()? == 0 {
            return None;
        }
        match line.trim_end().split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("host") => host = value.trim().into(),
            _ if line.trim_end().is_empty() => return Some(host),
            _ => {}
        }
    }
}
