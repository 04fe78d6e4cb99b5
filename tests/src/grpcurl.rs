//! `grpcurl`: a client that knows nothing but what reflection tells it.

use std::path::PathBuf;

use serde_json::Value;
use tokio::process::Command;

use crate::process::{Ended, Process, documents};
use crate::tools;

/// `grpcurl`, speaking to one server.
#[derive(Debug)]
pub struct Grpcurl {
    path: PathBuf,
    address: String,
}

impl Grpcurl {
    /// `None`: there is none; the test is to return.
    pub fn find(address: &str, test: &str) -> Option<Self> {
        let path = tools::find("grpcurl", test)?;
        Some(Self {
            path,
            address: address.to_owned(),
        })
    }

    /// What it says of this address: `["list"]`, `["describe", "SYMBOL"]`.
    pub async fn ask(&self, words: &[&str]) -> String {
        let ended = self.start(&[], words).ended().await;
        assert_eq!(ended.code, Some(0), "grpcurl {words:?}: {}", ended.stderr);
        ended.stdout
    }

    /// Calls a unary method, such as `shop.order.v1.OrderService/PlaceOrder`, which must succeed.
    pub async fn call(&self, method: &str, request: &Value) -> Value {
        let ended = self.call_to_the_end(method, request, &[]).await;
        assert_eq!(ended.code, Some(0), "{method}: {}", ended.stderr);
        let answers = documents(&ended.stdout);
        let [answer] = &answers[..] else {
            panic!("{method} answered {}", ended.stdout)
        };
        answer.clone()
    }

    /// Calls a method, with headers (`name: value`), and gives what was printed in the end.
    pub async fn call_to_the_end(&self, method: &str, request: &Value, headers: &[&str]) -> Ended {
        self.start_call(method, request, headers).ended().await
    }

    /// Calls a streaming method; its responses are the documents on stdout.
    pub fn stream(&self, method: &str, request: &Value) -> Process {
        self.start_call(method, request, &[])
    }

    fn start_call(&self, method: &str, request: &Value, headers: &[&str]) -> Process {
        let request = request.to_string();
        let mut flags = vec!["-d", &request];
        flags.extend(headers.iter().flat_map(|header| ["-H", header]));
        self.start(&flags, &[method])
    }

    fn start(&self, flags: &[&str], words: &[&str]) -> Process {
        let mut command = Command::new(&self.path);
        command
            .arg("-plaintext")
            .args(flags)
            .arg(&self.address)
            .args(words);
        Process::spawn("grpcurl", command)
    }
}
