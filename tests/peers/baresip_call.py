"""A call by baresip: speaks, presses a key, hangs up. Leaves what it heard as a wav.

    baresip_call.py SIP_URI CALLER.wav HEARD.wav SCRATCH_DIR
"""

import glob
import json
import os
import shutil
import socket
import subprocess
import sys
import time

uri, caller_wav, heard_wav, scratch = sys.argv[1:]
TALK_S = 9


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


modules = next(
    (path for path in ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"]
     if os.path.isdir(path)),
    None,
) or sys.exit("FAILED: baresip's modules are not where Debian puts them")
control_port, sip_port = free_port(), free_port()
with open(f"{scratch}/config", "w") as config:
    config.write(f"""
sip_listen 127.0.0.1:{sip_port}
module_path {modules}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:{control_port}
audio_source aufile,{caller_wav}
audio_player aufile,none
snd_path {scratch}
rtp_ports 45000-45099
rtp_timeout 20
""")
with open(f"{scratch}/accounts", "w") as accounts:
    accounts.write("<sip:+84901234567@127.0.0.1>;regint=0\n")
open(f"{scratch}/contacts", "w").close()

log = open(f"{scratch}/baresip.log", "wb")
baresip = subprocess.Popen(
    ["baresip", "-f", scratch], stdin=subprocess.DEVNULL, stdout=log, stderr=log
)


def fail(words):
    baresip.kill()
    sys.stderr.write(open(f"{scratch}/baresip.log", errors="replace").read())
    sys.exit(f"FAILED: {words}")


def connected():
    for _ in range(100):
        try:
            return socket.create_connection(("127.0.0.1", control_port))
        except OSError:
            time.sleep(0.05)
    fail("baresip does not listen for commands")


control = connected()
control.settimeout(0.2)
events = ""


def command(name, parameter=""):
    text = json.dumps({"command": name, "params": parameter})
    control.sendall(f"{len(text)}:{text},".encode())


def watch(seconds, word=None):
    """Reads events until one has `word` in it; false when the time is over."""
    global events
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if word and word in events:
            return True
        try:
            events += control.recv(65536).decode(errors="replace")
        except TimeoutError:
            pass
    return not word


command("dial", uri)
if not watch(10, "CALL_ESTABLISHED"):
    fail(f"the call was not answered: {events}")
watch(TALK_S / 2)
command("sndcode", "1")
watch(TALK_S / 2)
if "CALL_CLOSED" in events:
    fail(f"the call ended early: {events}")
command("hangup")
if not watch(5, "CALL_CLOSED"):
    fail("hanging up was not answered")
command("quit")
try:
    baresip.wait(5)
except subprocess.TimeoutExpired:
    baresip.kill()
heard = glob.glob(f"{scratch}/dump-*-dec.wav")
if not heard:
    fail("baresip recorded nothing")
shutil.copyfile(heard[0], heard_wav)
