// Takes a picture of each page, in light, dark and as a phone has it, and asks axe about each:
//     node tools/look.mjs URL FOLDER [part of a page's name]
// The users are those of a test server: boss, linh, anna and olga, with the password of $PASSWORD.
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { chromium } from "playwright-core";

const [url = "http://127.0.0.1:4173", folder = "pictures", only = ""] = process.argv.slice(2);
const password = process.env.PASSWORD ?? "";
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const LOOKS = {
  light: { viewport: { width: 1280, height: 720 }, colorScheme: "light" },
  dark: { viewport: { width: 1280, height: 720 }, colorScheme: "dark" },
  phone: { viewport: { width: 390, height: 844 }, colorScheme: "light", hasTouch: true },
};
const PAGES = [
  { name: "log_in", path: "/" },
  { name: "set_up", path: "/set-up" },
  { name: "invitation", path: "/invitation#secret" },
  { name: "queue", user: "linh", path: "/" },
  { name: "queue_filtered", user: "linh", path: "/?show=overdue&language=vi" },
  { name: "queue_help", user: "linh", path: "/", keys: ["?"] },
  { name: "queue_done", user: "anna", path: "/", keys: ["j", "j", "d"] },
  { name: "queue_chosen", user: "linh", path: "/", keys: ["x", "j", "x", "j", "x", "r"] },
  { name: "queue_empty", user: "anna", path: "/?q=zzzz" },
  { name: "queue_observer", user: "olga", path: "/" },
  { name: "ticket", user: "linh", path: "/tickets/1", keys: ["j", "v"], wait: 2500 },
  { name: "ticket_edit", user: "linh", path: "/tickets/2", keys: ["e"] },
  { name: "ticket_paper", user: "linh", path: "/tickets/40" },
  { name: "ticket_observer", user: "olga", path: "/tickets/1" },
  { name: "statistics", user: "linh", path: "/statistics?period=month", wait: 600 },
  { name: "people", user: "boss", path: "/people" },
  { name: "person", user: "boss", path: "/people/anna" },
  { name: "system", user: "boss", path: "/system" },
  { name: "webhooks", user: "boss", path: "/system/webhooks" },
  { name: "audit", user: "boss", path: "/system/audit" },
  { name: "account", user: "linh", path: "/account" },
  { name: "missing", user: "linh", path: "/nowhere" },
];

mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});
let found = 0;
const states = new Map();

async function logIn(user) {
  if (!user || states.has(user)) return states.get(user);
  const context = await browser.newContext();
  const page = await context.newPage();
  await page.goto(`${url}/`);
  await page.fill("[autocomplete=username]", user);
  await page.fill("[type=password]", password);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".shell");
  states.set(user, await context.storageState());
  await context.close();
  return states.get(user);
}

async function look(page, { name, path, keys = [], wait = 0 }, as) {
  const told = [];
  page.on("pageerror", (error) => told.push(`error: ${error.message}`));
  page.on("console", (line) => line.type() === "error" && told.push(`console: ${line.text()}`));
  await page.goto(`${url}${path}`);
  await page.waitForSelector("h1");
  await page.waitForTimeout(450);
  for (const key of keys) {
    await page.keyboard.press(key);
    await page.waitForTimeout(120);
  }
  await page.waitForTimeout(250 + wait);
  await page.screenshot({ path: `${folder}/${name}-${as}.png` });
  const wide = await page.evaluate(
    () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
  );
  if (wide > 0) told.push(`${wide} px too wide`);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => window.axe.run(document));
  for (const one of violations) {
    const where = one.nodes.slice(0, 3).map((node) => `${node.target}: ${node.failureSummary}`);
    told.push(`axe ${one.impact} ${one.id}: ${where.join(" | ").replace(/\s+/g, " ")}`);
  }
  found += told.length;
  console.log(`${name} ${as}: ${told.length === 0 ? "good" : `\n  ${told.join("\n  ")}`}`);
}

for (const one of PAGES.filter(({ name }) => name.includes(only))) {
  for (const [as, options] of Object.entries(LOOKS)) {
    const state = await logIn(one.user);
    const context = await browser.newContext({ ...options, ...(state && { storageState: state }) });
    await context.addInitScript((language) => {
      if (language) window.localStorage.setItem("spillway.language", language);
    }, process.env.LANGUAGE_SHOWN);
    const page = await context.newPage();
    await look(page, one, as).catch((error) => {
      found += 1;
      console.log(`${one.name} ${as}: ${error.message}`);
    });
    await context.close();
  }
}
await browser.close();
process.exitCode = found > 0 ? 1 : 0;
