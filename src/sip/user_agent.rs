//! What caller and callee have in common: the dialogs, and who gets which request.

use super::agent::{EVENTS_MAX, Event};
use super::dialog::DialogKey;
use super::uas::{IncomingCall, Invitation};
use super::wire::Wire;
use super::{ACCEPT, ALLOW};
use rsipstack::sip::prelude::HeadersExt;
use rsipstack::sip::{Header, Method, Request, StatusCode};
use rsipstack::transaction::TransactionReceiver;
use rsipstack::transaction::transaction::Transaction;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use tracing::debug;

/// Seconds a refused peer is asked to wait.
pub(super) const RETRY_AFTER_S: u32 = 10;

/// The dialogs of one pair of sockets.
pub(super) struct UserAgent {
    pub(super) wire: Arc<Wire>,
    /// Where new calls go; a mere caller takes none.
    calls: Option<mpsc::Sender<IncomingCall>>,
    draining: AtomicBool,
    table: Mutex<Table>,
    tasks: TaskTracker,
}

#[derive(Default)]
struct Table {
    dialogs: HashMap<DialogKey, mpsc::Sender<Event>>,
    /// Call-ID, From tag and CSeq of INVITEs that are not yet answered (RFC 3261 8.2.2.2).
    pending: HashSet<(DialogKey, u32)>,
}

impl UserAgent {
    pub(super) fn new(
        wire: Arc<Wire>,
        calls: Option<mpsc::Sender<IncomingCall>>,
    ) -> Arc<UserAgent> {
        let draining = AtomicBool::new(false);
        let tasks = TaskTracker::new();
        Arc::new(UserAgent { wire, calls, draining, table: Mutex::default(), tasks })
    }

    /// Hands every new server transaction to whom it belongs.
    pub(super) async fn run(self: Arc<UserAgent>, mut incoming: TransactionReceiver) {
        while let Some(tx) = incoming.recv().await {
            self.dispatch(tx).await;
        }
    }

    pub(super) fn set_draining(&self, draining: bool) {
        self.draining.store(draining, Ordering::Relaxed);
    }

    /// Runs something that [`UserAgent::close`] waits for.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        self.tasks.spawn(task);
    }

    /// Waits until every call has ended and said so, but not longer than `within`; then closes
    /// the sockets.
    pub(super) async fn close(&self, within: Duration) {
        self.set_draining(true);
        self.tasks.close();
        if tokio::time::timeout(within, self.tasks.wait()).await.is_err() {
            debug!("SIP closed with calls or transactions still open");
        }
        self.wire.stop();
    }

    /// From now on the dialog's requests go to the returned receiver.
    pub(super) fn register(&self, key: &DialogKey) -> (mpsc::Sender<Event>, mpsc::Receiver<Event>) {
        let (sender, receiver) = mpsc::channel(EVENTS_MAX);
        self.table().dialogs.insert(key.clone(), sender.clone());
        (sender, receiver)
    }

    pub(super) fn forget(&self, key: &DialogKey) {
        self.table().dialogs.remove(key);
    }

    /// The INVITE has its final response.
    pub(super) fn settle(&self, invite: &(DialogKey, u32)) {
        self.table().pending.remove(invite);
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // a panic between two statements of ours cannot leave the maps half written
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn dispatch(self: &Arc<UserAgent>, mut tx: Transaction) {
        let key = DialogKey::of_request(&tx.original);
        if key.is_new() {
            return self.dispatch_new(tx, key).await;
        }
        let dialog = self.table().dialogs.get(&key).cloned();
        let Some(dialog) = dialog else {
            return self.refuse(tx, StatusCode::CallTransactionDoesNotExist, vec![]).await;
        };
        let request = Event::Request(Box::new(tx));
        if let Err(e) = dialog.try_send(request) {
            let Event::Request(back) = e.into_inner() else { return };
            tx = *back;
            let wait = vec![retry_after()];
            self.refuse(tx, StatusCode::ServiceUnavailable, wait).await;
        }
    }

    async fn dispatch_new(self: &Arc<UserAgent>, tx: Transaction, key: DialogKey) {
        let draining = self.draining.load(Ordering::Relaxed);
        if let Some(options) = unsupported(&tx.original) {
            let why = vec![Header::Unsupported(options.into())];
            return self.refuse(tx, StatusCode::BadExtension, why).await;
        }
        match tx.original.method {
            Method::Invite | Method::Options if draining => {
                self.refuse(tx, StatusCode::ServiceUnavailable, vec![retry_after()]).await;
            }
            Method::Invite => self.invite(tx, key).await,
            Method::Options => {
                let headers = vec![header("Allow", ALLOW), header("Accept", ACCEPT)];
                self.refuse(tx, StatusCode::OK, headers).await;
            }
            Method::Bye | Method::Update | Method::Info | Method::Notify | Method::PRack => {
                self.refuse(tx, StatusCode::CallTransactionDoesNotExist, vec![]).await;
            }
            _ => {
                let headers = vec![header("Allow", ALLOW)];
                self.refuse(tx, StatusCode::MethodNotAllowed, headers).await;
            }
        }
    }

    async fn invite(self: &Arc<UserAgent>, tx: Transaction, key: DialogKey) {
        let Some(calls) = &self.calls else {
            return self.refuse(tx, StatusCode::BusyHere, vec![]).await;
        };
        let seq = tx.original.cseq_header().and_then(|h| h.seq()).unwrap_or(0);
        let pending = (key, seq);
        if !self.table().pending.insert(pending.clone()) {
            // the same INVITE by another way (RFC 3261 8.2.2.2)
            return self.refuse(tx, StatusCode::LoopDetected, vec![]).await;
        }
        let Ok(place) = calls.try_reserve() else {
            self.settle(&pending);
            return self.refuse(tx, StatusCode::ServiceUnavailable, vec![retry_after()]).await;
        };
        let (invitation, call) = Invitation::new(self.clone(), tx, pending);
        place.send(call);
        self.spawn(invitation.attend());
    }

    /// Answers finally, without a dialog.
    async fn refuse(
        self: &Arc<UserAgent>,
        mut tx: Transaction,
        status: StatusCode,
        headers: Vec<Header>,
    ) {
        if let Err(e) = tx.reply_with(status, headers, None).await {
            debug!(error = %e, "response not sent");
        }
        if tx.original.method == Method::Invite {
            linger(self, tx);
        }
    }
}

/// Keeps a refused INVITE's transaction until its ACK, so that the response is repeated when it
/// gets lost (RFC 3261 17.2.1).
pub(super) fn linger(user_agent: &UserAgent, mut tx: Transaction) {
    user_agent.spawn(async move { while tx.receive().await.is_some() {} });
}

/// What the peer requires: we support no option, so everything (RFC 3261 8.2.2.3).
pub(super) fn unsupported(request: &Request) -> Option<String> {
    let required = request.headers.iter().filter(|h| h.name().eq_ignore_ascii_case("Require"));
    let options: Vec<&str> = required.map(|h| h.value().trim()).filter(|v| !v.is_empty()).collect();
    (!options.is_empty()).then(|| options.join(", "))
}

pub(super) fn header(name: &str, value: &str) -> Header {
    Header::Other(name.to_string(), value.to_string())
}

pub(super) fn retry_after() -> Header {
    header("Retry-After", &RETRY_AFTER_S.to_string())
}
