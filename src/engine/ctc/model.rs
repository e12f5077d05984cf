//! The streaming conformer itself: 400 ms of features in, ten frames of log probabilities out.

use super::fbank::BANDS;
use super::memory::{Memory, OFFSET_START, Part};
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

/// Positions that a step looks at, its offset the first.
const POSITIONS_A_STEP: usize = 50;
/// Positions (of 40 ms) there are: the rewritten graph keeps so many of 5,040.
pub const POSITIONS: usize = 1_024;
/// Chunks (of 400 ms) from a turn's beginning until the positions are used up: 37.6 s.
pub const CHUNKS_MAX: usize =
    (POSITIONS - POSITIONS_A_STEP - OFFSET_START as usize) / OUTPUT_FRAMES + 1;

/// One single-threaded ONNX Runtime session and its input buffers.
pub struct Model {
    session: Session,
    chunk: Vec<f32>,
    offset: Vec<i64>,
    past: Vec<Past>,
}

/// The input and the output of one part of the memory.
struct Past {
    part: Part,
    input: String,
    output: String,
    values: Vec<f32>,
}

impl Model {
    /// Loads `file`; [`crate::engine::onnx::init`] must have succeeded before.
    ///
    /// A graph that another Spillway wrote is [`EngineError::Missing`]: it can be made anew.
    pub fn load(file: &Path) -> Result<Model, EngineError> {
        Model::over(onnx::model(file)?).ok_or_else(|| {
            EngineError::Missing(format!(
                "{} is not as this version of Spillway makes it; run `spillway models pull vi`",
                file.display()
            ))
        })
    }

    /// As [`Model::load`], of an ONNX file in memory.
    pub fn load_from(file: &[u8]) -> Result<Model, EngineError> {
        Model::over(onnx::model_in(file)?).ok_or_else(|| broken("it is another kind of model"))
    }

    fn over(session: Session) -> Option<Model> {
        let past: Vec<Past> = Part::all().map(Past::new).collect();
        let has = |name: &str, dims: [usize; 3]| {
            let inputs = session.inputs().iter().chain(session.outputs());
            let shape = inputs.filter(|i| i.name() == name).find_map(|i| i.dtype().tensor_shape());
            shape.is_some_and(|shape| shape.get(1..) == Some(&dims.map(|d| d as i64)[..]))
        };
        let is_one = past.iter().all(|Past { part, input, output, .. }| {
            let [heads, frames, width] = part.kind.dims();
            has(input, [heads, frames, width]) && has(output, [heads, OUTPUT_FRAMES, width])
        });
        is_one.then_some(Model { session, chunk: Vec::new(), offset: Vec::new(), past })
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
        let mut inputs = ort::inputs![
            "chunk" => TensorRef::from_array_view((
                [batch, CHUNK_FRAMES, BANDS], &self.chunk[..])).map_err(broken)?,
            "offset" => TensorRef::from_array_view((
                [batch, 1], &self.offset[..])).map_err(broken)?,
        ];
        for Past { part, input, values, .. } in &self.past {
            let [heads, frames, width] = part.kind.dims();
            let past = ([batch, heads, frames, width], &values[..]);
            let past = TensorRef::from_array_view(past).map_err(broken)?;
            inputs.push((input.into(), past.into()));
        }
        let outputs = self.session.run(inputs).map_err(broken)?;
        let tensor = |name: &str, each: usize| {
            let value = outputs.get(name).ok_or_else(|| broken(format!("no output {name}")))?;
            let (_, values) = value.try_extract_tensor::<f32>().map_err(broken)?;
            if values.len() == batch * each {
                Ok(values.chunks_exact(each))
            } else {
                Err(broken(format!("output {name} has {} values", values.len())))
            }
        };
        for (i, Past { part, output, .. }) in self.past.iter().enumerate() {
            for ((memory, _), new) in streams.iter_mut().zip(tensor(output, part.new_values())?) {
                memory.remember(i, *part, new);
            }
        }
        let rows = tensor("output", OUTPUT_FRAMES * OUTPUTS)?;
        for (i, ((memory, _), rows)) in streams.iter_mut().zip(rows).enumerate() {
            memory.advance();
            each(i, rows);
        }
        Ok(())
    }

    fn gather(&mut self, streams: &[(&mut Memory, &[f32])]) {
        self.chunk.clear();
        self.offset.clear();
        for (memory, chunk) in streams {
            self.chunk.extend_from_slice(chunk);
            self.offset.push(memory.offset());
        }
        for (i, Past { part, values, .. }) in self.past.iter_mut().enumerate() {
            values.clear();
            streams.iter().for_each(|(memory, _)| memory.recall(i, *part, values));
        }
    }
}

impl Past {
    fn new(part: Part) -> Past {
        let Part { kind, layer } = part;
        let (input, output) = (kind.past_name(layer), kind.new_name(layer));
        Past { part, input, output, values: Vec::new() }
    }
}

fn broken(error: impl std::fmt::Display) -> EngineError {
    EngineError::Broken { engine: "ctc", reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAMS: usize = 2;

    /// The graph's inputs kept in the simplest way: what is new goes behind, the oldest falls out.
    struct Plain {
        session: Session,
        past: Vec<Vec<f32>>,
        offset: i64,
    }

    impl Plain {
        fn step(&mut self, chunks: &[f32]) -> Vec<f32> {
            let tensor = |dims: Vec<usize>, values: Vec<f32>| {
                ort::value::Tensor::from_array((dims, values)).expect("fits").into_dyn()
            };
            let offset = ([STREAMS, 1], vec![self.offset; STREAMS]);
            let offset = ort::value::Tensor::from_array(offset).expect("fits");
            let mut inputs = ort::inputs![
                "chunk" => tensor(vec![STREAMS, CHUNK_FRAMES, BANDS], chunks.to_vec()),
                "offset" => offset,
            ];
            for (part, past) in Part::all().zip(&self.past) {
                let [heads, frames, width] = part.kind.dims();
                let past = tensor(vec![STREAMS, heads, frames, width], past.clone());
                inputs.push((part.kind.past_name(part.layer).into(), past.into()));
            }
            let outputs = self.session.run(inputs).expect("runs");
            let values = |name: &str| {
                let value = outputs.get(name).expect("the output");
                value.try_extract_tensor::<f32>().expect("floats").1.to_vec()
            };
            for (part, past) in Part::all().zip(&mut self.past) {
                let [_, frames, width] = part.kind.dims();
                let new = values(&part.kind.new_name(part.layer));
                let heads = past.chunks_exact(frames * width);
                let both = heads.zip(new.chunks_exact(OUTPUT_FRAMES * width));
                *past = both.flat_map(|(old, new)| [&old[new.len()..], new].concat()).collect();
            }
            self.offset += OUTPUT_FRAMES as i64;
            values("output")
        }
    }

    /// Eight steps of the installed model, the number of times that frames come around twice.
    #[test]
    fn memories_are_what_the_graph_would_have_kept() {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        let file = models.join("vi-ctc").join(crate::engine::ctc::STATELESS);
        let mut model = match onnx::init(&models).and_then(|()| Model::load(&file)) {
            Ok(model) => model,
            Err(why) => {
                eprintln!("SKIPPED: memories_are_what_the_graph_would_have_kept: {why}");
                return;
            }
        };
        let mut memories = vec![Memory::new(); STREAMS];
        let nothing = |part: Part| vec![0.0; STREAMS * part.kind.dims().iter().product::<usize>()];
        let mut plain = Plain {
            session: onnx::model(&file).expect("loads"),
            past: Part::all().map(nothing).collect(),
            offset: OFFSET_START,
        };
        for step in 0..8 {
            let wave = |i: usize| 9.0 + 9.0 * ((step * 7_919 + i) as f32 * 0.37).sin();
            let chunks: Vec<f32> = (0..STREAMS * CHUNK).map(wave).collect();
            let mut streams: Vec<(&mut Memory, &[f32])> =
                memories.iter_mut().zip(chunks.chunks_exact(CHUNK)).collect();
            let mut heard = vec![];
            model.step(&mut streams, |_, rows| heard.extend_from_slice(rows)).expect("runs");
            assert!(heard == plain.step(&chunks), "step {step}");
        }
    }
}
