//! A graph being rewritten: who makes which tensor, and how new operations take an old one's place.
//!
//! Nothing is deleted by hand. New operations take over the name of the tensor they make anew;
//! what nobody needs any more is left out when the graph is written.

use super::proto::{Attribute, Graph as GraphProto, Node, Tensor, Value};
use super::tensor::Quantised;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Operations and constants by the names of the tensors they make.
pub(super) struct Graph {
    nodes: Vec<Node>,
    constants: BTreeMap<String, Tensor>,
    /// Tensor -> the place of its maker in `nodes`.
    makers: HashMap<String, usize>,
    /// What is neither operation nor constant, as it came.
    frame: GraphProto,
    /// New names so far.
    named: usize,
}

/// 8-bit numbers and what they mean: the three outputs of `DynamicQuantizeLinear`.
pub(super) struct Bytes {
    pub(super) values: String,
    scale: String,
    zero: String,
}

impl Graph {
    /// Takes a graph apart.
    pub(super) fn new(mut proto: GraphProto) -> Graph {
        let nodes = std::mem::take(&mut proto.nodes);
        let constants = std::mem::take(&mut proto.initializers);
        let constants = constants.into_iter().map(|t| (t.name.clone(), t)).collect();
        let mut graph =
            Graph { nodes: vec![], constants, makers: HashMap::new(), frame: proto, named: 0 };
        nodes.into_iter().for_each(|node| graph.push(node));
        graph
    }

    /// The graph with all that its outputs need and nothing else, makers before users.
    pub(super) fn into_proto(mut self) -> GraphProto {
        let order = self.order();
        let mut nodes: Vec<Option<Node>> = self.nodes.into_iter().map(Some).collect();
        let nodes: Vec<Node> = order.into_iter().filter_map(|at| nodes[at].take()).collect();
        let used: BTreeSet<&String> = nodes.iter().flat_map(|n| &n.inputs).collect();
        self.constants.retain(|name, _| used.contains(name));
        GraphProto { nodes, initializers: self.constants.into_values().collect(), ..self.frame }
    }

    /// The places of the needed operations, makers before users.
    fn order(&self) -> Vec<usize> {
        let maker = |tensor: &String| self.makers.get(tensor).copied();
        let mut order = vec![];
        let mut seen = vec![false; self.nodes.len()];
        // Deepest first, without recursion: a place comes back to be put down after its inputs.
        let mut stack: Vec<(usize, bool)> = vec![];
        let results: Vec<usize> =
            self.frame.outputs.iter().filter_map(|o| maker(&o.name)).collect();
        stack.extend(results.into_iter().rev().map(|at| (at, false)));
        while let Some((at, inputs_done)) = stack.pop() {
            if inputs_done {
                order.push(at);
            } else if !std::mem::replace(&mut seen[at], true) {
                stack.push((at, true));
                let inputs = self.nodes[at].inputs.iter().rev();
                stack.extend(inputs.filter_map(maker).map(|at| (at, false)));
            }
        }
        order
    }

    fn push(&mut self, node: Node) {
        for output in &node.outputs {
            self.makers.insert(output.clone(), self.nodes.len());
        }
        self.nodes.push(node);
    }

    /// All operations of this kind.
    pub(super) fn all<'a>(&'a self, op: &'a str) -> impl Iterator<Item = &'a Node> {
        self.nodes.iter().filter(move |n| n.op == op)
    }

    /// The operation that makes `tensor`, when it is of this kind.
    pub(super) fn maker(&self, tensor: &str, op: &str) -> Option<&Node> {
        self.makers.get(tensor).map(|at| &self.nodes[*at]).filter(|node| node.op == op)
    }

    /// Up from `tensor` along first inputs through operations of these kinds: the last of them.
    pub(super) fn above(&self, tensor: &str, ops: &[&str]) -> Option<&Node> {
        let (first, rest) = ops.split_first()?;
        let first = self.maker(tensor, first)?;
        rest.iter().try_fold(first, |node, op| self.maker(node.input(0)?, op))
    }

    /// The constant of this name.
    pub(super) fn constant(&self, name: &str) -> Option<&Tensor> {
        self.constants.get(name)
    }

    /// The constant of this name when it is one float.
    pub(super) fn scalar(&self, name: &str) -> Option<f32> {
        match &self.constant(name)?.as_floats()?.1[..] {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The 8-bit weights behind `tensor`: a `DequantizeLinear` of constants, zero at zero.
    pub(super) fn weights(&self, tensor: &str) -> Option<Quantised> {
        let node = self.maker(tensor, "DequantizeLinear")?;
        let (dims, values) = self.constant(node.input(0)?)?.as_bytes()?;
        self.quantised(node, dims, values)
    }

    /// `values` as the `DequantizeLinear` `node` takes them.
    pub(super) fn quantised(
        &self,
        node: &Node,
        dims: Vec<usize>,
        values: Vec<i8>,
    ) -> Option<Quantised> {
        let (scale_dims, scales) = self.constant(node.input(1)?)?.as_floats()?;
        let (_, zeros) = self.constant(node.input(2)?)?.as_bytes()?;
        let one = scale_dims.is_empty();
        let axis = if one { 0 } else { usize::try_from(node.int("axis").unwrap_or(1)).ok()? };
        let fits = if one { !dims.is_empty() } else { dims.get(axis) == Some(&scales.len()) };
        let sound = fits && !scales.is_empty() && zeros.iter().all(|z| *z == 0);
        sound.then_some(Quantised { dims, values, scales, axis })
    }

    /// A new constant.
    pub(super) fn add_constant(&mut self, mut tensor: Tensor) -> String {
        let name = self.new_name("constant");
        tensor.name.clone_from(&name);
        self.constants.insert(name.clone(), tensor);
        name
    }

    /// A new operation with one output, whose name it gives.
    pub(super) fn add(&mut self, op: &str, inputs: &[&str], attributes: Vec<Attribute>) -> String {
        let [output] = self.add_many(op, inputs, attributes);
        output
    }

    /// A new operation with `N` outputs.
    pub(super) fn add_many<const N: usize>(
        &mut self,
        op: &str,
        inputs: &[&str],
        attributes: Vec<Attribute>,
    ) -> [String; N] {
        let outputs: [String; N] = std::array::from_fn(|_| self.new_name(op));
        self.push(Node {
            inputs: inputs.iter().map(|i| i.to_string()).collect(),
            outputs: outputs.to_vec(),
            name: outputs.first().cloned(),
            op: op.into(),
            attributes,
            domain: None,
        });
        outputs
    }

    /// From now on the tensor `old` is what `new` was: its users do not notice.
    pub(super) fn take_over(&mut self, old: &str, new: &str) {
        let unused = self.new_name("unused");
        for (from, to) in [(old, unused.as_str()), (new, old)] {
            let Some(at) = self.makers.remove(from) else { continue };
            let outputs = &mut self.nodes[at].outputs;
            outputs.iter_mut().filter(|o| *o == from).for_each(|o| *o = to.into());
            self.makers.insert(to.into(), at);
        }
    }

    /// From now on the tensor `old` is called `new`, which nothing else is.
    pub(super) fn rename(&mut self, old: &str, new: &str) {
        self.redirect(|_, input| (input == old).then(|| new.into()));
        self.take_over(new, old);
    }

    /// What came into the graph as `old` comes as `new`.
    pub(super) fn replace_input(&mut self, old: &str, new: Vec<Value>) {
        self.frame.inputs.retain(|input| input.name != old);
        self.frame.inputs.extend(new);
    }

    /// What left the graph as `old` leaves as `new`.
    pub(super) fn replace_output(&mut self, old: &str, new: Vec<Value>) {
        self.frame.outputs.retain(|output| output.name != old);
        self.frame.outputs.extend(new);
    }

    /// Every input, with the kind of its user, becomes what `instead` gives for it, if anything.
    pub(super) fn redirect(&mut self, instead: impl Fn(&str, &str) -> Option<String>) -> usize {
        let inputs = self.nodes.iter_mut().flat_map(|node| {
            let Node { op, inputs, .. } = node;
            inputs.iter_mut().map(|input| (op.as_str(), input))
        });
        let mut redirected = 0;
        for (op, input) in inputs {
            if let Some(other) = instead(op, input) {
                *input = other;
                redirected += 1;
            }
        }
        redirected
    }

    /// `x` in 8 bits, with one scale that is found while it runs.
    pub(super) fn add_quantised(&mut self, x: &str) -> Bytes {
        let [values, scale, zero] = self.add_many("DynamicQuantizeLinear", &[x], vec![]);
        Bytes { values, scale, zero }
    }

    /// 8-bit `x` times `weights` (`[inputs, outputs]`) plus `bias`, in the words that ONNX Runtime
    /// knows to compute with 8-bit numbers: both sides dequantised, then multiplied.
    pub(super) fn add_product(&mut self, x: &Bytes, weights: &Quantised, bias: &[f32]) -> String {
        let left = self.add("DequantizeLinear", &[&x.values, &x.scale, &x.zero], vec![]);
        let right = self.add_weights(weights);
        let product = self.add("MatMul", &[&left, &right], vec![]);
        let bias = self.add_constant(Tensor::floats(&[bias.len()], bias));
        self.add("Add", &[&product, &bias], vec![])
    }

    /// 8-bit weights, dequantised.
    pub(super) fn add_weights(&mut self, weights: &Quantised) -> String {
        let Quantised { dims, values, scales, axis } = weights;
        let many = if scales.len() == 1 { &[][..] } else { &[scales.len()] };
        let zeros = vec![0; scales.len()];
        let values = self.add_constant(Tensor::bytes(dims, values));
        let scale = self.add_constant(Tensor::floats(many, scales));
        let zero = self.add_constant(Tensor::bytes(many, &zeros));
        let axis = Attribute::of_int("axis", *axis as i64);
        self.add("DequantizeLinear", &[&values, &scale, &zero], vec![axis])
    }

    fn new_name(&mut self, what: &str) -> String {
        self.named += 1;
        format!("spillway_{}_{what}", self.named)
    }
}
