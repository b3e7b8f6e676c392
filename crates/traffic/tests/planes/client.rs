//! Requests as they go through a data plane.

use rollouts_testing::servers::Server;
use rollouts_traffic::evaluate::Request;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How often a server that starts is tried, and how long after the time before.
const STARTING: (usize, Duration) = (600, Duration::from_millis(50));

/// The header that decides for a data plane what is left to chance.
pub const DICE: &str = "dice";

/// A request of a text such as `GET a.example/path?q=1 | x-tier: beta | cookie: a=1; b=2`.
pub fn request(text: &str) -> Request {
    let mut parts = text.split(" | ");
    let (method, url) = parts.next().and_then(|line| line.split_once(' ')).expect("a method and a URL");
    let (url, query) = url.split_once('?').unwrap_or((url, ""));
    let (host, path) = url.split_once('/').expect("a host and a path");
    let pairs = |text: &str, between: &str| -> Vec<(String, String)> {
        let pairs = text.split(between).filter_map(|pair| pair.split_once('='));
        pairs.map(|(name, value)| (name.into(), value.into())).collect()
    };
    let mut request = Request {
        method: method.into(),
        host: host.into(),
        path: format!("/{path}"),
        query: pairs(query, "&"),
        ..Request::default()
    };
    for (name, value) in parts.filter_map(|line| line.split_once(": ")) {
        match name {
            "cookie" => request.cookies = pairs(value, "; "),
            _ => request.headers.push((name.into(), value.into())),
        }
    }
    request
}

/// A connection.
pub struct Client(BufReader<TcpStream>);

impl Client {
    /// Waits until the server has started.
    pub async fn connect(server: &mut Server) -> Client {
        let (tries, pause) = STARTING;
        for _ in 0..tries {
            if let Ok(client) = Self::to(server.address).await {
                return client;
            }
            assert!(server.is_running(), "it has ended: {}", server.log());
            tokio::time::sleep(pause).await;
        }
        panic!("nobody listens: {}", server.log());
    }

    async fn to(address: SocketAddr) -> std::io::Result<Client> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Client(BufReader::new(stream)))
    }

    /// The name of who answers; "" when nobody does. Without dice the data plane uses its own.
    pub async fn ask(&mut self, request: &Request, dice: Option<u64>) -> String {
        self.0.write_all(text(request, dice).as_bytes()).await.expect("it listens");
        let mut line = String::new();
        self.0.read_line(&mut line).await.expect("it answers");
        let is_ok = line.starts_with("HTTP/1.1 200 ");
        let mut length = 0;
        while !line.trim_end().is_empty() {
            line.clear();
            self.0.read_line(&mut line).await.expect("it goes on");
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await.expect("a body");
        if is_ok { String::from_utf8(body).expect("a name") } else { String::new() }
    }
}

fn text(request: &Request, dice: Option<u64>) -> String {
    let pairs = |pairs: &[(String, String)], between: &str| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(between)
    };
    let query = if request.query.is_empty() { String::new() } else { format!("?{}", pairs(&request.query, "&")) };
    let mut text = format!("{} {}{query} HTTP/1.1\r\nHost: {}\r\n", request.method, request.path, request.host);
    for (name, value) in &request.headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !request.cookies.is_empty() {
        text.push_str(&format!("Cookie: {}\r\n", pairs(&request.cookies, "; ")));
    }
    if let Some(dice) = dice {
        text.push_str(&format!("{DICE}: {dice}\r\n"));
    }
    text + "\r\n"
}
