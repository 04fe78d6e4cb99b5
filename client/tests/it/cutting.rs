//! A way to a server that breaks every connection after so many bytes of what the server says.

use std::net::SocketAddr;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// A proxy that cuts.
#[derive(Debug)]
pub(crate) struct Cutting {
    pub(crate) address: SocketAddr,
    cuts: watch::Receiver<u64>,
    task: tokio::task::JoinHandle<()>,
}

impl Cutting {
    /// Each connection ends after a number of bytes within the bounds, drawn by the seed.
    pub(crate) async fn start(server: SocketAddr, seed: u64, bytes: std::ops::Range<u64>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (count, cuts) = watch::channel(0);
        let task = tokio::spawn(async move {
            let mut random = StdRng::seed_from_u64(seed);
            while let Ok((client, _)) = listener.accept().await {
                let budget = random.random_range(bytes.clone());
                let count = count.clone();
                tokio::spawn(async move {
                    let to = TcpStream::connect(server).await.unwrap();
                    pass(client, to, budget).await;
                    count.send_modify(|cuts| *cuts += 1);
                });
            }
        });
        Self {
            address,
            cuts,
            task,
        }
    }

    /// How many connections it has broken.
    pub(crate) fn cuts(&self) -> u64 {
        *self.cuts.borrow()
    }
}

impl Drop for Cutting {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn pass(mut client: TcpStream, mut server: TcpStream, budget: u64) {
    let (mut from_client, mut to_client) = client.split();
    let (from_server, mut to_server) = server.split();
    let mut limited = from_server.take(budget);
    // Both are closed when either is done.
    tokio::select! {
        _ = tokio::io::copy(&mut from_client, &mut to_server) => {}
        _ = tokio::io::copy(&mut limited, &mut to_client) => {
            let _ = to_client.flush().await;
        }
    }
}
