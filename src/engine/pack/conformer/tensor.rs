//! The values of constants: floats, whole numbers and 8-bit weights with their scales.

use super::proto::{FLOAT, INT8, INT32, INT64, Tensor};

/// 8-bit weights: a value is its number times the scale of its place along `axis`, or times the
/// only scale.
#[derive(Clone)]
pub(super) struct Quantised {
    pub(super) dims: Vec<usize>,
    pub(super) values: Vec<i8>,
    pub(super) scales: Vec<f32>,
    pub(super) axis: usize,
}

impl Tensor {
    /// A constant of floats; its name comes with the graph.
    pub(super) fn floats(dims: &[usize], values: &[f32]) -> Tensor {
        Tensor::new(FLOAT, dims, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// A constant of 64-bit numbers.
    pub(super) fn ints(dims: &[usize], values: &[i64]) -> Tensor {
        Tensor::new(INT64, dims, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    /// A constant of 8-bit numbers.
    pub(super) fn bytes(dims: &[usize], values: &[i8]) -> Tensor {
        Tensor::new(INT8, dims, values.iter().map(|v| *v as u8).collect())
    }

    fn new(kind: i32, dims: &[usize], raw: Vec<u8>) -> Tensor {
        let dims = dims.iter().map(|d| *d as i64).collect();
        Tensor { dims, kind, name: String::new(), raw }
    }

    /// Its dimensions, when it has as many values of `width` bytes as they say.
    pub(super) fn shape(&self, kind: i32, width: usize) -> Option<Vec<usize>> {
        let dims: Option<Vec<usize>> = self.dims.iter().map(|d| usize::try_from(*d).ok()).collect();
        let dims = dims?;
        let bytes = dims.iter().try_fold(width, |bytes: usize, dim| bytes.checked_mul(*dim));
        let is_whole = bytes == Some(self.raw.len()) && !self.raw.is_empty();
        (self.kind == kind && is_whole).then_some(dims)
    }

    /// Its dimensions and values, when they are floats.
    pub(super) fn as_floats(&self) -> Option<(Vec<usize>, Vec<f32>)> {
        let dims = self.shape(FLOAT, 4)?;
        let (values, _) = self.raw.as_chunks::<4>();
        Some((dims, values.iter().map(|v| f32::from_le_bytes(*v)).collect()))
    }

    /// Its values, when they are 32-bit or 64-bit numbers.
    pub(super) fn as_ints(&self) -> Option<Vec<i64>> {
        if self.shape(INT32, 4).is_some() {
            let (values, _) = self.raw.as_chunks::<4>();
            return Some(values.iter().map(|v| i64::from(i32::from_le_bytes(*v))).collect());
        }
        self.shape(INT64, 8)?;
        let (values, _) = self.raw.as_chunks::<8>();
        Some(values.iter().map(|v| i64::from_le_bytes(*v)).collect())
    }

    /// Its dimensions and values, when they are signed bytes.
    pub(super) fn as_bytes(&self) -> Option<(Vec<usize>, Vec<i8>)> {
        let dims = self.shape(INT8, 1)?;
        Some((dims, self.raw.iter().map(|v| *v as i8).collect()))
    }
}

impl Quantised {
    /// The weights as numbers.
    pub(super) fn floats(&self) -> Vec<f32> {
        // How many neighbours share a scale.
        let run: usize = self.dims[self.axis + 1..].iter().product();
        let scale = |i: usize| self.scales[i / run.max(1) % self.scales.len()];
        self.values.iter().enumerate().map(|(i, v)| f32::from(*v) * scale(i)).collect()
    }

    /// The weights `[outputs, inputs..]` of a convolution, with a scale for each output, as the
    /// right side of a product, `[inputs, outputs]`: `from(input)` tells where inside an output's
    /// weights the product's input has its own.
    pub(super) fn as_product(&self, from: impl Fn(usize) -> usize) -> Quantised {
        let outputs = self.dims[0];
        let inputs = self.values.len() / outputs.max(1);
        let place = |input: usize| (0..outputs).map(move |output| (input, output));
        let values = (0..inputs)
            .flat_map(place)
            .map(|(input, output)| self.values[output * inputs + from(input)])
            .collect();
        Quantised { dims: vec![inputs, outputs], values, scales: self.scales.clone(), axis: 1 }
    }
}
