//! What must be true when the storm is over.

use std::collections::BTreeMap;

use pavane::workflow::v1::Mode;
use pavane_cli::demo::audit::{Addresses, Books, Expectation};
use pavane_tests::load::Answers;
use pavane_tests::process::tell;
use pavane_tests::shop::{ROLES, Role, Shop};
use pavane_tests::{journal, orders};

use crate::lives;
use crate::watcher::Watcher;

/// The feeds: one outcome for each order, the one that its client was told; no gap, no event
/// twice, none where it does not belong; and who followed them live heard exactly that. Orders
/// were canceled and late, or the storm was none.
pub(crate) async fn feeds(
    shop: &Shop,
    mode: Mode,
    watchers: BTreeMap<Role, Watcher>,
    answers: &Answers,
) {
    let mut feeds = lives::Feeds::new();
    for role in ROLES {
        let written = journal::read(shop.channel(role), role.name()).await;
        feeds.insert(role.name(), written);
    }
    let mut wrong = lives::contradictions(&feeds, &answers.outcomes, mode);
    for (role, watcher) in watchers {
        let written = &feeds[role.name()];
        let last = written.last().map_or(0, |event| event.sequence);
        let heard = watcher.up_to(last).await;
        if heard != *written {
            let (heard, written) = (heard.len(), written.len());
            wrong.push(format!(
                "the subscriber of {} heard {heard} events, not the {written} written",
                role.name()
            ));
        }
    }
    report("the feeds", &wrong);
    let (canceled, late) = (lives::canceled(&feeds), lives::late(&feeds));
    tell(&format!(
        "{canceled} orders were canceled, {late} were late"
    ));
    assert!(canceled > 0, "no order was canceled");
    assert!(late > 0, "no order was late");
}

/// Money, stock and shipments agree with the outcomes; no effect twice; no call of a step after
/// its completion was recorded.
pub(crate) async fn books(shop: &Shop, answers: &Answers) {
    let addresses = Addresses {
        orchestrator: shop.address(Role::Orchestrator),
        inventory: shop.address(Role::Inventory),
        payment: shop.address(Role::Payment),
        shipping: shop.address(Role::Shipping),
    };
    let books = Books::read(&addresses)
        .await
        .expect("everything can be read");
    assert!(!books.calls.is_empty(), "the services counted no calls");
    let told = answers.outcomes.iter();
    let told = told.map(|(id, told)| (id.clone(), told.is_ok())).collect();
    let expectation = Expectation {
        stock: orders::stock(),
        answers: told,
    };
    let audit = books.audit(&expectation);
    let mut wrong = audit.violations.clone();
    if audit.outcomes.len() != answers.outcomes.len() {
        let (known, told) = (audit.outcomes.len(), answers.outcomes.len());
        wrong.push(format!(
            "{known} orders are in the books, {told} were answered"
        ));
    }
    if audit.duplicate_effects > 0 {
        wrong.push(format!(
            "{} effects happened again",
            audit.duplicate_effects
        ));
    }
    report("the audit", &wrong);
    let succeeded = answers
        .outcomes
        .values()
        .filter(|told| told.is_ok())
        .count();
    assert!(
        succeeded > 0 && succeeded < answers.outcomes.len(),
        "{succeeded} of {} orders succeeded: the load is to have both",
        answers.outcomes.len()
    );
}

/// Fails if anything is wrong, with all of it.
fn report(what: &str, wrong: &[String]) {
    assert!(
        wrong.is_empty(),
        "{what} is wrong in {} places:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}
