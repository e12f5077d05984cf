// Debian's Chromium, and people at it, each in a context of their own.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { PASSWORD, ROOT } from "./office.mjs";

// What the console is built with is all there is: tests have no packages of their own.
const fromConsole = createRequire(join(ROOT, "web/package.json"));
const { chromium } = fromConsole("playwright-core");
const AXE = readFileSync(fromConsole.resolve("axe-core/axe.min.js"), "utf8");
const WORDS = JSON.parse(readFileSync(join(ROOT, "web/src/words/en.json"), "utf8"));
const PATIENCE_MS = 20_000;

export const LOOKS = {
  light: { viewport: { width: 1280, height: 720 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 720 }, colorScheme: "dark" },
  phone: {
    viewport: { width: 390, height: 844 },
    colorScheme: "light",
    hasTouch: true,
    isMobile: true,
  },
};

/** `microphone` is a wav that is played, once, to whoever asks for a microphone. */
export function openBrowser({ microphone } = {}) {
  const heard = microphone
    ? [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        `--use-file-for-fake-audio-capture=${microphone}%noloop`,
      ]
    : [];
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      "--autoplay-policy=no-user-gesture-required",
      ...heard,
    ],
  });
}

/** The console's own words, by their key: tests do not break when a phrase is made better. */
export function words(key, given = {}) {
  const found = key.split(".").reduce((node, name) => node?.[name], WORDS);
  if (typeof found !== "string") throw new Error(`the console has no words for ${key}`);
  return found.replace(/\{\{(\w+)\}\}/g, (_, name) => given[name] ?? "");
}

/** A page in a context of its own; what goes wrong in it is kept in `page.wrongs`. */
export async function newPage(browser, office, options = {}) {
  const context = await browser.newContext({
    baseURL: office.url,
    locale: "en-GB",
    ...LOOKS.light,
    ...options,
  });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.addInitScript(hearkens);
  const page = await context.newPage();
  page.wrongs = [];
  page.on("pageerror", (error) => page.wrongs.push(`error: ${error.message}`));
  page.on("console", (line) => {
    // Refusals are part of the tests: the browser tells of each answer that is no success.
    const refusal = line.text().startsWith("Failed to load resource");
    if (line.type() === "error" && !refusal) page.wrongs.push(`console: ${line.text()}`);
  });
  return page;
}

/** By the log-in page. */
export async function logIn(page, name) {
  await page.goto("/");
  await page.getByLabel(words("log_in.name")).fill(name);
  await page.getByLabel(words("log_in.password"), { exact: true }).fill(PASSWORD);
  await page.getByRole("button", { name: words("log_in.act") }).click();
  await page.getByRole("navigation", { name: words("shell.rooms") }).waitFor();
}

/** Someone who is logged in, in a context of their own. */
export async function person(browser, office, name, options) {
  const page = await newPage(browser, office, options);
  await logIn(page, name);
  return page;
}

/** Cookies of one who has logged in once: each log-in costs a slow hash. */
export async function stateOf(browser, office, name) {
  const page = await person(browser, office, name);
  const state = await page.context().storageState();
  await page.context().close();
  return state;
}

/** What is shown has settled: nothing is loading, nothing fades in. */
export async function settled(page) {
  await page.locator("h1").first().waitFor();
  await page.waitForFunction(() => {
    const busy = document.querySelector(".skeleton, [aria-busy=true]");
    const moving = document.getAnimations().some((one) => one.playState === "running");
    return !busy && !moving && document.fonts.status === "loaded";
  });
}

/** Violations that matter, each in a line. */
export async function axeFinds(page) {
  await page.evaluate(AXE);
  const found = await page.evaluate(() => window.axe.run(document));
  const grave = found.violations.filter(({ impact }) => ["serious", "critical"].includes(impact));
  return {
    rules: found.passes.length,
    slight: found.violations.length - grave.length,
    grave: grave.map(({ id, impact, nodes }) => {
      const where = nodes.slice(0, 3).map((node) => `${node.target}: ${node.failureSummary}`);
      return `${impact} ${id}: ${where.join(" | ").replace(/\s+/g, " ")}`;
    }),
  };
}

/** In the page: keeps what every audio element plays, as a listener hears it. */
function hearkens() {
  window.heard = { from: Infinity, to: 0, peak: 0 };
  const listen = (audio) => {
    const line = new AudioContext();
    const ear = line.createAnalyser();
    line.createMediaStreamSource(audio.captureStream()).connect(ear);
    const samples = new Float32Array(ear.fftSize);
    const hear = () => {
      if (audio.paused) return void line.close();
      ear.getFloatTimeDomainData(samples);
      window.heard.from = Math.min(window.heard.from, audio.currentTime);
      window.heard.to = Math.max(window.heard.to, audio.currentTime);
      window.heard.peak = Math.max(window.heard.peak, ...samples.map(Math.abs));
      requestAnimationFrame(hear);
    };
    hear();
  };
  const { play } = HTMLMediaElement.prototype;
  HTMLMediaElement.prototype.play = function () {
    this.addEventListener("playing", () => listen(this), { once: true });
    return play.call(this);
  };
}
