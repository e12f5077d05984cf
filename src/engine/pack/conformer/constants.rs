//! Constants that are computed again with every run, made ready once.

use super::graph::Graph;
use super::proto::Tensor;
use std::collections::HashMap;

/// Puts float constants where 8-bit ones are dequantised, except before products, which are
/// computed with 8 bits; and takes float constants as they are where they are first made 8-bit
/// numbers. Gives how many uses there were.
pub(super) fn fold(graph: &mut Graph) -> usize {
    let mut weights = vec![];
    let mut instead = HashMap::new();
    for node in graph.all("DequantizeLinear") {
        let Some(output) = node.output() else { continue };
        if let Some(values) = graph.weights(output) {
            weights.push((output.to_string(), values));
        } else if let Some(quantise) =
            graph.above(output, &["DequantizeLinear", "DynamicQuantizeLinear"])
            && let Some(constant) = quantise.input(0).filter(|c| graph.constant(c).is_some())
        {
            instead.insert(output.to_string(), constant.to_string());
        }
    }
    for (output, values) in weights {
        let constant = Tensor::floats(&values.dims, &values.floats());
        instead.insert(output, graph.add_constant(constant));
    }
    graph.redirect(|op, input| (op != "MatMul").then(|| instead.get(input).cloned()).flatten())
}
