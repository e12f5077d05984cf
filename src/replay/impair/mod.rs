//! A caller's side as a worse line would have brought it: another level, noise, another codec, and
//! a network that delays and loses packets.
//!
//! [`Impairment`] says what is done, [`ImpairedLine`] does it to one call, frame by frame, the same
//! from the same seed.

mod line;
mod network;
mod noise;

pub use line::ImpairedLine;
pub use network::NetworkStats;
pub use noise::{Noise, babble};

use crate::audio::g711::G711;
use noise::Source;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What is done to a line, as `--impair` takes it.
///
/// `loss=5,burst=2,jitter=40,noise=babble@10dB,codec=pcma,gain=-12`, each at most once, or `none`:
///
/// - `loss`: percent of the packets that get lost, each for itself; with `burst` in runs that are
///   so many packets long in the mean (a Gilbert channel).
/// - `jitter`: milliseconds by which packets come sooner or later than the mean, evenly
///   distributed and each for itself, as `tc netem delay` does it: packets overtake one another.
/// - `noise`: `babble`, `white`, `pink` or a wav file, and how many dB it lies below the caller's
///   speech (the active level of ITU-T P.56; where there is none, below -26 dBFS).
/// - `codec`: `pcmu` or `pcma`; without it packets carry what was recorded.
/// - `gain`: dB by which the caller is louder, noise and all; what is too loud is clipped.
///
/// Keys are heard all the same: telephone events are sent several times.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Impairment {
    loss_percent: f32,
    burst_packets: Option<f32>,
    jitter_ms: f32,
    noise: Option<(Source, f32)>,
    codec: Option<G711>,
    gain_db: f32,
}

/// Why `--impair` is not understood, or a line cannot be made of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImpairError {
    /// No such key.
    #[error(
        "\"{0}\": write KEY=VALUE with loss, burst, jitter, noise, codec or gain, as in \
         loss=5,jitter=40,noise=babble@10dB,codec=pcma,gain=-12"
    )]
    Key(String),
    /// A key is there twice.
    #[error("{0}: is there twice; write it once")]
    Twice(&'static str),
    /// A value that cannot be.
    #[error("{key}={value}: {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// As it was written.
        value: String,
        /// What would be right.
        expected: String,
    },
    /// Babble is asked for and nobody speaks.
    #[error("noise=babble: there are no voices to mix; give the calls of other callers too")]
    NoVoices,
}

const LOSS_PERCENT: RangeInclusive<f32> = 0.0..=50.0;
const BURST_PACKETS: RangeInclusive<f32> = 1.0..=20.0;
const JITTER_MS: RangeInclusive<f32> = 0.0..=100.0;
const SNR_DB: RangeInclusive<f32> = -20.0..=60.0;
const GAIN_DB: RangeInclusive<f32> = -60.0..=40.0;

impl Impairment {
    /// Reads what `--impair` was given; a wav file is loaded at once.
    pub fn parse(text: &str) -> Result<Impairment, ImpairError> {
        let mut made = Impairment::default();
        if text.trim() == "none" {
            return Ok(made);
        }
        let mut seen = Vec::new();
        for part in text.split(',') {
            let unknown = || ImpairError::Key(part.trim().into());
            let (key, value) = part.split_once('=').ok_or_else(unknown)?;
            let value = value.trim();
            let key = match key.trim() {
                "loss" => made.set("loss", value, "%", LOSS_PERCENT, |m| &mut m.loss_percent)?,
                "jitter" => made.set("jitter", value, "ms", JITTER_MS, |m| &mut m.jitter_ms)?,
                "gain" => made.set("gain", value, "dB", GAIN_DB, |m| &mut m.gain_db)?,
                "burst" => {
                    made.burst_packets = Some(number("burst", value, "packets", BURST_PACKETS)?);
                    "burst"
                }
                "noise" => {
                    made.noise = Some(noise(value)?);
                    "noise"
                }
                "codec" => {
                    made.codec = Some(codec(value)?);
                    "codec"
                }
                _ => return Err(unknown()),
            };
            if seen.contains(&key) {
                return Err(ImpairError::Twice(key));
            }
            seen.push(key);
        }
        if let (Some(burst), false) = (made.burst_packets, seen.contains(&"loss")) {
            let expected = "says how losses come in runs; give loss=PERCENT too".into();
            return Err(ImpairError::Value { key: "burst", value: burst.to_string(), expected });
        }
        made.burst_packets = made.burst_packets.filter(|_| made.loss_percent > 0.0);
        Ok(made)
    }

    /// Whether [`Impairment::line`] wants voices.
    pub fn wants_babble(&self) -> bool {
        matches!(self.noise, Some((Source::Babble, _)))
    }

    /// The line of one call. `seed` is all its chance is drawn from, `speech` the active level of
    /// its caller ([`crate::audio::loudness::active_level`]), `voices` what [`babble`] made; it
    /// may be empty where no babble is wanted.
    pub fn line(
        &self,
        seed: u64,
        speech: f32,
        voices: &Arc<[i16]>,
    ) -> Result<ImpairedLine, ImpairError> {
        if self.wants_babble() && voices.is_empty() {
            return Err(ImpairError::NoVoices);
        }
        Ok(ImpairedLine::new(self, seed, speech, voices))
    }

    fn set(
        &mut self,
        key: &'static str,
        value: &str,
        unit: &str,
        range: RangeInclusive<f32>,
        field: impl Fn(&mut Impairment) -> &mut f32,
    ) -> Result<&'static str, ImpairError> {
        *field(self) = number(key, value, unit, range)?;
        Ok(key)
    }
}

/// A number within `range`; `unit` may be written behind it.
fn number(
    key: &'static str,
    value: &str,
    unit: &str,
    range: RangeInclusive<f32>,
) -> Result<f32, ImpairError> {
    let lower = value.to_lowercase();
    let bare = lower.strip_suffix(&unit.to_lowercase()).unwrap_or(&lower).trim_end();
    let number = bare.parse().ok().filter(|n| range.contains(n));
    number.ok_or_else(|| ImpairError::Value {
        key,
        value: value.into(),
        expected: format!("write a number from {} to {} ({unit})", range.start(), range.end()),
    })
}

fn noise(value: &str) -> Result<(Source, f32), ImpairError> {
    let wrong =
        |expected: String| ImpairError::Value { key: "noise", value: value.into(), expected };
    let form = "write what and how far below the speech, as babble@10dB; what: babble, white, \
                pink or a wav file";
    let (what, snr) = value.rsplit_once('@').ok_or_else(|| wrong(form.into()))?;
    let source = match what {
        "babble" => Source::Babble,
        "white" => Source::White,
        "pink" => Source::Pink,
        file => Source::file(file).map_err(|reason| wrong(format!("{reason}; {form}")))?,
    };
    Ok((source, number("noise", snr, "dB", SNR_DB)?))
}

fn codec(value: &str) -> Result<G711, ImpairError> {
    match value {
        "pcmu" => Ok(G711::Pcmu),
        "pcma" => Ok(G711::Pcma),
        _ => Err(ImpairError::Value {
            key: "codec",
            value: value.into(),
            expected: "write pcmu or pcma".into(),
        }),
    }
}

/// As [`Impairment::parse`] takes it: the same texts do the same.
impl fmt::Display for Impairment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = |key: &str, value: f32| (value != 0.0).then(|| format!("{key}={value}"));
        let codec = self.codec.map(|law| format!("codec={}", law.encoding_name().to_lowercase()));
        let parts = [
            set("loss", self.loss_percent),
            self.burst_packets.map(|b| format!("burst={b}")),
            set("jitter", self.jitter_ms),
            self.noise.as_ref().map(|(source, snr)| format!("noise={source}@{snr}dB")),
            codec,
            set("gain", self.gain_db),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        f.write_str(if parts.is_empty() { "none" } else { "" })?;
        f.write_str(&parts.join(","))
    }
}

#[cfg(test)]
mod tests;
