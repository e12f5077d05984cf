// A telephone made by others (baresip): answers by itself, says a tone, keeps what it hears.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readdirSync, writeFileSync } from "node:fs";
import { createSocket } from "node:dgram";
import { createConnection, createServer } from "node:net";
import { once } from "node:events";
import { join } from "node:path";
import { writeTone } from "./sound.mjs";
import { until } from "./until.mjs";

const PATIENCE_MS = 20_000;
const MODULES = ["/usr/lib/baresip/modules", "/usr/local/lib/baresip/modules"];
/** Longer than any test talks. */
const TONE_S = 60;

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const { port } = probe.address();
  const udp = createSocket("udp4").bind(port, "127.0.0.1");
  await once(udp, "listening");
  udp.close();
  probe.close();
  return port;
}

export class Telephone {
  /** `number` is its own, as it is dialled; its RTP goes by 100 ports from `media` on. */
  static async plug(folder, number, hz, media) {
    const telephone = new Telephone();
    Object.assign(telephone, { folder, events: "" });
    const [sip, control] = [await freePort(), await freePort()];
    mkdirSync(folder);
    writeTone(join(folder, "tone.wav"), hz, TONE_S);
    writeFileSync(join(folder, "config"), telephone.config(sip, control, media));
    const account = `<sip:${number}@127.0.0.1:${sip}>;regint=0;answermode=auto\n`;
    writeFileSync(join(folder, "accounts"), account);
    writeFileSync(join(folder, "contacts"), "");
    const log = openSync(join(folder, "log"), "w");
    telephone.process = spawn("baresip", ["-f", folder], {
      stdio: ["ignore", log, log],
    });
    telephone.address = `sip:{number}@127.0.0.1:${sip}`;
    telephone.control = await telephone.connect(control);
    return telephone;
  }

  config(sip, control, media) {
    return `sip_listen 127.0.0.1:${sip}
module_path ${MODULES.find(existsSync)}
module g711.so
module aufile.so
module sndfile.so
module_tmp account.so
module_app menu.so
module_app ctrl_tcp.so
ctrl_tcp_listen 127.0.0.1:${control}
audio_source aufile,${join(this.folder, "tone.wav")}
audio_player aufile,none
snd_path ${this.folder}
rtp_ports ${media}-${media + 99}
`;
  }

  async connect(port) {
    const socket = await until("a telephone listens", PATIENCE_MS, () => {
      return new Promise((done) => {
        const tried = createConnection(port, "127.0.0.1");
        tried.once("connect", () => done(tried));
        tried.once("error", () => done(null));
      });
    });
    socket.on("data", (told) => (this.events += told));
    return socket;
  }

  /** Waits for what it tells of itself, such as CALL_ESTABLISHED. */
  tells(event) {
    return until(`a telephone tells ${event}`, PATIENCE_MS, () => this.events.includes(event));
  }

  command(name) {
    const text = JSON.stringify({ command: name });
    this.control.write(`${text.length}:${text},`);
  }

  hangUp() {
    this.command("hangup");
  }

  /** The wav of what it has heard so far. */
  heard() {
    const name = readdirSync(this.folder).find((name) => /^dump-.*-dec\.wav$/.test(name));
    return name && join(this.folder, name);
  }

  async unplug() {
    this.control.destroy();
    const ended = once(this.process, "exit");
    if (this.process.exitCode === null && this.process.kill("SIGTERM")) await ended;
  }
}
