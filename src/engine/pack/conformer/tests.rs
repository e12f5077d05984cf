//! Each step on a small graph made by hand, computed before and after by ONNX Runtime.

use super::graph::Graph;
use super::proto::{Attribute, FLOAT, INT32, INT64, Model, Node, OperatorSet, Tensor, Value};
use super::{caches, constants, convolution, norm, positions, rewrite, subsampling};
use crate::engine::ctc::{self, Kind};
use crate::engine::onnx;
use ort::session::SessionInputValue;
use ort::value::Tensor as OrtTensor;
use proptest::prelude::*;
use prost::Message;
use std::borrow::Cow;
use std::path::Path;

/// A model in the making: the last operation's first output is what comes out.
#[derive(Clone)]
struct Sketch(Model);

/// What goes in.
enum Input {
    Floats(Vec<usize>, Vec<f32>),
    Ints(Vec<usize>, Vec<i64>),
}

/// So many numbers between -1 and 1 that follow no pattern.
fn wave(values: usize) -> Vec<f32> {
    (0..values).map(|i| (i as f32 * 2.3 + 0.4).sin()).collect()
}

fn perm(order: &[i64]) -> Attribute {
    Attribute::of_ints("perm", order)
}

fn axis(axis: i64) -> Attribute {
    Attribute::of_int("axis", axis)
}

/// A convolution's attributes as tf2onnx writes them.
fn convolution(kernel: [i64; 2], strides: [i64; 2], group: i64) -> Vec<Attribute> {
    vec![
        Attribute::of_ints("strides", &strides),
        Attribute::of_ints("dilations", &[1, 1]),
        Attribute::of_ints("kernel_shape", &kernel),
        Attribute::of_int("group", group),
    ]
}

impl Sketch {
    fn new(inputs: &[(&str, i32)]) -> Sketch {
        // A `TypeProto` of a tensor without a shape.
        let kind = |element: i32| Some(vec![0x0a, 2, 8, element as u8]);
        let value =
            |(name, element): &(&str, i32)| Value { name: name.to_string(), kind: kind(*element) };
        let mut model = Model { ir_version: Some(8), ..Model::default() };
        let domain = Some(String::new());
        model.operator_sets.push(OperatorSet { domain, version: Some(17) });
        let mut graph = super::proto::Graph { name: Some("sketch".into()), ..Default::default() };
        graph.inputs = inputs.iter().map(value).collect();
        model.graph = Some(graph);
        Sketch(model)
    }

    fn graph(&mut self) -> &mut super::proto::Graph {
        self.0.graph.get_or_insert_default()
    }

    fn node(&mut self, op: &str, inputs: &[&str], outputs: &[&str], attributes: Vec<Attribute>) {
        let names = |names: &[&str]| names.iter().map(|n| n.to_string()).collect();
        let node = Node { op: op.into(), attributes, ..Node::default() };
        self.graph().nodes.push(Node { inputs: names(inputs), outputs: names(outputs), ..node });
    }

    fn constant(&mut self, name: &str, tensor: Tensor) {
        self.graph().initializers.push(Tensor { name: name.into(), ..tensor });
    }

    fn floats(&mut self, name: &str, dims: &[usize]) {
        self.constant(name, Tensor::floats(dims, &wave(dims.iter().product())));
    }

    fn ints(&mut self, name: &str, values: &[i64]) {
        self.constant(name, Tensor::ints(&[values.len()], values));
    }

    /// 8-bit weights, dequantised with one scale or with one for each output.
    fn weights(&mut self, name: &str, dims: &[usize], scale_each: bool) {
        let values =
            wave(dims.iter().product()).iter().map(|v| (v * 127.0) as i8).collect::<Vec<_>>();
        let many = if scale_each { &dims[..1] } else { &[] };
        let scales: Vec<f32> = (1..=many.iter().product()).map(|i| i as f32 / 200.0).collect();
        let [data, scale, zero] = ["data", "scale", "zero"].map(|part| format!("{name}.{part}"));
        self.constant(&data, Tensor::bytes(dims, &values));
        self.constant(&scale, Tensor::floats(many, &scales));
        self.constant(&zero, Tensor::bytes(many, &vec![0; scales.len()]));
        self.node("DequantizeLinear", &[&data, &scale, &zero], &[name], vec![axis(0)]);
    }

    /// `x` in 8 bits and back.
    fn through_bytes(&mut self, x: &str, to: &str) {
        let [values, scale, zero] = ["q", "s", "z"].map(|part| format!("{x}.{part}"));
        self.node("DynamicQuantizeLinear", &[x], &[&values, &scale, &zero], vec![]);
        self.node("DequantizeLinear", &[&values, &scale, &zero], &[to], vec![]);
    }

    /// Says which tensors come out.
    fn outputs(mut self, names: &[&str]) -> Sketch {
        let kind = Some(vec![0x0a, 2, 8, FLOAT as u8]);
        let value = |name: &&str| Value { name: name.to_string(), kind: kind.clone() };
        self.graph().outputs = names.iter().map(value).collect();
        self
    }

    /// As `step` rewrites it; the step must find `wanted` of what it looks for.
    fn rewritten(&self, step: impl FnOnce(&mut Graph) -> usize, wanted: usize) -> Sketch {
        let mut model = self.0.clone();
        let mut graph = Graph::new(model.graph.take().expect("a graph"));
        assert_eq!(step(&mut graph), wanted);
        model.graph = Some(graph.into_proto());
        Sketch(model)
    }

    /// How often this operation is there.
    fn count(&self, op: &str) -> usize {
        self.0.graph.iter().flat_map(|g| &g.nodes).filter(|n| n.op == op).count()
    }

    /// What comes out, each output on its own; nothing without ONNX Runtime.
    fn run(&self, inputs: Vec<(&str, Input)>) -> Option<Vec<Vec<f32>>> {
        let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
        if let Err(why) = onnx::init(&models) {
            eprintln!("SKIPPED in part: {why}");
            return None;
        }
        let mut session = onnx::model_in(&self.0.encode_to_vec()).expect("a sound model");
        let value = |input| match input {
            Input::Floats(dims, v) => OrtTensor::from_array((dims, v)).expect("fits").into_dyn(),
            Input::Ints(dims, v) => OrtTensor::from_array((dims, v)).expect("fits").into_dyn(),
        };
        let inputs: Vec<(Cow<str>, SessionInputValue)> =
            inputs.into_iter().map(|(name, input)| (name.into(), value(input).into())).collect();
        let outputs = session.run(inputs).expect("runs");
        let floats = |name: &Value| {
            let tensor = outputs.get(&name.name).expect("the output");
            tensor.try_extract_tensor::<f32>().expect("floats").1.to_vec()
        };
        Some(self.0.graph.iter().flat_map(|g| &g.outputs).map(floats).collect())
    }
}

fn close(one: &[f32], other: &[f32], tolerance: f32) {
    let apart = one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(one.len() == other.len() && apart <= tolerance, "{apart}: {one:?} {other:?}");
}

fn norm_sketch() -> Sketch {
    let mut s = Sketch::new(&[("x", FLOAT)]);
    s.constant("epsilon", Tensor::floats(&[], &[1e-5]));
    s.floats("gain", &[1, 1, 4]);
    s.floats("bias", &[1, 1, 4]);
    s.node("GlobalAveragePool", &["x"], &["mean"], vec![]);
    s.node("Sub", &["x", "mean"], &["centred"], vec![]);
    s.node("Mul", &["centred", "centred"], &["square"], vec![]);
    s.node("GlobalAveragePool", &["square"], &["variance"], vec![]);
    s.node("Add", &["variance", "epsilon"], &["sum"], vec![]);
    s.node("Sqrt", &["sum"], &["root"], vec![]);
    s.node("Reciprocal", &["root"], &["inverse"], vec![]);
    s.node("Mul", &["centred", "inverse"], &["normal"], vec![]);
    s.node("Mul", &["normal", "gain"], &["gained"], vec![]);
    s.node("Add", &["gained", "bias"], &["y"], vec![]);
    s.outputs(&["y"])
}

/// A convolution module over two channels and four frames, remembering two.
fn module_sketch() -> Sketch {
    let mut s = Sketch::new(&[("x", FLOAT), ("memory", FLOAT)]);
    s.weights("in", &[4, 2, 1, 1], true);
    s.floats("in.bias", &[4]);
    s.weights("time", &[2, 1, 1, 3], true);
    s.floats("time.bias", &[2]);
    s.weights("out", &[2, 2, 1, 1], true);
    s.floats("out.bias", &[2]);
    s.ints("height", &[2]);
    s.ints("front", &[1]);
    s.ints("six", &[-1, 6, 4]);
    s.ints("four", &[-1, 4, 2]);
    s.ints("from", &[4]);
    s.ints("to", &[6]);
    s.node("Transpose", &["x"], &["new"], vec![perm(&[0, 2, 1])]);
    s.node("Concat", &["memory", "new"], &["both"], vec![axis(2)]);
    s.node("Slice", &["both", "from", "to", "height"], &["next"], vec![]);
    s.node("Unsqueeze", &["both", "height"], &["image"], vec![]);
    let plain = |group| convolution([1, 1], [1, 1], group);
    s.node("Conv", &["image", "in", "in.bias"], &["wide"], plain(1));
    s.node("Transpose", &["wide"], &["wide.back"], vec![perm(&[0, 2, 3, 1])]);
    s.node("Reshape", &["wide.back", "six"], &["rows"], vec![]);
    s.node("Split", &["rows"], &["value", "gate"], vec![axis(2)]);
    s.node("Sigmoid", &["gate"], &["open"], vec![]);
    s.node("Mul", &["value", "open"], &["gated"], vec![]);
    s.node("Unsqueeze", &["gated", "front"], &["gated.image"], vec![]);
    s.node("Transpose", &["gated.image"], &["gated.turned"], vec![perm(&[0, 3, 1, 2])]);
    let along_time = convolution([1, 3], [1, 1], 2);
    s.node("Conv", &["gated.turned", "time", "time.bias"], &["timed"], along_time);
    s.node("Transpose", &["timed"], &["timed.back"], vec![perm(&[0, 2, 3, 1])]);
    s.node("Reshape", &["timed.back", "four"], &["frames"], vec![]);
    s.node("Unsqueeze", &["frames", "front"], &["frames.image"], vec![]);
    s.node("Transpose", &["frames.image"], &["frames.turned"], vec![perm(&[0, 3, 1, 2])]);
    s.node("Conv", &["frames.turned", "out", "out.bias"], &["end"], plain(1));
    s.node("Transpose", &["end"], &["end.back"], vec![perm(&[0, 2, 3, 1])]);
    s.node("Reshape", &["end.back", "four"], &["y"], vec![]);
    s.outputs(&["y", "next"])
}

fn positions_sketch() -> Sketch {
    let mut s = Sketch::new(&[("rows", INT64)]);
    s.weights("w", &[3, 2], false);
    s.weights("table", &[8, 3], false);
    // The table's numbers are looked up before they are dequantised.
    s.graph().nodes.pop();
    s.node("Gather", &["table.data", "rows"], &["some"], vec![axis(0)]);
    s.node("DequantizeLinear", &["some", "table.scale", "table.zero"], &["x"], vec![]);
    s.node("MatMul", &["x", "w"], &["y"], vec![]);
    s.outputs(&["y"])
}

/// Two channels, seven rows and nine columns, made three channels, three rows and four columns.
fn subsampling_sketch() -> Sketch {
    let mut s = Sketch::new(&[("x", FLOAT)]);
    s.weights("w", &[3, 2, 3, 3], true);
    s.floats("w.bias", &[3]);
    s.weights("next", &[12, 2], false);
    s.ints("shape", &[-1, 3, 12]);
    s.node("Conv", &["x", "w", "w.bias"], &["smaller"], convolution([3, 3], [2, 2], 1));
    s.node("Relu", &["smaller"], &["positive"], vec![]);
    s.node("Transpose", &["positive"], &["turned"], vec![perm(&[0, 2, 1, 3])]);
    s.node("Reshape", &["turned", "shape"], &["frames"], vec![]);
    s.through_bytes("frames", "rounded");
    s.node("MatMul", &["rounded", "next"], &["y"], vec![]);
    s.outputs(&["y"])
}

/// Two layers of attention in two heads over frames of four floats, three of them new, that
/// remember six; a frame's query, key and value are the frame itself, one head after the other.
fn attention_sketch() -> Sketch {
    let mut s = Sketch::new(&[("x", FLOAT), ("att_cache", FLOAT)]);
    s.ints("heads", &[-1, 3, 2, 2]);
    s.ints("back", &[-1, 3, 4]);
    s.ints("from", &[0, 0, 3, 0]);
    let all = i64::from(i32::MAX);
    s.ints("to", &[all, all, 9, all]);
    s.ints("axes", &[0, 1, 2, 3]);
    s.ints("piece", &[-1, 1, 2, 6, 4]);
    for layer in 0..2_i32 {
        let name = |what: &str| format!("{what}{layer}");
        let mut node = |op: &str, inputs: &[&str], output: &str, attributes: Vec<Attribute>| {
            let inputs: Vec<String> = inputs.iter().map(|i| i.replace('#', &name(""))).collect();
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            s.node(op, &inputs, &[&name(output)], attributes);
        };
        let x = if layer == 0 { "x" } else { "y0" };
        node("Reshape", &[x, "heads"], "cut", vec![]);
        node("Transpose", &["cut#"], "new", vec![perm(&[0, 2, 1, 3])]);
        node("Neg", &["new#"], "negative", vec![]);
        node("Gather", &["att_cache", "index#"], "past", vec![axis(1)]);
        node("Concat", &["old_keys#", "new#"], "keys", vec![axis(2)]);
        node("Concat", &["old_values#", "negative#"], "values", vec![axis(2)]);
        node("Concat", &["keys#", "values#"], "both", vec![axis(3)]);
        node("Slice", &["both#", "from", "to", "axes"], "next", vec![]);
        node("Reshape", &["next#", "piece"], "piece", vec![]);
        node("Transpose", &["keys#"], "turned", vec![perm(&[0, 1, 3, 2])]);
        node("MatMul", &["new#", "turned#"], "scores", vec![]);
        node("Softmax", &["scores#"], "shares", vec![]);
        node("MatMul", &["shares#", "values#"], "mixed", vec![]);
        node("Transpose", &["mixed#"], "mixed_back", vec![perm(&[0, 2, 1, 3])]);
        node("Reshape", &["mixed_back#", "back"], "y", vec![]);
        let halves = [name("old_keys"), name("old_values")];
        s.node("Split", &[&name("past")], &halves.each_ref().map(|h| &h[..]), vec![axis(3)]);
        let index = layer.to_le_bytes().to_vec();
        let index = Tensor { dims: vec![], kind: INT32, name: name("index"), raw: index };
        s.constant(&name("index"), index);
    }
    s.node("Concat", &["piece0", "piece1"], &["r_att_cache"], vec![axis(1)]);
    s.outputs(&["y1", "r_att_cache"])
}

/// Two layers of convolution along time over two channels and four frames, remembering two.
fn convolution_sketch() -> Sketch {
    let mut s = Sketch::new(&[("x", FLOAT), ("cnn_cache", FLOAT)]);
    s.ints("height", &[2]);
    s.ints("from", &[0, 0, 4]);
    let all = i64::from(i32::MAX);
    s.ints("to", &[all, all, 6]);
    s.ints("axes", &[0, 1, 2]);
    s.ints("piece", &[-1, 1, 2, 2]);
    s.floats("w", &[2, 1, 1, 3]);
    s.floats("bias", &[2]);
    s.ints("frames", &[-1, 4, 2]);
    for layer in 0..2 {
        let name = |what: &str| format!("{what}{layer}");
        s.constant(&name("index"), Tensor::ints(&[], &[layer]));
        let x = if layer == 0 { "x" } else { "y0" };
        s.node("Gather", &["cnn_cache", &name("index")], &[&name("past")], vec![axis(1)]);
        s.node("Transpose", &[x], &[&name("turned")], vec![perm(&[0, 2, 1])]);
        s.node("Concat", &[&name("past"), &name("turned")], &[&name("both")], vec![axis(2)]);
        s.node("Slice", &[&name("both"), "from", "to", "axes"], &[&name("next")], vec![]);
        s.node("Reshape", &[&name("next"), "piece"], &[&name("piece")], vec![]);
        s.node("Unsqueeze", &[&name("both"), "height"], &[&name("image")], vec![]);
        let along_time = convolution([1, 3], [1, 1], 2);
        s.node("Conv", &[&name("image"), "w", "bias"], &[&name("timed")], along_time);
        let back = vec![perm(&[0, 2, 3, 1])];
        s.node("Transpose", &[&name("timed")], &[&name("timed_back")], back);
        s.node("Reshape", &[&name("timed_back"), "frames"], &[&name("y")], vec![]);
    }
    s.node("Concat", &["piece0", "piece1"], &["r_cnn_cache"], vec![axis(1)]);
    s.outputs(&["y1", "r_cnn_cache"])
}

#[test]
fn a_layer_normalisation_becomes_one_operation() {
    let before = norm_sketch();
    let after = before.rewritten(norm::rewrite, 1);
    assert_eq!((after.count("LayerNormalization"), after.count("Mul")), (1, 0));
    let run = |s: &Sketch| s.run(vec![("x", Input::Floats(vec![1, 3, 4], wave(12)))]);
    if let (Some(before), Some(after)) = (run(&before), run(&after)) {
        close(&before[0], &after[0], 1e-5);
    }
}

#[test]
fn a_convolution_module_remembers_what_comes_out_of_its_gate() {
    let before = module_sketch();
    let both = |g: &mut Graph| convolution::rewrite_gates(g) + convolution::rewrite_products(g);
    let after = before.rewritten(both, 2);
    assert_eq!((after.count("Conv"), after.count("MatMul")), (1, 2));
    // Two steps, each with its own memory of the first, which begins with zeros.
    let run = |s: &Sketch| {
        let frames = wave(16);
        let (first, second) = frames.split_at(8);
        let step = |x: &[f32], memory: Vec<f32>| {
            let x = Input::Floats(vec![1, 4, 2], x.to_vec());
            s.run(vec![("x", x), ("memory", Input::Floats(vec![1, 2, 2], memory))])
        };
        let mut first = step(first, vec![0.0; 4])?;
        let second = step(second, first.pop()?)?;
        Some([first[0].clone(), second[0].clone()])
    };
    if let (Some(before), Some(after)) = (run(&before), run(&after)) {
        close(&before[0], &after[0], 0.02);
        close(&before[1], &after[1], 0.02);
    }
}

#[test]
fn attention_takes_each_layers_memory_and_gives_what_is_new() {
    let before = attention_sketch();
    let after = before.rewritten(caches::rewrite_attention, 2);
    let left = ["Gather", "Split", "Slice", "Concat"].map(|op| after.count(op));
    assert_eq!(left, [0, 0, 0, 4]);
    // Two streams, two layers, two heads, six frames, two floats of the key and two of the value.
    let past = wave(2 * 2 * 2 * 6 * 4);
    let x = || ("x", Input::Floats(vec![2, 3, 4], wave(24)));
    // Of `[streams, layers, heads, frames, width]` what the new inputs and outputs hold.
    let part = |values: &[f32], layer: usize, half: usize, from: usize| {
        let of = |stream: usize| &values[(stream * 2 + layer) * 48..][..48];
        let heads = [0, 1].map(of).into_iter().flat_map(|of| of.chunks_exact(24));
        let frames = heads.flat_map(|head| head.chunks_exact(4).skip(from));
        frames.flat_map(|frame| &frame[half * 2..][..2]).copied().collect::<Vec<f32>>()
    };
    let whole = Input::Floats(vec![2, 2, 2, 6, 4], past.clone());
    let mut inputs = vec![x()];
    let names: Vec<(String, usize, usize)> = (0..2)
        .flat_map(|l| [(Kind::Keys.past_name(l), l, 0), (Kind::Values.past_name(l), l, 1)])
        .collect();
    for (name, layer, half) in &names {
        let values = part(&past, *layer, *half, 0);
        inputs.push((name, Input::Floats(vec![2, 2, 6, 2], values)));
    }
    let before = before.run(vec![x(), ("att_cache", whole)]);
    if let (Some(before), Some(after)) = (before, after.run(inputs)) {
        assert_eq!(before[0], after[0]);
        for (new, (_, layer, half)) in after[1..].iter().zip(&names) {
            assert_eq!(*new, part(&before[1], *layer, *half, 3));
        }
    }
}

#[test]
fn convolution_takes_each_layers_memory_and_gives_what_is_new() {
    let before = convolution_sketch();
    let after = before.rewritten(caches::rewrite_convolution, 2);
    let left = ["Gather", "Slice", "Concat", "Transpose"].map(|op| after.count(op));
    assert_eq!(left, [0, 0, 2, 4]);
    // Two streams, two layers, two channels, two frames; rewritten, channels come last.
    let past = wave(16);
    let x = || ("x", Input::Floats(vec![2, 4, 2], wave(16)));
    let whole = Input::Floats(vec![2, 2, 2, 2], past.clone());
    let names = [0, 1].map(|layer| Kind::Gated.past_name(layer));
    let mut inputs = vec![x()];
    for (layer, name) in names.iter().enumerate() {
        let of = |stream: usize| &past[(stream * 2 + layer) * 4..][..4];
        let turned = [0, 1].map(of).iter().flat_map(|v| [v[0], v[2], v[1], v[3]]).collect();
        inputs.push((name, Input::Floats(vec![2, 1, 2, 2], turned)));
    }
    let before = before.run(vec![x(), ("cnn_cache", whole)]);
    if let (Some(before), Some(after)) = (before, after.run(inputs)) {
        assert_eq!(before[0], after[0]);
        for (layer, new) in after[1..].iter().enumerate() {
            // Four new frames, of which the shipped graph keeps the last two.
            for (stream, new) in new.chunks_exact(8).enumerate() {
                let kept = &before[1][(stream * 2 + layer) * 4..][..4];
                assert_eq!(new[4..], [kept[0], kept[2], kept[1], kept[3]]);
            }
        }
    }
}

#[test]
fn memories_of_another_shape_are_left_alone() {
    let mut sketch = attention_sketch();
    sketch.graph().nodes.iter_mut().filter(|n| n.op == "Gather").for_each(|n| n.inputs.swap(0, 1));
    let after = sketch.rewritten(caches::rewrite_attention, 0);
    assert_eq!((after.count("Split"), after.count("Slice")), (2, 2));
    convolution_sketch().rewritten(caches::rewrite_attention, 0);
}

#[test]
fn positions_are_multiplied_ahead_and_end_at_the_last() {
    let before = positions_sketch();
    let after = before.rewritten(|graph| positions::rewrite(graph, 6), 1);
    assert_eq!(after.count("MatMul"), 0);
    let run =
        |s: &Sketch, rows: [i64; 4]| s.run(vec![("rows", Input::Ints(vec![1, 4], rows.to_vec()))]);
    if let (Some(wanted), Some(same)) = (run(&before, [0, 3, 5, 5]), run(&after, [0, 3, 5, 5])) {
        close(&wanted[0], &same[0], 1e-5);
        let beyond = run(&after, [0, 3, 5, 7]).expect("runs");
        close(&wanted[0], &beyond[0], 1e-5);
    }
    before.rewritten(|graph| positions::rewrite(graph, 9), 0);
}

#[test]
fn a_convolution_of_every_other_place_becomes_a_product() {
    let before = subsampling_sketch();
    let after = before.rewritten(subsampling::rewrite, 1);
    assert_eq!((after.count("Conv"), after.count("MatMul"), after.count("Slice")), (0, 2, 9));
    let run = |s: &Sketch| s.run(vec![("x", Input::Floats(vec![1, 2, 7, 9], wave(126)))]);
    if let (Some(before), Some(after)) = (run(&before), run(&after)) {
        close(&before[0], &after[0], 0.05);
    }
}

#[test]
fn constants_are_folded_but_for_the_weights_of_products() {
    let mut s = Sketch::new(&[("x", FLOAT)]);
    s.floats("bias", &[2]);
    s.through_bytes("bias", "rounded");
    s.weights("w", &[2, 2], false);
    s.weights("v", &[2, 2], false);
    s.node("MatMul", &["x", "w"], &["product"], vec![]);
    s.node("Add", &["product", "rounded"], &["sum"], vec![]);
    s.node("Add", &["sum", "v"], &["y"], vec![]);
    let before = s.outputs(&["y"]);
    let after = before.rewritten(constants::fold, 2);
    assert_eq!((after.count("DequantizeLinear"), after.count("DynamicQuantizeLinear")), (1, 0));
    let run = |s: &Sketch| s.run(vec![("x", Input::Floats(vec![2, 2], wave(4)))]);
    if let (Some(before), Some(after)) = (run(&before), run(&after)) {
        close(&before[0], &after[0], 0.01);
    }
}

#[test]
fn a_model_is_read_whole_or_refused() {
    let sketch = module_sketch().0;
    let file = sketch.encode_to_vec();
    assert_eq!(Model::read(&file).expect("whole"), sketch);
    let refused = |file: &[u8]| Model::read(file).expect_err("refused");
    // `doc_string` of the model, which we do not declare.
    let more = [&file[..], b"\x32\x01x"].concat();
    assert!(refused(&more).contains("fields that are not known here"));
    assert!(refused(&file[..file.len() - 1]).contains("is no ONNX model"));
    assert!(refused(b"not a model").contains("is no ONNX model"));
}

#[test]
fn another_model_is_refused_with_what_it_lacks() {
    let error = rewrite(&module_sketch().0.encode_to_vec()).err();
    let wanted = "has 0 layer normalisations of the known shape, not 73";
    assert_eq!(error.as_deref(), Some(wanted));
}

/// What an older Spillway installed is known by what it takes in.
#[test]
fn a_pack_of_another_recipe_is_refused_with_what_mends_it() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    if let Err(why) = onnx::init(&here) {
        eprintln!("SKIPPED: a_pack_of_another_recipe_is_refused_with_what_mends_it: {why}");
        return;
    }
    let models = tempfile::tempdir().expect("a directory");
    let pack = models.path().join("vi-ctc");
    std::fs::create_dir(&pack).expect("made");
    let tokens: String = (0..4_968).map(|i| format!("t{i} {i}\n")).collect();
    std::fs::write(pack.join("vocab.txt"), tokens).expect("written");
    let file = pack.join(ctc::STATELESS);
    std::fs::write(&file, attention_sketch().0.encode_to_vec()).expect("written");
    let made = ctc::factory(models.path(), None).expect("all files are there")();
    let error = made.err().expect("refused").to_string();
    let names_it = error.contains(&file.display().to_string());
    assert!(names_it && error.contains("run `spillway models pull vi`"), "{error}");
}

/// All steps, whatever the graph.
fn rewrite_all(model: Model) {
    let mut graph = Graph::new(model.graph.unwrap_or_default());
    norm::rewrite(&mut graph);
    convolution::rewrite_gates(&mut graph);
    convolution::rewrite_products(&mut graph);
    positions::rewrite(&mut graph, 6);
    subsampling::rewrite(&mut graph);
    caches::rewrite_attention(&mut graph);
    caches::rewrite_convolution(&mut graph);
    constants::fold(&mut graph);
    graph.into_proto();
}

proptest! {
    #[test]
    fn any_bytes_are_refused_and_not_fatal(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(rewrite(&bytes).is_err());
    }

    #[test]
    fn a_damaged_graph_is_not_fatal(
        which in 0..6_usize,
        damages in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let sketches = [
            norm_sketch,
            module_sketch,
            positions_sketch,
            subsampling_sketch,
            attention_sketch,
            convolution_sketch,
        ];
        let mut file = sketches[which]().0.encode_to_vec();
        for (at, byte) in damages {
            let at = at.index(file.len());
            file[at] = byte;
        }
        if let Ok(model) = Model::decode(&file[..]) {
            rewrite_all(model);
        }
    }
}
