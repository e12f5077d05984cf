//! The only clock of the house.

use jiff::Timestamp;

/// This moment.
pub(super) fn now() -> Timestamp {
    Timestamp::now()
}

/// Milliseconds since 1970 UTC.
pub(super) fn unix_ms() -> i64 {
    now().as_millisecond()
}
