"""Sound for the peers: makes what they say, measures what they and Spillway heard.

    sound.py make CALLER.wav [CALLER.ulaw]   speech-like bursts, 8 kHz mono
    sound.py loud FILE.wav                   exit 0 if every channel has sound
    sound.py capture PORT OUT.wav            records G.711 mu-law RTP sent to a local UDP port
                                             until it stops coming (needs CAP_NET_RAW)
"""

import math
import socket
import struct
import sys
import time
import wave

RATE_HZ = 8000
SECONDS = 20
# of 32767; line noise and comfort noise stay far below
LOUD = 1500


def make(wav_path, ulaw_path=None):
    samples = []
    for n in range(RATE_HZ * SECONDS):
        # 0.7 s of sound, 0.5 s of silence, loudness and pitch like a syllable's
        at = n / RATE_HZ % 1.2
        envelope = math.sin(math.pi * at / 0.7) if at < 0.7 else 0.0
        tone = math.sin(math.tau * 160 * at) + 0.6 * math.sin(math.tau * 700 * at)
        samples.append(int(7000 * envelope * tone))
    with wave.open(wav_path, "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    if ulaw_path:
        with open(ulaw_path, "wb") as out:
            out.write(bytes(map(to_ulaw, samples)))


def to_ulaw(sample):
    """ITU-T G.711, mu-law."""
    sign = 0x80 if sample < 0 else 0
    magnitude = min(abs(sample), 32635) + 132
    exponent = magnitude.bit_length() - 8
    return ~(sign | exponent << 4 | magnitude >> exponent + 3 & 15) & 0xFF


def from_ulaw(octet):
    octet = ~octet & 0xFF
    magnitude = ((octet & 15) << 3 | 132) << (octet >> 4 & 7)
    return 132 - magnitude if octet & 0x80 else magnitude - 132


def peaks(path):
    """The loudest sample of each channel, but for the loudest thousandth (clicks)."""
    with wave.open(path, "rb") as wav:
        channels = wav.getnchannels()
        data = wav.readframes(wav.getnframes())
    samples = struct.unpack(f"<{len(data) // 2}h", data[: len(data) // 2 * 2])
    found = []
    for channel in range(channels):
        own = sorted(abs(s) for s in samples[channel::channels])
        found.append(own[len(own) - 1 - len(own) // 1000] if own else 0)
    return found


def loud(path):
    found = peaks(path)
    print(f"{path}: peak of each channel {found}")
    return all(peak >= LOUD for peak in found)


def capture(port, path):
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_UDP)
    raw.settimeout(0.5)
    begun = last = time.monotonic()
    heard = False
    with wave.open(path, "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        while time.monotonic() - last < (2 if heard else 15) and time.monotonic() - begun < 60:
            try:
                packet = raw.recv(2048)
            except TimeoutError:
                continue
            udp = packet[(packet[0] & 15) * 4 :]
            rtp = udp[8:]
            is_ours = struct.unpack("!H", udp[2:4])[0] == port
            if is_ours and len(rtp) > 12 and rtp[1] & 0x7F == 0:
                heard, last = True, time.monotonic()
                samples = [from_ulaw(octet) for octet in rtp[12:]]
                out.writeframes(struct.pack(f"<{len(samples)}h", *samples))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "make":
        make(*arguments)
    elif command == "capture":
        capture(int(arguments[0]), arguments[1])
    elif command == "loud":
        sys.exit(0 if all([loud(path) for path in arguments]) else 1)
    else:
        sys.exit(__doc__)
