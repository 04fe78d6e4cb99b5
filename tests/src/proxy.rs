//! A TCP proxy whose connections a test breaks when it wants to.

use std::net::{Ipv4Addr, SocketAddr};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Passes bytes on between those who connect to it and one server. Gone when dropped, with all its
/// connections.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    /// How often the connections have been broken.
    cuts: watch::Sender<u64>,
}

impl Proxy {
    /// Listens on a port of its own, before the server at `HOST:PORT`.
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there are ports");
        let address = listener.local_addr().expect("it is bound");
        let (cuts, cut) = watch::channel(0);
        tokio::spawn(accept(listener, server, cut));
        Self { address, cuts }
    }

    /// `HOST:PORT` to connect to.
    pub fn address(&self) -> String {
        self.address.to_string()
    }

    /// Breaks all connections that there are. Those that come later are passed on again.
    pub fn cut(&self) {
        self.cuts.send_modify(|cuts| *cuts += 1);
    }
}

async fn accept(listener: TcpListener, server: String, mut cut: watch::Receiver<u64>) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                // A cut that this task has not seen yet was before the connection all the same.
                cut.mark_unchanged();
                tokio::spawn(pass_on(client, server.clone(), cut.clone()));
            }
            changed = cut.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Until either side is done, or the connections are broken.
async fn pass_on(mut client: TcpStream, server: String, mut cut: watch::Receiver<u64>) {
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        _ = cut.changed() => {}
    }
}
