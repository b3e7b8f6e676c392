//! Serves an empty cluster on loopback: `serve [ADDRESS [KUBECONFIG]]`.

use rollouts_api::Clock;
use rollouts_memkube::{Config, Server, Tls};
use std::error::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let address = args.next().unwrap_or_else(|| "127.0.0.1:0".into());
    let path = args.next().unwrap_or_else(|| "memkube.kubeconfig".into());
    #[expect(clippy::disallowed_methods, reason = "an edge: the machine's clock enters here")]
    let server = Server::new(Config::new(Clock::new(jiff::Timestamp::now)));
    let listener = tokio::net::TcpListener::bind(&address).await?;
    let address = listener.local_addr()?;
    let tls = Tls::self_signed(&[address.ip()])?;
    std::fs::write(&path, server.kubeconfig(address, &tls))?;
    #[expect(clippy::print_stdout, reason = "the example talks to a person")]
    {
        println!("serving on https://{address}; export KUBECONFIG={path}");
    }
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    Ok(server.serve_https(listener, tls, stop).await?)
}
