//! The supervisor's figures of this moment: lines, queues, promises, agents.

use super::Shared;
use super::extract::Asker;
use super::problem::Problem;
use crate::live::OverloadStep;
use crate::store::{AgentsNow, Outlook, QueueNow, WAIT_HOURS};
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

pub(super) fn routes() -> OpenApiRouter<Shared> {
    OpenApiRouter::new().routes(routes!(board))
}

/// This moment. What is counted from tickets and agents is all nodes'; lines are one node's.
#[derive(Debug, Serialize, ToSchema)]
struct BoardView {
    /// When it was counted.
    at: Timestamp,
    /// The lines of the node that answers; null where it takes no calls.
    lines: Option<LinesView>,
    /// Of each hotline that one sees: where callers wait, or which this node answers for.
    hotlines: Vec<HotlineNow>,
}

/// How full one node is.
#[derive(Debug, Serialize, ToSchema)]
struct LinesView {
    /// The node's name.
    node: String,
    /// Calls that run.
    calls: usize,
    /// Calls there is room for: `limits.calls_max`.
    calls_max: usize,
    /// Calls refused since the node's start because all lines were in use.
    refused: u64,
    /// How it meets overload now.
    step: OverloadStep,
}

/// A hotline at this moment.
#[derive(Debug, Serialize, ToSchema)]
struct HotlineNow {
    /// Its name.
    hotline: String,
    /// Tickets that wait for an operator.
    open: u64,
    /// Emergencies among them.
    emergencies: u64,
    /// Tickets that operators hold.
    held: u64,
    /// Tickets with a time agreed on.
    scheduled: u64,
    /// Tickets at the responsible offices.
    referred: u64,
    /// Unsettled tickets whose promise ends within the hour.
    due_soon: u64,
    /// Unsettled tickets whose promise is broken.
    overdue: u64,
    /// When the caller who waits longest called.
    oldest: Option<Timestamp>,
    /// Open tickets by how long their callers wait.
    waits: Vec<WaitView>,
    /// Agents who are there.
    agents: AgentCounts,
    /// Promises at the agents' pace; null where nobody knows how many agents call back.
    outlook: Option<OutlookView>,
}

/// Open tickets whose callers wait about as long.
#[derive(Debug, Serialize, ToSchema)]
struct WaitView {
    /// Less than so many hours; null for all that wait longer.
    below_h: Option<i64>,
    /// Tickets.
    count: u64,
}

/// Agents by what they do.
#[derive(Debug, Serialize, ToSchema)]
struct AgentCounts {
    /// Take calls and tickets.
    ready: u32,
    /// On a call, or writing it up.
    on_call: u32,
    /// On a break.
    on_break: u32,
    /// Somebody works, and nobody is free.
    all_busy: bool,
}

/// Whether promises will be kept.
#[derive(Debug, Serialize, ToSchema)]
struct OutlookView {
    /// Agents it is reckoned by: those at work, else as many as the hotline's file says.
    agents: u32,
    /// Promises still whole that will not be kept.
    lost: u64,
    /// Open tickets that were looked at, the first of the queue.
    weighed: u64,
    /// When who calls now will have been called back; null where that is too far ahead.
    next: Option<Timestamp>,
}

impl HotlineNow {
    fn new(queue: QueueNow, agents: AgentsNow, outlook: Option<Outlook>) -> HotlineNow {
        let bounds = WAIT_HOURS.into_iter().map(Some).chain([None]);
        let waits = bounds.zip(queue.waits).map(|(below_h, count)| WaitView { below_h, count });
        HotlineNow {
            hotline: queue.hotline,
            open: queue.open,
            emergencies: queue.emergencies,
            held: queue.held,
            scheduled: queue.scheduled,
            referred: queue.referred,
            due_soon: queue.due_soon,
            overdue: queue.overdue,
            oldest: queue.oldest,
            waits: waits.collect(),
            agents: AgentCounts {
                ready: agents.ready,
                on_call: agents.on_call,
                on_break: agents.on_break,
                all_busy: agents.all_busy(),
            },
            outlook: outlook.map(|Outlook { agents, lost, weighed, next }| OutlookView {
                agents,
                lost,
                weighed,
                next,
            }),
        }
    }
}

/// How things stand at this moment.
///
/// Lines, queues, waits, promises in danger, agents; to be asked again every few seconds.
#[utoipa::path(
    get, path = "/api/v1/board", tag = "board",
    operation_id = "board",
    extensions(("x-permission" = json!("calls:watch"))),
    responses((status = 200, description = "This moment", body = BoardView)),
)]
async fn board(State(shared): State<Shared>, Asker(by): Asker) -> Result<Json<BoardView>, Problem> {
    let (now, own) = (Timestamp::now(), &by.user().profile.hotlines);
    let mut queues = shared.store.queues_now(now).await?;
    let served = shared.in_force.served();
    let is_new = |name: &&str| !queues.iter().any(|queue| queue.hotline == **name);
    if let Some(name) = served.filter(is_new) {
        queues.push(QueueNow { hotline: name.into(), ..QueueNow::default() });
    }
    let mut hotlines = Vec::new();
    for queue in queues.into_iter().filter(|queue| own.include(&queue.hotline)) {
        let agents = shared.store.agents_now(&queue.hotline, now).await?;
        let outlook = shared.store.outlook(&queue.hotline, now).await?;
        hotlines.push(HotlineNow::new(queue, agents, outlook));
    }
    let lines = shared.doorway.load().map(|load| LinesView {
        node: shared.in_force.config().store.node.clone(),
        calls: load.calls,
        calls_max: load.calls_max,
        refused: load.refused,
        step: load.step(),
    });
    Ok(Json(BoardView { at: now, lines, hotlines }))
}
