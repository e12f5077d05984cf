//! Reads a CTranslate2 Whisper model (`model.bin`, binary version 6) and writes it in whisper.cpp's
//! f16 format (the layout `whisper_model_load` of whisper.cpp reads).

use super::bytes::Bytes;
use super::ggml::{self, Tensor};
use half::f16;
use std::collections::HashMap;

const BINARY_VERSION: u32 = 6;
/// CTranslate2's numbers for the types we meet.
const TYPE_F32: u8 = 0;
const TYPE_F16: u8 = 4;
const SAMPLE_RATE_HZ: f64 = 16_000.0;
const FFT_SIZE: usize = 400;

/// One named array.
struct Variable<'a> {
    dims: Vec<usize>,
    kind: u8,
    data: &'a [u8],
}

/// All arrays of a model by name.
struct Weights<'a>(HashMap<&'a str, Variable<'a>>);

/// Which rows of a fused array make one tensor: `Part(i, n)` is the i-th of n equal parts.
#[derive(Clone, Copy)]
struct Part(usize, usize);

const ALL: Part = Part(0, 1);

/// whisper.cpp's name, CTranslate2's name and the rows, for the layers of both sides.
const LAYER: &[(&str, &str, Part)] = &[
    ("attn_ln.weight", "self_attention/layer_norm/gamma", ALL),
    ("attn_ln.bias", "self_attention/layer_norm/beta", ALL),
    ("attn.query.weight", "self_attention/linear_0/weight", Part(0, 3)),
    ("attn.query.bias", "self_attention/linear_0/bias", Part(0, 3)),
    // Whisper's keys have no bias: CTranslate2 stores zeros in the second third.
    ("attn.key.weight", "self_attention/linear_0/weight", Part(1, 3)),
    ("attn.value.weight", "self_attention/linear_0/weight", Part(2, 3)),
    ("attn.value.bias", "self_attention/linear_0/bias", Part(2, 3)),
    ("attn.out.weight", "self_attention/linear_1/weight", ALL),
    ("attn.out.bias", "self_attention/linear_1/bias", ALL),
    ("mlp_ln.weight", "ffn/layer_norm/gamma", ALL),
    ("mlp_ln.bias", "ffn/layer_norm/beta", ALL),
    ("mlp.0.weight", "ffn/linear_0/weight", ALL),
    ("mlp.0.bias", "ffn/linear_0/bias", ALL),
    ("mlp.2.weight", "ffn/linear_1/weight", ALL),
    ("mlp.2.bias", "ffn/linear_1/bias", ALL),
];

/// The same for what only the decoder's layers have.
const CROSS_ATTENTION: &[(&str, &str, Part)] = &[
    ("cross_attn_ln.weight", "attention/layer_norm/gamma", ALL),
    ("cross_attn_ln.bias", "attention/layer_norm/beta", ALL),
    ("cross_attn.query.weight", "attention/linear_0/weight", ALL),
    ("cross_attn.query.bias", "attention/linear_0/bias", ALL),
    ("cross_attn.key.weight", "attention/linear_1/weight", Part(0, 2)),
    ("cross_attn.value.weight", "attention/linear_1/weight", Part(1, 2)),
    ("cross_attn.value.bias", "attention/linear_1/bias", Part(1, 2)),
    ("cross_attn.out.weight", "attention/linear_2/weight", ALL),
    ("cross_attn.out.bias", "attention/linear_2/bias", ALL),
];

/// The same for what is there once.
const OUTSIDE_LAYERS: &[(&str, &str, Part)] = &[
    ("encoder.positional_embedding", "encoder/position_encodings/encodings", ALL),
    ("encoder.conv1.weight", "encoder/conv1/weight", ALL),
    ("encoder.conv1.bias", "encoder/conv1/bias", ALL),
    ("encoder.conv2.weight", "encoder/conv2/weight", ALL),
    ("encoder.conv2.bias", "encoder/conv2/bias", ALL),
    ("encoder.ln_post.weight", "encoder/layer_norm/gamma", ALL),
    ("encoder.ln_post.bias", "encoder/layer_norm/beta", ALL),
    ("decoder.positional_embedding", "decoder/position_encodings/encodings", ALL),
    ("decoder.token_embedding.weight", "decoder/embeddings/weight", ALL),
    ("decoder.ln.weight", "decoder/layer_norm/gamma", ALL),
    ("decoder.ln.bias", "decoder/layer_norm/beta", ALL),
];

/// `model.bin` and `vocabulary.txt` as one f16 file for whisper.cpp.
pub(super) fn to_ggml(model: &[u8], vocabulary: &str) -> Result<Vec<u8>, String> {
    let weights = Weights::parse(model)?;
    let mut out = header(&weights, vocabulary)?;
    for (name, from, part) in OUTSIDE_LAYERS {
        weights.tensor((*name).into(), from, *part)?.write(&mut out);
    }
    for (side, cross) in [("encoder", &[][..]), ("decoder", CROSS_ATTENTION)] {
        for i in 0..weights.layers(side) {
            for (name, from, part) in LAYER.iter().chain(cross) {
                let name = format!("{side}.blocks.{i}.{name}");
                weights.tensor(name, &format!("{side}/layer_{i}/{from}"), *part)?.write(&mut out);
            }
        }
    }
    Ok(out)
}

/// The model's shape, its mel filters and its text tokens.
fn header(weights: &Weights, vocabulary: &str) -> Result<Vec<u8>, String> {
    let embeddings = weights.dims("decoder/embeddings/weight", 2)?;
    let mels = weights.dims("encoder/conv1/weight", 3)?[1];
    let (vocabulary_size, width) = (embeddings[0], embeddings[1]);
    let shape = [
        ggml::MAGIC as usize,
        vocabulary_size,
        weights.dims("encoder/position_encodings/encodings", 2)?[0],
        width,
        weights.scalar("encoder/num_heads")?,
        weights.layers("encoder"),
        weights.dims("decoder/position_encodings/encodings", 2)?[0],
        width,
        weights.scalar("decoder/num_heads")?,
        weights.layers("decoder"),
        mels,
        ggml::FILE_TYPE_F16 as usize,
    ];
    let mut out = vec![];
    for value in shape.into_iter().chain([mels, FFT_SIZE / 2 + 1]) {
        ggml::put_count(&mut out, value);
    }
    for weight in mel_filters(mels) {
        out.extend_from_slice(&weight.to_le_bytes());
    }
    let tokens = text_tokens(vocabulary)?;
    ggml::put_count(&mut out, tokens.len());
    for token in tokens {
        ggml::put_count(&mut out, token.len());
        out.extend_from_slice(&token);
    }
    Ok(out)
}

impl<'a> Weights<'a> {
    fn parse(model: &'a [u8]) -> Result<Weights<'a>, String> {
        let mut bytes = Bytes(model);
        let version = bytes.u32()?;
        let spec = text(&mut bytes)?;
        if version != BINARY_VERSION || spec != "WhisperSpec" {
            return Err(format!("is {spec} of version {version}, not WhisperSpec of version 6"));
        }
        bytes.u32()?; // revision of the specification
        let mut variables = HashMap::new();
        for _ in 0..bytes.u32()? {
            let name = text(&mut bytes)?;
            let rank = bytes.u8()?;
            let dims = (0..rank).map(|_| bytes.count()).collect::<Result<_, _>>()?;
            let kind = bytes.u8()?;
            let size = bytes.count()?;
            variables.insert(name, Variable { dims, kind, data: bytes.take(size)? });
        }
        Ok(Weights(variables))
    }

    fn get(&self, name: &str) -> Result<&Variable<'a>, String> {
        self.0.get(name).ok_or_else(|| format!("has no `{name}`"))
    }

    /// The dimensions of `name`, which must have `rank` of them.
    fn dims(&self, name: &str, rank: usize) -> Result<&[usize], String> {
        let dims = &self.get(name)?.dims;
        if dims.len() == rank { Ok(dims) } else { Err(format!("`{name}` has the shape {dims:?}")) }
    }

    fn scalar(&self, name: &str) -> Result<usize, String> {
        match self.get(name)?.data {
            [low, high] => Ok(u16::from_le_bytes([*low, *high]).into()),
            other => Err(format!("`{name}` has {} bytes, not 2", other.len())),
        }
    }

    fn layers(&self, side: &str) -> usize {
        let is_there = |i: &usize| {
            let name = format!("{side}/layer_{i}/ffn/linear_0/weight");
            self.0.contains_key(name.as_str())
        };
        (0..).take_while(is_there).count()
    }

    fn tensor(&self, name: String, from: &str, part: Part) -> Result<Tensor, String> {
        let variable = self.get(from)?;
        let wrong = || format!("`{from}` has the shape {:?}", variable.dims);
        let (&all_rows, others) = variable.dims.split_first().ok_or_else(wrong)?;
        let Part(i, n) = part;
        let rows = all_rows / n;
        let row_bytes = variable.data.len().checked_div(all_rows).ok_or_else(wrong)?;
        let data = &variable.data[i * rows * row_bytes..(i + 1) * rows * row_bytes];
        // whisper.cpp wants vectors and positions as f32, matrices as f16.
        let is_f32 = others.is_empty() || name.ends_with("positional_embedding");
        let data = match (variable.kind, is_f32) {
            (TYPE_F16, false) | (TYPE_F32, true) => data.to_vec(),
            (TYPE_F16, true) => data
                .chunks_exact(2)
                .flat_map(|c| f16::from_le_bytes([c[0], c[1]]).to_f32().to_le_bytes())
                .collect(),
            (kind, _) => return Err(format!("`{from}` is of type {kind}, not float16")),
        };
        let mut dims: Vec<usize> = others.iter().rev().copied().chain([rows]).collect();
        if name.starts_with("encoder.conv") && dims.len() == 1 {
            dims.insert(0, 1);
        }
        let kind = if is_f32 { ggml::TYPE_F32 } else { ggml::TYPE_F16 };
        Ok(Tensor { name, kind, dims, data })
    }
}

/// A length, that many bytes, the last of them NUL.
fn text<'a>(bytes: &mut Bytes<'a>) -> Result<&'a str, String> {
    let length = bytes.u16()?;
    let text = std::str::from_utf8(bytes.take(length.into())?).map_err(|e| e.to_string())?;
    Ok(text.trim_end_matches('\0'))
}

/// The tokens before `<|endoftext|>`, as bytes; whisper.cpp names the special ones itself.
fn text_tokens(vocabulary: &str) -> Result<Vec<Vec<u8>>, String> {
    let letters = byte_letters();
    let token = |line: &str| {
        let byte = |c| letters.get(&c).copied();
        line.chars().map(byte).collect::<Option<Vec<u8>>>()
    };
    vocabulary
        .split('\n')
        .take_while(|line| *line != "<|endoftext|>")
        .map(|line| token(line).ok_or_else(|| format!("token `{line}` is not byte-level BPE")))
        .collect()
}

/// The letters byte-level BPE (GPT-2) writes for bytes: printable Latin-1 stands for itself, the
/// others are numbered from U+0100 on.
fn byte_letters() -> HashMap<char, u8> {
    let is_itself = |b: &u8| matches!(b, b'!'..=b'~' | 0xa1..=0xac | 0xae..=0xff);
    let (printable, others): (Vec<u8>, Vec<u8>) = (0..=255u8).partition(is_itself);
    let numbered = (0x100u32..).filter_map(char::from_u32).zip(others);
    printable.into_iter().map(|b| (char::from(b), b)).chain(numbered).collect()
}

/// Triangular filters on Slaney's mel scale with Slaney's area normalisation (M. Slaney, Auditory
/// Toolbox, 1998), as Whisper was trained with: `mels` rows of `FFT_SIZE / 2 + 1`.
fn mel_filters(mels: usize) -> Vec<f32> {
    const LINEAR_HZ_PER_MEL: f64 = 200.0 / 3.0;
    const LOG_FROM_HZ: f64 = 1000.0;
    const LOG_FROM_MEL: f64 = LOG_FROM_HZ / LINEAR_HZ_PER_MEL;
    let log_step = 6.4f64.ln() / 27.0;
    let to_hz = |mel: f64| {
        if mel < LOG_FROM_MEL {
            mel * LINEAR_HZ_PER_MEL
        } else {
            LOG_FROM_HZ * ((mel - LOG_FROM_MEL) * log_step).exp()
        }
    };
    let top_hz = SAMPLE_RATE_HZ / 2.0;
    let top_mel = LOG_FROM_MEL + (top_hz / LOG_FROM_HZ).ln() / log_step;
    let edge = |i: usize| to_hz(top_mel * i as f64 / (mels + 1) as f64);
    let mut filters = vec![];
    for i in 0..mels {
        let (low, centre, high) = (edge(i), edge(i + 1), edge(i + 2));
        for bin in 0..=FFT_SIZE / 2 {
            let hz = bin as f64 * SAMPLE_RATE_HZ / FFT_SIZE as f64;
            let height = ((hz - low) / (centre - low)).min((high - hz) / (high - centre));
            filters.push((height.max(0.0) * 2.0 / (high - low)) as f32);
        }
    }
    filters
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn byte_letters_are_all_different_and_known_ones_are_right() {
        let letters = byte_letters();
        assert_eq!(letters.len(), 256);
        let check = |letter: char, byte: u8| assert_eq!(letters[&letter], byte, "{letter}");
        check('A', b'A');
        check('Ġ', b' ');
        check('Ċ', b'\n');
        check('ÿ', 0xff);
        check('Ń', 0xad);
    }

    #[test]
    fn tokens_end_before_the_special_ones() {
        let tokens = text_tokens("!\nĠthe\n<|endoftext|>\n<|en|>").expect("tokens");
        assert_eq!(tokens, [b"!".to_vec(), b" the".to_vec()]);
        assert!(text_tokens("漢").expect_err("not BPE").contains("漢"));
    }

    #[test]
    fn mel_filters_have_slaneys_area() {
        let filters = mel_filters(80);
        assert_eq!(filters.len(), 80 * 201);
        // From librosa.filters.mel(sr=16000, n_fft=400, n_mels=80): first row, second bin.
        assert!((filters[1] - 0.024_862_594).abs() < 1e-6, "{}", filters[1]);
        let bin_hz = SAMPLE_RATE_HZ / FFT_SIZE as f64;
        let area: f64 = filters[79 * 201..].iter().map(|w| f64::from(*w) * bin_hz).sum();
        assert!((area - 1.0).abs() < 0.01, "{area}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_refused_and_not_fatal(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
        ) {
            prop_assert!(to_ggml(&bytes, "").is_err());
            let mut headed = b"\x06\0\0\0\x0c\0WhisperSpec\0\x03\0\0\0".to_vec();
            headed.extend_from_slice(&bytes);
            prop_assert!(to_ggml(&headed, "").is_err());
        }
    }
}
