"""A line to `viet_asr_server.py`."""

import asyncio

from clips import FRAME_S, RATE_HZ, TAIL_SAMPLES, Clip
from stream import Outcome, frames

# What `spillway bench asr` adds to each recording before it calls the turn over; the clip's own
# 100 ms after the last voiced sample come before it.
PATIENCE_S = 0.7
TOLD_AFTER_S = PATIENCE_S + TAIL_SAMPLES / RATE_HZ


class VietAsrLine:
    """One turn after the other, each a connection."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def open(self) -> None:
        """Nothing to do: a turn is a connection."""

    async def hear(self, clip: Clip) -> Outcome:
        """The final transcript; the gap has the patience of 0.8 s in it."""
        clock = asyncio.get_running_loop().time
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        began = spoken = clock()
        async for index, samples in frames(clip):
            if index * FRAME_S >= clip.seconds + PATIENCE_S:
                break
            writer.write(samples.tobytes())
            await writer.drain()
            if index == clip.last_speech_frame:
                spoken = clock()
        writer.write_eof()
        heard = (await reader.readline()).decode().strip()
        ended = clock()
        writer.close()
        return Outcome(clip, heard, ended - spoken, ended - began)

    async def close(self) -> None:
        """Nothing to do."""
