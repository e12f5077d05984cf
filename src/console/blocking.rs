//! Work that waits for the disk or keeps a processor busy, away from the other requests.

/// What `work` gives; it goes on to its end when who asked has left.
pub(super) async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}
