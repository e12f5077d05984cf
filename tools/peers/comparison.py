"""Spillway beside other voice software, on the same clips in one run; `tools/bench_peers.sh` sets
it up. `--help` has the arguments; the table's notes say what was set."""

import argparse
import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import table
from clips import Clip, choose
from pipecat_line import PipecatLine
from server import Server, ServerError, free_port
from spillway import Program, SpillwayServer, decoder
from stream import Listener, say_all
from table import Row
from viet_asr_line import PATIENCE_S, VietAsrLine
from vosk_line import VoskLine

HERE = Path(__file__).parent
# Clips, and lines at the same time: as many as leave two cores room, and end within ten minutes.
CLIPS = {"vi": 40, "ko": 40, "en": 20}
LINES = {"vi": 4, "ko": 2, "en": 2}
# Of what else is at work before it begins, in processes that want a core.
LOAD_MOST = 0.5
# An engine's own threads: one, as each of Spillway's workers has.
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
CONDITIONS = (
    "Clips: telephone band (8 kHz, G.711 mu-law), 20 ms every 20 ms, then silence.",
    "x: processor time, and gap at p50, against the language's Spillway row with 1.0.",
    "CPU s/s speech: for each second of the clips; who listens to silence pays for it there."
    " streams/core: of people who speak without a pause. CPU s/s line: for each second that a line"
    " is open.",
    "gap: from the packet with the last voiced sample to the final transcript, or to the first"
    " sound of the answer (by SIP: with both jitter buffers).",
    "answered: the others were not within 4 s (Pipecat 15 s), or before the clip had been said.",
    "viet-asr has no end of a turn of its own: it is told 0.8 s after the last voiced sample, as"
    " `spillway bench asr` tells its decoder; both gaps begin with that.",
    "The decoder alone is heard faster than real time, one clip at a time, its gap is reckoned from"
    " that, and its words are compared by `bench asr`'s own rules.",
    "Spillway's calls wait up to waits.open_ms (0.9 s) after an open answer; less where the words"
    " suffice. Its answers are spoken once and then kept; Pipecat's are spoken each time.",
    "Threads: one for each stream of viet-asr and of vosk-server (its pool: one a core), one of"
    " Whisper in each Pipecat process (int8); Piper in it has its default; Spillway one worker a"
    " core.",
)


class Comparison:
    """One run: what was asked for, and where things are."""

    def __init__(self, arguments: argparse.Namespace, scratch: Path) -> None:
        self._peers: Path = arguments.peers
        self._vosk_server: Path | None = arguments.vosk_server
        self._program = Program(arguments.spillway, arguments.models, arguments.prompts, scratch)
        self._scratch = scratch
        self._manifest: Path = arguments.manifest
        self._seed: int = arguments.seed
        self._clips: int | None = arguments.clips

    def rows(self, languages: Sequence[str]) -> list[Row]:
        """All rows, one after the other: no two are measured at the same time."""
        found = []
        for language in languages:
            count = self._clips or CLIPS[language]
            clips = choose(self._manifest, language, count, self._seed)
            if not clips:
                _tell(f"{language}: no clips of it in {self._manifest}")
                continue
            seconds = sum(clip.seconds for clip in clips)
            _tell(f"{language}: {len(clips)} clips, {seconds:.0f} s of speech")
            for row, measure in self._measures(language):
                began = time.monotonic()
                _tell(f"{language}: {row.name} ...")
                try:
                    found.append(measure(row, clips))
                except (ServerError, OSError) as error:
                    found.append(replace(row, failed=str(error)))
                _tell(f"{language}: {row.name}: {time.monotonic() - began:.0f} s")
        return found

    def _measures(self, language: str) -> list[tuple[Row, Callable[[Row, Sequence[Clip]], Row]]]:
        final, answer = "final words", "spoken answer"
        if language == "vi":
            return [
                (Row("vi", "viet-asr 0.1.0.dev11", final), self._viet_asr),
                (Row("vi", "Spillway, decoder alone", final, True), self._decoder),
                (Row("vi", "Spillway, whole calls", answer), self._calls()),
            ]
        if language == "ko":
            vosk = Row("ko", "vosk-server, vosk 0.3.45", final)
            same = Row("ko", "Spillway, whole calls, the same model", answer, True)
            return [
                (vosk, self._vosk),
                (same, self._calls(without="whisper-base")),
                (Row("ko", "Spillway, whole calls, as shipped (whisper)", answer), self._calls()),
            ]
        return [
            (Row("en", "Pipecat 1.14.0, whole calls", answer), self._pipecat),
            (Row("en", "Spillway, whole calls", answer, True), self._calls()),
        ]

    def _viet_asr(self, row: Row, clips: Sequence[Clip]) -> Row:
        port = free_port()
        script = str(HERE / "viet_asr_server.py")
        with ExitStack() as stack:
            server = self._start(stack, "viet-asr", [sys.executable, script, str(port)])
            server.wait_for_port(port)
            lines = [VietAsrLine(port) for _ in range(LINES["vi"])]
            return _measure(row, [server], lines, clips)

    def _decoder(self, row: Row, clips: Sequence[Clip]) -> Row:
        alone = decoder(self._program, row.language, clips, PATIENCE_S)
        return replace(
            row,
            clips=len(clips),
            answered=len(clips),
            lines=1,
            cpu_per_speech_s=alone.cpu_s / sum(clip.seconds for clip in clips),
            cpu_per_line_s=alone.cpu_s / alone.line_s,
            gap_p50_s=alone.gap_p50_s,
            gap_p95_s=alone.gap_p95_s,
            word_error_rate=alone.error_rate,
        )

    def _calls(self, without: str | None = None) -> Callable[[Row, Sequence[Clip]], Row]:
        def measure(row: Row, clips: Sequence[Clip]) -> Row:
            server = SpillwayServer(self._program, row.language, without)
            try:
                return _measure(row, [server], server.lines(LINES[row.language]), clips)
            finally:
                server.stop()

        return measure

    def _vosk(self, row: Row, clips: Sequence[Clip]) -> Row:
        if self._vosk_server is None:
            raise ServerError("no vosk-server here: name a checkout of it by VOSK_SERVER=DIR")
        script = self._vosk_server / "websocket" / "asr_server.py"
        if not script.is_file():
            raise ServerError(f"{script}: is not there")
        port = free_port()
        where = {"VOSK_SERVER_INTERFACE": "127.0.0.1", "VOSK_SERVER_PORT": str(port)}
        with ExitStack() as stack:
            model = str(self._program.models / "vosk-ko")
            command = [sys.executable, str(script), model]
            server = self._start(stack, "vosk-server", command, where)
            server.wait_for_port(port)
            return _measure(row, [server], [VoskLine(port) for _ in range(LINES["ko"])], clips)

    def _pipecat(self, row: Row, clips: Sequence[Clip]) -> Row:
        ports = [free_port() for _ in range(LINES["en"])]
        script = str(HERE / "pipecat_bot.py")
        models = [str(self._peers / "whisper"), str(self._peers / "voices")]
        with ExitStack() as stack:
            servers = []
            for port in ports:
                command = [sys.executable, script, str(port), *models]
                servers.append(self._start(stack, f"pipecat-{port}", command))
            for server, port in zip(servers, ports, strict=True):
                server.wait_for_port(port)
            return _measure(row, servers, [PipecatLine(port) for port in ports], clips)

    def _start(
        self,
        stack: ExitStack,
        name: str,
        command: list[str],
        environment: dict[str, str] | None = None,
    ) -> Server:
        # Whatever a peer would fetch is here already, or it is to fail.
        offline = {"HF_HUB_OFFLINE": "1"}
        everything = ONE_THREAD | offline | (environment or {})
        server = Server(command, self._scratch / f"{name}.log", everything)
        stack.callback(server.stop)
        return server


def _measure(
    row: Row,
    servers: Sequence[Server | SpillwayServer],
    lines: Sequence[Listener],
    clips: Sequence[Clip],
) -> Row:
    """All clips, after one on each line that does not count: what is made at the first use of an
    engine is nobody's running cost."""

    async def run() -> Row:
        await say_all(lines, clips[: len(lines)])
        before = sum(server.cpu_s() for server in servers)
        outcomes = await say_all(lines, clips, _Progress(len(clips)))
        cpu_s = sum(server.cpu_s() for server in servers) - before
        return table.measured(row, outcomes, cpu_s, len(lines))

    return asyncio.run(run())


class _Progress:
    """Counts on a terminal."""

    def __init__(self, of: int) -> None:
        self._done, self._of = 0, of

    def __call__(self) -> None:
        self._done += 1
        if sys.stderr.isatty():
            end = "\r" if self._done < self._of else "\r\033[K"
            print(f"   {self._done} of {self._of}", end=end, file=sys.stderr, flush=True)


def _tell(words: str) -> None:
    print(f"== {words}", file=sys.stderr, flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/bench_peers.sh", description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True, help="recordings, as `make bench`")
    parser.add_argument("--spillway", type=Path, required=True, help="the built program")
    parser.add_argument("--models", type=Path, required=True, help="its model packs")
    parser.add_argument("--prompts", type=Path, required=True, help="its prompts")
    parser.add_argument("--peers", type=Path, required=True, help="where weights.py unpacked")
    parser.add_argument("--vosk-server", type=Path, help="a checkout of it")
    parser.add_argument("--only", default="vi,ko,en", help="languages (default: %(default)s)")
    parser.add_argument("--clips", type=int, help=f"of each language (default: {CLIPS})")
    parser.add_argument("--seed", type=int, default=1, help="what clips are drawn from")
    parser.add_argument("--json", action="store_true", help="print JSON")
    arguments = parser.parse_args()
    unknown = set(arguments.only.split(",")) - CLIPS.keys()
    if unknown:
        parser.error(f"--only: {', '.join(sorted(unknown))} is none of {', '.join(CLIPS)}")
    return arguments


def main() -> None:
    """Measures and prints."""
    arguments = _arguments()
    load = os.getloadavg()[0]
    if load > LOAD_MOST:
        _tell(f"THE MACHINE IS BUSY (load {load:.1f}): gaps and times come out longer")
    with tempfile.TemporaryDirectory(prefix="bench-peers-") as scratch:
        rows = Comparison(arguments, Path(scratch)).rows(arguments.only.split(","))
    loads = f"load before {load:.1f}, after {os.getloadavg()[0]:.1f}"
    conditions = [*CONDITIONS, f"{os.cpu_count()} cores; {loads}."]
    if arguments.json:
        print(table.document(rows, conditions))
    else:
        print(table.text(rows))
        print("\n" + "\n".join(conditions))


if __name__ == "__main__":
    main()
