"""What was measured, as a table to read and as JSON."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import words
from stream import Outcome


@dataclass(frozen=True)
class Row:
    """One peer, or one of Spillway's ways, in one language. Times are in seconds."""

    language: str
    name: str
    # What the gap lasts until.
    gap_until: str
    # Whom the others of the language are compared with.
    is_base: bool = False
    clips: int = 0
    # Of these how many gave a gap: the others were not answered, or before they had been said.
    answered: int = 0
    lines: int = 0
    # Seconds on the processor for each second of the clips: whoever waits long for a turn's end, or
    # listens to silence, pays for it here.
    cpu_per_speech_s: float = math.nan
    # The same for each second that a line was open: sound, silence and answers.
    cpu_per_line_s: float = math.nan
    gap_p50_s: float = math.nan
    gap_p95_s: float = math.nan
    word_error_rate: float = math.nan
    # Why there are no figures.
    failed: str = ""

    @property
    def streams_per_core(self) -> float:
        """How many who speak without a pause one core carries."""
        return 1 / self.cpu_per_speech_s


def measured(row: Row, outcomes: Sequence[Outcome], cpu_s: float, lines: int) -> Row:
    """`row` with the figures of what `outcomes` took."""
    gaps = sorted(o.gap_s for o in outcomes if o.gap_s is not None)
    said = [(o.clip.transcript, o.heard) for o in outcomes]
    return Row(
        row.language,
        row.name,
        row.gap_until,
        row.is_base,
        clips=len(outcomes),
        answered=len(gaps),
        lines=lines,
        cpu_per_speech_s=cpu_s / sum(o.clip.seconds for o in outcomes),
        cpu_per_line_s=cpu_s / sum(o.line_s for o in outcomes),
        gap_p50_s=percentile(gaps, 50),
        gap_p95_s=percentile(gaps, 95),
        word_error_rate=words.error_rate(row.language, said),
    )


def percentile(ordered: Sequence[float], percent: int) -> float:
    """By nearest rank; not a number when there are none."""
    if not ordered:
        return math.nan
    return ordered[max(0, math.ceil(percent / 100 * len(ordered)) - 1)]


def base_of(row: Row, rows: Sequence[Row]) -> Row | None:
    """Whom it is compared with; None when that was not measured."""
    of_language = (r for r in rows if r.language == row.language and r.is_base and not r.failed)
    return next(of_language, None)


def cpu_ratio(row: Row, rows: Sequence[Row]) -> float:
    """How many times as much processor time as the base."""
    base = base_of(row, rows)
    return math.nan if base is None else row.cpu_per_speech_s / base.cpu_per_speech_s


def gap_ratio(row: Row, rows: Sequence[Row]) -> float:
    """How many times as long a gap at p50 as the base's, where both last until the same thing."""
    base = base_of(row, rows)
    if base is None or base.gap_until != row.gap_until:
        return math.nan
    return row.gap_p50_s / base.gap_p50_s


HEADS = (
    "",
    "who",
    "lines",
    "CPU s/s speech",
    "x",
    "streams/core",
    "CPU s/s line",
    "gap p50",
    "x",
    "p95",
    "until",
    "answered",
    "WER %",
)


def text(rows: Sequence[Row]) -> str:
    """In columns, the rows without figures with their reason."""
    cells = [list(HEADS)]
    for row in rows:
        if row.failed:
            continue
        cells.append(
            [
                row.language,
                row.name,
                str(row.lines),
                f"{row.cpu_per_speech_s:.3f}",
                _figure(cpu_ratio(row, rows), 1),
                f"{row.streams_per_core:.1f}",
                f"{row.cpu_per_line_s:.3f}",
                _figure(row.gap_p50_s, 2),
                _figure(gap_ratio(row, rows), 1),
                _figure(row.gap_p95_s, 2),
                row.gap_until,
                f"{row.answered}/{row.clips}",
                f"{row.word_error_rate:.1f}",
            ]
        )
    widths = [max(len(line[at]) for line in cells) for at in range(len(HEADS))]
    lines = ["  ".join(map(str.ljust, line, widths)).rstrip() for line in cells]
    lines += [f"{r.language}  {r.name}: NOT MEASURED: {r.failed}" for r in rows if r.failed]
    return "\n".join(lines)


def document(rows: Sequence[Row], conditions: Sequence[str]) -> str:
    """The same as JSON; what was not measured is null."""
    found = []
    for row in rows:
        figures = asdict(row)
        if not row.failed:
            figures |= {
                "streams_per_core": row.streams_per_core,
                "cpu_ratio": cpu_ratio(row, rows),
                "gap_ratio": gap_ratio(row, rows),
            }
        found.append({key: _known(value) for key, value in figures.items()})
    return json.dumps({"rows": found, "conditions": list(conditions)}, indent=2, ensure_ascii=False)


def _known(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value


def _figure(value: float, digits: int) -> str:
    return "-" if math.isnan(value) else f"{value:.{digits}f}"
