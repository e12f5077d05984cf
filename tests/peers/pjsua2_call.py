"""A call by pjsua2: speaks, presses keys, holds, resumes, hangs up.

    pjsua2_call.py SIP_URI udp|tcp CALLER.wav HEARD.wav

Exit 0 if the call was answered, held and resumed, and media ran again afterwards.
"""

import os
import sys
import time

import pjsua2 as pj

uri, transport, caller_wav, heard_wav = sys.argv[1:]


class Call(pj.Call):
    def __init__(self, account, player, recorder):
        super().__init__(account)
        self.player, self.recorder = player, recorder
        self.state, self.media = None, None

    def onCallState(self, _):
        info = self.getInfo()
        self.state = info.state
        print("state", info.stateText, info.lastStatusCode, flush=True)

    def onCallMediaState(self, _):
        for index, media in enumerate(self.getInfo().media):
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            self.media = media.status
            print("media", media.status, flush=True)
            if media.status == pj.PJSUA_CALL_MEDIA_ACTIVE:
                audio = self.getAudioMedia(index)
                self.player.startTransmit(audio)
                audio.startTransmit(self.recorder)


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
wait(endpoint, call, 10, lambda: call.media == pj.PJSUA_CALL_MEDIA_ACTIVE)
if call.media != pj.PJSUA_CALL_MEDIA_ACTIVE:
    fail("no media")
wait(endpoint, call, 4)
call.dialDtmf("1")
wait(endpoint, call, 2)

call.setHold(pj.CallOpParam(True))
held = pj.PJSUA_CALL_MEDIA_LOCAL_HOLD
wait(endpoint, call, 5, lambda: call.media == held)
if call.media != held:
    fail("hold was not answered")
wait(endpoint, call, 1)
before = call.getStreamStat(0).rtcp.rxStat.pkt
resume = pj.CallOpParam(True)
resume.opt.flag = pj.PJSUA_CALL_UNHOLD
resume.opt.videoCount = 0
call.reinvite(resume)
wait(endpoint, call, 5, lambda: call.media == pj.PJSUA_CALL_MEDIA_ACTIVE)
wait(endpoint, call, 3)
after = call.getStreamStat(0).rtcp.rxStat.pkt
print("packets received before and after the hold", before, after, flush=True)
if call.media != pj.PJSUA_CALL_MEDIA_ACTIVE or after == 0:
    fail("resume was not answered or brought no media")

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
