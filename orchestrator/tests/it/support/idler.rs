//! A participant that says yes to everything, and does nothing.

use pavane::feed::v1::feed_service_server::FeedServiceServer;
use pavane::workflow::v1::participant_service_server::{
    ParticipantService, ParticipantServiceServer,
};
use pavane::workflow::v1::{
    GetParticipantRequest, GetParticipantResponse, Member, PrepareWorkflowRequest,
    PrepareWorkflowResponse, TakeUpExecutionsRequest, TakeUpExecutionsResponse,
};
use pavane_feed::{Access, Store};
use pavane_orchestrator::Target;
use pavane_server::{Options, Routes, Server, no_fallback};
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Request, Response, Status};

/// It runs until it is dropped.
pub(crate) struct Idler {
    target: Target,
    _running: DropGuard,
    _folder: TempDir,
}

struct Yes(Member);

impl Idler {
    /// Claims to perform these services.
    pub(crate) async fn start(name: &str, services: &[&str]) -> Self {
        let folder = TempDir::new().unwrap();
        let store = Store::open(pavane_feed::Options::new(folder.path())).unwrap();
        let feed = store.feed(name, Access::Owner).unwrap();
        let member = Member {
            name: name.to_owned(),
            feed: name.to_owned(),
            incarnation: feed.incarnation().to_string(),
            target: String::new(),
            services: services.iter().copied().map(str::to_owned).collect(),
        };
        let server = Server::bind(Options {
            listen: ([127, 0, 0, 1], 0).into(),
            allow_origins: Vec::new(),
            limits: pavane_server::Limits::default(),
        });
        let server = server.await.unwrap();
        let target = Target::parse(&server.local_addr().to_string()).unwrap();
        let ours = [
            "pavane.feed.v1.FeedService",
            "pavane.workflow.v1.ParticipantService",
        ];
        let known = server.descriptors();
        known.set("ours", pavane::descriptor_pool(), ours).unwrap();
        let shutdown = CancellationToken::new();
        let feeds = pavane_feed::ServiceOptions::default();
        let feeds = pavane_feed::Service::new(store, feeds, shutdown.clone());
        let routes = Routes::new()
            .add_service(FeedServiceServer::new(feeds))
            .add_service(ParticipantServiceServer::new(Yes(member)));
        let drain = std::time::Duration::ZERO;
        let run = server.run(routes, no_fallback(), shutdown.clone(), drain);
        tokio::spawn(run);
        Self {
            target,
            _running: shutdown.drop_guard(),
            _folder: folder,
        }
    }

    pub(crate) fn target(&self) -> Target {
        self.target.clone()
    }
}

#[tonic::async_trait]
impl ParticipantService for Yes {
    async fn get_participant(
        &self,
        _: Request<GetParticipantRequest>,
    ) -> Result<Response<GetParticipantResponse>, Status> {
        Ok(Response::new(GetParticipantResponse {
            participant: Some(self.0.clone()),
            ..GetParticipantResponse::default()
        }))
    }

    async fn prepare_workflow(
        &self,
        _: Request<PrepareWorkflowRequest>,
    ) -> Result<Response<PrepareWorkflowResponse>, Status> {
        Ok(Response::new(PrepareWorkflowResponse::default()))
    }

    async fn take_up_executions(
        &self,
        _: Request<TakeUpExecutionsRequest>,
    ) -> Result<Response<TakeUpExecutionsResponse>, Status> {
        Ok(Response::new(TakeUpExecutionsResponse {}))
    }
}
