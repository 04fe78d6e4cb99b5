//! Work that goes on when whoever asked for it has gone away.

use tokio::task::JoinHandle;

/// What a task returns. A panic of the task is one of the caller's; nobody else aborts it.
pub(crate) async fn join<T>(task: JoinHandle<T>) -> T {
    match task.await {
        Ok(value) => value,
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}
