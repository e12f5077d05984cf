//! The life cycle's rules: which act takes a ticket from which stage to which, and who may.

use super::callback::{
    Act, Actor, Attempt, Callback, Correction, Escalation, Lease, Note, Refused, Stage,
    TEXT_CHARS_MAX, later,
};
use super::policy::CallbackPolicy;
use super::{Priority, TicketNumber};
use jiff::Timestamp;

/// Notes, corrections and attempts one ticket may have: people write them, a script must not fill
/// the disk.
const ENTRIES_MAX: usize = 500;
/// Characters of the name of a slot or of a value's part.
const NAME_CHARS_MAX: usize = 64;
/// Parts of one value, and characters of each.
const PARTS_MAX: usize = 50;
const PART_CHARS_MAX: usize = 400;

impl Callback {
    /// Applies `act`; an error says why not and leaves everything as it was.
    pub fn apply(
        &mut self,
        act: &Act,
        by: &Actor,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<(), Refused> {
        check_actor(act, by)?;
        let was_pending = self.stage.is_pending();
        match act {
            Act::Note { text } => self.add_note(text, by, now)?,
            Act::Correct { slot, value, parts } => self.correct(slot, value, parts, by, now)?,
            Act::Prioritise { priority } if was_pending => self.prioritise(*priority),
            Act::Escalate => self.escalate(policy, now)?,
            _ => {
                self.check_holder(act, by, now)?;
                let next = self.next_stage(act, by, policy, now)?;
                self.mark(act, now);
                self.stage = next;
            }
        }
        if was_pending && !self.stage.is_pending() {
            self.closed_at = Some(now);
        } else if self.stage.is_pending() {
            self.closed_at = None;
        }
        Ok(())
    }

    /// Keeps what statistics ask for; the stage is still the one before `act`.
    fn mark(&mut self, act: &Act, now: Timestamp) {
        match act {
            Act::Refer { .. } => self.referred_at = self.referred_at.or(Some(now)),
            Act::Finish { .. } => {
                let ringing = matches!(self.stage, Stage::Calling(_));
                let rung = self.attempts.last().filter(|_| ringing).map(|a| a.at);
                self.reached_at = rung.or(Some(now));
            }
            Act::Reopen => self.reached_at = None,
            _ => {}
        }
    }

    /// Where `act` leads.
    fn next_stage(
        &mut self,
        act: &Act,
        by: &Actor,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<Stage, Refused> {
        let pending = self.stage.is_pending();
        let lease = || Lease { by: user(by), until: later(now, policy.lease) };
        let next = match (&self.stage, act) {
            (Stage::Taking, Act::Receive) => Stage::Open,
            (Stage::Taking | Stage::Open, Act::PutThrough) => Stage::PutThrough,
            (Stage::Open | Stage::Claimed(_) | Stage::Calling(_), Act::Claim) => {
                Stage::Claimed(lease())
            }
            (Stage::Scheduled { at }, Act::Claim) if *at <= now => Stage::Claimed(lease()),
            (Stage::Claimed(_), Act::Extend) => Stage::Claimed(lease()),
            (Stage::Calling(_), Act::Extend) => Stage::Calling(lease()),
            (Stage::Claimed(_) | Stage::Calling(_), Act::Release) => Stage::Open,
            (Stage::Claimed(_), Act::Ring) => {
                self.begin_attempt(by, policy, now)?;
                Stage::Calling(lease())
            }
            (Stage::Calling(_), Act::Miss) => self.after_miss(policy, now),
            (Stage::Claimed(_) | Stage::Calling(_), Act::Finish { disposition })
            | (Stage::Referred { .. }, Act::Finish { disposition }) => {
                if !policy.dispositions.contains(disposition) {
                    let known = policy.dispositions.join(", ");
                    return Err(invalid("disposition", format!("is none of {known}")));
                }
                Stage::Done { disposition: disposition.clone() }
            }
            (stage, Act::Schedule { at }) if pending && !is_referred(stage) => {
                if *at <= now {
                    return Err(invalid("at", format!("{at} is past; choose a time to come")));
                }
                Stage::Scheduled { at: *at }
            }
            (_, Act::Refer { office }) if pending => {
                let office = text("office", office, 200)?;
                self.office = Some(office.clone());
                self.offices = vec![];
                Stage::Referred { office }
            }
            (Stage::Referred { .. }, Act::HandBack) => Stage::Open,
            (_, Act::Cancel) if pending => Stage::Cancelled,
            (Stage::Scheduled { .. }, Act::Reopen | Act::Wake) => Stage::Open,
            (Stage::PutThrough | Stage::Done { .. }, Act::Reopen)
            | (Stage::Unreached | Stage::Cancelled, Act::Reopen) => {
                self.escalation = Escalation::None;
                Stage::Open
            }
            (Stage::Claimed(lease) | Stage::Calling(lease), Act::Lapse) if lease.until <= now => {
                Stage::Open
            }
            (stage, act) => return Err(Refused::Stage { stage: stage.name(), act: act.name() }),
        };
        Ok(next)
    }

    /// What somebody else holds is theirs, until the lease is over; a supervisor may release it.
    fn check_holder(&self, act: &Act, by: &Actor, now: Timestamp) -> Result<(), Refused> {
        let Some(lease) = self.stage.lease() else { return Ok(()) };
        let own = by.user() == Some(lease.by.as_str());
        let over = lease.until <= now && matches!(act, Act::Claim);
        let free = matches!(act, Act::Lapse)
            || matches!((act, by), (Act::Cancel, Actor::Caller))
            || matches!((act, by), (Act::Release, Actor::Supervisor(_)));
        if own || over || free {
            return Ok(());
        }
        Err(Refused::Held { by: lease.by.clone(), until: lease.until })
    }

    fn begin_attempt(
        &mut self,
        by: &Actor,
        policy: &CallbackPolicy,
        now: Timestamp,
    ) -> Result<(), Refused> {
        let may = self.priority() == Priority::Emergency
            || matches!(by, Actor::Supervisor(_))
            || policy.hours.may_ring(now);
        if !may {
            let from = policy.hours.next_ring(now).unwrap_or(Timestamp::MAX);
            return Err(Refused::Quiet { from });
        }
        if self.attempts.len() >= ENTRIES_MAX {
            return Err(invalid("attempts", format!("a ticket takes {ENTRIES_MAX}; cancel it")));
        }
        self.attempts.push(Attempt { at: now, by: user(by) });
        Ok(())
    }

    /// Nobody answered: later again, or never. An emergency does not wait for the morning.
    fn after_miss(&self, policy: &CallbackPolicy, now: Timestamp) -> Stage {
        let missed = self.attempts.len();
        if missed >= policy.attempts_max {
            return Stage::Unreached;
        }
        let waits = &policy.retry_after;
        let Some(wait) = waits.get(missed.saturating_sub(1)).or(waits.last()) else {
            return Stage::Open;
        };
        let at = later(now, *wait);
        let at = match self.priority() {
            Priority::Emergency => at,
            _ => policy.hours.next_ring(at).unwrap_or(at),
        };
        Stage::Scheduled { at }
    }

    fn escalate(&mut self, policy: &CallbackPolicy, now: Timestamp) -> Result<(), Refused> {
        if self.due_act(policy, now) != Some(Act::Escalate) {
            return Err(Refused::Stage { stage: self.stage.name(), act: "escalate" });
        }
        self.escalation = match self.escalation {
            Escalation::None => Escalation::AtRisk,
            _ => Escalation::Overdue,
        };
        Ok(())
    }

    /// A supervisor's word counts for this ticket's own call; repeat calls and the promise raise it
    /// all the same.
    fn prioritise(&mut self, priority: Priority) {
        self.own.priority = priority;
    }

    fn add_note(&mut self, words: &str, by: &Actor, now: Timestamp) -> Result<(), Refused> {
        let text = text("text", words, TEXT_CHARS_MAX)?;
        room("notes", self.notes.len())?;
        self.notes.push(Note { at: now, by: by.clone(), text });
        Ok(())
    }

    fn correct(
        &mut self,
        slot: &str,
        value: &str,
        parts: &[(String, String)],
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), Refused> {
        room("corrections", self.corrections.len())?;
        let long = |(name, value): &(String, String)| {
            name.chars().count() > NAME_CHARS_MAX || value.chars().count() > PART_CHARS_MAX
        };
        if parts.len() > PARTS_MAX || parts.iter().any(long) {
            let problem = format!(
                "give at most {PARTS_MAX}, with names of {NAME_CHARS_MAX} and values of \
                 {PART_CHARS_MAX} characters"
            );
            return Err(invalid("parts", problem));
        }
        let slot = text("slot", slot, NAME_CHARS_MAX)?;
        if value.chars().count() > TEXT_CHARS_MAX {
            return Err(too_long("value", TEXT_CHARS_MAX));
        }
        let value = value.trim().to_string();
        let parts = parts.to_vec();
        self.corrections.push(Correction { slot, value, parts, at: now, by: by.clone() });
        Ok(())
    }

    /// Makes this ticket the one that stands for `repeat` too, a later call of the same caller
    /// about the same case: the earliest time is kept, the urgency raised, and a time to wait for
    /// is over, because the caller is by the telephone now.
    pub fn absorb(
        &mut self,
        number: TicketNumber,
        repeat: (TicketNumber, &mut Callback),
        now: Timestamp,
    ) -> Result<(), Refused> {
        let (repeat_number, other) = repeat;
        let possible = number != repeat_number
            && self.stage.is_pending()
            && other.repeats.is_empty()
            && matches!(other.stage, Stage::Taking | Stage::Open | Stage::Scheduled { .. });
        if !possible {
            return Err(Refused::Stage { stage: other.stage.name(), act: "merge" });
        }
        room("repeats", self.repeats.len())?;
        self.repeats.push((repeat_number, other.own));
        if let Stage::Scheduled { .. } = self.stage {
            self.stage = Stage::Open;
        }
        let was = match std::mem::replace(&mut other.stage, Stage::Open) {
            Stage::Taking => Stage::Open,
            stage => stage,
        };
        other.stage = Stage::Merged { into: number, was: Box::new(was) };
        other.closed_at = Some(now);
        Ok(())
    }

    /// Undoes [`Callback::absorb`]: both tickets stand for themselves again.
    pub fn part_with(
        &mut self,
        number: TicketNumber,
        repeat: (TicketNumber, &mut Callback),
    ) -> Result<(), Refused> {
        let (repeat_number, other) = repeat;
        let Stage::Merged { into, was } = &other.stage else {
            return Err(Refused::Stage { stage: other.stage.name(), act: "unmerge" });
        };
        if *into != number {
            return Err(invalid("into", format!("it was merged into ticket {into}")));
        }
        other.stage = (**was).clone();
        other.closed_at = None;
        self.repeats.retain(|(n, _)| *n != repeat_number);
        Ok(())
    }
}

/// Some acts are not everybody's.
fn check_actor(act: &Act, by: &Actor) -> Result<(), Refused> {
    let (allowed, whom) = match act {
        Act::Receive => (by.user().is_none(), "the call itself"),
        Act::PutThrough => (*by == Actor::Caller, "the call itself"),
        Act::Lapse | Act::Wake | Act::Escalate => (*by == Actor::Clock, "the clock"),
        Act::Cancel => (*by != Actor::Clock, "the caller, operators and supervisors"),
        Act::Reopen | Act::Prioritise { .. } => (matches!(by, Actor::Supervisor(_)), "supervisors"),
        _ => (by.user().is_some(), "operators and supervisors"),
    };
    if allowed { Ok(()) } else { Err(Refused::NotAllowed { act: act.name(), whom }) }
}

fn is_referred(stage: &Stage) -> bool {
    matches!(stage, Stage::Referred { .. })
}

fn user(by: &Actor) -> String {
    by.user().unwrap_or_default().to_string()
}

fn invalid(field: &'static str, problem: String) -> Refused {
    Refused::Invalid { field, problem }
}

fn too_long(field: &'static str, chars_max: usize) -> Refused {
    invalid(field, format!("is longer than {chars_max} characters; shorten it"))
}

/// `words` without spaces around; refused when empty or too long.
fn text(field: &'static str, words: &str, chars_max: usize) -> Result<String, Refused> {
    let words = words.trim();
    if words.is_empty() {
        return Err(invalid(field, "is empty; give it".into()));
    }
    if words.chars().count() > chars_max {
        return Err(too_long(field, chars_max));
    }
    Ok(words.to_string())
}

fn room(field: &'static str, used: usize) -> Result<(), Refused> {
    if used < ENTRIES_MAX {
        return Ok(());
    }
    Err(invalid(field, format!("there are {ENTRIES_MAX}, as many as a ticket takes")))
}
