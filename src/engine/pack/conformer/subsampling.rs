//! The second convolution of the front end (3x3, every other row and column), as one 8-bit
//! product: each place's nine neighbours are laid side by side.
//!
//! Channels then come last. What follows is a product with all channels of a frame, so its weights
//! are reordered instead of turning the frames around.

use super::convolution::{bias_and_weights, is_plain};
use super::graph::Graph;
use super::proto::{Attribute, Node, Tensor};
use super::tensor::Quantised;

const KERNEL: i64 = 3;
const STRIDE: i64 = 2;

/// From the convolution's input to its product with the next weights.
struct Subsampling {
    /// `[batch, channels, rows, columns]`.
    x: String,
    weights: Quantised,
    bias: Vec<f32>,
    /// Rows and columns that come out.
    out: [usize; 2],
    /// The shape of what goes into the next product, a constant, and its name then.
    shape: String,
    frames: String,
    /// The next weights, whose inputs are channels by columns, and their name.
    next: Quantised,
    next_name: String,
}

/// Rewrites it; gives how many there were.
pub(super) fn rewrite(graph: &mut Graph) -> usize {
    let all: Vec<Subsampling> =
        graph.all("MatMul").filter_map(|product| Subsampling::before(graph, product)).collect();
    all.iter().for_each(|one| one.rewrite(graph));
    all.len()
}

impl Subsampling {
    fn before(graph: &Graph, product: &Node) -> Option<Subsampling> {
        let next_name = product.input(1)?;
        let next = graph.weights(next_name)?;
        let quantise = ["DequantizeLinear", "DynamicQuantizeLinear", "Reshape"];
        let reshape = graph.above(product.input(0)?, &quantise)?;
        let turn = graph.maker(reshape.input(0)?, "Transpose")?;
        let conv = graph.above(turn.input(0)?, &["Relu", "Conv"])?;
        let (bias, weights) = bias_and_weights(graph, conv)?;
        let shape = graph.constant(reshape.input(1)?)?.as_ints()?;
        let (rows, width) = match shape[..] {
            [-1, rows, width] => (usize::try_from(rows).ok()?, usize::try_from(width).ok()?),
            _ => return None,
        };
        let columns = width / bias.len();
        let is_one = turn.ints("perm") == [0, 2, 1, 3]
            && is_plain(conv, &[KERNEL; 2], &[STRIDE; 2])
            && conv.int("group") == Some(1)
            && weights.dims[2..] == [KERNEL as usize; 2]
            && next.dims.len() == 2
            && next.dims[0] == width
            && columns * bias.len() == width
            && (1..i32::MAX as usize).contains(&rows)
            && next.scales.len() == 1;
        let (x, frames) = (conv.input(0)?.into(), reshape.output()?.into());
        let (shape, next_name) = (reshape.input(1)?.into(), next_name.into());
        let out = [rows, columns];
        is_one.then_some(Subsampling { x, weights, bias, out, shape, frames, next, next_name })
    }

    fn rewrite(&self, graph: &mut Graph) {
        let mut x = graph.add_quantised(&self.x);
        let channels_last = vec![Attribute::of_ints("perm", &[0, 2, 3, 1])];
        let turned = graph.add("Transpose", &[&x.values], channels_last);
        let axes = graph.add_constant(Tensor::ints(&[2], &[1, 2]));
        let steps = graph.add_constant(Tensor::ints(&[2], &[STRIDE; 2]));
        let mut neighbours = vec![];
        for row in 0..KERNEL {
            for column in 0..KERNEL {
                let from = [row, column];
                let last = self.out.map(|n| STRIDE * (n as i64 - 1));
                let to = [row + last[0] + 1, column + last[1] + 1];
                let from = graph.add_constant(Tensor::ints(&[2], &from));
                let to = graph.add_constant(Tensor::ints(&[2], &to));
                neighbours.push(graph.add("Slice", &[&turned, &from, &to, &axes, &steps], vec![]));
            }
        }
        let neighbours: Vec<&str> = neighbours.iter().map(String::as_str).collect();
        x.values = graph.add("Concat", &neighbours, vec![Attribute::of_int("axis", 3)]);
        let inputs = self.weights.dims[1];
        let places = (KERNEL * KERNEL) as usize;
        let weights = self.weights.as_product(|i| i % inputs * places + i / inputs);
        let product = graph.add_product(&x, &weights, &self.bias);
        let product = graph.add("Relu", &[&product], vec![]);
        let frames = graph.add("Reshape", &[&product, &self.shape], vec![]);
        graph.take_over(&self.frames, &frames);
        let next = graph.add_weights(&self.reordered());
        graph.take_over(&self.next_name, &next);
    }

    /// The next weights for inputs that are columns by channels.
    fn reordered(&self) -> Quantised {
        let (channels, columns) = (self.bias.len(), self.out[1]);
        let outputs = self.next.dims[1];
        let rows: Vec<&[i8]> = self.next.values.chunks_exact(outputs).collect();
        let from = |i: usize| i % channels * columns + i / channels;
        let values = (0..rows.len()).flat_map(|i| rows[from(i)]).copied().collect();
        Quantised { values, ..self.next.clone() }
    }
}
