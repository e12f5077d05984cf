//! The Vietnamese model's graph, rewritten so that the same weights are heard through twice as
//! fast, and checked against the shipped one.
//!
//! tf2onnx wrote what its maker's framework had: a layer normalisation in nine operations, float
//! convolutions where 8-bit products would do, the same positions multiplied anew each time. Every
//! step here replaces one such figure by a cheaper one that computes the same, and counts what it
//! found: another count means another model, which is refused.

mod caches;
mod constants;
mod convolution;
mod graph;
mod norm;
mod positions;
mod proto;
mod subsampling;
mod tensor;
#[cfg(test)]
mod tests;

use super::PackError;
use crate::engine::ctc;
use graph::Graph;
use prost::Message;
use std::path::Path;

/// Raised when a step here writes another graph of the same model: packs are made again.
pub(super) const RECIPE_VERSION: u32 = 2;
/// How far (in nats) rewritten and shipped log probabilities may lie apart on average. They do by
/// 0.13, because more of them is computed with 8 bits. It is 0.45 when the weights of one of the
/// normalisations are out of place; slips as small as positions off by one do not show here, and
/// are for the tests of the steps.
const DIFFERENCE_MAX: f64 = 0.25;
/// Conformer layers: each has six normalisations, one convolution module and one projection of
/// positions, and two memories. One normalisation stands in front of them all.
const LAYERS: usize = ctc::LAYERS;
const NORMS: usize = 6 * LAYERS + 1;

/// The shipped model as the engine wants it.
pub(super) struct Rewritten {
    /// The ONNX file.
    pub(super) file: Vec<u8>,
    /// Operations before and after.
    operations: [usize; 2],
}

/// Rewrites the ONNX file `shipped`, called `name` in errors, and checks that the engine hears the
/// same by it, with the ONNX Runtime of `models_dir`; takes seconds. Gives the new file and a line
/// that tells of it.
pub(super) fn convert(
    shipped: &[u8],
    name: &str,
    models_dir: &Path,
) -> Result<(Vec<u8>, String), PackError> {
    let malformed = || PackError::malformed(name);
    let Rewritten { file, operations: [before, after] } = rewrite(shipped).map_err(malformed())?;
    let measured = ctc::Likeness::measure(models_dir, shipped, &file);
    let ctc::Likeness { apart, speedup } = measured.map_err(PackError::Engine)?;
    if apart.is_nan() || apart > DIFFERENCE_MAX {
        let wrong = format!(
            "is heard differently when it is rewritten: its log probabilities lie {apart:.3} nats \
             apart on average, and {DIFFERENCE_MAX} are allowed"
        );
        return Err(malformed()(wrong));
    }
    let told = format!(
        "{before} operations made {after}, {speedup:.1} times as fast, {apart:.2} nats apart"
    );
    Ok((file, told))
}

/// Rewrites the ONNX file `shipped`; an error says what was not found in it.
pub(super) fn rewrite(shipped: &[u8]) -> Result<Rewritten, String> {
    let mut model = proto::Model::read(shipped)?;
    let shipped = model.graph.take().ok_or("holds no graph")?;
    let before = shipped.nodes.len();
    let mut graph = Graph::new(shipped);
    let expect = |what: &str, found: usize, wanted: usize| match found == wanted {
        true => Ok(()),
        false => Err(format!("has {found} {what} of the known shape, not {wanted}")),
    };
    expect("layer normalisations", norm::rewrite(&mut graph), NORMS)?;
    expect("gates before convolutions", convolution::rewrite_gates(&mut graph), LAYERS)?;
    expect("products after convolutions", convolution::rewrite_products(&mut graph), LAYERS)?;
    expect("projections of positions", positions::rewrite(&mut graph, ctc::POSITIONS), LAYERS)?;
    expect("subsampling convolutions", subsampling::rewrite(&mut graph), 1)?;
    expect("memories of attention", caches::rewrite_attention(&mut graph), LAYERS)?;
    expect("memories of convolution", caches::rewrite_convolution(&mut graph), LAYERS)?;
    constants::fold(&mut graph);
    let graph = graph.into_proto();
    let operations = [before, graph.nodes.len()];
    model.graph = Some(graph);
    Ok(Rewritten { file: model.encode_to_vec(), operations })
}
