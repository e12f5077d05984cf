//! Lists of tickets, page by page.

use super::queue::PENDING;
use super::rows::{SELECT, TicketRow, rank, signed};
use super::{StoreError, StoredTicket, TicketStore, search};
use crate::ticket::{Priority, TicketNumber};
use jiff::Timestamp;
use sqlx::any::AnyArguments;
use sqlx::{Any, Arguments, AssertSqlSafe, Encode, Type};

/// Which tickets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketFilter {
    /// Only those at one of these stages, by their names in [`crate::ticket::Stage::NAMES`];
    /// empty: at any.
    pub stages: Vec<String>,
    /// Only these hotlines'; `None`: all hotlines'.
    pub hotlines: Option<Vec<String>>,
    /// Only those of this responsible office.
    pub office: Option<String>,
    /// Only those of this category of need.
    pub need: Option<String>,
    /// Only those whose call was in this language (ISO 639-1).
    pub language: Option<String>,
    /// Only those that this user holds.
    pub holder: Option<String>,
    /// Only those of this branch of the hotline.
    pub branch: Option<String>,
    /// Only those of callers of this district.
    pub district: Option<String>,
    /// Only those with all these words in name or address, however they are written; or with this
    /// telephone number, or part of it; or of this number.
    pub search: Option<String>,
    /// Only those of callers who are to be called back at this number (E.164).
    pub callback_number: Option<String>,
    /// Only those that wait, and whose promise ended before this time.
    pub due_before: Option<Timestamp>,
    /// In which order, and from where on.
    pub order: Order,
    /// At most so many.
    pub limit: u32,
}

impl Default for TicketFilter {
    fn default() -> Self {
        TicketFilter {
            stages: vec![],
            hotlines: None,
            office: None,
            need: None,
            language: None,
            holder: None,
            branch: None,
            district: None,
            search: None,
            callback_number: None,
            due_before: None,
            order: Order::Newest { before: None },
            limit: 100,
        }
    }
}

/// The order of a list, and where its page begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// By number, the highest first.
    Newest {
        /// Only numbers below this one: the last number of one page gives the next page.
        before: Option<TicketNumber>,
    },
    /// As the queue is worked: emergencies first, then the pressing, then who has waited longest.
    Queue {
        /// Only what comes after this place.
        after: Option<QueuePlace>,
    },
}

/// Where a ticket stands in the queue's order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QueuePlace {
    /// How soon.
    pub priority: Priority,
    /// When the caller first called.
    pub received_at: Timestamp,
    /// The ticket.
    pub number: TicketNumber,
}

impl QueuePlace {
    /// Where `stored` stands.
    pub fn of(stored: &StoredTicket) -> QueuePlace {
        let (priority, received_at) = (stored.callback.priority(), stored.callback.received_at());
        QueuePlace { priority, received_at, number: stored.number }
    }
}

impl QueuePlace {
    /// The condition for what comes before it in the queue.
    pub(super) fn before(self) -> String {
        let (rank, number) = (rank(self.priority), signed(self.number.0));
        let received = self.received_at.as_millisecond();
        format!(
            "(priority > {rank} OR (priority = {rank} AND (received_at < {received} OR \
             (received_at = {received} AND number < {number}))))"
        )
    }

    /// The condition for what comes after it.
    fn after(self) -> String {
        let (rank, number) = (rank(self.priority), signed(self.number.0));
        let received = self.received_at.as_millisecond();
        format!(
            "(priority < {rank} OR (priority = {rank} AND (received_at > {received} OR \
             (received_at = {received} AND number > {number}))))"
        )
    }
}

/// Conditions with their values.
#[derive(Default)]
pub(super) struct Conditions {
    pub(super) sql: Vec<String>,
    pub(super) values: AnyArguments,
    count: usize,
}

impl Conditions {
    /// The place of another value.
    fn place<T>(&mut self, value: T) -> Result<String, sqlx::Error>
    where
        T: for<'t> Encode<'t, Any> + Type<Any>,
    {
        self.values.add(value).map_err(sqlx::Error::Encode)?;
        self.count += 1;
        Ok(format!("${}", self.count))
    }

    pub(super) fn which(&self) -> String {
        match self.sql.is_empty() {
            true => String::new(),
            false => format!("WHERE {}", self.sql.join(" AND ")),
        }
    }

    pub(super) fn is(&mut self, column: &str, value: &Option<String>) -> Result<(), sqlx::Error> {
        if let Some(value) = value {
            let place = self.place(value.clone())?;
            self.sql.push(format!("{column} = {place}"));
        }
        Ok(())
    }

    pub(super) fn is_one_of(&mut self, column: &str, values: &[String]) -> Result<(), sqlx::Error> {
        let places: Result<Vec<String>, _> =
            values.iter().map(|value| self.place(value.clone())).collect();
        self.sql.push(match places?.join(", ") {
            none if none.is_empty() => "1 = 0".into(),
            places => format!("{column} IN ({places})"),
        });
        Ok(())
    }

    fn is_found(&mut self, query: &str) -> Result<(), sqlx::Error> {
        let mut found = Vec::new();
        for term in search::terms(query) {
            let place = self.place(term)?;
            found.push(format!("searched LIKE {place}"));
        }
        let words = (!found.is_empty()).then(|| found.join(" AND "));
        let number = query.trim().parse::<u32>().ok().map(|n| format!("number = {n}"));
        let either: Vec<String> = words.into_iter().chain(number).collect();
        if !either.is_empty() {
            self.sql.push(format!("({})", either.join(" OR ")));
        }
        Ok(())
    }

    fn of(filter: &TicketFilter) -> Result<Conditions, sqlx::Error> {
        let mut all = Conditions::default();
        if !filter.stages.is_empty() {
            all.is_one_of("stage", &filter.stages)?;
        }
        if let Some(hotlines) = &filter.hotlines {
            all.is_one_of("hotline", hotlines)?;
        }
        all.is("office", &filter.office)?;
        all.is("need", &filter.need)?;
        all.is("language", &filter.language)?;
        all.is("held_by", &filter.holder)?;
        all.is("branch", &filter.branch)?;
        all.is("district", &filter.district)?;
        all.is("callback_number", &filter.callback_number)?;
        all.is_found(filter.search.as_deref().unwrap_or_default())?;
        // A promise can be broken only while it is to be kept.
        let broken =
            |at: Timestamp| format!("due_at < {} AND stage IN {PENDING}", at.as_millisecond());
        all.sql.extend(filter.due_before.map(broken));
        all.sql.extend(match filter.order {
            Order::Newest { before } => before.map(|n| format!("number < {}", signed(n.0))),
            Order::Queue { after } => after.map(QueuePlace::after),
        });
        Ok(all)
    }
}

impl TicketStore {
    /// The tickets `filter` lets through, in its order.
    pub async fn list(&self, filter: &TicketFilter) -> Result<Vec<StoredTicket>, StoreError> {
        let conditions = Conditions::of(filter).map_err(|e| self.error(e))?;
        let which = conditions.which();
        let order = match filter.order {
            Order::Newest { .. } => "number DESC",
            Order::Queue { .. } => "priority DESC, received_at, number",
        };
        let sql = format!("{SELECT} {which} ORDER BY {order} LIMIT {}", filter.limit);
        let query = sqlx::query_as_with::<_, TicketRow, _>(AssertSqlSafe(sql), conditions.values);
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        rows.into_iter().map(|row| self.stored(row)).collect()
    }

    /// How many tickets `filter` lets through, from its page on; more than `max` are not counted.
    pub async fn count(&self, filter: &TicketFilter, max: u32) -> Result<u32, StoreError> {
        let conditions = Conditions::of(filter).map_err(|e| self.error(e))?;
        let which = conditions.which();
        let sql =
            format!("SELECT count(*) FROM (SELECT 1 FROM tickets {which} LIMIT {max}) counted");
        let query = sqlx::query_scalar_with::<_, i64, _>(AssertSqlSafe(sql), conditions.values);
        let count = query.fetch_one(self.database.pool()).await.map_err(|e| self.error(e))?;
        Ok(u32::try_from(count).unwrap_or(max))
    }

    /// The tickets of these numbers, in no order; those that are not there are left out.
    pub async fn several(&self, numbers: &[TicketNumber]) -> Result<Vec<StoredTicket>, StoreError> {
        if numbers.is_empty() {
            return Ok(vec![]);
        }
        let numbers: Vec<String> = numbers.iter().map(|n| signed(n.0).to_string()).collect();
        let sql = format!("{SELECT} WHERE number IN ({})", numbers.join(", "));
        let query = sqlx::query_as::<_, TicketRow>(AssertSqlSafe(sql));
        let rows = query.fetch_all(self.database.pool()).await.map_err(|e| self.error(e))?;
        rows.into_iter().map(|row| self.stored(row)).collect()
    }
}
