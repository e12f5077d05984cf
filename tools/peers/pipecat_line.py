"""A line to `pipecat_bot.py`: one connection, open for all clips as a call is."""

import asyncio
import base64
import json

import numpy as np
from clips import RATE_HZ, Clip, from_mulaw, sound_begins, to_mulaw
from stream import Outcome, frames
from websockets.asyncio.client import connect

# Who has not been answered by then never will be.
SILENCE_S_MAX = 15.0
# The answer is over when nothing more of it came for so long; a clip's second sentence may be
# transcribed after the answer to the first.
QUIET_S = 1.2


class PipecatLine:
    """Silence is sent all the while, as a telephone does."""

    def __init__(self, port: int) -> None:
        self._url = f"ws://127.0.0.1:{port}"

    async def open(self) -> None:
        """Connects, and listens for what comes."""
        self._clock = asyncio.get_running_loop().time
        self._socket = await connect(self._url)
        self._listening = asyncio.create_task(self._listen())
        self._texts: list[str] = []
        self._answer_began: float | None = None
        self._answer_last: float | None = None

    async def hear(self, clip: Clip) -> Outcome:
        """The gap is to the first sample of the answer that can be heard."""
        self._texts, self._answer_began, self._answer_last = [], None, None
        began = self._clock()
        spoken: float | None = None
        async for index, samples in frames(clip):
            now = self._clock()
            if spoken is not None and self._is_over(now, spoken):
                break
            await self._send(samples)
            if index == clip.last_speech_frame:
                spoken = self._clock()
        gap_s = None
        if spoken is not None and self._answer_began is not None:
            # An answer in the midst of the clip is no answer to it.
            gap_s = self._answer_began - spoken if self._answer_began >= spoken else None
        return Outcome(clip, " ".join(self._texts), gap_s, self._clock() - began)

    async def close(self) -> None:
        """Hangs up."""
        self._listening.cancel()
        await self._socket.close()

    def _is_over(self, now: float, spoken: float) -> bool:
        if self._answer_last is None:
            return now - spoken > SILENCE_S_MAX
        return now - max(self._answer_last, spoken) > QUIET_S

    async def _send(self, samples: np.ndarray) -> None:
        payload = base64.b64encode(to_mulaw(samples).tobytes()).decode()
        await self._socket.send(json.dumps({"event": "media", "media": {"payload": payload}}))

    async def _listen(self) -> None:
        async for message in self._socket:
            event = json.loads(message)
            if event["event"] == "heard":
                self._texts.append(event["text"])
            elif event["event"] == "clear":
                # The caller has spoken over the answer, which is thrown away.
                self._answer_began = self._answer_last = None
            elif event["event"] == "media":
                self._sound(base64.b64decode(event["media"]["payload"]))

    def _sound(self, octets: bytes) -> None:
        now = self._clock()
        begins = sound_begins(from_mulaw(np.frombuffer(octets, np.uint8)))
        if begins is not None:
            if self._answer_began is None:
                self._answer_began = now + begins / RATE_HZ
            self._answer_last = now + len(octets) / RATE_HZ
