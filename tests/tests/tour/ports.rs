//! The ports of the page and those that are used instead: others may have the page's.

use pavane_tests::ports;

/// As they stand in the page and in the files of the bookshop.
const SHOWN: [&str; 5] = [":7400", ":7451", ":7452", ":7461", ":7462"];

/// Which are used for which.
#[derive(Debug)]
pub(crate) struct Ports {
    real: Vec<String>,
}

impl Ports {
    /// Some that are free.
    pub(crate) fn free() -> Self {
        let count = u16::try_from(SHOWN.len()).expect("they are few");
        let first = ports::free(count);
        let real = (first..first + count).map(|port| format!(":{port}"));
        Self {
            real: real.collect(),
        }
    }

    /// A text of the page, to be used.
    pub(crate) fn real(&self, text: &str) -> String {
        self.pairs().fold(text.to_owned(), |text, (shown, real)| {
            text.replace(shown, real)
        })
    }

    /// A text that was printed, as the page would show it.
    pub(crate) fn shown(&self, text: &str) -> String {
        self.pairs().fold(text.to_owned(), |text, (shown, real)| {
            text.replace(real, shown)
        })
    }

    /// The address that is used for one of the page's ports.
    pub(crate) fn of(&self, shown: &str) -> String {
        format!("127.0.0.1{}", self.real(shown))
    }

    fn pairs(&self) -> impl Iterator<Item = (&'static str, &str)> {
        SHOWN.into_iter().zip(self.real.iter().map(String::as_str))
    }
}
