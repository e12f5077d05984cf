//! The only clock of the house.

/// Milliseconds since 1970 UTC.
pub(super) fn unix_ms() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}
