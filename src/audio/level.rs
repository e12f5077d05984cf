//! How loud samples are.

/// The largest magnitude among `samples` (0..=32768).
pub fn peak(samples: &[i16]) -> u16 {
    samples.iter().map(|s| s.unsigned_abs()).max().unwrap_or(0)
}

/// Root mean square of `samples`, in sample units; 0 for none.
pub fn rms(samples: &[i16]) -> f32 {
    if samples.is_empty() {
        return 0.0;
    }
    let sum: f64 = samples.iter().map(|&s| f64::from(s) * f64::from(s)).sum();
    (sum / samples.len() as f64).sqrt() as f32
}

/// A magnitude in sample units as dB relative to full scale (0 dBFS = 32768); -120 for silence.
pub fn dbfs(magnitude: f32) -> f32 {
    if magnitude < 1.0 { -120.0 } else { 20.0 * (magnitude / 32768.0).log10() }
}
