//! How alike two graphs of the model hear: the rewritten one is measured against the shipped one.

use super::model::{CHUNK, CHUNKS_MAX, Memory, Model};
use crate::engine::{EngineError, onnx};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

/// Streams in each step: what is wrong only in a batch must show.
const STREAMS: usize = 2;
const SEED: u64 = 1;
/// Log energies of the bands, from a silent line to a shout.
const ENERGY: Range<f32> = -2.0..20.0;

/// What measuring came to.
pub struct Likeness {
    /// How far the log probabilities lie apart on average, in nats.
    pub apart: f64,
    /// How many times as fast the rewritten graph was, one thread each.
    pub speedup: f64,
}

/// A graph and what it remembers of the streams.
struct Listener {
    model: Model,
    memories: Vec<Memory>,
    spent: Duration,
}

impl Likeness {
    /// Runs two ONNX files of the model over noise of the longest turn there is; takes seconds.
    ///
    /// Fails when there is no ONNX Runtime under `models_dir/native` or when it refuses a file.
    pub fn measure(
        models_dir: &Path,
        shipped: &[u8],
        rewritten: &[u8],
    ) -> Result<Likeness, EngineError> {
        onnx::init(models_dir)?;
        let (mut shipped, mut rewritten) = (Listener::new(shipped)?, Listener::new(rewritten)?);
        let mut rng = StdRng::seed_from_u64(SEED);
        let (mut apart, mut values) = (0.0, 0);
        for _ in 0..CHUNKS_MAX {
            let noise = || rng.random_range(ENERGY);
            let chunks: Vec<f32> = std::iter::repeat_with(noise).take(STREAMS * CHUNK).collect();
            let (one, other) = (shipped.hear(&chunks)?, rewritten.hear(&chunks)?);
            apart += one.iter().zip(&other).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>();
            values += one.len();
        }
        let speedup = shipped.spent.as_secs_f64() / rewritten.spent.as_secs_f64();
        Ok(Likeness { apart: apart / values as f64, speedup })
    }
}

impl Listener {
    fn new(file: &[u8]) -> Result<Listener, EngineError> {
        let model = Model::load_from(file)?;
        Ok(Listener { model, memories: vec![Memory::new(); STREAMS], spent: Duration::ZERO })
    }

    /// The log probabilities of the streams' next chunks.
    fn hear(&mut self, chunks: &[f32]) -> Result<Vec<f32>, EngineError> {
        let start = Instant::now();
        let mut streams: Vec<(&mut Memory, &[f32])> =
            self.memories.iter_mut().zip(chunks.chunks_exact(CHUNK)).collect();
        let mut heard = vec![];
        self.model.step(&mut streams, |_, rows| heard.extend_from_slice(rows))?;
        self.spent += start.elapsed();
        Ok(heard)
    }
}
