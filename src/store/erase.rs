//! A caller's right to erasure (GDPR, article 17): recordings, journals, and all that their tickets
//! know of them. What is left counts calls and names nobody.
//!
//! In three steps, so that a death or an archive out of reach between them loses no erasure: the
//! decision is written down, the files go, the tickets are emptied. Until the last one the caller
//! is found by number, and the whole is run again.

use super::custody::{CustodyError, merged_into};
use super::database::Change;
use super::rows::{self, SELECT, TicketRow, signed};
use super::{ActError, Archive, Removal, StoreError, StoredTicket, TicketStore};
use crate::ticket::{Act, Actor, CallId, SlotNames, Stage, TicketNumber};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::AssertSqlSafe;
use std::collections::BTreeSet;

/// With fewer digits a number is not one caller's.
const DIGITS_MIN: usize = 6;
/// Characters of a case's number.
const REFERENCE_CHARS_MAX: usize = 40;
/// No later save of the same call is newer than this.
const LAST_REVISION: u32 = u32::MAX;

/// Why somebody is forgotten. It stays in the audit log, so it names nobody.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ErasureGrounds {
    /// On what ground.
    pub reason: ErasureReason,
    /// The case's number in one's own files: letters, digits, `.`, `-`, `/`; may be empty.
    #[schema(max_length = 40, pattern = "^[A-Za-z0-9./-]*$")]
    pub reference: String,
}

/// On what ground somebody is forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureReason {
    /// The caller asked for it (GDPR, article 17).
    #[default]
    Request,
    /// A court or an authority ordered it.
    Order,
    /// It should not have been kept.
    Mistake,
}

impl ErasureGrounds {
    fn are_sound(&self) -> bool {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"./-".contains(&b);
        self.reference.len() <= REFERENCE_CHARS_MAX && self.reference.bytes().all(known)
    }
}

/// What an erasure came to.
#[derive(Debug, Default)]
pub struct Erased {
    /// Tickets that know nothing of the caller any more, lowest first.
    pub tickets: Vec<TicketNumber>,
    /// Their files: what is gone, and what could not be removed. While some could not, no ticket is
    /// emptied, and the erasure has to be run again.
    pub removal: Removal,
}

impl TicketStore {
    /// The tickets of the caller with `number` (E.164), lowest first: those that call it back,
    /// those it called from, and those it was said in. A number kept without its country is found
    /// as well. `None` when `number` is no telephone number.
    pub async fn of_caller(&self, number: &str) -> Result<Option<Vec<StoredTicket>>, StoreError> {
        let Some(caller) = Caller::of(number) else { return Ok(None) };
        let sql = format!(
            "{SELECT} WHERE callback_number = $1 OR intake LIKE $2 OR callback LIKE $2 \
             ORDER BY number"
        );
        let query = sqlx::query_as::<_, TicketRow>(AssertSqlSafe(sql))
            .bind(caller.whole.clone())
            .bind(format!("%{}%", caller.national));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        let stored = rows.into_iter().map(|row| self.stored(row));
        let stored: Vec<StoredTicket> = stored.collect::<Result<_, _>>()?;
        Ok(Some(stored.into_iter().filter(|s| caller.is_in(s)).collect()))
    }

    /// Erases what `tickets` know of their caller, with the files of their calls. Those that wait
    /// for a callback are withdrawn: nobody could ring. Refused as a whole when one of them is
    /// under legal hold or its call still runs.
    pub async fn erase(
        &self,
        archive: &Archive,
        tickets: &[TicketNumber],
        grounds: &ErasureGrounds,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Erased, CustodyError> {
        if !matches!(by, Actor::Supervisor(_)) {
            return Err(CustodyError::NotAllowed);
        }
        if !grounds.are_sound() {
            return Err(CustodyError::Reference);
        }
        let tickets: BTreeSet<TicketNumber> = tickets.iter().copied().collect();
        let calls = self.decide(&tickets, grounds, by, now).await?;
        let removal = archive.erase(&calls).await;
        let mut erased = Erased { tickets: vec![], removal };
        if erased.removal.failed.is_empty() {
            for &number in &tickets {
                if self.empty(number, by, now).await? {
                    erased.tickets.push(number);
                }
            }
        }
        Ok(erased)
    }

    /// Refuses, or writes down that these tickets are erased; returns their calls.
    async fn decide(
        &self,
        tickets: &BTreeSet<TicketNumber>,
        grounds: &ErasureGrounds,
        by: &Actor,
        now: Timestamp,
    ) -> Result<Vec<CallId>, CustodyError> {
        let run = async |change: &mut Change| {
            let mut all = Vec::new();
            for &number in tickets {
                let found = self.locked(change, "number", signed(number.0)).await?;
                all.push(found.ok_or(CustodyError::NoSuchTicket(number))?);
            }
            for stored in &all {
                self.check(change, stored).await?;
            }
            for stored in &mut all {
                self.withdraw(change, stored, tickets, by, now).await?;
                stored.files_gone_unix_ms.get_or_insert(now.as_millisecond());
                self.note(change, now, by, "erase", stored.number, &json!(grounds)).await?;
                self.write_custody(change, stored).await?;
            }
            Ok(all.into_iter().map(|stored| stored.ticket.call_id).collect())
        };
        self.database.change(run).await
    }

    async fn check(&self, change: &mut Change, stored: &StoredTicket) -> Result<(), CustodyError> {
        let case = match merged_into(stored) {
            Some(number) => self.locked(change, "number", signed(number.0)).await?,
            None => None,
        };
        let held = case.iter().chain([stored]).find(|t| t.hold.is_some());
        match held {
            Some(held) => Err(CustodyError::Held(held.number)),
            None if stored.callback.stage == Stage::Taking => {
                Err(CustodyError::Running(stored.number))
            }
            None => Ok(()),
        }
    }

    /// Nobody rings this caller any more; other callers' tickets merged into theirs stand for
    /// themselves again.
    async fn withdraw(
        &self,
        change: &mut Change,
        stored: &mut StoredTicket,
        erased: &BTreeSet<TicketNumber>,
        by: &Actor,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let policy = self.policy(stored);
        let repeats: Vec<TicketNumber> = stored.callback.repeats.iter().map(|r| r.0).collect();
        for number in repeats.into_iter().filter(|n| !erased.contains(n)) {
            let Some(mut other) = self.locked(change, "number", signed(number.0)).await? else {
                continue;
            };
            if stored.callback.part_with(stored.number, (number, &mut other.callback)).is_ok() {
                let detail = json!({ "into": stored.number.0 });
                self.note(change, now, by, "unmerge", number, &detail).await?;
                self.write(change, &mut other, &policy, now).await?;
            }
        }
        if stored.callback.stage.is_pending() {
            let done = self.do_act(change, stored, &Act::Cancel, &Actor::Caller, &policy, now);
            if let Err(ActError::Store(e)) = done.await {
                return Err(e);
            }
        }
        self.write(change, stored, &policy, now).await
    }

    /// Empties ticket `number`; false when it was put under legal hold meanwhile.
    async fn empty(
        &self,
        number: TicketNumber,
        by: &Actor,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let run = async |change: &mut Change| {
            let Some(mut stored) = self.locked(change, "number", signed(number.0)).await? else {
                return Ok(false);
            };
            if stored.hold.is_some() {
                return Ok(false);
            }
            let policy = self.policy(&stored);
            bare(&mut stored, &policy.slots);
            stored.ticket.revision = LAST_REVISION;
            rows::update_intake(change, &stored, &policy).await.map_err(|e| self.error(e))?;
            self.forget_words(change, number).await?;
            self.note(change, now, by, "erased", number, &json!({})).await?;
            self.write(change, &mut stored, &policy, now).await?;
            Ok(true)
        };
        self.database.change(run).await
    }
}

impl StoredTicket {
    /// Without what names the caller, as an erasure leaves it; `names` are its hotline's slots.
    pub fn redacted(mut self, names: &SlotNames) -> StoredTicket {
        bare(&mut self, names);
        self
    }
}

/// Leaves of a ticket what statistics count: hotline, language, times, how far it came, the
/// category of the need.
fn bare(stored: &mut StoredTicket, names: &SlotNames) {
    stored.callback.notes.clear();
    stored.callback.corrections.clear();
    let ticket = &mut stored.ticket;
    ticket.caller_id.clear();
    ticket.callback_number.clear();
    ticket.message.clear();
    ticket.facts.clear();
    for slot in &mut ticket.slots {
        let is_need = slot.slot == names.need;
        slot.parts.retain(|(part, _)| is_need && part == "category");
        slot.value.clear();
        slot.heard.clear();
        slot.audio.clear();
    }
}

/// One caller's number, as it may have been kept.
struct Caller {
    /// `+` and digits.
    whole: String,
    digits: String,
    /// Without the country's code.
    national: String,
}

impl Caller {
    fn of(number: &str) -> Option<Caller> {
        let parsed = phonenumber::parse(None, number).ok()?;
        let whole = parsed.format().mode(phonenumber::Mode::E164).to_string();
        let national = parsed.national().value().to_string();
        let digits = whole.trim_start_matches('+').to_string();
        (national.len() >= DIGITS_MIN).then_some(Caller { whole, digits, national })
    }

    fn is(&self, kept: &str) -> bool {
        let kept: String = kept.chars().filter(char::is_ascii_digit).collect();
        let kept = kept.trim_start_matches('0');
        kept == self.digits || kept == self.national
    }

    fn is_in(&self, stored: &StoredTicket) -> bool {
        let StoredTicket { ticket, callback, .. } = stored;
        let said = ticket.slots.iter().flat_map(|s| [&s.value, &s.heard]);
        let corrected = callback.corrections.iter().map(|c| &c.value);
        let mut kept = [&ticket.caller_id, &ticket.callback_number].into_iter();
        kept.any(|n| self.is(n)) || said.chain(corrected).any(|n| self.is(n))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_known_in_each_of_its_forms() {
        let check = |kept: &str, want: bool| {
            let caller = Caller::of("+84 90 123 45 67").expect("a number");
            assert_eq!(caller.is(kept), want, "{kept}");
        };
        check("+84901234567", true);
        check("0084901234567", true);
        check("84901234567", true);
        check("0901234567", true);
        check("090 123 45 67", true);
        check("901234567", true);
        check("+84901234568", false);
        check("+842901234567", false);
        check("901234", false);
        check("", false);
        for no_number in ["", "0901234567", "mary", "+84"] {
            assert!(Caller::of(no_number).is_none(), "{no_number}");
        }
    }
}
