//! Checking and deploying workflows.

use pavane::workflow::v1::workflow_service_client::WorkflowServiceClient;
use pavane::workflow::v1::{
    CheckWorkflowRequest, CheckWorkflowResponse, DeployWorkflowRequest, DeployWorkflowResponse,
    DeployedWorkflow, Descriptors, GetWorkflowRequest, Source, Workflow, check_workflow_request,
    deploy_workflow_request, descriptors,
};
use prost_types::FileDescriptorSet;
use tonic::transport::Channel;

use crate::client::{answer, within};
use crate::{Client, Error, Options};

/// A workflow's text or message, and where its types come from.
#[derive(Debug, Clone)]
pub struct Definition {
    content: Content,
    types: Option<descriptors::From>,
}

#[derive(Debug, Clone)]
enum Content {
    Source(Source),
    Workflow(Box<Workflow>),
}

impl Definition {
    /// YAML or JSON; `file_name` is for messages, which say line and column.
    pub fn text(file_name: impl Into<String>, text: impl Into<String>) -> Self {
        let (file_name, text) = (file_name.into(), text.into());
        Self {
            content: Content::Source(Source { file_name, text }),
            types: None,
        }
    }

    /// A message.
    pub fn message(workflow: Workflow) -> Self {
        Self {
            content: Content::Workflow(Box::new(workflow)),
            types: None,
        }
    }

    /// Its types, as compiled from .proto files, with all that they import. Default: the server asks the
    /// targets of its configuration by reflection.
    #[must_use]
    pub fn with_types(mut self, set: FileDescriptorSet) -> Self {
        self.types = Some(descriptors::From::FileDescriptorSet(set));
        self
    }

    /// Types of some services; the server asks its targets for the rest.
    #[must_use]
    pub fn with_some_types(mut self, set: FileDescriptorSet) -> Self {
        self.types = Some(descriptors::From::PartialFileDescriptorSet(set));
        self
    }

    fn descriptors(&self) -> Option<Descriptors> {
        let from = self.types.clone()?;
        Some(Descriptors { from: Some(from) })
    }
}

/// The workflows of a server. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Workflows {
    stub: WorkflowServiceClient<Channel>,
    options: Options,
}

impl Workflows {
    pub(crate) fn new(client: &Client) -> Self {
        let options = client.options().clone();
        let stub = WorkflowServiceClient::new(client.channel())
            .max_decoding_message_size(options.max_answer_bytes);
        Self { stub, options }
    }

    /// Deploys, if the definition is sound. Deploying the same again changes nothing. Errors: what is
    /// wrong with it, as [`crate::Failure::field_violations`].
    pub async fn deploy(&self, definition: &Definition) -> Result<DeployWorkflowResponse, Error> {
        use deploy_workflow_request::Definition as Requested;
        let request = DeployWorkflowRequest {
            definition: Some(match definition.content.clone() {
                Content::Source(source) => Requested::Source(source),
                Content::Workflow(workflow) => Requested::Workflow(*workflow),
            }),
            descriptors: definition.descriptors(),
            allow_breaking: false,
        };
        let timeout = self.options.call_timeout;
        let mut stub = self.stub.clone();
        answer(stub.deploy_workflow(within(timeout, request)), timeout).await
    }

    /// Checks, and deploys nothing. What is wrong with the definition is the answer, not an error.
    pub async fn check(&self, definition: &Definition) -> Result<CheckWorkflowResponse, Error> {
        use check_workflow_request::Definition as Requested;
        let request = CheckWorkflowRequest {
            definition: Some(match definition.content.clone() {
                Content::Source(source) => Requested::Source(source),
                Content::Workflow(workflow) => Requested::Workflow(*workflow),
            }),
            descriptors: definition.descriptors(),
            against_deployed: false,
        };
        let timeout = self.options.call_timeout;
        let mut stub = self.stub.clone();
        answer(stub.check_workflow(within(timeout, request)), timeout).await
    }

    /// A workflow as it is served now.
    pub async fn get(&self, name: &str) -> Result<DeployedWorkflow, Error> {
        let request = GetWorkflowRequest {
            name: name.to_owned(),
            ..GetWorkflowRequest::default()
        };
        let timeout = self.options.call_timeout;
        let mut stub = self.stub.clone();
        let answered = stub.get_workflow(within(timeout, request));
        let workflow = answer(answered, timeout).await?.workflow;
        workflow.ok_or(Error::IncompleteAnswer {
            expected: "workflow",
        })
    }
}
