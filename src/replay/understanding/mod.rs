//! How well words are understood, and how a recogniser spoils them.

mod confusions;
mod noise;
mod syllable;

pub use confusions::{Confusions, measure};
pub use noise::NoiseModel;
