"""A line to Vosk's own websocket server (`websocket/asr_server.py` of alphacep/vosk-server).

It answers each message with one of its own: `partial`, or `text` at the end of a turn, which the
model's rules of silence decide.
"""

import asyncio
import json

from clips import RATE_HZ, Clip
from stream import Outcome, frames
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

# Who has not been answered by then is told that the stream is over; that is no answer.
SILENCE_S_MAX = 4.0


class VoskLine:
    """One turn after the other, each a connection."""

    def __init__(self, port: int) -> None:
        self._url = f"ws://127.0.0.1:{port}"

    async def open(self) -> None:
        """Nothing to do: a turn is a connection."""

    async def hear(self, clip: Clip) -> Outcome:
        """The text of all turns it made of the clip; the gap is to the one after its end."""
        async with connect(self._url) as socket:
            return await _Turn(clip, socket).outcome()

    async def close(self) -> None:
        """Nothing to do."""


class _Turn:
    def __init__(self, clip: Clip, socket: ClientConnection) -> None:
        self._clip = clip
        self._socket = socket
        self._clock = asyncio.get_running_loop().time
        self._texts: list[str] = []
        self._spoken: float | None = None
        self._answered = asyncio.Event()
        self._gap_s: float | None = None
        self._told = False

    async def outcome(self) -> Outcome:
        began = self._clock()
        listening = asyncio.create_task(self._listen())
        await self._socket.send(json.dumps({"config": {"sample_rate": RATE_HZ}}))
        async for index, samples in frames(self._clip):
            over = self._spoken is not None and self._clock() - self._spoken > SILENCE_S_MAX
            if self._answered.is_set() or over:
                break
            await self._socket.send(samples.tobytes())
            if index == self._clip.last_speech_frame:
                self._spoken = self._clock()
        self._told = True
        await self._socket.send('{"eof" : 1}')
        await listening
        heard = " ".join(text for text in self._texts if text)
        return Outcome(self._clip, heard, self._gap_s, self._clock() - began)

    async def _listen(self) -> None:
        try:
            async for message in self._socket:
                answer = json.loads(message)
                if "text" not in answer:
                    continue
                self._texts.append(answer["text"])
                if self._spoken is not None and not self._told and not self._answered.is_set():
                    self._gap_s = self._clock() - self._spoken
                    self._answered.set()
        except ConnectionClosed:
            return
