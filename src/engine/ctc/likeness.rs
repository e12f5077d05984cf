//! How alike two graphs of the model hear: the rewritten one is measured against the shipped one.

use super::fbank::BANDS;
use super::memory::{LAYERS, Memory, OFFSET_START};
use super::model::{CHUNK, CHUNK_FRAMES, CHUNKS_MAX, Model, OUTPUT_FRAMES};
use crate::engine::{EngineError, onnx};
use ort::session::Session;
use ort::value::TensorRef;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

/// Streams in each step: what is wrong only in a batch must show.
const STREAMS: usize = 2;
/// Memory of the shipped graph: streams, layers, heads, frames, width of keys and values ...
const ATTENTION: [usize; 5] = [STREAMS, LAYERS, 4, 40, 224];
/// ... and streams, layers, channels, frames.
const CONVOLUTION: [usize; 4] = [STREAMS, LAYERS, 448, 30];
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

/// The shipped graph, which takes and gives all that it remembers of the streams as a whole.
struct Shipped {
    session: Session,
    /// `[streams, layers, heads, frames, width]`: keys and values side by side.
    attention: Vec<f32>,
    /// `[streams, layers, channels, frames]`: what goes into the convolution modules.
    convolution: Vec<f32>,
    offset: i64,
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
        let mut shipped = Shipped::new(shipped)?;
        let mut rewritten = Model::load_from(rewritten)?;
        let mut memories = vec![Memory::new(); STREAMS];
        let mut spent = [Duration::ZERO; 2];
        let mut rng = StdRng::seed_from_u64(SEED);
        let (mut apart, mut values) = (0.0, 0);
        for _ in 0..CHUNKS_MAX {
            let noise = || rng.random_range(ENERGY);
            let chunks: Vec<f32> = std::iter::repeat_with(noise).take(STREAMS * CHUNK).collect();
            let start = Instant::now();
            let one = shipped.step(&chunks)?;
            spent[0] += start.elapsed();
            let start = Instant::now();
            let other = step(&mut rewritten, &mut memories, &chunks)?;
            spent[1] += start.elapsed();
            apart += one.iter().zip(&other).map(|(a, b)| f64::from((a - b).abs())).sum::<f64>();
            values += one.len();
        }
        let speedup = spent[0].as_secs_f64() / spent[1].as_secs_f64();
        Ok(Likeness { apart: apart / values as f64, speedup })
    }
}

/// The rewritten graph's log probabilities for the streams' next chunks.
fn step(
    model: &mut Model,
    memories: &mut [Memory],
    chunks: &[f32],
) -> Result<Vec<f32>, EngineError> {
    let mut streams: Vec<(&mut Memory, &[f32])> =
        memories.iter_mut().zip(chunks.chunks_exact(CHUNK)).collect();
    let mut heard = vec![];
    model.step(&mut streams, |_, rows| heard.extend_from_slice(rows))?;
    Ok(heard)
}

impl Shipped {
    fn new(file: &[u8]) -> Result<Shipped, EngineError> {
        let nothing = |dims: &[usize]| vec![0.0; dims.iter().product()];
        Ok(Shipped {
            session: onnx::model_in(file)?,
            attention: nothing(&ATTENTION),
            convolution: nothing(&CONVOLUTION),
            offset: OFFSET_START,
        })
    }

    /// Its log probabilities for the streams' next chunks.
    fn step(&mut self, chunks: &[f32]) -> Result<Vec<f32>, EngineError> {
        let offsets = [self.offset; STREAMS];
        let inputs = ort::inputs![
            "chunk" => TensorRef::from_array_view((
                [STREAMS, CHUNK_FRAMES, BANDS], chunks)).map_err(onnx::broken)?,
            "offset" => TensorRef::from_array_view((
                [STREAMS, 1], &offsets[..])).map_err(onnx::broken)?,
            "att_cache" => TensorRef::from_array_view((
                ATTENTION, &self.attention[..])).map_err(onnx::broken)?,
            "cnn_cache" => TensorRef::from_array_view((
                CONVOLUTION, &self.convolution[..])).map_err(onnx::broken)?,
        ];
        let outputs = self.session.run(inputs).map_err(onnx::broken)?;
        let tensor = |name: &str| {
            let value =
                outputs.get(name).ok_or_else(|| onnx::broken(format!("no output {name}")))?;
            Ok(value.try_extract_tensor::<f32>().map_err(onnx::broken)?.1.to_vec())
        };
        self.attention = tensor("r_att_cache")?;
        self.convolution = tensor("r_cnn_cache")?;
        self.offset += OUTPUT_FRAMES as i64;
        tensor("output")
    }
}
