//! Layer normalisation, nine operations as shipped, as the one that ONNX has for it.

use super::graph::Graph;
use super::proto::{Attribute, Node, Tensor};

/// `(x - mean) / sqrt(variance + epsilon) * gain + bias`, over the last dimension.
struct Norm {
    x: String,
    epsilon: f32,
    gain: Vec<f32>,
    bias: Vec<f32>,
    output: String,
}

/// Rewrites all of them; gives how many there were.
pub(super) fn rewrite(graph: &mut Graph) -> usize {
    let norms: Vec<Norm> = graph.all("Add").filter_map(|add| Norm::ending_in(graph, add)).collect();
    for norm in &norms {
        let gain = graph.add_constant(Tensor::floats(&[norm.gain.len()], &norm.gain));
        let bias = graph.add_constant(Tensor::floats(&[norm.bias.len()], &norm.bias));
        let attributes =
            vec![Attribute::of_int("axis", -1), Attribute::of_float("epsilon", norm.epsilon)];
        let output = graph.add("LayerNormalization", &[&norm.x, &gain, &bias], attributes);
        graph.take_over(&norm.output, &output);
    }
    norms.len()
}

impl Norm {
    fn ending_in(graph: &Graph, add: &Node) -> Option<Norm> {
        let (_, bias) = graph.constant(add.input(1)?)?.as_floats()?;
        let gained = graph.above(add.input(0)?, &["Mul"])?;
        let (dims, gain) = graph.constant(gained.input(1)?)?.as_floats()?;
        let normal = graph.above(gained.input(0)?, &["Mul"])?;
        let (centred, inverse) = (normal.input(0)?, normal.input(1)?);
        let variance = graph.above(inverse, &["Reciprocal", "Sqrt", "Add"])?;
        let epsilon = graph.scalar(variance.input(1)?)?;
        let square = graph.above(variance.input(0)?, &["GlobalAveragePool", "Mul"])?;
        let difference = graph.maker(centred, "Sub")?;
        let mean = graph.maker(difference.input(1)?, "GlobalAveragePool")?;
        let x = difference.input(0)?;
        let is_one = mean.input(0)? == x
            && square.inputs == [centred, centred]
            && dims[..] == [1, 1, gain.len()]
            && bias.len() == gain.len();
        let (x, output) = (x.into(), add.output()?.into());
        is_one.then_some(Norm { x, epsilon, gain, bias, output })
    }
}
