"""Clips said in real time: 20 ms of sound every 20 ms, and what came back when."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from clips import FRAME_S, Clip


@dataclass(frozen=True)
class Outcome:
    """What became of one clip."""

    clip: Clip
    heard: str
    # Seconds from the packet with the last voiced sample to what came back; None: nothing came, or
    # it came while the clip was still being said.
    gap_s: float | None
    # Seconds that the line was open for it, both sides' speech and silence.
    line_s: float


class Listener(Protocol):
    """One line to a peer; says one clip after the other."""

    async def open(self) -> None: ...

    async def hear(self, clip: Clip) -> Outcome: ...

    async def close(self) -> None: ...


async def frames(clip: Clip) -> AsyncIterator[tuple[int, np.ndarray]]:
    """Index and samples of each frame when it is due; silence without end after the clip."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    index = 0
    while True:
        await asyncio.sleep(max(0.0, start + index * FRAME_S - loop.time()))
        yield index, clip.frame(index)
        index += 1


async def say_all(
    lines: Sequence[Listener], clips: Sequence[Clip], tick: Callable[[], None] = lambda: None
) -> list[Outcome]:
    """Each clip once, on whichever line is free; in the clips' order. After each comes a `tick`."""
    todo = list(enumerate(clips))[::-1]
    outcomes: dict[int, Outcome] = {}

    async def work(line: Listener) -> None:
        await line.open()
        try:
            while todo:
                index, clip = todo.pop()
                outcomes[index] = await line.hear(clip)
                tick()
        finally:
            await line.close()

    await asyncio.gather(*map(work, lines))
    return [outcomes[index] for index in sorted(outcomes)]
