//! Serves the shop on three ports of this machine, from 7601 or from the one that is given, until Ctrl-C.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;

use checkout_example::{Addresses, serve};
use tokio::sync::watch;

const FIRST_PORT: u16 = 7601;

#[tokio::main]
async fn main() -> ExitCode {
    let first = match std::env::args().nth(1).map(|text| text.parse()) {
        None => FIRST_PORT,
        Some(Ok(port @ 1..=65_533)) => port,
        Some(_) => return fail("expected the first of three ports, such as 7601"),
    };
    let local = |offset| SocketAddr::from((Ipv4Addr::LOCALHOST, first + offset));
    let addresses = Addresses {
        shop: local(0),
        payment: local(1),
        fulfilment: local(2),
    };
    let (stop, stopped) = watch::channel(());
    tokio::spawn(async move {
        // Without a way to be told of it, the process ends with the signal itself.
        let _ = tokio::signal::ctrl_c().await;
        drop(stop);
    });
    let shutdown = || {
        let mut stopped = stopped.clone();
        async move {
            let _ = stopped.changed().await;
        }
    };
    report(addresses);
    match serve(addresses, shutdown).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error.to_string()),
    }
}

#[expect(clippy::print_stderr, reason = "it is all that this program says")]
fn fail(problem: &str) -> ExitCode {
    eprintln!("error: {problem}");
    ExitCode::FAILURE
}

#[expect(clippy::print_stderr, reason = "it is all that this program says")]
fn report(addresses: Addresses) {
    let Addresses {
        shop,
        payment,
        fulfilment,
    } = addresses;
    eprintln!("serving");
    eprintln!("  cart, catalog, currency   {shop}");
    eprintln!("  payment                   {payment}");
    eprintln!("  shipping, email           {fulfilment}");
}
