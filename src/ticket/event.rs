//! What a change of a ticket is called outside: `ticket.claimed`, `ticket.done`.

/// Every act of the audit log that others are told of, and the event it is to them.
const EVENTS: [(&str, &str); 24] = [
    ("tell", "ticket.saved"),
    ("receive", "ticket.received"),
    ("put_through", "ticket.put_through"),
    ("claim", "ticket.claimed"),
    ("extend", "ticket.extended"),
    ("release", "ticket.released"),
    ("ring", "ticket.calling"),
    ("miss", "ticket.missed"),
    ("finish", "ticket.done"),
    ("schedule", "ticket.scheduled"),
    ("refer", "ticket.referred"),
    ("hand_back", "ticket.handed_back"),
    ("cancel", "ticket.cancelled"),
    ("reopen", "ticket.reopened"),
    ("prioritise", "ticket.prioritised"),
    ("note", "ticket.noted"),
    ("correct", "ticket.corrected"),
    ("lapse", "ticket.lapsed"),
    ("wake", "ticket.woken"),
    ("escalate", "ticket.escalated"),
    ("merge", "ticket.merged"),
    ("unmerge", "ticket.unmerged"),
    ("import", "ticket.imported"),
    ("rate", "ticket.rated"),
];

/// The last attempt was missed: the same act, but the end of the ticket.
const UNREACHED: &str = "ticket.unreached";

/// The promise is broken: the same act as when it is at risk, but the caller is owed a word.
pub const OVERDUE: &str = "ticket.overdue";

/// The kind of event that `act` is, which left the ticket at `stage`, or at that escalation; `None`
/// for acts that are nobody else's business.
pub fn event_kind(act: &str, stage: &str) -> Option<&'static str> {
    match (act, stage) {
        ("miss", "unreached") => return Some(UNREACHED),
        ("escalate", "overdue") => return Some(OVERDUE),
        _ => {}
    }
    EVENTS.iter().find(|(known, _)| *known == act).map(|(_, kind)| *kind)
}

/// All kinds of event, in the order of the life cycle.
pub fn event_kinds() -> Vec<&'static str> {
    EVENTS.iter().map(|(_, kind)| *kind).chain([UNREACHED, OVERDUE]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        let check = |act: &str, stage: &str, want| assert_eq!(event_kind(act, stage), want);
        check("claim", "claimed", Some("ticket.claimed"));
        check("miss", "scheduled", Some("ticket.missed"));
        check("miss", "unreached", Some("ticket.unreached"));
        check("finish", "done", Some("ticket.done"));
        check("escalate", "at_risk", Some("ticket.escalated"));
        check("escalate", "overdue", Some("ticket.overdue"));
        check("login", "", None);
        assert!(event_kinds().iter().all(|k| k.starts_with("ticket.")));
    }
}
