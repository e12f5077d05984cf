//! whisper.cpp's model file: writing tensors, and quantising an f16 file to q8_0.
//!
//! A q8_0 block is 32 weights: one f16 scale and 32 signed bytes (`block_q8_0` of ggml).

use super::bytes::Bytes;
use half::f16;

pub(super) const MAGIC: u32 = 0x6767_6d6c;
pub(super) const TYPE_F32: u32 = 0;
pub(super) const TYPE_F16: u32 = 1;
pub(super) const FILE_TYPE_F16: u32 = 1;
const TYPE_Q8_0: u32 = 8;
/// ggml's file type 7 ("mostly q8_0") and, in thousands, the version of its quantised formats.
const FILE_TYPE_Q8_0: u32 = 7 + 2000;
const BLOCK: usize = 32;
/// Magic and eleven numbers, of which the last is the file type.
const SHAPE_NUMBERS: usize = 12;

/// One named array of the file; the fastest-running dimension comes first.
pub(super) struct Tensor {
    pub(super) name: String,
    pub(super) kind: u32,
    pub(super) dims: Vec<usize>,
    pub(super) data: Vec<u8>,
}

impl Tensor {
    /// Appends the tensor to a file.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        put_count(out, self.dims.len());
        put_count(out, self.name.len());
        out.extend_from_slice(&self.kind.to_le_bytes());
        for dim in &self.dims {
            put_count(out, *dim);
        }
        out.extend_from_slice(self.name.as_bytes());
        out.extend_from_slice(&self.data);
    }

    fn read(bytes: &mut Bytes) -> Result<Tensor, String> {
        let (rank, name_length) = (bytes.count()?, bytes.count()?);
        let kind = bytes.u32()?;
        if rank > 4 {
            return Err(format!("a tensor has {rank} dimensions"));
        }
        let dims = (0..rank).map(|_| bytes.count()).collect::<Result<Vec<_>, _>>()?;
        let name = String::from_utf8_lossy(bytes.take(name_length)?).into_owned();
        let width = match kind {
            TYPE_F32 => 4,
            TYPE_F16 => 2,
            _ => return Err(format!("`{name}` is of type {kind}, neither f32 nor f16")),
        };
        let size = dims.iter().try_fold(width, |size: usize, dim| size.checked_mul(*dim));
        let size = size.ok_or_else(|| format!("`{name}` is too large"))?;
        let data = bytes.take(size)?.to_vec();
        Ok(Tensor { name, kind, dims, data })
    }

    /// Matrices lose precision they do not need; positions, vectors and the convolutions keep it,
    /// as whisper.cpp's own quantiser has it.
    fn is_quantisable(&self) -> bool {
        self.kind == TYPE_F16
            && self.dims.len() == 2
            && self.dims[0].is_multiple_of(BLOCK)
            && !self.name.ends_with("positional_embedding")
    }
}

/// The f16 file `model` with its matrices in q8_0.
pub(super) fn quantize_q8_0(model: &[u8]) -> Result<Vec<u8>, String> {
    let mut bytes = Bytes(model);
    let mut out = Vec::with_capacity(model.len() * 5 / 8);
    if bytes.u32()? != MAGIC {
        return Err("is not a whisper.cpp model".into());
    }
    out.extend_from_slice(&MAGIC.to_le_bytes());
    out.extend_from_slice(bytes.take(4 * (SHAPE_NUMBERS - 2))?);
    let file_type = bytes.u32()?;
    if file_type != FILE_TYPE_F16 {
        return Err(format!("is of file type {file_type}, not f16"));
    }
    out.extend_from_slice(&FILE_TYPE_Q8_0.to_le_bytes());
    copy_filters_and_vocabulary(&mut bytes, &mut out)?;
    while !bytes.0.is_empty() {
        let mut tensor = Tensor::read(&mut bytes)?;
        if tensor.is_quantisable() {
            tensor.data = quantize(&tensor.data);
            tensor.kind = TYPE_Q8_0;
        }
        tensor.write(&mut out);
    }
    Ok(out)
}

fn copy_filters_and_vocabulary(bytes: &mut Bytes, out: &mut Vec<u8>) -> Result<(), String> {
    let whole = bytes.0;
    let (mels, bins) = (bytes.count()?, bytes.count()?);
    let filters = mels.checked_mul(bins).and_then(|n| n.checked_mul(4));
    bytes.take(filters.ok_or("has too many mel filters")?)?;
    for _ in 0..bytes.u32()? {
        let length = bytes.count()?;
        bytes.take(length)?;
    }
    out.extend_from_slice(&whole[..whole.len() - bytes.0.len()]);
    Ok(())
}

/// f16 weights as q8_0 blocks; rounding as in ggml's reference, so that the bytes are the same.
fn quantize(weights: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(weights.len() / 64 * 34);
    for block in weights.chunks_exact(2 * BLOCK) {
        let mut values = [0f32; BLOCK];
        for (value, half) in values.iter_mut().zip(block.chunks_exact(2)) {
            *value = f16::from_le_bytes([half[0], half[1]]).to_f32();
        }
        let peak = values.iter().fold(0f32, |peak, v| peak.max(v.abs()));
        let scale = peak / 127.0;
        let inverse = if scale == 0.0 { 0.0 } else { 1.0 / scale };
        out.extend_from_slice(&f16::from_f32(scale).to_le_bytes());
        out.extend(values.iter().map(|v| (v * inverse).round() as i8 as u8));
    }
    out
}

/// Appends a count as the file has it.
pub(super) fn put_count(out: &mut Vec<u8>, count: usize) {
    // Everything counted here comes out of a file that counts in 32 bits.
    out.extend_from_slice(&(count as u32).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn halves(values: &[f32]) -> Vec<u8> {
        values.iter().flat_map(|v| f16::from_f32(*v).to_le_bytes()).collect()
    }

    /// What ggml itself makes of the same weights.
    #[allow(unsafe_code)]
    fn by_ggml(weights: &[u8]) -> Vec<u8> {
        let values: Vec<f32> =
            weights.chunks_exact(2).map(|c| f16::from_le_bytes([c[0], c[1]]).to_f32()).collect();
        let mut out = vec![0u8; values.len() / BLOCK * 34];
        // SAFETY: `values` is one row of a whole number of blocks and `out` holds 34 bytes for
        // each; q8_0 needs no importance matrix.
        let written = unsafe {
            whisper_rs::whisper_rs_sys::ggml_quantize_chunk(
                TYPE_Q8_0,
                values.as_ptr(),
                out.as_mut_ptr().cast(),
                0,
                1,
                values.len() as i64,
                std::ptr::null(),
            )
        };
        assert_eq!(written, out.len());
        out
    }

    #[test]
    fn a_block_is_a_scale_and_32_bytes() {
        let mut values = [0f32; 32];
        (values[0], values[1], values[31]) = (-127.0, 63.5, 1.0);
        let block = quantize(&halves(&values));
        assert_eq!(block.len(), 34);
        assert_eq!(f16::from_le_bytes([block[0], block[1]]), f16::ONE);
        assert_eq!((block[2] as i8, block[3] as i8, block[33] as i8), (-127, 64, 1));
        assert_eq!(quantize(&halves(&[0.0; 32])), [0; 34]);
    }

    proptest! {
        #[test]
        fn blocks_are_the_same_as_ggmls(
            values in prop::collection::vec(-4.0f32..4.0, 64),
            gain in prop::sample::select(vec![1.0, 1e-3, 1e-6, 1e3]),
        ) {
            let weights = halves(&values.iter().map(|v| v * gain).collect::<Vec<_>>());
            prop_assert_eq!(quantize(&weights), by_ggml(&weights));
        }

        #[test]
        fn any_bytes_are_refused_and_not_fatal(
            bytes in prop::collection::vec(any::<u8>(), 1..300),
        ) {
            prop_assert!(quantize_q8_0(&bytes).is_err());
            let mut headed = MAGIC.to_le_bytes().to_vec();
            headed.extend_from_slice(&[1; 40]);
            headed.extend_from_slice(&FILE_TYPE_F16.to_le_bytes());
            headed.extend_from_slice(&[0; 12]);
            headed.extend_from_slice(&bytes);
            prop_assert!(quantize_q8_0(&headed).is_err());
        }
    }

    #[test]
    fn only_matrices_are_quantised() {
        let check = |name: &str, kind, dims: &[usize], wanted| {
            let tensor = Tensor { name: name.into(), kind, dims: dims.to_vec(), data: vec![] };
            assert_eq!(tensor.is_quantisable(), wanted, "{name} {dims:?}");
        };
        check("encoder.blocks.0.mlp.0.weight", TYPE_F16, &[512, 2048], true);
        check("encoder.conv1.weight", TYPE_F16, &[3, 80, 512], false);
        check("encoder.conv1.bias", TYPE_F32, &[1, 512], false);
        check("decoder.positional_embedding", TYPE_F32, &[512, 448], false);
        check("decoder.positional_embedding", TYPE_F16, &[512, 448], false);
    }
}
