"""Spillway, as the others are measured: a server of its own that is called over SIP and RTP, and
its recogniser alone."""

import asyncio
import json
import re
import shutil
import subprocess
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from clips import RATE_HZ, TAIL_SAMPLES, Clip
from server import Server, ServerError
from stream import Outcome

# Said around each clip, short, so that a comparison does not last: what people are told takes half
# a minute of each call.
PROMPTS = {
    "en": {
        "announcement": "Hello.",
        "ask_consent": "All right?",
        "consent_given": "Yes.",
        "ask_need": "Go on.",
        "ask_phone": "Which number?",
        "ack_need": "Good.",
        "confirm_value": "{value}?",
    },
    "vi": {
        "announcement": "Xin chào.",
        "ask_consent": "Đồng ý không?",
        "consent_given": "Vâng.",
        "ask_need": "Mời nói.",
        "ask_phone": "Số nào?",
        "ack_need": "Tốt.",
        "confirm_value": "{value}?",
    },
    "ko": {
        "announcement": "안녕하세요.",
        "ask_consent": "동의하십니까?",
        "consent_given": "네.",
        "ask_need": "말씀하세요.",
        "ask_phone": "몇 번입니까?",
        "ack_need": "네.",
        "confirm_value": "{value}?",
    },
}
KEPT = "title recorded_by language country needs emergency_number promise unclear_consent".split()
# Two for each call, and calls that end keep theirs a while.
MEDIA_PORTS_FIRST = 34_000
MEDIA_PORTS = 40


@dataclass(frozen=True)
class Program:
    """The built program and what it runs with."""

    path: Path
    models: Path
    prompts: Path
    scratch: Path


class SpillwayServer:
    """A server of a hotline that asks for the need and the number, and nothing else."""

    def __init__(self, program: Program, language: str, without: str | None = None) -> None:
        self._program = program
        self._language = language
        home = program.scratch / f"spillway-{language}-{without or 'all'}"
        home.mkdir()
        self._home = home
        models = program.models if without is None else _models_without(program, without, home)
        prompts = _prompts(program, language, home)
        self._config = home / "spillway.toml"
        self._config.write_text(
            f"data_dir = {json.dumps(str(home / 'data'))}\n"
            f"models_dir = {json.dumps(str(models))}\n"
            f"prompts_dir = {json.dumps(str(prompts))}\n"
            '[sip]\nlisten = "127.0.0.1:0"\n'
            '[console]\nlisten = "127.0.0.1:0"\n'
        )
        self._server = Server(self._command("serve", "--hotline", "compared"), home / "log")
        ready = self._server.wait_for_line("ready ")
        self._sip = ready.split()[1]

    def cpu_s(self) -> float:
        """The server's, not its callers'."""
        return self._server.cpu_s()

    def stop(self) -> None:
        """Ends it."""
        self._server.stop()

    def lines(self, count: int) -> list["SpillwayLine"]:
        """Callers, to call at the same time."""
        return [SpillwayLine(self, number) for number in range(count)]

    async def call(self, scenario: Path, line: int) -> dict:
        """What `spillway call --json` reports of a call by `scenario`."""
        first = MEDIA_PORTS_FIRST + line * MEDIA_PORTS
        ports = f"{first}-{first + MEDIA_PORTS - 1}"
        command = self._command("call", self._sip, "--scenario", str(scenario), "--json")
        caller = await asyncio.create_subprocess_exec(
            *command,
            "--media-ports",
            ports,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, errors = await caller.communicate()
        if not out.strip():
            raise ServerError(f"no call: {errors.decode(errors='replace').strip()}")
        return json.loads(out)

    def scenario(self, clip: Clip, line: int) -> Path:
        """Agrees by key, says the clip when asked, hangs up 1.8 s after the answer has begun: the
        last words of who is answered in mid-sentence come later than the answer."""
        sound = self._home / f"clip-{line}.wav"
        clip.write(sound)
        path = self._home / f"scenario-{line}.toml"
        path.write_text(
            f'language = "{self._language}"\n'
            "[pace]\nprompt_end_ms = 400\n"
            '[[turn]]\nafter = "barge_in"\nat_ms = 100\nkeys = "1"\n'
            f'[[turn]]\nlabel = "clip"\nplay = {json.dumps(str(sound))}\n'
            '[[turn]]\nafter = "barge_in"\nat_ms = 300\nsilence_ms = 1500\n'
            '[[turn]]\nafter = "now"\nhang_up = true\n'
        )
        return path

    def _command(self, *arguments: str) -> list[str]:
        return [str(self._program.path), "--config", str(self._config), *arguments]


class SpillwayLine:
    """One caller: a call for each clip."""

    def __init__(self, server: SpillwayServer, number: int) -> None:
        self._server = server
        self._number = number

    async def open(self) -> None:
        """Nothing to do: each clip is a call."""

    async def hear(self, clip: Clip) -> Outcome:
        """The gap is the caller's own: to the first sound of the answer out of its jitter
        buffer."""
        scenario = self._server.scenario(clip, self._number)
        report = await self._server.call(scenario, self._number)
        said = [turn for turn in report["turns"] if turn["label"] == "clip"]
        # Who is answered in mid-sentence is heard to the end, which falls into the turn after.
        heard = " ".join(piece["text"] for turn in report["turns"] for piece in turn["heard"])
        gap_ms = said[0]["gap_ms"] if said else None
        gap_s = None if gap_ms is None else gap_ms / 1e3
        return Outcome(clip, heard, gap_s, report["duration_ms"] / 1e3)

    async def close(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class Decoder:
    """What `spillway bench asr` says of the recogniser alone, on one thread."""

    cpu_s: float
    # All sound given to it, the silence after each clip with it.
    line_s: float
    error_rate: float
    # From the last voiced sample; the 0.8 s after which it is told that the turn is over are in it.
    gap_p50_s: float
    gap_p95_s: float


def decoder(program: Program, language: str, clips: Sequence[Clip], patience_s: float) -> Decoder:
    """Each clip by itself, faster than real time, as one turn with `patience_s` of silence."""
    home = program.scratch / f"decoder-{language}"
    home.mkdir()
    columns = "lang file source licence human|tts seconds transcript".split()
    rows = [columns]
    for index, clip in enumerate(clips):
        sound = home / f"{index}.wav"
        clip.write(sound)
        rows.append(
            [language, str(sound), "compared", "", "human", f"{clip.seconds:.2f}", clip.transcript]
        )
    manifest = home / "manifest.tsv"
    manifest.write_text("".join("\t".join(row) + "\n" for row in rows))
    config = home / "spillway.toml"
    config.write_text(f"models_dir = {json.dumps(str(program.models))}\n")
    command: list[str | Path] = [
        program.path,
        "--config",
        config,
        "bench",
        "asr",
        "--json",
        "--manifest",
        manifest,
    ]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode:
        raise ServerError(f"bench asr: {run.stderr.strip()}")
    [group] = json.loads(run.stdout)["groups"]
    line_s = group["seconds"] + patience_s * len(clips)
    told_s = patience_s + TAIL_SAMPLES / RATE_HZ
    return Decoder(
        cpu_s=group["rtf"] * line_s,
        line_s=line_s,
        error_rate=group["wer"],
        gap_p50_s=told_s + group["final_ms_p50"] / 1e3,
        gap_p95_s=told_s + group["final_ms_p95"] / 1e3,
    )


def _models_without(program: Program, without: str, home: Path) -> Path:
    """All packs but one, so that the language's next engine is taken."""
    into = home / "models"
    into.mkdir()
    for pack in program.models.iterdir():
        if pack.name != without:
            (into / pack.name).symlink_to(pack)
    return into


def _prompts(program: Program, language: str, home: Path) -> Path:
    into = home / "prompts"
    shutil.copytree(program.prompts, into)
    texts = into / "languages" / language / "prompts.toml"
    text = texts.read_text()
    for name, words in PROMPTS[language].items():
        line = f"{name} = {json.dumps(words, ensure_ascii=False)}"
        text = re.sub(rf"(?m)^{name} = .*$", line, text)
    texts.write_text(text)
    demo = tomllib.loads((into / "hotlines" / f"demo-{language}.toml").read_text())
    settings = [f"{key} = {json.dumps(demo[key], ensure_ascii=False)}" for key in KEPT]
    slots = [f'[[slots]]\nname = "{kind}"\nkind = "{kind}"' for kind in ("need", "phone")]
    (into / "hotlines" / "compared.toml").write_text("\n".join(settings + slots) + "\n")
    return into
