//! Every kind of server that there is: the orchestrator, the three services, a sidecar.

use std::collections::BTreeMap;

use pavane_tests::shop::{ROLES, Role, Shop};
use pavane_tests::sidecar::Sidecar;
use tonic::transport::Channel;

/// The running servers.
#[derive(Debug)]
pub(crate) struct Servers {
    shop: Shop,
    sidecar: Sidecar,
}

impl Servers {
    /// Starts all of them.
    pub(crate) async fn start() -> Self {
        let shop = Shop::start().await;
        let target = shop.address(Role::Shipping);
        let service = Role::Shipping.service().expect("shipping is a service");
        let (address, folder) = (shop.spare_address(), shop.data());
        let sidecar = Sidecar::start(folder, "sidecar", &address, &target, &[service]).await;
        Self { shop, sidecar }
    }

    /// A channel to each, by name.
    pub(crate) fn channels(&self) -> BTreeMap<&str, Channel> {
        let shop = ROLES.map(|role| (role.name(), self.shop.channel(role)));
        let sidecar = (self.sidecar.name(), self.sidecar.channel());
        shop.into_iter().chain([sidecar]).collect()
    }
}
