//! What a receiver is told, made when it is sent.

use crate::store::{ClaimedDelivery, StoredTicket, WebhookFormat};
use crate::ticket::{CallbackPolicy, OVERDUE, Priority, SlotRecord, Stage};
use jiff::Timestamp;
use serde::Serialize;

/// Zammad finds a customer, or makes one, by an e-mail address, and callers have none: one under a
/// name that leads nowhere (RFC 2606).
const NO_MAIL: &str = "callers.invalid";

/// Our own message (Standard Webhooks 1.0, "Payload structure").
#[derive(Serialize)]
struct Message<'m> {
    r#type: &'m str,
    timestamp: Timestamp,
    data: Data<'m>,
}

#[derive(Serialize)]
struct Data<'m> {
    /// The audit entry.
    event: i64,
    actor: &'m str,
    /// The ticket as it stands when this is sent.
    ticket: &'m StoredTicket,
    /// The caller's promise is broken, and they are owed these words.
    #[serde(skip_serializing_if = "Option::is_none")]
    notice: Option<Notice<'m>>,
}

/// What a caller is to be written, by whatever reaches them: a gateway for short messages.
#[derive(Serialize)]
struct Notice<'m> {
    /// The telephone number.
    to: &'m str,
    /// ISO 639-1 of the call; the text is in the hotline's.
    language: &'m str,
    text: String,
}

/// A new ticket of Zammad's (`POST /api/v1/tickets`).
#[derive(Serialize)]
struct ZammadTicket<'m> {
    title: String,
    group: &'m str,
    customer_id: String,
    state: &'static str,
    priority: &'static str,
    article: ZammadArticle,
}

#[derive(Serialize)]
struct ZammadArticle {
    subject: String,
    body: String,
    content_type: &'static str,
    r#type: &'static str,
    sender: &'static str,
    internal: bool,
}

/// The body of the message.
pub fn body(claimed: &ClaimedDelivery, ticket: &StoredTicket, policy: &CallbackPolicy) -> Vec<u8> {
    let delivery = &claimed.delivery;
    let to = ticket.ticket.callback_number.as_str();
    let owed = delivery.kind == OVERDUE && !to.is_empty();
    let text = policy.notice(ticket.number).filter(|_| owed);
    let notice = text.map(|text| Notice { to, language: &ticket.ticket.language, text });
    let json = match &claimed.format {
        WebhookFormat::Spillway => serde_json::to_vec(&Message {
            r#type: &delivery.kind,
            timestamp: delivery.at,
            data: Data { event: delivery.event, actor: &delivery.actor, ticket, notice },
        }),
        WebhookFormat::Zammad { group } => serde_json::to_vec(&zammad(group, ticket)),
    };
    json.unwrap_or_else(|e| unreachable!("plain values: {e}"))
}

fn zammad<'m>(group: &'m str, stored: &StoredTicket) -> ZammadTicket<'m> {
    let (ticket, callback) = (&stored.ticket, &stored.callback);
    let parts = ticket.slots.iter().flat_map(|slot| &slot.parts);
    let category = parts.clone().find(|(name, _)| name == "category").map(|(_, c)| c.as_str());
    let category = category.unwrap_or("not known");
    let title = format!("Callback {}: {category}", stored.number);
    let digits: String = ticket.callback_number.chars().filter(char::is_ascii_digit).collect();
    let customer = if digits.is_empty() { "unknown" } else { &digits };
    let mut lines = vec![format!("Call back: {}", or_dash(&ticket.callback_number))];
    let value = |slot: &SlotRecord| or_dash(stored.value(&slot.slot)).to_string();
    lines.extend(ticket.slots.iter().map(|slot| format!("{}: {}", slot.slot, value(slot))));
    lines.push(format!("Language: {}", or_dash(&ticket.language)));
    lines.push(format!("Hotline: {}", ticket.hotline));
    lines.push(format!("Office: {}", or_dash(callback.office.as_deref().unwrap_or_default())));
    lines.push(format!("Received: {:.0}", callback.received_at()));
    lines.push(format!("Stage: {}", callback.stage.name()));
    if let Stage::Done { disposition } = &callback.stage {
        lines.push(format!("Disposition: {disposition}"));
    }
    ZammadTicket {
        group,
        customer_id: format!("guess:{customer}@{NO_MAIL}"),
        state: if callback.stage.is_pending() { "new" } else { "closed" },
        priority: if callback.priority() > Priority::Normal { "3 high" } else { "2 normal" },
        article: ZammadArticle {
            subject: title.clone(),
            body: lines.join("\n"),
            content_type: "text/plain",
            r#type: "phone",
            // Left out, Zammad would write down the owner of the token as the one who asks.
            sender: "Customer",
            internal: false,
        },
        title,
    }
}

fn or_dash(text: &str) -> &str {
    if text.is_empty() { "-" } else { text }
}
