//! The sample shop, as the pages say to start it.

use pavane_tests::ports;
use pavane_tests::process::Process;

/// Where the pages say that it is.
const PORTS: [u16; 4] = [7400, 7401, 7402, 7403];

/// `pavane demo --serve`, at other ports than those of the pages.
pub(crate) struct Demo {
    base: u16,
    _process: Process,
}

impl Demo {
    /// Starts it, and waits until its orders are placed.
    pub(crate) async fn start() -> Self {
        let base = ports::free(4);
        let port = base.to_string();
        let arguments = ["--orders", "20", "--output", "json", "--port-base", &port];
        let mut process = Process::start("pavane", ["demo", "--serve"].iter().chain(&arguments));
        process.documents(|documents| documents.len() == 1).await;
        Self {
            base,
            _process: process,
        }
    }

    /// `HOST:PORT` of the orchestrator (0), the inventory (1), the payment (2), the shipping (3).
    pub(crate) fn address(&self, part: u16) -> String {
        format!("127.0.0.1:{}", self.base + part)
    }

    /// A text of a page, to be used.
    pub(crate) fn real(&self, text: &str) -> String {
        self.ports().fold(text.to_owned(), |text, (shown, real)| {
            text.replace(&shown, &real)
        })
    }

    /// A text that was printed, as a page would show it.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.ports().fold(text.to_owned(), |text, (shown, real)| {
            text.replace(&real, &shown)
        })
    }

    fn ports(&self) -> impl Iterator<Item = (String, String)> {
        PORTS
            .into_iter()
            .zip(self.base..)
            .map(|(shown, real)| (format!(":{shown}"), format!(":{real}")))
    }
}
