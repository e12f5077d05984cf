// A hotline for one test: the real program in a temporary folder on free ports, and its users.
import { execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { until } from "./until.mjs";

const run = promisify(execFile);
export const ROOT = join(import.meta.dirname, "../../..");
export const PROGRAM = process.env.SPILLWAY ?? join(ROOT, "target/release/spillway");
export const PASSWORD = "correct horse battery staple";
/** Engines are loaded before the first call is taken. */
const READY_MS = 120_000;
const STOP_MS = 30_000;

export class Office {
  /** A folder that goes with the office; for what has to be there before it. */
  static folder() {
    return mkdtempSync(join(tmpdir(), "spillway-web-"));
  }

  /**
   * `speech` loads the engines; `line` is the [callback_line] of the configuration; `tickets` are
   * lines as `spillway tickets import` reads them, there from the start.
   */
  static async open({ folder = Office.folder(), speech = false, line = "", tickets = "" } = {}) {
    const office = new Office();
    office.folder = folder;
    try {
      writeFileSync(office.path("spillway.toml"), office.config(speech, line));
      await office.start();
      if (tickets) await office.bring(tickets, "jsonl");
    } catch (error) {
      await office.close();
      throw error;
    }
    return office;
  }

  path(name) {
    return join(this.folder, name);
  }

  config(speech, line) {
    return `data_dir = '${this.path("data")}'
models_dir = '${join(ROOT, "models")}'
prompts_dir = '${join(ROOT, "prompts")}'
hotline = 'demo-en'
[sip]
listen = '127.0.0.1:0'
${speech ? "" : "[engines]\nrecognizer = 'none'"}
[console]
listen = '127.0.0.1:0'
[access]
secure_cookies = false
${line}`;
  }

  async start() {
    const out = openSync(this.path("out"), "w");
    const log = openSync(this.path("log"), "w");
    const words = ["--config", this.path("spillway.toml"), "serve"];
    this.server = spawn(PROGRAM, words, { stdio: ["ignore", out, log] });
    const ready = await until("the server is ready", READY_MS, () => {
      if (this.server.exitCode !== null) throw new Error(`no server:\n${this.told("log")}`);
      return /^ready sip:(\S+).* console:(\S+)$/m.exec(this.told("out"));
    });
    this.sip = `sip:${ready[1]}`;
    this.url = `http://${ready[2]}`;
  }

  told(name) {
    return readFileSync(this.path(name), "utf8");
  }

  /** The secret that `serve` prints while there are no users. */
  setUpSecret() {
    return until("set-up is offered", READY_MS, () => {
      return /^set-up (\S+)$/m.exec(this.told("out"))?.[1];
    });
  }

  async spillway(...words) {
    const all = ["--config", this.path("spillway.toml"), ...words];
    return (await run(PROGRAM, all, { maxBuffer: 1 << 26 })).stdout;
  }

  /** Adds tickets: lines of JSON, or a table with a header. */
  async bring(text, format) {
    const file = this.path(`tickets.${format}`);
    writeFileSync(file, text);
    await this.spillway("tickets", "import", file);
  }

  /** A whole call by SIP; resolves with what the caller's side saw. */
  async call(scenario, ...more) {
    const words = ["call", this.sip, "--scenario", scenario, "--json", ...more];
    return JSON.parse(await this.spillway(...words));
  }

  /** A user who has chosen the password; `words` as of `spillway users add`. */
  async user(name, role, ...words) {
    const added = await this.spillway("users", "add", name, "--role", role, "--json", ...words);
    const secret = JSON.parse(added).secret;
    const answer = await fetch(`${this.url}/api/v1/invitations/accept`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({ secret, password: PASSWORD }),
    });
    if (!answer.ok) throw new Error(`${name} cannot come: ${await answer.text()}`);
    return name;
  }

  async close() {
    if (this.server && this.server.exitCode === null) {
      const ended = new Promise((done) => this.server.once("exit", done));
      this.server.kill("SIGTERM");
      const late = setTimeout(() => this.server.kill("SIGKILL"), STOP_MS);
      await ended;
      clearTimeout(late);
    }
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Realistic tickets, the same for the same seed; `now` is the time they look back from. */
export async function drawnTickets(count) {
  const words = [join(ROOT, "tests/web/kit/tickets.mjs"), String(count), "--seed", "7"];
  return (await run(process.execPath, words, { maxBuffer: 1 << 26 })).stdout;
}
