//! When to end: on SIGTERM or SIGINT. Nothing is ended here; a token is cancelled.

use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

/// Exit code of a process that was told to end twice.
const EXIT_IN_HASTE: i32 = 130;

/// A token that is cancelled by the first SIGTERM or SIGINT. The second ends the process at once:
/// whoever presses Ctrl-C again does not want to wait.
///
/// # Panics
///
/// Outside a tokio runtime, or when the operating system refuses signal handlers.
pub fn on_signal() -> CancellationToken {
    let shutdown = CancellationToken::new();
    let mut signals = Signals::new();
    let token = shutdown.clone();
    tokio::spawn(async move {
        let signal = signals.next().await;
        info!(signal, "shutting down");
        token.cancel();
        let signal = signals.next().await;
        warn!(signal, "ending at once");
        exit_in_haste();
    });
    shutdown
}

/// Ends the process without running destructors: what is on disk bears it, as it bears SIGKILL.
#[expect(
    clippy::disallowed_methods,
    reason = "an end in haste is what was asked for"
)]
fn exit_in_haste() -> ! {
    std::process::exit(EXIT_IN_HASTE)
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// Installs the handlers, so that no signal is missed from here on.
    fn new() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        Self {
            terminate: signal(SignalKind::terminate()).expect("SIGTERM can be handled"),
            interrupt: signal(SignalKind::interrupt()).expect("SIGINT can be handled"),
        }
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn new() -> Self {
        Self
    }

    async fn next(&mut self) -> &'static str {
        tokio::signal::ctrl_c()
            .await
            .expect("Ctrl-C can be handled");
        "Ctrl-C"
    }
}

#[cfg(all(test, unix))]
mod tests {
    #[tokio::test]
    async fn a_signal_cancels_the_token() {
        let shutdown = super::on_signal();
        assert!(!shutdown.is_cancelled());
        let process = std::process::id().to_string();
        let mut kill = std::process::Command::new("kill");
        assert!(kill.args(["-TERM", &process]).status().unwrap().success());
        shutdown.cancelled().await;
    }
}
