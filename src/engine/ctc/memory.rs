//! What the model remembers of a stream between two chunks.
//!
//! Each layer remembers frames (of 40 ms) of three kinds. The rewritten graph takes each layer's
//! frames of each kind on their own, the oldest first, and gives the chunk's new ones; those take
//! the place of the oldest here, so that only what is new is copied back.

use super::model::OUTPUT_FRAMES;

/// Conformer layers.
pub const LAYERS: usize = 12;
/// The position of a turn's first output frame; the forty before it are the empty memory.
pub const OFFSET_START: i64 = 40;

/// What a layer remembers of each frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The keys of attention.
    Keys,
    /// The values of attention.
    Values,
    /// What comes out of the gate before the convolution along time.
    Gated,
}

/// One layer's share of one kind.
#[derive(Clone, Copy)]
pub struct Part {
    /// Which kind.
    pub kind: Kind,
    /// Which layer, from 0.
    pub layer: usize,
}

/// What the model remembers of one stream, 2.4 MB of it.
#[derive(Clone)]
pub struct Memory {
    /// For each of [`Part::all`] `[heads, frames, width]`, where the frames are in turn: behind
    /// the newest comes the oldest.
    parts: Vec<Vec<f32>>,
    chunks: usize,
}

impl Kind {
    const ALL: [Kind; 3] = [Kind::Keys, Kind::Values, Kind::Gated];

    /// Heads, frames remembered (a multiple of [`OUTPUT_FRAMES`]), and floats of a frame.
    pub fn dims(self) -> [usize; 3] {
        match self {
            Kind::Keys | Kind::Values => [4, 40, 112],
            Kind::Gated => [1, 30, 448],
        }
    }

    /// The graph's input `[streams, heads, frames, width]`: what `layer` remembers.
    pub fn past_name(self, layer: usize) -> String {
        format!("past_{}_{layer}", self.name())
    }

    /// The graph's output `[streams, heads, OUTPUT_FRAMES, width]`: what `layer` is to remember.
    pub fn new_name(self, layer: usize) -> String {
        format!("new_{}_{layer}", self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Kind::Keys => "keys",
            Kind::Values => "values",
            Kind::Gated => "gated",
        }
    }
}

impl Part {
    /// Everything that is remembered.
    pub fn all() -> impl Iterator<Item = Part> {
        let layers = |kind| (0..LAYERS).map(move |layer| Part { kind, layer });
        Kind::ALL.into_iter().flat_map(layers)
    }

    /// Floats.
    fn values(self) -> usize {
        self.kind.dims().iter().product()
    }

    /// Floats of a chunk.
    pub fn new_values(self) -> usize {
        let [heads, _, width] = self.kind.dims();
        heads * OUTPUT_FRAMES * width
    }
}

impl Memory {
    /// Before the first chunk.
    pub fn new() -> Memory {
        Memory { parts: Part::all().map(|part| vec![0.0; part.values()]).collect(), chunks: 0 }
    }

    /// Chunks since the beginning.
    pub fn chunks(&self) -> usize {
        self.chunks
    }

    /// The position of the next output frame.
    pub fn offset(&self) -> i64 {
        OFFSET_START + (self.chunks * OUTPUT_FRAMES) as i64
    }

    /// Puts what `part`, the `i`-th of [`Part::all`], remembers behind `values`:
    /// `[heads, frames, width]`, the oldest frame first.
    pub fn recall(&self, i: usize, part: Part, values: &mut Vec<f32>) {
        let [_, frames, width] = part.kind.dims();
        let oldest = self.oldest(frames) * width;
        for head in self.parts[i].chunks_exact(frames * width) {
            let (newer, older) = head.split_at(oldest);
            values.extend_from_slice(older);
            values.extend_from_slice(newer);
        }
    }

    /// Puts `new`, `[heads, OUTPUT_FRAMES, width]`, in place of the oldest frames of `part`, the
    /// `i`-th of [`Part::all`].
    pub fn remember(&mut self, i: usize, part: Part, new: &[f32]) {
        let [_, frames, width] = part.kind.dims();
        let oldest = self.oldest(frames) * width;
        let heads = self.parts[i].chunks_exact_mut(frames * width);
        for (head, new) in heads.zip(new.chunks_exact(OUTPUT_FRAMES * width)) {
            head[oldest..][..new.len()].copy_from_slice(new);
        }
    }

    /// After all parts remember the chunk.
    pub fn advance(&mut self) {
        self.chunks += 1;
    }

    /// Where the oldest of `frames` lies.
    fn oldest(&self, frames: usize) -> usize {
        self.chunks * OUTPUT_FRAMES % frames
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One float that tells part, frame (from 1; 0 is before the beginning) and head.
    fn value(part: usize, frame: usize, head: usize) -> f32 {
        if frame == 0 { 0.0 } else { (part * 100_000 + frame * 10 + head) as f32 }
    }

    /// `[heads, frames, width]` of these frames.
    fn values(i: usize, part: Part, frames: impl Iterator<Item = usize> + Clone) -> Vec<f32> {
        let [heads, _, width] = part.kind.dims();
        let head = |head| frames.clone().map(move |frame| value(i, frame, head));
        (0..heads).flat_map(head).flat_map(|v| std::iter::repeat_n(v, width)).collect()
    }

    #[test]
    fn the_newest_frames_are_remembered_in_the_order_of_time() {
        let mut memory = Memory::new();
        for chunk in 0..9 {
            let now = chunk * OUTPUT_FRAMES;
            assert_eq!((memory.chunks(), memory.offset()), (chunk, OFFSET_START + now as i64));
            for (i, part) in Part::all().enumerate() {
                let [_, frames, _] = part.kind.dims();
                let mut recalled = vec![];
                memory.recall(i, part, &mut recalled);
                let past = (now + 1..=now + frames).map(|frame| frame.saturating_sub(frames));
                assert!(recalled == values(i, part, past), "part {i} before chunk {chunk}");
                let new = values(i, part, now + 1..=now + OUTPUT_FRAMES);
                assert_eq!(new.len(), part.new_values());
                memory.remember(i, part, &new);
            }
            memory.advance();
        }
    }
}
