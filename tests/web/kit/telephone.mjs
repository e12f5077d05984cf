// A telephone that answers by itself: `spillway call --answer`, with what it says as a scenario.
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { join } from "node:path";
import { PROGRAM, ROOT } from "./office.mjs";
import { secondsOf, writeTone } from "./sound.mjs";
import { until } from "./until.mjs";

const PATIENCE_MS = 20_000;
/** Sides of what it keeps. */
const [OWN, FAR] = [0, 1];

export class Telephone {
  /**
   * One that takes one call: rings for `ring_ms`, says a tone of `hz` for `tone_s` seconds, and
   * after `hang_up_ms` more hangs up, or leaves that to the other side.
   */
  static async plug(folder, { hz, tone_s, ring_ms = 0, hang_up_ms }) {
    const telephone = new Telephone();
    telephone.folder = folder;
    mkdirSync(folder);
    writeTone(telephone.path("tone.wav"), hz, tone_s);
    writeFileSync(telephone.path("scenario.toml"), scenario(ring_ms, hang_up_ms));
    const config = `models_dir = '${join(ROOT, "models")}'\ndata_dir = '${telephone.path("data")}'\n`;
    writeFileSync(telephone.path("spillway.toml"), config);
    const words = ["--config", telephone.path("spillway.toml"), "call", "--json"];
    words.push("--answer", "127.0.0.1:0", "--scenario", telephone.path("scenario.toml"));
    words.push("--record", telephone.path("call.wav"));
    const out = openSync(telephone.path("out"), "w");
    const log = openSync(telephone.path("log"), "w");
    telephone.process = spawn(PROGRAM, words, { stdio: ["ignore", out, log] });
    telephone.ended = once(telephone.process, "exit");
    const ready = await until("a telephone waits for calls", PATIENCE_MS, () => {
      if (telephone.process.exitCode !== null) throw new Error(telephone.told("log"));
      return /^ready sip:(\S+)$/m.exec(telephone.told("log"));
    });
    telephone.host = ready[1];
    return telephone;
  }

  path(name) {
    return join(this.folder, name);
  }

  told(name) {
    return readFileSync(this.path(name), "utf8");
  }

  /** Seconds of a tone it has heard so far. */
  heard(hz) {
    const file = this.path("call.wav");
    return existsSync(file) ? secondsOf(file, hz, FAR) : 0;
  }

  /** Seconds of a tone it has said so far. */
  said(hz) {
    return secondsOf(this.path("call.wav"), hz, OWN);
  }

  /** Its report of the call, once that is over. */
  async report() {
    await this.ended;
    return JSON.parse(this.told("out"));
  }

  async unplug() {
    if (this.process.exitCode === null) this.process.kill("SIGINT");
    await this.ended;
  }
}

function scenario(ring_ms, hang_up_ms) {
  const bye =
    hang_up_ms === undefined
      ? ""
      : `
[[turn]]
after = "now"
wait_ms = ${hang_up_ms}

[[turn]]
after = "now"
hang_up = true
`;
  return `language = "en"

[answer]
ring_ms = ${ring_ms}

[[turn]]
after = "now"
play = "tone.wav"
${bye}
[expect]
hung_up_by = "${bye ? "callee" : "caller"}"
`;
}
