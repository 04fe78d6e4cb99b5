//! A unary method called by its path: what a workflow implements is known to its callers, not here.

use std::future::IntoFuture;
use std::marker::PhantomData;
use std::time::Duration;

use futures_util::future::BoxFuture;
use pavane::metadata::{EXECUTION_ID, MODE};
use pavane::workflow::v1::Mode;
use prost::Message;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::AsciiMetadataValue;
use tonic::transport::Channel;
use tonic::{Response, Status};
use tonic_prost::ProstCodec;

use crate::client::within;
use crate::{Client, Error};

/// A call that is made when it is awaited.
#[derive(Debug)]
#[must_use = "it is made when it is awaited"]
pub struct Call<Q, A> {
    grpc: Grpc<Channel>,
    method: String,
    request: Q,
    execution_id: Option<String>,
    mode: Mode,
    timeout: Duration,
    answer: PhantomData<fn() -> A>,
}

impl<Q: Message + 'static, A: Message + Default + 'static> Call<Q, A> {
    pub(crate) fn new(client: &Client, method: &str, request: Q) -> Self {
        let options = client.options();
        Self {
            grpc: Grpc::new(client.channel()).max_decoding_message_size(options.max_answer_bytes),
            method: method.to_owned(),
            request,
            execution_id: None,
            mode: Mode::Unspecified,
            timeout: options.call_timeout,
            answer: PhantomData,
        }
    }

    /// The id that the execution shall have: a repetition with the same id is answered as the first.
    pub fn execution_id(mut self, id: impl Into<String>) -> Self {
        self.execution_id = Some(id.into());
        self
    }

    /// How the execution is to be run. Default: as the workflow says.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// How long the call may take. Default: [`crate::Options::call_timeout`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Makes the call; the answer with its metadata, where [`EXECUTION_ID`] says which execution it was.
    /// Errors: [`Error::InvalidMethod`]; [`Error::Failed`], of an execution that failed with its id.
    pub async fn send(mut self) -> Result<Response<A>, Error> {
        let path = path(&self.method)?;
        let mut request = within(self.timeout, self.request);
        if let Some(id) = &self.execution_id {
            request.metadata_mut().insert(EXECUTION_ID, value(id)?);
        }
        let mode = match self.mode {
            Mode::Unspecified => None,
            Mode::Orchestrated => Some("orchestrated"),
            Mode::Choreographed => Some("choreographed"),
        };
        if let Some(mode) = mode {
            let mode = AsciiMetadataValue::from_static(mode);
            request.metadata_mut().insert(MODE, mode);
        }
        let failed = |status| Error::of_call(status, self.timeout);
        let unavailable = |error| failed(Status::unavailable(format!("cannot connect: {error}")));
        self.grpc.ready().await.map_err(unavailable)?;
        let codec = ProstCodec::<Q, A>::default();
        let answered = self.grpc.unary(request, path, codec).await;
        answered.map_err(failed)
    }
}

impl<Q: Message + 'static, A: Message + Default + 'static> IntoFuture for Call<Q, A> {
    type Output = Result<A, Error>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move { self.send().await.map(Response::into_inner) })
    }
}

fn path(method: &str) -> Result<PathAndQuery, Error> {
    let invalid = || Error::InvalidMethod {
        found: method.to_owned(),
    };
    let is_name = |text: &str| {
        let mut bytes = text.bytes();
        !text.is_empty() && bytes.all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte))
    };
    let (service, name) = method.split_once('/').ok_or_else(invalid)?;
    if !is_name(service) || !is_name(name) {
        return Err(invalid());
    }
    PathAndQuery::try_from(format!("/{method}")).map_err(|_| invalid())
}

/// What cannot be metadata is no id either: the server would say the same.
fn value(id: &str) -> Result<AsciiMetadataValue, Error> {
    let message = || format!("`{}` is not the id of an execution", id.escape_debug());
    let value = AsciiMetadataValue::try_from(id);
    value.map_err(|_| Status::invalid_argument(message()).into())
}

#[cfg(test)]
mod tests {
    use super::path;

    #[test]
    fn a_method_is_a_service_and_a_name() {
        let check = |method: &str, expected: Option<&str>| {
            let found = path(method).ok();
            assert_eq!(found.as_ref().map(|path| path.as_str()), expected);
        };
        check("a.v1.S/M", Some("/a.v1.S/M"));
        check("/a.v1.S/M", None);
        check("a.v1.S.M", None);
        check("a.v1.S/", None);
        check("a.v1.S/M/N", None);
        check("a.v1.S/M?x", None);
    }
}
