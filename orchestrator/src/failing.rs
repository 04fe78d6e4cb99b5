//! Executions that have begun to fail: whoever carries out calls of theirs is to be told. Holds each
//! once, so it is bounded as the executions are.

use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// They stand in line here until somebody looks after them.
#[derive(Debug)]
pub(crate) struct Failing<T> {
    line: Mutex<Vec<Arc<T>>>,
    longer: Notify,
}

impl<T> Default for Failing<T> {
    fn default() -> Self {
        Self {
            line: Mutex::default(),
            longer: Notify::new(),
        }
    }
}

impl<T> Failing<T> {
    /// Whoever adds one sees to it that it comes once.
    pub(crate) fn add(&self, execution: &Arc<T>) {
        self.line.lock().push(Arc::clone(execution));
        self.longer.notify_one();
    }

    /// Waits for the next one. Cancel safe; for one who waits.
    pub(crate) async fn next(&self) -> Arc<T> {
        loop {
            if let Some(execution) = self.line.lock().pop() {
                return execution;
            }
            self.longer.notified().await;
        }
    }
}
