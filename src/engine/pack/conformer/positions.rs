//! Relative positions: each layer multiplies rows of one table by weights of its own. The products
//! are computed here once, for as many rows as a turn may have, and only looked up later.

use super::graph::Graph;
use super::proto::{Attribute, Node, Tensor};
use super::tensor::Quantised;

/// So many products of two bytes cannot overflow their sum.
const INPUTS_MAX: usize = 1 << 16;

/// One layer's product.
struct Projection {
    table: Quantised,
    /// Which rows.
    rows: String,
    weights: Quantised,
    output: String,
}

/// Rewrites all of them, keeping the first `positions` rows; gives how many there were.
pub(super) fn rewrite(graph: &mut Graph, positions: usize) -> usize {
    let projections: Vec<Projection> = graph
        .all("MatMul")
        .filter_map(|product| Projection::ending_in(graph, product))
        .filter(|projection| projection.table.dims[0] >= positions)
        .collect();
    for projection in &projections {
        let table = graph.add_constant(projection.computed(positions));
        let last = graph.add_constant(Tensor::ints(&[], &[positions as i64 - 1]));
        let rows = graph.add("Min", &[&projection.rows, &last], vec![]);
        let rows = graph.add("Gather", &[&table, &rows], vec![Attribute::of_int("axis", 0)]);
        graph.take_over(&projection.output, &rows);
    }
    projections.len()
}

impl Projection {
    fn ending_in(graph: &Graph, product: &Node) -> Option<Projection> {
        let weights = graph.weights(product.input(1)?)?;
        let dequantise = graph.maker(product.input(0)?, "DequantizeLinear")?;
        let gather = graph.maker(dequantise.input(0)?, "Gather")?;
        let (dims, values) = graph.constant(gather.input(0)?)?.as_bytes()?;
        let table = graph.quantised(dequantise, dims, values)?;
        let is_one = gather.int("axis") == Some(0)
            && [table.dims.len(), weights.dims.len()] == [2, 2]
            && [table.scales.len(), weights.scales.len()] == [1, 1]
            && table.dims[1] == weights.dims[0]
            && weights.dims[0] <= INPUTS_MAX;
        let (rows, output) = (gather.input(1)?.into(), product.output()?.into());
        is_one.then_some(Projection { table, rows, weights, output })
    }

    /// The first `positions` rows times the weights.
    fn computed(&self, positions: usize) -> Tensor {
        let (inputs, outputs) = (self.weights.dims[0], self.weights.dims[1]);
        let scale = self.table.scales[0] * self.weights.scales[0];
        let mut projected = Vec::with_capacity(positions * outputs);
        for row in self.table.values.chunks_exact(inputs).take(positions) {
            let mut sums = vec![0_i32; outputs];
            for (value, weights) in row.iter().zip(self.weights.values.chunks_exact(outputs)) {
                let products = weights.iter().map(|w| i32::from(*value) * i32::from(*w));
                sums.iter_mut().zip(products).for_each(|(sum, product)| *sum += product);
            }
            projected.extend(sums.into_iter().map(|sum| sum as f32 * scale));
        }
        Tensor::floats(&[positions, outputs], &projected)
    }
}
