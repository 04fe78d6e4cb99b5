//! Executions that have begun to fail: whoever carries out calls of theirs is to be told. Holds each
//! once, so it is bounded as the executions are.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

use super::Live;

/// They stand in line here until somebody looks after them.
#[derive(Debug, Default)]
pub(super) struct Failing {
    line: Mutex<Vec<Arc<Live>>>,
    longer: Notify,
}

impl Failing {
    pub(super) fn add(&self, live: &Arc<Live>) {
        self.line.lock().push(Arc::clone(live));
        self.longer.notify_one();
    }

    /// Waits for the next one. Cancel safe; for one who waits.
    pub(super) async fn next(&self) -> Arc<Live> {
        loop {
            if let Some(live) = self.line.lock().pop() {
                return live;
            }
            self.longer.notified().await;
        }
    }
}
