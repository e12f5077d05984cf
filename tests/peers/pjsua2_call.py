"""A call by pjsua2: speaks, presses keys, holds, resumes, hangs up.

    pjsua2_call.py SIP_URI udp|tcp CALLER.wav HEARD.wav

Exit 0 if the call was answered, was silent while held, and had sound again afterwards.
"""

import os
import re
import sys
import time

import pjsua2 as pj

uri, transport, caller_wav, heard_wav = sys.argv[1:]


class Call(pj.Call):
    def __init__(self, account, player, recorder):
        super().__init__(account)
        self.player, self.recorder = player, recorder
        # media_updates: how many times an answer to an offer came into force
        self.state, self.media_updates = None, 0

    def onCallState(self, _):
        info = self.getInfo()
        self.state = info.state
        print("state", info.stateText, info.lastStatusCode, flush=True)

    def onCallMediaState(self, _):
        self.media_updates += 1
        try:
            # the first that is active: the fields of CallMediaInfo are not to be relied on in
            # wheels built against another pjproject
            audio = self.getAudioMedia(-1)
        except pj.Error:
            print("media held", flush=True)
            return
        print("media active", flush=True)
        self.player.startTransmit(audio)
        audio.startTransmit(self.recorder)

    def packets_received(self):
        found = re.search(r"RX pt=.*?total (\d+(?:\.\d+)?)([KM]?)pkt", self.dump(True, ""), re.S)
        scale = {"": 1, "K": 1_000, "M": 1_000_000}
        return int(float(found[1]) * scale[found[2]]) if found else 0


def fail(words):
    print("FAILED:", words, flush=True)
    os._exit(1)


def wait(endpoint, call, seconds, until=lambda: False):
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        endpoint.libHandleEvents(20)
        if call.state == pj.PJSIP_INV_STATE_DISCONNECTED and not until():
            fail("the call ended early")


def local(config):
    config.boundAddress = "127.0.0.1"
    config.publicAddress = "127.0.0.1"
    return config


endpoint = pj.Endpoint()
endpoint.libCreate()
settings = pj.EpConfig()
settings.logConfig.level = settings.logConfig.consoleLevel = 1
endpoint.libInit(settings)
kind = pj.PJSIP_TRANSPORT_TCP if transport == "tcp" else pj.PJSIP_TRANSPORT_UDP
endpoint.transportCreate(kind, local(pj.TransportConfig()))
endpoint.libStart()
endpoint.audDevManager().setNullDev()
identity = pj.AccountConfig()
identity.idUri = "sip:+84901234567@127.0.0.1"
local(identity.mediaConfig.transportConfig)
account = pj.Account()
account.create(identity)
player, recorder = pj.AudioMediaPlayer(), pj.AudioMediaRecorder()
player.createPlayer(caller_wav)
recorder.createRecorder(heard_wav)

call = Call(account, player, recorder)
options = pj.CallOpParam(True)
options.opt.videoCount = 0
call.makeCall(uri + (";transport=tcp" if transport == "tcp" else ""), options)
wait(endpoint, call, 10, lambda: call.media_updates > 0)
if call.media_updates == 0:
    fail("no media")
wait(endpoint, call, 4)
call.dialDtmf("1")
wait(endpoint, call, 2)
talking = call.packets_received()

updates = call.media_updates
call.setHold(pj.CallOpParam(True))
wait(endpoint, call, 5, lambda: call.media_updates > updates)
if call.media_updates == updates:
    fail("hold was not answered")
wait(endpoint, call, 0.5)
held = call.packets_received()
wait(endpoint, call, 1.5)
still_held = call.packets_received()

updates = call.media_updates
resume = pj.CallOpParam(True)
resume.opt.flag = pj.PJSUA_CALL_UNHOLD
resume.opt.videoCount = 0
call.reinvite(resume)
wait(endpoint, call, 5, lambda: call.media_updates > updates)
if call.media_updates == updates:
    fail("resume was not answered")
wait(endpoint, call, 1)
resumed = call.packets_received()
wait(endpoint, call, 2)
end = call.packets_received()
print(f"packets received: talking {talking}, held {held} to {still_held}, "
      f"resumed {resumed} to {end}", flush=True)
if talking < 200:
    fail("too few packets before the hold")
if still_held - held > 5:
    fail("media went on while held")
if end - resumed < 60:
    fail("no media after the hold")

call.hangup(pj.CallOpParam())
gone = pj.PJSIP_INV_STATE_DISCONNECTED
wait(endpoint, call, 5, lambda: call.state == gone)
if call.state != gone:
    fail("BYE was not answered")
# the destructors write the wav's header
del recorder, player, call, account
endpoint.libDestroy()
sys.stdout.flush()
os._exit(0)
