//! The convolution modules: a product, a gate, a convolution along time, a product.
//!
//! Shipped, both products are convolutions of width one over floats, and the first is computed
//! over the remembered 30 frames again with each chunk. Rewritten, they are 8-bit products of the
//! new frames only, and what is remembered is what comes out of the gate.
//!
//! A turn begins with a memory of zeros. Shipped, those zeros go through the first product and the
//! gate and come out as a constant; so what is remembered is the difference from that constant,
//! which is put back into the bias of the convolution along time. That way a memory of zeros means
//! the same before and after.

use super::graph::Graph;
use super::proto::{Attribute, Node, Tensor};
use super::tensor::Quantised;

/// One convolution of width one, as a product.
struct Product {
    x: String,
    weights: Quantised,
    bias: Vec<f32>,
    output: String,
}

/// From the module's input to the convolution along time.
struct Gated {
    product: Product,
    memory: String,
    /// Memory and new frames, `[batch, channels, time]`; the next memory is cut off it.
    remembered: String,
    time: Node,
    output: String,
    time_bias: Vec<f32>,
    time_weights: Quantised,
}

/// Rewrites the first halves; gives how many there were.
pub(super) fn rewrite_gates(graph: &mut Graph) -> usize {
    let halves: Vec<Gated> =
        graph.all("Conv").filter_map(|node| Gated::ending_in(graph, node)).collect();
    for half in &halves {
        half.rewrite(graph);
    }
    halves.len()
}

/// Rewrites the products behind the convolution along time; gives how many there were.
pub(super) fn rewrite_products(graph: &mut Graph) -> usize {
    let products: Vec<Product> =
        graph.all("Reshape").filter_map(|node| Product::ending_in(graph, node)).collect();
    for Product { x, weights, bias, output } in &products {
        let x = graph.add_quantised(x);
        let product = graph.add_product(&x, &weights.as_product(|input| input), bias);
        graph.take_over(output, &product);
    }
    products.len()
}

impl Product {
    /// The convolution above the `Reshape` behind it, with all that turns the tensors around.
    fn above(graph: &Graph, reshape: &Node, turned: &str) -> Option<(Product, Node)> {
        let back = graph.above(reshape.input(0)?, &["Transpose"])?;
        let conv = graph.maker(back.input(0)?, "Conv")?;
        let (bias, weights) = bias_and_weights(graph, conv)?;
        let source = graph.maker(conv.input(0)?, turned)?;
        let is_one = back.ints("perm") == [0, 2, 3, 1]
            && is_plain(conv, &[1, 1], &[1, 1])
            && conv.int("group") == Some(1)
            && weights.dims[2..] == [1, 1];
        let (x, output) = (source.input(0)?.into(), reshape.output()?.into());
        is_one.then(|| (Product { x, weights, bias, output }, source.clone()))
    }

    fn ending_in(graph: &Graph, reshape: &Node) -> Option<Product> {
        let (product, turn) = Product::above(graph, reshape, "Transpose")?;
        let unsqueeze = graph.maker(turn.input(0)?, "Unsqueeze")?;
        let is_one = turn.ints("perm") == [0, 3, 1, 2];
        is_one.then_some(Product { x: unsqueeze.input(0)?.into(), ..product })
    }
}

impl Gated {
    fn ending_in(graph: &Graph, time: &Node) -> Option<Gated> {
        let (time_bias, time_weights) = bias_and_weights(graph, time)?;
        let channels = time_bias.len();
        let is_along_time = is_plain(time, &[1, *time_weights.dims.get(3)? as i64], &[1, 1])
            && time.int("group") == i64::try_from(channels).ok()
            && time_weights.dims[..3] == [channels, 1, 1];
        let gate = graph.above(time.input(0)?, &["Transpose", "Unsqueeze", "Mul"])?;
        let open = graph.maker(gate.input(1)?, "Sigmoid")?;
        let split = graph.maker(gate.input(0)?, "Split")?;
        let halves = [gate.input(0)?, open.input(0)?];
        let reshape = graph.maker(split.input(0)?, "Reshape")?;
        let (product, unsqueeze) = Product::above(graph, reshape, "Unsqueeze")?;
        let remembered = unsqueeze.input(0)?.to_string();
        let both = graph.maker(&remembered, "Concat")?;
        let turn = graph.maker(both.input(1)?, "Transpose")?;
        let is_one = is_along_time
            && split.outputs == halves
            && split.int("axis") == Some(2)
            && product.bias.len() == 2 * channels
            && both.int("axis") == Some(2)
            && turn.ints("perm") == [0, 2, 1];
        let product = Product { x: turn.input(0)?.into(), ..product };
        let (memory, output) = (both.input(0)?.into(), time.output()?.into());
        let time = time.clone();
        is_one.then_some(Gated {
            product,
            memory,
            remembered,
            time,
            output,
            time_bias,
            time_weights,
        })
    }

    /// What comes out of product and gate for zeros.
    fn silence(&self) -> Vec<f32> {
        let (values, gates) = self.product.bias.split_at(self.time_bias.len());
        values.iter().zip(gates).map(|(value, gate)| value / (1.0 + (-gate).exp())).collect()
    }

    fn rewrite(&self, graph: &mut Graph) {
        let silence = self.silence();
        let Product { x, weights, bias, .. } = &self.product;
        let x = graph.add_quantised(x);
        let product = graph.add_product(&x, &weights.as_product(|input| input), bias);
        let axis = |axis| vec![Attribute::of_int("axis", axis)];
        let [value, gate] = graph.add_many("Split", &[&product], axis(2));
        let gate = graph.add("Sigmoid", &[&gate], vec![]);
        let gated = graph.add("Mul", &[&value, &gate], vec![]);
        let constant = graph.add_constant(Tensor::floats(&[silence.len()], &silence));
        let new = graph.add("Sub", &[&gated, &constant], vec![]);
        let new = graph.add("Transpose", &[&new], vec![Attribute::of_ints("perm", &[0, 2, 1])]);
        let remembered = graph.add("Concat", &[&self.memory, &new], axis(2));
        graph.take_over(&self.remembered, &remembered);
        let height = graph.add_constant(Tensor::ints(&[1], &[2]));
        let image = graph.add("Unsqueeze", &[&self.remembered, &height], vec![]);
        let bias = graph.add_constant(Tensor::floats(&[silence.len()], &self.bias_with(&silence)));
        let inputs = [&image, &self.time.inputs[1], &bias];
        let conv = graph.add("Conv", &inputs.map(String::as_str), self.time.attributes.clone());
        graph.take_over(&self.output, &conv);
    }

    /// The bias of the convolution along time with `silence` under the whole of its kernel.
    fn bias_with(&self, silence: &[f32]) -> Vec<f32> {
        let weights = self.time_weights.floats();
        let kernels = weights.chunks_exact(self.time_weights.dims[3]);
        let under = kernels.zip(silence).map(|(kernel, s)| kernel.iter().sum::<f32>() * s);
        self.time_bias.iter().zip(under).map(|(bias, under)| bias + under).collect()
    }
}

/// The bias of a convolution and its weights (`[outputs, inputs, height, width]`), one scale for
/// each output.
pub(super) fn bias_and_weights(graph: &Graph, conv: &Node) -> Option<(Vec<f32>, Quantised)> {
    let weights = graph.weights(conv.input(1)?)?;
    let (_, bias) = graph.constant(conv.input(2)?)?.as_floats()?;
    let is_sound = weights.dims.len() == 4
        && weights.axis == 0
        && weights.scales.len() == weights.dims[0]
        && bias.len() == weights.dims[0];
    is_sound.then_some((bias, weights))
}

/// True for a convolution of this kernel and these strides without padding or gaps.
pub(super) fn is_plain(conv: &Node, kernel: &[i64], strides: &[i64]) -> bool {
    conv.ints("kernel_shape") == kernel
        && conv.ints("strides") == strides
        && conv.ints("pads").iter().all(|p| *p == 0)
        && conv.ints("dilations").iter().all(|d| *d == 1)
        && conv.attributes.iter().all(|a| a.name != "auto_pad")
}
