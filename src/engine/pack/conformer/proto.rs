//! The messages of an ONNX file (onnx.proto, protocol buffers), with the fields that occur.
//!
//! What is not declared here would be lost in silence, so [`Model::read`] takes only a file that
//! it can write again byte for byte.

use prost::Message;

/// `TensorProto.DataType`, those that occur.
pub(super) const FLOAT: i32 = 1;
pub(super) const INT8: i32 = 3;
pub(super) const INT32: i32 = 6;
pub(super) const INT64: i32 = 7;
/// `AttributeProto.AttributeType`, those that we write.
const ATTRIBUTE_FLOAT: i32 = 1;
const ATTRIBUTE_INT: i32 = 2;
const ATTRIBUTE_INTS: i32 = 7;

/// `ModelProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Model {
    #[prost(int64, optional, tag = "1")]
    pub(super) ir_version: Option<i64>,
    #[prost(string, optional, tag = "2")]
    pub(super) producer_name: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) producer_version: Option<String>,
    #[prost(message, optional, tag = "7")]
    pub(super) graph: Option<Graph>,
    #[prost(message, repeated, tag = "8")]
    pub(super) operator_sets: Vec<OperatorSet>,
}

/// `OperatorSetIdProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct OperatorSet {
    #[prost(string, optional, tag = "1")]
    pub(super) domain: Option<String>,
    #[prost(int64, optional, tag = "2")]
    pub(super) version: Option<i64>,
}

/// `GraphProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Graph {
    #[prost(message, repeated, tag = "1")]
    pub(super) nodes: Vec<Node>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
    #[prost(message, repeated, tag = "5")]
    pub(super) initializers: Vec<Tensor>,
    #[prost(string, optional, tag = "10")]
    pub(super) doc_string: Option<String>,
    #[prost(message, repeated, tag = "11")]
    pub(super) inputs: Vec<Value>,
    #[prost(message, repeated, tag = "12")]
    pub(super) outputs: Vec<Value>,
}

/// `ValueInfoProto`; nobody looks into its type, which is kept as it came.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Value {
    #[prost(string, required, tag = "1")]
    pub(super) name: String,
    #[prost(bytes = "vec", optional, tag = "2")]
    pub(super) kind: Option<Vec<u8>>,
}

/// `TypeProto` of a tensor, as we write it.
#[derive(Clone, PartialEq, Message)]
struct Kind {
    #[prost(message, required, tag = "1")]
    tensor: TensorKind,
}

/// `TypeProto.Tensor`.
#[derive(Clone, PartialEq, Message)]
struct TensorKind {
    #[prost(int32, required, tag = "1")]
    element: i32,
    #[prost(message, required, tag = "2")]
    shape: Shape,
}

/// `TensorShapeProto`.
#[derive(Clone, PartialEq, Message)]
struct Shape {
    #[prost(message, repeated, tag = "1")]
    dims: Vec<Dimension>,
}

/// `TensorShapeProto.Dimension`: a number, or a name for any number.
#[derive(Clone, PartialEq, Message)]
struct Dimension {
    #[prost(int64, optional, tag = "1")]
    value: Option<i64>,
    #[prost(string, optional, tag = "2")]
    name: Option<String>,
}

/// `NodeProto`: one operation.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Node {
    #[prost(string, repeated, tag = "1")]
    pub(super) inputs: Vec<String>,
    #[prost(string, repeated, tag = "2")]
    pub(super) outputs: Vec<String>,
    #[prost(string, optional, tag = "3")]
    pub(super) name: Option<String>,
    #[prost(string, required, tag = "4")]
    pub(super) op: String,
    #[prost(message, repeated, tag = "5")]
    pub(super) attributes: Vec<Attribute>,
    #[prost(string, optional, tag = "7")]
    pub(super) domain: Option<String>,
}

/// `AttributeProto`.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Attribute {
    #[prost(string, required, tag = "1")]
    pub(super) name: String,
    #[prost(float, optional, tag = "2")]
    pub(super) float: Option<f32>,
    #[prost(int64, optional, tag = "3")]
    pub(super) int: Option<i64>,
    #[prost(int64, repeated, packed = "false", tag = "8")]
    pub(super) ints: Vec<i64>,
    #[prost(int32, optional, tag = "20")]
    pub(super) kind: Option<i32>,
}

/// `TensorProto`: a constant; all that occur hold their values as raw little-endian bytes.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Tensor {
    #[prost(int64, repeated, packed = "false", tag = "1")]
    pub(super) dims: Vec<i64>,
    #[prost(int32, required, tag = "2")]
    pub(super) kind: i32,
    #[prost(string, required, tag = "8")]
    pub(super) name: String,
    #[prost(bytes = "vec", required, tag = "9")]
    pub(super) raw: Vec<u8>,
}

impl Model {
    /// Reads an ONNX file, all of it or nothing.
    pub(super) fn read(file: &[u8]) -> Result<Model, String> {
        let model = Model::decode(file).map_err(|e| format!("is no ONNX model ({e})"))?;
        if model.encoded_len() != file.len() || model.encode_to_vec() != file {
            return Err("is an ONNX model with fields that are not known here".into());
        }
        Ok(model)
    }
}

impl Value {
    /// Floats, `[streams, dims..]` for any number of streams.
    pub(super) fn of_floats(name: String, dims: &[usize]) -> Value {
        let streams = Dimension { value: None, name: Some("streams".into()) };
        let dims = dims.iter().map(|d| Dimension { value: Some(*d as i64), name: None });
        let shape = Shape { dims: std::iter::once(streams).chain(dims).collect() };
        let kind = Kind { tensor: TensorKind { element: FLOAT, shape } };
        Value { name, kind: Some(kind.encode_to_vec()) }
    }
}

impl Node {
    /// The `i`-th input, where there is one.
    pub(super) fn input(&self, i: usize) -> Option<&str> {
        self.inputs.get(i).map(String::as_str).filter(|name| !name.is_empty())
    }

    /// The only output.
    pub(super) fn output(&self) -> Option<&str> {
        match &self.outputs[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// The attribute `name`, of whole numbers; empty when it is not there.
    pub(super) fn ints(&self, name: &str) -> &[i64] {
        self.attribute(name).map_or(&[], |a| &a.ints)
    }

    /// The attribute `name`, a whole number.
    pub(super) fn int(&self, name: &str) -> Option<i64> {
        self.attribute(name)?.int
    }

    fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|a| a.name == name)
    }
}

impl Attribute {
    /// A whole number.
    pub(super) fn of_int(name: &str, value: i64) -> Attribute {
        let (name, kind) = (name.into(), Some(ATTRIBUTE_INT));
        Attribute { name, int: Some(value), kind, ..Attribute::default() }
    }

    /// Whole numbers.
    pub(super) fn of_ints(name: &str, values: &[i64]) -> Attribute {
        let (name, kind) = (name.into(), Some(ATTRIBUTE_INTS));
        Attribute { name, ints: values.into(), kind, ..Attribute::default() }
    }

    /// A fraction.
    pub(super) fn of_float(name: &str, value: f32) -> Attribute {
        let (name, kind) = (name.into(), Some(ATTRIBUTE_FLOAT));
        Attribute { name, float: Some(value), kind, ..Attribute::default() }
    }
}
