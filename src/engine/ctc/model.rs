//! The streaming conformer itself: 400 ms of features in, ten frames of log probabilities out.

use super::fbank::BANDS;
use crate::engine::{EngineError, onnx};
use ort::session::Session;
use ort::value::TensorRef;
use std::path::Path;

/// Feature frames in one chunk ...
pub const CHUNK_FRAMES: usize = 43;
/// ... of which the last three are the first of the next chunk.
pub const STRIDE_FRAMES: usize = 40;
/// Output frames of one chunk.
pub const OUTPUT_FRAMES: usize = 10;
/// Tokens, blank included.
pub const OUTPUTS: usize = 4968;
/// Streams computed at once: beyond eight nothing is gained.
pub const BATCH_MAX: usize = 8;
/// Values in one chunk of features.
pub const CHUNK: usize = CHUNK_FRAMES * BANDS;

const ATTENTION_SHAPE: [usize; 4] = [12, 4, 40, 224];
const CONVOLUTION_SHAPE: [usize; 3] = [12, 448, 30];
const ATTENTION: usize = 12 * 4 * 40 * 224;
const CONVOLUTION: usize = 12 * 448 * 30;
/// The position of a turn's first output frame; the forty before it are the empty cache.
const OFFSET_START: i64 = 40;
/// Positions that a step looks at, its offset the first.
const POSITIONS_A_STEP: usize = 50;
/// Positions (of 40 ms) there are: the rewritten graph keeps so many of 5,040.
pub const POSITIONS: usize = 1_024;
/// Chunks (of 400 ms) from a turn's beginning until the positions are used up: 37.6 s.
pub const CHUNKS_MAX: usize =
    (POSITIONS - POSITIONS_A_STEP - OFFSET_START as usize) / OUTPUT_FRAMES + 1;

/// What the model remembers of one stream.
#[derive(Clone)]
pub struct Memory {
    attention: Vec<f32>,
    convolution: Vec<f32>,
    offset: i64,
}

impl Memory {
    /// Before the first chunk.
    pub fn new() -> Memory {
        Memory {
            attention: vec![0.0; ATTENTION],
            convolution: vec![0.0; CONVOLUTION],
            offset: OFFSET_START,
        }
    }

    /// Chunks since the beginning.
    pub fn chunks(&self) -> usize {
        (self.offset - OFFSET_START) as usize / OUTPUT_FRAMES
    }
}

/// One single-threaded ONNX Runtime session and its input buffers.
pub struct Model {
    session: Session,
    chunk: Vec<f32>,
    offset: Vec<i64>,
    attention: Vec<f32>,
    convolution: Vec<f32>,
}

impl Model {
    /// Loads `file`; [`crate::engine::onnx::init`] must have succeeded before.
    pub fn load(file: &Path) -> Result<Model, EngineError> {
        Model::over(onnx::model(file)?)
            .ok_or_else(|| broken(format!("{} is another kind of model", file.display())))
    }

    /// As [`Model::load`], of an ONNX file in memory.
    pub fn load_from(file: &[u8]) -> Result<Model, EngineError> {
        Model::over(onnx::model_in(file)?).ok_or_else(|| broken("it is another kind of model"))
    }

    fn over(session: Session) -> Option<Model> {
        let inputs: Vec<&str> = session.inputs().iter().map(|i| i.name()).collect();
        if ["chunk", "offset", "att_cache", "cnn_cache"].iter().any(|n| !inputs.contains(n)) {
            return None;
        }
        let buffer = Vec::new;
        Some(Model {
            session,
            chunk: buffer(),
            offset: Vec::new(),
            attention: buffer(),
            convolution: buffer(),
        })
    }

    /// Computes the next chunk ([`CHUNK`] values) of each stream and updates its memory;
    /// `each(index, rows)` gets [`OUTPUT_FRAMES`] rows of [`OUTPUTS`] log probabilities.
    pub fn step(
        &mut self,
        streams: &mut [(&mut Memory, &[f32])],
        mut each: impl FnMut(usize, &[f32]),
    ) -> Result<(), EngineError> {
        self.gather(streams);
        let batch = streams.len();
        let [layers, heads, time, width] = ATTENTION_SHAPE;
        let [blocks, channels, kernel] = CONVOLUTION_SHAPE;
        let attention = ([batch, layers, heads, time, width], &self.attention[..]);
        let convolution = ([batch, blocks, channels, kernel], &self.convolution[..]);
        let inputs = ort::inputs![
            "chunk" => TensorRef::from_array_view((
                [batch, CHUNK_FRAMES, BANDS], &self.chunk[..])).map_err(broken)?,
            "offset" => TensorRef::from_array_view((
                [batch, 1], &self.offset[..])).map_err(broken)?,
            "att_cache" => TensorRef::from_array_view(attention).map_err(broken)?,
            "cnn_cache" => TensorRef::from_array_view(convolution).map_err(broken)?,
        ];
        let outputs = self.session.run(inputs).map_err(broken)?;
        let tensor = |name: &str, each: usize| {
            let value = outputs.get(name).ok_or_else(|| broken(format!("no output {name}")))?;
            let (_, values) = value.try_extract_tensor::<f32>().map_err(broken)?;
            if values.len() == batch * each {
                Ok(values)
            } else {
                Err(broken(format!("output {name} has {} values", values.len())))
            }
        };
        let attention = tensor("r_att_cache", ATTENTION)?;
        let convolution = tensor("r_cnn_cache", CONVOLUTION)?;
        let rows = tensor("output", OUTPUT_FRAMES * OUTPUTS)?;
        for (i, (memory, _)) in streams.iter_mut().enumerate() {
            memory.attention.copy_from_slice(&attention[i * ATTENTION..][..ATTENTION]);
            memory.convolution.copy_from_slice(&convolution[i * CONVOLUTION..][..CONVOLUTION]);
            memory.offset += OUTPUT_FRAMES as i64;
            each(i, &rows[i * OUTPUT_FRAMES * OUTPUTS..][..OUTPUT_FRAMES * OUTPUTS]);
        }
        Ok(())
    }

    fn gather(&mut self, streams: &[(&mut Memory, &[f32])]) {
        self.chunk.clear();
        self.offset.clear();
        self.attention.clear();
        self.convolution.clear();
        for (memory, chunk) in streams {
            self.chunk.extend_from_slice(chunk);
            self.offset.push(memory.offset);
            self.attention.extend_from_slice(&memory.attention);
            self.convolution.extend_from_slice(&memory.convolution);
        }
    }
}

fn broken(error: impl std::fmt::Display) -> EngineError {
    EngineError::Broken { engine: "ctc", reason: error.to_string() }
}
