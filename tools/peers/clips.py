"""The speech that all are given: a seeded choice of a manifest's recordings, as a telephone brings
them.

Samples are 16 bits at 8 kHz, gone through G.711 mu-law (ITU-T G.711) and back, so that who takes
mu-law and who takes linear samples hear the same. What counts as speech is what Spillway's own
caller takes for it (`src/caller/line.rs`), so that all gaps begin at the same sample.
"""

import csv
import random
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import soxr

RATE_HZ = 8_000
FRAME_SAMPLES = 160
FRAME_S = FRAME_SAMPLES / RATE_HZ
# 10 ms are judged together; 35 dB below the loudest of them, or -50 dBFS, is no speech.
BLOCK_SAMPLES = 80
BELOW_PEAK_DB = 35.0
FLOOR_DBFS = -50.0
LEAD_SAMPLES = 2 * BLOCK_SAMPLES
TAIL_SAMPLES = 800

SECONDS_LEAST, SECONDS_MOST = 1.0, 10.0
WORDS_LEAST = 2


@dataclass(frozen=True)
class Clip:
    """One utterance without the silence around it, but for 20 ms before and 100 ms after."""

    transcript: str
    samples: np.ndarray
    # Where the last voiced sample is, in samples.
    speech_end: int

    @property
    def seconds(self) -> float:
        """Its length."""
        return len(self.samples) / RATE_HZ

    @property
    def last_speech_frame(self) -> int:
        """The frame of 20 ms that has the last voiced sample."""
        return (self.speech_end - 1) // FRAME_SAMPLES

    def frame(self, index: int) -> np.ndarray:
        """160 samples; silence past the end."""
        frame = self.samples[index * FRAME_SAMPLES : (index + 1) * FRAME_SAMPLES]
        return np.pad(frame, (0, FRAME_SAMPLES - len(frame)))

    def write(self, path: Path) -> None:
        """A mono wav of it."""
        with wave.open(str(path), "wb") as out:
            out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
            out.writeframes(self.samples.tobytes())


def choose(manifest: Path, language: str, count: int, seed: int) -> list[Clip]:
    """At most `count` recordings of people who say two words or more in 1 to 10 s, from each source
    in turn so that no large one drowns the others."""
    with manifest.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    by_source: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        seconds = float(row["seconds"])
        fits = SECONDS_LEAST <= seconds <= SECONDS_MOST
        talks = len(row["transcript"].split()) >= WORDS_LEAST
        if row["lang"] == language and row["human|tts"] == "human" and fits and talks:
            by_source.setdefault(row["source"], []).append(row)
    chance = random.Random(seed)
    for of_source in by_source.values():
        chance.shuffle(of_source)
    chosen: list[Clip] = []
    for row in _in_turn(list(by_source.values())):
        if len(chosen) == count:
            break
        clip = _clip(manifest.parent / row["file"], row["transcript"])
        if clip is not None:
            chosen.append(clip)
    return chosen


def _in_turn(lists: list[list[dict[str, str]]]) -> Iterator[dict[str, str]]:
    for round_ in range(max((len(of) for of in lists), default=0)):
        for of in lists:
            if round_ < len(of):
                yield of[round_]


def _clip(path: Path, transcript: str) -> Clip | None:
    """None when nothing is said in it."""
    with wave.open(str(path), "rb") as wav:
        channels, rate_hz = wav.getnchannels(), wav.getframerate()
        raw = np.frombuffer(wav.readframes(wav.getnframes()), "<i2")
    sound = raw.reshape(-1, channels).mean(axis=1) / 32_768
    narrow = soxr.resample(sound, rate_hz, RATE_HZ)
    linear = np.clip(np.rint(narrow * 32_768), -32_768, 32_767).astype("<i2")
    samples = from_mulaw(to_mulaw(linear))
    loud = np.flatnonzero(_is_speech(samples))
    if not len(loud):
        return None
    start = max(0, loud[0] * BLOCK_SAMPLES - LEAD_SAMPLES)
    end = min(int(loud[-1] + 1) * BLOCK_SAMPLES, len(samples))
    return Clip(transcript, samples[start : end + TAIL_SAMPLES].copy(), int(end - start))


def _is_speech(samples: np.ndarray) -> np.ndarray:
    """For each 10 ms; a rest of less is left out."""
    blocks = samples[: len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES].reshape(-1, BLOCK_SAMPLES)
    if not len(blocks):
        return np.zeros(0, bool)
    rms = np.sqrt((blocks.astype(float) ** 2).mean(axis=1)) / 32_768
    dbfs = 20 * np.log10(np.maximum(rms, 1e-6))
    return dbfs > max(FLOOR_DBFS, dbfs.max() - BELOW_PEAK_DB)


def to_mulaw(samples: np.ndarray) -> np.ndarray:
    """G.711 mu-law octets of 16-bit samples."""
    wide = samples.astype(np.int32)
    magnitude = np.minimum(np.abs(wide), 32_635) + 132
    exponent = np.floor(np.log2(magnitude)).astype(np.int32) - 7
    mantissa = magnitude >> (exponent + 3) & 15
    sign = np.where(wide < 0, 0x80, 0)
    return (~(sign | exponent << 4 | mantissa) & 0xFF).astype(np.uint8)


def from_mulaw(octets: np.ndarray) -> np.ndarray:
    """16-bit samples of G.711 mu-law octets."""
    plain = ~octets.astype(np.int32) & 0xFF
    magnitude = ((plain & 15) << 3 | 132) << (plain >> 4 & 7)
    return np.where(plain & 0x80, 132 - magnitude, magnitude - 132).astype("<i2")


def sound_begins(samples: np.ndarray) -> int | None:
    """The first of the 10 ms that are louder than -50 dBFS, in samples; None: silence."""
    usable = samples[: len(samples) // BLOCK_SAMPLES * BLOCK_SAMPLES]
    rms = np.sqrt((usable.reshape(-1, BLOCK_SAMPLES).astype(float) ** 2).mean(axis=1)) / 32_768
    loud = np.flatnonzero(rms > 10 ** (FLOOR_DBFS / 20))
    return int(loud[0]) * BLOCK_SAMPLES if len(loud) else None
