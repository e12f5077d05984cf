//! What people and replays make of ended calls. What repeats a caller's words goes with the call's
//! files; the rest counts and names nobody.

use super::database::Change;
use super::intake::instant;
use super::listing::Conditions;
use super::rows::{SELECT, TicketRow, json, plain, signed};
use super::{StoreError, StoredTicket, TicketStore};
use crate::replay::score::{CallScore, is_same_value};
use crate::replay::{CallTruth, Divergence, Judgement, MarkKind, Outcome, Replayed, Truthful};
use crate::ticket::{Priority, Stage, TicketNumber};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{AssertSqlSafe, FromRow};

/// Which ended calls.
#[derive(Debug, Clone, Default)]
pub struct ReviewFilter {
    /// Only these hotlines'; `None`: all hotlines'.
    pub hotlines: Option<Vec<String>>,
    /// Only those in this language (ISO 639-1).
    pub language: Option<String>,
    /// Only those answered at this time or later.
    pub since: Option<Timestamp>,
    /// Only those answered before this time.
    pub until: Option<Timestamp>,
    /// Only those with a slot that an operator wrote again.
    pub corrected: bool,
    /// Only those with marks (true) or without (false).
    pub marked: Option<bool>,
    /// Only those that somebody looked at (true) or nobody (false).
    pub reviewed: Option<bool>,
    /// Only tickets of lower numbers: the last number of one page gives the next page.
    pub before: Option<TicketNumber>,
    /// At most so many.
    pub limit: u32,
}

/// What a replay found, without anything that was said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Scored {
    /// When it was replayed.
    pub at: Timestamp,
    /// The version of the program that did.
    pub build: String,
    /// What it came to; a divergence without its lines.
    pub replayed: Replayed,
    /// How the call went; `None` where its journal cannot be scored.
    pub score: Option<CallScore>,
}

/// The half of a review that repeats what was said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
struct Words {
    #[serde(default)]
    truth: Truthful,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    divergence: Option<Box<Divergence>>,
}

/// What is known of how a call went.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Review {
    /// Raised by one at each change; 0 before the first.
    pub version: u64,
    /// What somebody judged.
    pub judgement: Judgement,
    /// The words of it.
    pub truth: Truthful,
    /// Who judged last, and when.
    pub judged: Option<(String, Timestamp)>,
    /// What the last replay found.
    pub scored: Option<Scored>,
    /// Where that diverged, with its lines.
    pub divergence: Option<Box<Divergence>>,
}

/// Why a review was refused; nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum ReviewError {
    /// No ticket has this number.
    #[error("there is no ticket {0}")]
    NoSuchTicket(TicketNumber),
    /// The call is not over.
    #[error("the call of ticket {0} still runs; try again when it is over")]
    Running(TicketNumber),
    /// The recording's time is over, or the caller was erased.
    #[error("what was said in the call of ticket {0} is gone; only marks can be kept of it")]
    Gone(TicketNumber),
    /// Somebody changed it since it was read.
    #[error("the review was changed meanwhile: it is at version {version}; read it again")]
    Changed {
        /// Its version now.
        version: u64,
    },
    /// Too much or too long.
    #[error("{0}")]
    Invalid(String),
    /// It could not be kept.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[derive(FromRow)]
struct ReviewRow {
    ticket: i64,
    version: i64,
    judged: String,
    by_whom: String,
    at: Option<i64>,
    scored: String,
    words: String,
}

const COLUMNS: &str = "SELECT ticket, version, judged, by_whom, at, scored, words FROM reviews";

impl StoredTicket {
    /// Slots that an operator judged, by working the case or by writing them again, and whether
    /// the bot had them right. What nobody ever knew tells nothing.
    pub fn judged_slots(&self) -> Vec<(&str, bool)> {
        let done = matches!(self.callback.stage, Stage::Done { .. });
        let slots = self.ticket.slots.iter();
        let judged = slots.filter(|s| done || self.callback.corrected(&s.slot).is_some());
        let known = judged.filter(|s| !self.value(&s.slot).is_empty());
        known.map(|s| (s.slot.as_str(), is_same_value(&s.value, self.value(&s.slot)))).collect()
    }

    /// Whether an operator wrote another value than the bot's, of `slot` or of any (`None`).
    pub fn is_corrected(&self, slot: Option<&str>) -> bool {
        self.ticket.slots.iter().any(|s| {
            slot.is_none_or(|wanted| wanted == s.slot)
                && self.callback.corrected(&s.slot).is_some()
                && !is_same_value(&s.value, self.value(&s.slot))
        })
    }

    /// What is true of its call: the operators' last word, and what `review` says was said.
    pub fn truth(&self, review: &Review) -> CallTruth {
        let slot = |(slot, _): (&str, bool)| (slot.to_string(), self.value(slot).to_string());
        let marks = &review.judgement.marks;
        let missed = marks.iter().any(|m| m.kind == MarkKind::MissedEmergency);
        let seen = self.ticket.priority == Priority::Emergency;
        CallTruth {
            emergency: (missed || review.judgement.reviewed).then_some(missed || seen),
            slots: self.judged_slots().into_iter().map(slot).collect(),
            turns: review.truth.turns.clone(),
        }
    }
}

impl TicketStore {
    /// The ended calls that `filter` lets through, newest first.
    pub async fn ended_calls(
        &self,
        filter: &ReviewFilter,
    ) -> Result<Vec<StoredTicket>, StoreError> {
        let conditions = filter.conditions().map_err(|e| self.error(e))?;
        let which = conditions.which();
        let sql = format!("{SELECT} {which} ORDER BY number DESC LIMIT {}", filter.limit);
        let query = sqlx::query_as_with::<_, TicketRow, _>(AssertSqlSafe(sql), conditions.values);
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        rows.into_iter().map(|row| self.stored(row)).collect()
    }

    /// The reviews of these tickets, each beside its number; those without are left out.
    pub async fn reviews(
        &self,
        numbers: &[TicketNumber],
    ) -> Result<Vec<(TicketNumber, Review)>, StoreError> {
        if numbers.is_empty() {
            return Ok(vec![]);
        }
        let numbers: Vec<String> = numbers.iter().map(|n| signed(n.0).to_string()).collect();
        let sql = format!("{COLUMNS} WHERE ticket IN ({})", numbers.join(", "));
        let query = sqlx::query_as::<_, ReviewRow>(AssertSqlSafe(sql));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        rows.into_iter().map(|row| self.review_of(row)).collect()
    }

    /// The review of ticket `number`; an empty one where there is none yet.
    pub async fn review(&self, number: TicketNumber) -> Result<Review, StoreError> {
        Ok(self.reviews(&[number]).await?.pop().map(|(_, review)| review).unwrap_or_default())
    }

    /// Keeps what `by` (role and user name) judges of the call of ticket `number`; with `version`
    /// only over the version that was read.
    pub async fn judge(
        &self,
        number: TicketNumber,
        (judgement, truth): (&Judgement, &Truthful),
        by: &str,
        version: Option<u64>,
        now: Timestamp,
    ) -> Result<Review, ReviewError> {
        if let Some(problem) = judgement.problem().or_else(|| truth.problem()) {
            return Err(ReviewError::Invalid(problem));
        }
        let run = async |change: &mut Change| {
            let (stored, mut review) = self.under_review(change, number).await?;
            if version.is_some_and(|v| v != review.version) {
                return Err(ReviewError::Changed { version: review.version });
            }
            // Marks outlive the caller's data: a slot's name must be one, and no words.
            let slots = judgement.marks.iter().filter_map(|mark| mark.slot.as_ref());
            if slots.into_iter().any(|slot| stored.ticket.slot(slot).is_none()) {
                let problem = "marks: the call's form has no slot of this name";
                return Err(ReviewError::Invalid(problem.into()));
            }
            if stored.files_gone_unix_ms.is_some() && !truth.is_empty() {
                return Err(ReviewError::Gone(number));
            }
            review.judgement = judgement.clone();
            review.truth = truth.clone();
            review.judged = Some((by.into(), now));
            self.write_review(change, number, &mut review).await?;
            let detail = json!({ "marks": judgement.marks.len(), "reviewed": judgement.reviewed });
            self.note_by(change, now, by, "review", number, &detail).await?;
            Ok(review)
        };
        self.database.change(run).await
    }

    /// Keeps what a replay of the call of ticket `number`, asked for by `by`, found.
    pub async fn replayed(
        &self,
        number: TicketNumber,
        scored: &Scored,
        by: &str,
        now: Timestamp,
    ) -> Result<Review, ReviewError> {
        let run = async |change: &mut Change| {
            let (stored, mut review) = self.under_review(change, number).await?;
            if stored.files_gone_unix_ms.is_some() {
                return Err(ReviewError::Gone(number));
            }
            let mut scored = scored.clone();
            review.divergence = take_divergence(&mut scored.replayed.outcome);
            let outcome = match &scored.replayed.outcome {
                Outcome::Same { .. } => "same",
                Outcome::Diverged(_) => "diverged",
                Outcome::NotReplayable { .. } => "not_replayable",
            };
            review.scored = Some(scored);
            self.write_review(change, number, &mut review).await?;
            let detail = json!({ "outcome": outcome });
            self.note_by(change, now, by, "replay", number, &detail).await?;
            Ok(review)
        };
        self.database.change(run).await
    }

    /// Empties what a review repeats of a caller's words.
    pub(super) async fn forget_words(
        &self,
        change: &mut Change,
        number: TicketNumber,
    ) -> Result<(), StoreError> {
        let sql = "UPDATE reviews SET words = '' WHERE ticket = $1";
        let query = sqlx::query(sql).bind(signed(number.0)).execute(change.connection()).await;
        query.map(drop).map_err(|e| self.error(e))
    }

    /// The ticket, locked, and its review.
    async fn under_review(
        &self,
        change: &mut Change,
        number: TicketNumber,
    ) -> Result<(StoredTicket, Review), ReviewError> {
        let found = self.locked(change, "number", signed(number.0)).await?;
        let stored = found.ok_or(ReviewError::NoSuchTicket(number))?;
        if stored.callback.stage == Stage::Taking {
            return Err(ReviewError::Running(number));
        }
        let sql = format!("{COLUMNS} WHERE ticket = $1");
        let query = sqlx::query_as::<_, ReviewRow>(AssertSqlSafe(sql)).bind(signed(number.0));
        let row = query.fetch_optional(change.connection()).await.map_err(|e| self.error(e))?;
        let review = row.map(|row| self.review_of(row)).transpose()?;
        Ok((stored, review.map(|(_, review)| review).unwrap_or_default()))
    }

    async fn write_review(
        &self,
        change: &mut Change,
        number: TicketNumber,
        review: &mut Review,
    ) -> Result<(), StoreError> {
        review.version += 1;
        let words = Words { truth: review.truth.clone(), divergence: review.divergence.clone() };
        let empty = words.truth.is_empty() && words.divergence.is_none();
        let sql = "INSERT INTO reviews \
             (ticket, version, reviewed, marked, judged, by_whom, at, scored, words) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (ticket) DO UPDATE SET \
             version = excluded.version, reviewed = excluded.reviewed, marked = excluded.marked, \
             judged = excluded.judged, by_whom = excluded.by_whom, at = excluded.at, \
             scored = excluded.scored, words = excluded.words";
        let query = sqlx::query(sql)
            .bind(signed(number.0))
            .bind(signed(review.version))
            .bind(i64::from(review.judgement.reviewed))
            .bind(signed(review.judgement.marks.len() as u64))
            .bind(plain(&json(&review.judgement)))
            .bind(review.judged.as_ref().map(|(by, _)| by.clone()).unwrap_or_default())
            .bind(review.judged.as_ref().map(|(_, at)| at.as_millisecond()))
            .bind(review.scored.as_ref().map(json).unwrap_or_default())
            .bind(if empty { String::new() } else { plain(&json(&words)) });
        query.execute(change.connection()).await.map(drop).map_err(|e| self.error(e))
    }

    fn review_of(&self, row: ReviewRow) -> Result<(TicketNumber, Review), StoreError> {
        let (database, number) = (self.name().to_string(), row.ticket);
        row.into_review().map_err(|reason| StoreError::Row { database, number, reason })
    }
}

impl ReviewRow {
    fn into_review(self) -> Result<(TicketNumber, Review), String> {
        let words: Words = read("words", &self.words)?.unwrap_or_default();
        let review = Review {
            version: self.version.unsigned_abs(),
            judgement: read("judged", &self.judged)?.unwrap_or_default(),
            truth: words.truth,
            judged: self.at.map(|at| (self.by_whom, instant(at))),
            scored: read("scored", &self.scored)?,
            divergence: words.divergence,
        };
        Ok((TicketNumber(self.ticket.unsigned_abs()), review))
    }
}

fn read<T: for<'de> Deserialize<'de>>(column: &str, text: &str) -> Result<Option<T>, String> {
    if text.is_empty() {
        return Ok(None);
    }
    serde_json::from_str(text).map(Some).map_err(|e| format!("{column}: {e}"))
}

/// Leaves of a divergence only when it was.
fn take_divergence(outcome: &mut Outcome) -> Option<Box<Divergence>> {
    let Outcome::Diverged(found) = outcome else { return None };
    let (before, expected, got) = (vec![], None, None);
    let (words, only_words) = (vec![], found.only_words);
    let bare = Divergence { at_ms: found.at_ms, before, expected, got, words, only_words };
    Some(std::mem::replace(found, Box::new(bare)))
}

impl ReviewFilter {
    fn conditions(&self) -> Result<Conditions, sqlx::Error> {
        let mut all = Conditions::default();
        all.sql.push("ended_at IS NOT NULL".into());
        if let Some(hotlines) = &self.hotlines {
            all.is_one_of("hotline", hotlines)?;
        }
        all.is("language", &self.language)?;
        let at = |at: &Timestamp| at.as_millisecond();
        all.sql.extend(self.since.as_ref().map(|t| format!("created_at >= {}", at(t))));
        all.sql.extend(self.until.as_ref().map(|t| format!("created_at < {}", at(t))));
        all.sql.extend(self.before.map(|n| format!("number < {}", signed(n.0))));
        if self.corrected {
            // As serde writes the document; a quote within a text is escaped there.
            all.sql.push(r#"callback LIKE '%"corrections":[{%'"#.into());
        }
        let of_column = |column: &str, is: bool| {
            let not = if is { "" } else { "NOT " };
            format!("number {not}IN (SELECT ticket FROM reviews WHERE {column} > 0)")
        };
        all.sql.extend(self.marked.map(|is| of_column("marked", is)));
        all.sql.extend(self.reviewed.map(|is| of_column("reviewed", is)));
        Ok(all)
    }
}
