"""A peer's process, or Spillway's: started, waited for, measured and stopped."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
STOP_S_MAX = 25.0


class ServerError(Exception):
    """It did not start, or ended; the words say what it said last."""


class Server:
    """One process with its children. What it says goes to `log`."""

    def __init__(
        self, command: list[str], log: Path, environment: dict[str, str] | None = None
    ) -> None:
        self._log = log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                env=os.environ | (environment or {}),
            )

    def wait_for_port(self, port: int, seconds_max: float = 120.0) -> None:
        """Until it listens on 127.0.0.1."""
        self._wait(lambda: _is_open(port), seconds_max)

    def wait_for_line(self, beginning: str, seconds_max: float = 120.0) -> str:
        """Until it says a line that begins so; the line."""
        found: list[str] = []

        def said() -> bool:
            lines = self._log.read_text(errors="replace").splitlines()
            found[:] = [line for line in lines if line.startswith(beginning)]
            return bool(found)

        self._wait(said, seconds_max)
        return found[0]

    def cpu_s(self) -> float:
        """Seconds on the processor, its own and its children's, from /proc (proc_pid_stat(5))."""
        if self._process.poll() is not None:
            raise ServerError(f"ended with status {self._process.returncode}: {self._last_words()}")
        return sum(_cpu_ticks(pid) for pid in _family(self._process.pid)) / TICKS_PER_S

    def stop(self) -> None:
        """SIGTERM, and SIGKILL to who does not heed it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _wait(self, is_ready: Callable[[], bool], seconds_max: float) -> None:
        end = time.monotonic() + seconds_max
        while not is_ready():
            if self._process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise ServerError(f"did not start: {self._last_words()}")
            time.sleep(0.1)

    def _last_words(self) -> str:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "(it said nothing)"


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _is_open(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return True
    except OSError:
        return False


def _family(pid: int) -> list[int]:
    """A process and all that come from it."""
    found = [pid]
    for parent in found:
        try:
            tasks = list(Path(f"/proc/{parent}/task").iterdir())
        except FileNotFoundError:
            continue
        for task in tasks:
            try:
                found += map(int, (task / "children").read_text().split())
            except FileNotFoundError:
                continue
    return found


def _cpu_ticks(pid: int) -> int:
    """utime and stime, and those of children that have ended (cutime, cstime)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return 0
    # The name, in brackets, may have blanks in it.
    return sum(map(int, stat.rpartition(")")[2].split()[11:15]))
