//! Participants: each of the three links as a service of its own, built on the kit, that does as the
//! test has told the [`Fake`] and remembers its calls there.

use std::net::SocketAddr;

use pavane::testing::v1::first_link_service_server::FirstLinkServiceServer;
use pavane::testing::v1::second_link_service_server::SecondLinkServiceServer;
use pavane::testing::v1::third_link_service_server::ThirdLinkServiceServer;
use pavane_kit::{Handle, Options, Participant};
use pavane_orchestrator::Target;
use tempfile::TempDir;

use super::{Fake, Running, SERVICES, World, definition, within};

/// The participants, by the position of their link.
const NAMES: [&str; 3] = ["one", "two", "three"];

/// A participant that performs one link.
pub(crate) struct Performer {
    name: String,
    link: usize,
    folder: TempDir,
    address: SocketAddr,
    running: Option<Handle>,
}

impl Performer {
    pub(crate) async fn start(fake: &Fake, name: &str, link: usize) -> Self {
        let mut performer = Self {
            name: name.to_owned(),
            link,
            folder: TempDir::new().unwrap(),
            address: ([127, 0, 0, 1], 0).into(),
            running: None,
        };
        performer.come_up(fake).await;
        performer
    }

    /// Serves, where it was before if it was anywhere.
    pub(crate) async fn come_up(&mut self, fake: &Fake) {
        let mut options = Options::new(self.address, self.folder.path());
        options.drain = std::time::Duration::from_millis(100);
        let subscriber = &mut options.choreography.subscriber;
        subscriber.max_backoff = std::time::Duration::from_millis(100);
        let open = within(Participant::open(&self.name, options));
        let participant = open.await.unwrap();
        let links = fake.links();
        let participant = match self.link {
            0 => participant.add_service(FirstLinkServiceServer::new(links)),
            1 => participant.add_service(SecondLinkServiceServer::new(links)),
            _ => participant.add_service(ThirdLinkServiceServer::new(links)),
        };
        let participant = participant.take_part().await.unwrap();
        let handle = participant.serve(pavane::descriptor_pool()).unwrap();
        self.address = handle.local_addr();
        self.running = Some(handle);
    }

    /// Stops as a signal does.
    pub(crate) async fn go_down(&mut self) {
        let handle = self.running.take().expect("it is up");
        within(handle.shutdown()).await.unwrap();
    }

    /// Will be somewhere else when it comes up again. It must be down.
    pub(crate) fn move_away(&mut self) {
        self.address = ([127, 0, 0, 1], 0).into();
    }

    /// Loses all that it had. It must be down.
    pub(crate) fn forget_everything(&mut self) {
        self.folder = TempDir::new().unwrap();
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn target(&self) -> Target {
        Target::parse(&self.address.to_string()).unwrap()
    }
}

/// A world whose links are performed by three participants.
pub(crate) struct Company {
    pub(crate) world: World,
    pub(crate) performers: Vec<Performer>,
}

impl Company {
    /// With these workflows deployed.
    pub(crate) async fn with(workflows: &[&str]) -> Self {
        let fake = Fake::down();
        let mut performers = Vec::new();
        for (link, name) in NAMES.into_iter().enumerate() {
            performers.push(Performer::start(&fake, name, link).await);
        }
        let targets = performers.iter().map(Performer::target);
        let targets: Vec<_> = targets.collect();
        let world = World::new(fake, &[], |options| {
            options.workflows = workflows.iter().copied().map(definition).collect();
            for (service, target) in SERVICES.into_iter().zip(targets) {
                options.targets.set(service, target);
            }
        })
        .await;
        Self { world, performers }
    }

    pub(crate) fn orchestrator(&self) -> &Running {
        &self.world.orchestrator
    }

    pub(crate) fn fake(&self) -> &Fake {
        &self.world.fake
    }

    /// As the orchestrator was started, at the address that it has, without workflows.
    pub(crate) fn options(&self) -> pavane_orchestrator::Options {
        let mut options = self.world.options();
        options.listen = self.world.orchestrator.address();
        for (service, performer) in SERVICES.into_iter().zip(&self.performers) {
            options.targets.set(service, performer.target());
        }
        options
    }

    /// Stops the orchestrator as a signal does, and starts another one in its place.
    pub(crate) async fn restart(&mut self) {
        self.world.orchestrator.stop().await;
        let options = self.options();
        self.world.orchestrator = Running::start(options).await.unwrap();
    }

    pub(crate) async fn go_down(&mut self, link: usize) {
        self.performers[link].go_down().await;
    }

    pub(crate) async fn come_up(&mut self, link: usize) {
        let Self { world, performers } = self;
        performers[link].come_up(&world.fake).await;
    }
}
