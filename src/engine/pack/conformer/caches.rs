//! What is remembered between chunks, layer by layer.
//!
//! Shipped, the memory of all layers comes in as one tensor and leaves as one: each layer cuts its
//! own out, puts the chunk's frames behind it and cuts the oldest off, and the layers are put
//! together again. Megabytes are copied eight times, and nothing is computed. Rewritten, each layer
//! has inputs and outputs of its own, `[streams, heads, frames, width]` (see [`Kind`]): in comes
//! what it remembers, the oldest frame first, and out come the chunk's frames only. The engine
//! forgets the oldest itself.
//!
//! What the convolution module remembers had its frames last; now its channels are last, as
//! everywhere else in the layer. The one operation that turns them around for the convolution along
//! time is one with what ONNX Runtime does there in any case.

use super::graph::Graph;
use super::proto::{Attribute, Node, Tensor, Value};
use crate::engine::ctc::Kind;

/// What comes in and what leaves.
const ATTENTION: [&str; 2] = ["att_cache", "r_att_cache"];
const CONVOLUTION: [&str; 2] = ["cnn_cache", "r_cnn_cache"];

/// What a layer remembers of one kind, where the chunk's frames are put behind it.
struct Window {
    kind: Kind,
    /// The chunk's frames.
    new: String,
    /// What is remembered and the chunk's frames.
    both: String,
    heads: usize,
    width: usize,
    /// Frames remembered, and frames of a chunk.
    frames: [usize; 2],
}

/// The next memory of one layer: the end of what its `Concat` gives.
struct Next<'a> {
    both: &'a Node,
    /// Without streams and layers.
    dims: Vec<usize>,
    /// Frames of a chunk.
    new: usize,
}

/// Rewrites the memories of attention; gives of how many layers.
pub(super) fn rewrite_attention(graph: &mut Graph) -> usize {
    let layers = layers(graph, ATTENTION, attention);
    for (layer, windows) in layers.iter().enumerate() {
        for window in windows {
            graph.rename(&window.new, &window.kind.new_name(layer));
            let both = window.join(graph, layer);
            graph.take_over(&window.both, &both);
        }
    }
    replace(graph, ATTENTION, &layers)
}

/// Rewrites the memories of the convolution modules; gives of how many layers.
pub(super) fn rewrite_convolution(graph: &mut Graph) -> usize {
    let layers = layers(graph, CONVOLUTION, convolution);
    for (layer, [window]) in layers.iter().enumerate() {
        let one = graph.add_constant(Tensor::ints(&[1], &[1]));
        let new = graph.add("Unsqueeze", &[&window.new, &one], vec![]);
        graph.rename(&new, &window.kind.new_name(layer));
        let both = window.join(graph, layer);
        let channels_first = vec![Attribute::of_ints("perm", &[0, 3, 1, 2])];
        let image = graph.add("Transpose", &[&both], channels_first);
        let images = images_of(graph, &window.both);
        graph.redirect(|_, input| images.iter().any(|i| i == input).then(|| image.clone()));
    }
    replace(graph, CONVOLUTION, &layers)
}

impl Window {
    /// What `layer` remembers and the chunk's frames, as they come in and leave now.
    fn join(&self, graph: &mut Graph, layer: usize) -> String {
        let (past, new) = (self.kind.past_name(layer), self.kind.new_name(layer));
        graph.add("Concat", &[&past, &new], vec![Attribute::of_int("axis", 2)])
    }
}

/// The windows of all layers, or of none when one is of another shape.
fn layers<const N: usize>(
    graph: &Graph,
    [past, next]: [&str; 2],
    windows: impl Fn(&Graph, &Next, &dyn Fn(&str) -> bool) -> Option<[Window; N]>,
) -> Vec<[Window; N]> {
    let whole = graph.maker(next, "Concat").filter(|all| all.int("axis") == Some(1));
    let pieces = whole.iter().flat_map(|all| &all.inputs).enumerate();
    let of_layer = |(layer, piece): (usize, &String)| {
        // True for the tensor that is this layer's part of the whole memory.
        let is_own = |tensor: &str| {
            graph.maker(tensor, "Gather").is_some_and(|gather| {
                let index = gather.input(1).and_then(|i| graph.constant(i)?.as_ints());
                gather.input(0) == Some(past)
                    && gather.int("axis") == Some(1)
                    && index.is_some_and(|index| index == [layer as i64])
            })
        };
        windows(graph, &Next::ending_in(graph, piece)?, &is_own)
    };
    pieces.map(of_layer).collect::<Option<Vec<_>>>().unwrap_or_default()
}

/// Puts the layers' inputs and outputs where the whole memory came in and left.
fn replace<const N: usize>(
    graph: &mut Graph,
    [past, next]: [&str; 2],
    layers: &[[Window; N]],
) -> usize {
    if layers.is_empty() {
        return 0;
    }
    let (mut inputs, mut outputs) = (vec![], vec![]);
    for (layer, windows) in layers.iter().enumerate() {
        for Window { kind, heads, width, frames: [remembered, new], .. } in windows {
            inputs.push(Value::of_floats(kind.past_name(layer), &[*heads, *remembered, *width]));
            outputs.push(Value::of_floats(kind.new_name(layer), &[*heads, *new, *width]));
        }
    }
    graph.replace_input(past, inputs);
    graph.replace_output(next, outputs);
    layers.len()
}

/// Keys and values: remembered side by side, used apart.
fn attention(graph: &Graph, next: &Next, is_own: &dyn Fn(&str) -> bool) -> Option<[Window; 2]> {
    let [heads, frames, width] = next.dims[..] else { return None };
    let joined = |i: usize| graph.maker(next.both.input(i)?, "Concat");
    let (keys, values) = (joined(0)?, joined(1)?);
    let (old_keys, old_values) = (keys.input(0)?, values.input(0)?);
    let split = graph.maker(old_keys, "Split")?;
    let is_one = next.both.int("axis") == Some(3)
        && next.both.inputs.len() == 2
        && [keys, values].iter().all(|n| n.int("axis") == Some(2) && n.inputs.len() == 2)
        && split.outputs == [old_keys, old_values]
        && split.int("axis") == Some(3)
        && width % 2 == 0
        && is_own(split.input(0)?);
    let window = |kind, both: &Node| {
        let (new, both) = (both.input(1)?.into(), both.output()?.into());
        Some(Window { kind, new, both, heads, width: width / 2, frames: [frames, next.new] })
    };
    let windows = [window(Kind::Keys, keys)?, window(Kind::Values, values)?];
    is_one.then_some(windows)
}

/// What goes through the convolution along time.
fn convolution(graph: &Graph, next: &Next, is_own: &dyn Fn(&str) -> bool) -> Option<[Window; 1]> {
    let [width, frames] = next.dims[..] else { return None };
    let turn = graph.maker(next.both.input(1)?, "Transpose")?;
    let both = next.both.output()?;
    let is_one = next.both.int("axis") == Some(2)
        && next.both.inputs.len() == 2
        && turn.ints("perm") == [0, 2, 1]
        && !images_of(graph, both).is_empty()
        && is_own(next.both.input(0)?);
    let (kind, new) = (Kind::Gated, turn.input(0)?.into());
    let (both, frames) = (both.into(), [frames, next.new]);
    is_one.then_some([Window { kind, new, both, heads: 1, width, frames }])
}

/// `tensor` (`[streams, channels, frames]`) as images one row high.
fn images_of(graph: &Graph, tensor: &str) -> Vec<String> {
    let is_image = |node: &&Node| {
        let axes = node.input(1).and_then(|axes| graph.constant(axes)?.as_ints());
        node.input(0) == Some(tensor) && axes.is_some_and(|axes| axes == [2])
    };
    graph.all("Unsqueeze").filter(is_image).filter_map(Node::output).map(String::from).collect()
}

impl Next<'_> {
    /// `piece` is `[streams, 1, ..]` and all that is cut off are the oldest frames.
    fn ending_in<'a>(graph: &'a Graph, piece: &str) -> Option<Next<'a>> {
        let reshape = graph.maker(piece, "Reshape")?;
        let shape = graph.constant(reshape.input(1)?)?.as_ints()?;
        let [-1, 1, dims @ ..] = &shape[..] else { return None };
        let dims: Vec<usize> = dims.iter().filter_map(|d| usize::try_from(*d).ok()).collect();
        let slice = graph.maker(reshape.input(0)?, "Slice")?;
        let both = graph.maker(slice.input(0)?, "Concat")?;
        let ints = |i: usize| graph.constant(slice.input(i)?)?.as_ints();
        let (from, to, axes) = (ints(1)?, ints(2)?, ints(3)?);
        // Frames come last but one among keys and values, and last behind channels.
        let axis = if dims.len() == 3 { 2 } else { dims.len() };
        let frames = i64::try_from(*dims.get(axis.checked_sub(1)?)?).ok()?;
        let uncut = |i: usize| i == axis || from[i] == 0 && to[i] >= i64::from(i32::MAX);
        let count = shape.len() - 1;
        let is_one = slice.inputs.len() == 4
            && dims.len() + 1 == count
            && [from.len(), to.len()] == [count; 2]
            && axes.iter().copied().eq(0..count as i64)
            && (0..count).all(uncut)
            && from[axis].checked_add(frames) == Some(to[axis]);
        let new = usize::try_from(*from.get(axis)?).ok()?;
        is_one.then_some(Next { both, dims, new })
    }
}
