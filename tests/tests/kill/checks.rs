//! What must be true when the storm is over.

use pavane_cli::demo::audit::{Addresses, Books, Expectation};
use pavane_tests::load::Answers;
use pavane_tests::shop::{Role, Shop};
use pavane_tests::{journal, orders};

use crate::watcher::Watcher;

/// The journal: one outcome for each order, the one that its client was told; no gap, no event
/// twice; and who followed it live heard exactly that.
pub(crate) async fn journal(shop: &Shop, watcher: Watcher, answers: &Answers) {
    let written = journal::read(shop.channel(Role::Orchestrator), "orchestrator").await;
    let heard = watcher
        .up_to(written.last().map_or(0, |event| event.sequence))
        .await;
    let mut wrong = crate::lives::contradictions(&written, &answers.outcomes);
    if heard != written {
        let (heard, written) = (heard.len(), written.len());
        wrong.push(format!(
            "the subscriber heard {heard} events, not the {written} written"
        ));
    }
    report("the journal", &wrong);
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
