//! The shop with a front before each of its members: they know each other by `https://` addresses
//! alone, and each has a certificate of its own. The payment takes part by a sidecar, which reaches it
//! over TLS, too.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use pavane::workflow::v1::participant_service_client::ParticipantServiceClient;
use pavane::workflow::v1::{GetParticipantRequest, GetParticipantResponse};
use pavane_tests::process::Process;
use pavane_tests::shop::{ROLES, Role, SERVICES, Setup, Shop, channel};
use tokio_rustls::rustls::ServerConfig;

use super::authority::{Authority, Signed};
use super::front::Front;
use crate::steps::stock_up;

/// Whom all addresses are of.
const HOST: &str = "127.0.0.1";
/// The sidecar of the payment.
pub(super) const CASHIER: &str = "cashier";
/// All who take part: the home and its participants.
pub(super) const MEMBERS: [&str; 4] = ["orchestrator", "inventory", CASHIER, "shipping"];

/// The shop, all of whose hops between members are secure.
pub(super) struct Members {
    pub(super) shop: Shop,
    pub(super) authority: Authority,
    signed: BTreeMap<&'static str, Signed>,
    fronts: BTreeMap<&'static str, Front>,
    _cashier: Process,
}

impl Members {
    /// Starts all; no workflow is deployed.
    pub(super) async fn open() -> Self {
        let mut shop = Shop::prepare();
        let authority = Authority::new(shop.data(), "ca");
        let servers = ROLES.map(|role| (role.name(), shop.address(role)));
        let servers = servers.into_iter().chain([(CASHIER, shop.spare_address())]);
        let (mut signed, mut fronts) = (BTreeMap::new(), BTreeMap::new());
        for (name, server) in servers {
            let its = authority.sign(HOST, name);
            fronts.insert(name, Front::start(server, its.server(&authority)).await);
            signed.insert(name, its);
        }
        let file = shop.data().join("cashier.toml");
        let target = format!(
            "{{ address = {:?}, tls = {} }}",
            fronts["payment"].address(),
            tls(&authority, &signed[CASHIER])
        );
        let text = format!(
            "listen = {:?}\ndata_dir = {CASHIER:?}\npeer_tls = {}\n\
             [participant]\nname = {CASHIER:?}\ntarget = {target}\nservices = [{:?}]\n",
            shop.spare_address(),
            tls(&authority, &signed[CASHIER]),
            name_of(Role::Payment),
        );
        fs::write(&file, text).expect("there is room");
        let file = file.to_string_lossy();
        let mut cashier = Process::start("pavane", ["participant", "--config", &file]);
        cashier.serving().await;

        let file = shop.data().join("pavane.toml");
        fs::write(&file, home(&authority, &signed, &fronts)).expect("there is room");
        let own = [Role::Inventory, Role::Shipping];
        let own = own.map(|role| (role, flags(&authority, &signed[role.name()])));
        let setup = Setup {
            workflows: Vec::new(),
            config: Some(file),
            services: own.into(),
            ..Setup::default()
        };
        shop.open(setup, &SERVICES).await;
        stock_up(&shop).await;
        Self {
            shop,
            authority,
            signed,
            fronts,
            _cashier: cashier,
        }
    }

    /// Where a member is reached by others: `https://HOST:PORT`.
    pub(super) fn address(&self, name: &str) -> String {
        self.fronts[name].address()
    }

    /// Where the data of all is, and the files of certificates.
    pub(super) fn folder(&self) -> &Path {
        self.shop.data()
    }

    /// What a member presents from now on. All who are connected to it are cut off.
    pub(super) fn present(&self, name: &str, config: ServerConfig) {
        self.fronts[name].present(config);
    }

    /// What a member presents at first.
    pub(super) fn good(&self, name: &str) -> ServerConfig {
        self.signed[name].server(&self.authority)
    }

    /// Who has proved to a server who it is.
    pub(super) fn callers(&self, name: &str) -> BTreeSet<&'static str> {
        let callers = self.fronts[name].callers();
        let name_of = |shown| {
            let mut known = self.signed.iter();
            let known = known.find(|(_, signed)| signed.is(shown));
            *known.expect("its certificate is known").0
        };
        callers.iter().map(name_of).collect()
    }

    /// How a participant stands. It is the test that asks, past the front.
    pub(super) async fn describe(&self, name: &str) -> GetParticipantResponse {
        let role = ROLES.into_iter().find(|role| role.name() == name);
        let address =
            role.map_or_else(|| self.shop.spare_address(), |role| self.shop.address(role));
        let mut client = ParticipantServiceClient::new(channel(&address));
        let answer = client.get_participant(GetParticipantRequest {}).await;
        answer
            .unwrap_or_else(|status| panic!("{name}: {status:?}"))
            .into_inner()
    }
}

/// The orchestrator's file. The sidecar it knows by its address alone.
fn home(
    authority: &Authority,
    signed: &BTreeMap<&str, Signed>,
    fronts: &BTreeMap<&str, Front>,
) -> String {
    let tls = tls(authority, &signed["orchestrator"]);
    let mut text = format!(
        "advertise = {:?}\nparticipants = [{:?}]\npeer_tls = {tls}\n",
        fronts["orchestrator"].address(),
        fronts[CASHIER].address(),
    );
    for role in [Role::Inventory, Role::Shipping] {
        let address = fronts[role.name()].address();
        let service = name_of(role);
        text += &format!("[targets.{service:?}]\naddress = {address:?}\ntls = {tls}\n");
    }
    text
}

fn name_of(role: Role) -> &'static str {
    role.service().expect("it has one")
}

/// Whom a member trusts and by what it proves who it is, as files say it.
fn tls(authority: &Authority, signed: &Signed) -> String {
    format!(
        "{{ ca = {:?}, client_certificate = {:?}, client_key = {:?} }}",
        authority.file(),
        signed.certificate,
        signed.key
    )
}

/// The same as flags.
fn flags(authority: &Authority, signed: &Signed) -> Vec<String> {
    let flags = [
        ("--peer-ca", authority.file()),
        ("--peer-certificate", &signed.certificate),
        ("--peer-key", &signed.key),
    ];
    let words = flags.map(|(flag, file)| [flag.to_owned(), file.to_string_lossy().into_owned()]);
    words.concat()
}
