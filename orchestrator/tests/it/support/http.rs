//! HTTP/1.1 as plain as it comes, as `curl` would speak it.

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Running, within};

impl Running {
    /// Posts a body as JSON. Answers the status, the headers in lower case, and the body.
    pub(crate) async fn post(&self, method: &str, body: &str) -> (u16, String, Value) {
        let request = format!(
            "POST /{method} HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n\
             content-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        let exchange = async {
            let mut stream = TcpStream::connect(self.address()).await.unwrap();
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await.unwrap();
            answer
        };
        let answer = within(exchange).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let from = body.find('{').unwrap();
        let to = body.rfind('}').unwrap();
        let json = serde_json::from_str(&body[from..=to]).unwrap();
        (status, head.to_lowercase(), json)
    }
}
