"""The `viet-asr` library behind a TCP port, so that it is measured as a process of its own:
viet_asr_server.py PORT

The library has no server and, in this version, no end of a turn (`accept` never says one, whatever
the silence), so the client tells it by closing its side. A connection is one turn: 16-bit samples
at 8 kHz in frames of 20 ms come in, then one line of text, the final transcript, goes out.
"""

import socketserver
import sys

import vietasr
from clips import FRAME_SAMPLES, RATE_HZ

PIPELINE = vietasr.Pipeline.preset("transcribe")


class Turn(socketserver.StreamRequestHandler):
    """One connection, on a thread of its own: the library computes in the thread that calls it."""

    def handle(self) -> None:
        with PIPELINE.stream(sample_rate=float(RATE_HZ)) as session:
            while frame := self.rfile.read(FRAME_SAMPLES * 2):
                session.accept(frame)
            self.wfile.write(session.final().text.replace("\n", " ").encode() + b"\n")


class Server(socketserver.ThreadingTCPServer):
    """Streams at the same time are threads."""

    daemon_threads = True
    allow_reuse_address = True


if __name__ == "__main__":
    with Server(("127.0.0.1", int(sys.argv[1])), Turn) as server:
        server.serve_forever()
