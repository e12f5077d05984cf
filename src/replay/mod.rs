//! (room being built)

pub mod score;
