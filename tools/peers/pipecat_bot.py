"""A Pipecat agent on a TCP port of 127.0.0.1, as its examples build one (`examples/voice`):
pipecat_bot.py PORT WHISPER-DIRECTORY VOICE-DIRECTORY

Silero finds the voice, the bundled smart-turn model the turn's end, faster-whisper `base` (8 bits,
as Spillway's) the words, Piper speaks with the voice of Spillway's English. Where a language model
would answer stands one sentence, so what is measured is all but that. Sound comes and goes as a
telephone company's media stream brings it: mu-law at 8 kHz in frames of 20 ms.

One process is one line: this transport serves one client, as each of Pipecat's calls has a pipeline
with engines of its own. Run with OMP_NUM_THREADS=1 (CTranslate2 heeds it).
"""

import asyncio
import sys
from pathlib import Path

from loguru import logger
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.frames.frames import (
    Frame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputTransportMessageUrgentFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.twilio import TwilioFrameSerializer
from pipecat.services.piper.tts import PiperTTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transcriptions.language import Language
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.workers.runner import WorkerRunner

# As long as what Spillway answers in this comparison.
REPLY = "Something else?"
VOICE = "en_US-joe-medium"


class FixedReply(FrameProcessor):
    """In a language model's place; the client is told what was heard."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """One sentence for each of the caller's turns."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        last = frame.context.get_messages()[-1]
        # A turn without words is told of by a message that is not the caller's.
        if last["role"] == "user":
            message = {"event": "heard", "text": last["content"]}
            await self.push_frame(OutputTransportMessageUrgentFrame(message=message))
        await self.push_frame(LLMFullResponseStartFrame())
        await self.push_frame(LLMTextFrame(REPLY))
        await self.push_frame(LLMFullResponseEndFrame())


async def serve(port: int, whisper: Path, voices: Path) -> None:
    """Until the process is ended."""
    serializer = TwilioFrameSerializer(
        "line", params=TwilioFrameSerializer.InputParams(auto_hang_up=False)
    )
    transport = SingleClientWebsocketServerTransport(
        host="127.0.0.1",
        port=port,
        params=SingleClientWebsocketServerParams(
            audio_in_enabled=True, audio_out_enabled=True, serializer=serializer
        ),
    )
    listener = WhisperSTTService(
        device="cpu",
        compute_type="int8",
        settings=WhisperSTTService.Settings(model=str(whisper), language=Language.EN),
    )
    speaker = PiperTTSService(download_dir=voices, settings=PiperTTSService.Settings(voice=VOICE))
    caller, bot = LLMContextAggregatorPair(
        LLMContext(), user_params=LLMUserAggregatorParams(vad_analyzer=SileroVADAnalyzer())
    )
    stages = [transport.input(), listener, caller, FixedReply(), speaker, transport.output(), bot]
    worker = PipelineWorker(Pipeline(stages), params=PipelineParams(), idle_timeout_secs=None)
    runner = WorkerRunner()
    await runner.add_workers(worker)
    await runner.run()


if __name__ == "__main__":
    logger.remove()
    logger.add(sys.stderr, level="WARNING")
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
