//! A picture of where requests to a Rollout go: a thousand of them, made up, follow what the objects of its routers say to
//! Services and to pods that are ready. `GET /NAME`, or `GET /NAMESPACE/NAME`, is one picture in text; `GET /live/NAME` goes
//! on drawing it, and `GET /` lists the Rollouts that have one.

mod draw;
mod flow;
mod look;
mod requests;
#[cfg(test)]
mod tests;

use crate::http::{self, Answer, Reply};
use ::http::Request;
use futures::{StreamExt, stream};
use hyper::body::Incoming;
use look::Unseen;
use rollouts_kube::Rest;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::net::TcpListener;

/// From one picture to the next.
const INTERVAL: Duration = Duration::from_secs(1);
/// Takes a terminal's cursor to its top.
const TOP: &str = "\x1b[H";
/// Clears a line of a terminal, after what was written there.
const REST_OF_LINE: &str = "\x1b[K";
/// Clears a terminal, below what was written.
const REST: &str = "\x1b[J";

/// A painter that listens, but answers nobody yet.
pub struct Painter {
    listener: TcpListener,
    /// Where it listens.
    pub address: SocketAddr,
}

impl Painter {
    /// On this port of this machine alone, or on any if it is not free.
    pub async fn bind(port: u16) -> std::io::Result<Self> {
        let listener = match TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            Ok(listener) => listener,
            Err(_) => TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?,
        };
        Ok(Painter { address: listener.local_addr()?, listener })
    }

    /// Answers for as long as it is polled.
    pub async fn serve(self, rest: Rest) {
        let answering = move |request: Request<Incoming>| reply(request.uri().path().to_owned(), rest.clone());
        http::accept(self.listener, answering).await;
    }
}

async fn reply(path: String, rest: Rest) -> Reply {
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let (is_live, whose) = match parts.as_slice() {
        ["live", whose @ ..] if !whose.is_empty() => (true, whose),
        whose => (false, whose),
    };
    let (namespace, name) = match whose {
        [name] => ("default", *name),
        [namespace, name] => (*namespace, *name),
        [] => {
            return look::names(&rest).await.map_or_else(unseen, |names| Answer::ok(list(&names))).into();
        }
        _ => return Answer::not_found().into(),
    };
    let first = picture(&rest, namespace, name).await;
    if !is_live || matches!(first, Err(Unseen::Missing(_))) {
        return first.map_or_else(unseen, Answer::ok).into();
    }
    let whose = (rest, namespace.to_owned(), name.to_owned());
    let frames = stream::unfold(None, move |before: Option<()>| {
        let (rest, namespace, name) = whose.clone();
        async move {
            if before.is_some() {
                tokio::time::sleep(INTERVAL).await;
            }
            let (Ok(picture) | Err(Unseen::Missing(picture) | Unseen::Unavailable(picture))) =
                picture(&rest, &namespace, &name).await;
            let lines = picture.replace('\n', &format!("{REST_OF_LINE}\n"));
            Some((format!("{TOP}{lines}{REST}"), Some(())))
        }
    });
    Reply::Live(frames.boxed())
}

fn unseen(why: Unseen) -> Answer {
    match why {
        Unseen::Missing(what) => Answer::missing(what),
        Unseen::Unavailable(reason) => Answer::unavailable(reason),
    }
}

/// Which pictures there are.
fn list(names: &[String]) -> String {
    let pictures = names.iter().map(|name| format!("/{name}\n/live/{name}\n"));
    format!("Pictures of where requests go, once, and drawn anew every second:\n\n{}", pictures.collect::<String>())
}

/// The picture, or why there is none.
async fn picture(rest: &Rest, namespace: &str, name: &str) -> Result<String, Unseen> {
    let scene = look::look(rest, namespace, name).await?;
    Ok(draw::draw(&scene.rollout, &flow::flows(&scene)))
}
