//! What operators put before a server that is to be reached over TLS alone: it ends TLS, and passes
//! on what is in it.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::CertificateDer;

/// Before one server. Gone when dropped, with all its connections.
pub(super) struct Front {
    address: SocketAddr,
    presents: watch::Sender<Arc<ServerConfig>>,
    callers: Callers,
}

/// The certificates of those who came.
type Callers = Arc<Mutex<Vec<CertificateDer<'static>>>>;

impl Front {
    /// Listens on a port of its own, before the server at `HOST:PORT`.
    pub(super) async fn start(server: String, config: ServerConfig) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = listener.expect("there are ports");
        let address = listener.local_addr().expect("it is bound");
        let (presents, presented) = watch::channel(Arc::new(config));
        let callers = Callers::default();
        tokio::spawn(accept(listener, server, presented, Arc::clone(&callers)));
        Self {
            address,
            presents,
            callers,
        }
    }

    /// `https://HOST:PORT`.
    pub(super) fn address(&self) -> String {
        format!("https://{}", self.address)
    }

    /// From now on it is this one. All connections that there are break.
    pub(super) fn present(&self, config: ServerConfig) {
        self.presents.send_replace(Arc::new(config));
    }

    /// The certificates of those who have come so far, one for each connection.
    pub(super) fn callers(&self) -> Vec<CertificateDer<'static>> {
        let callers = self.callers.lock();
        callers.unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn accept(
    listener: TcpListener,
    server: String,
    mut presented: watch::Receiver<Arc<ServerConfig>>,
    callers: Callers,
) {
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                let (server, callers) = (server.clone(), Arc::clone(&callers));
                let mut broken = presented.clone();
                let config = Arc::clone(&broken.borrow_and_update());
                tokio::spawn(async move {
                    tokio::select! {
                        () = pass_on(client, server, config, callers) => {}
                        _ = broken.changed() => {}
                    }
                });
            }
            changed = presented.changed() => {
                if changed.is_err() {
                    return;
                }
            }
        }
    }
}

/// Until either side is done.
async fn pass_on(client: TcpStream, server: String, config: Arc<ServerConfig>, callers: Callers) {
    let Ok(mut client) = TlsAcceptor::from(config).accept(client).await else {
        return; // the client does not like the certificate
    };
    let shown = client.get_ref().1.peer_certificates();
    if let Some([certificate, ..]) = shown {
        let mut callers = callers.lock().unwrap_or_else(PoisonError::into_inner);
        callers.push(certificate.clone().into_owned());
    }
    let Ok(mut server) = TcpStream::connect(server).await else {
        return;
    };
    // Either may break off: that is for those at the ends to see.
    let _ = copy_bidirectional(&mut client, &mut server).await;
}
