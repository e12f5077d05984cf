// "Try it" in a real browser: what is said into its microphone fills the form, and makes a ticket.
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { axeFinds, LOOKS, openBrowser, person, words } from "./kit/browser.mjs";
import { Office, ROOT } from "./kit/office.mjs";
import { writeMicrophone } from "./kit/sound.mjs";
import { until } from "./kit/until.mjs";

const SCENARIO = join(import.meta.dirname, "microphone.toml");
const PICTURES = join(ROOT, "target/screenshots");
/** A call is longer than a page's usual patience. */
const CALL_MS = 180_000;
const NUMBER = "2025550143";

let office;
let browser;
let page;

before(async () => {
  mkdirSync(PICTURES, { recursive: true });
  const folder = Office.folder();
  office = await Office.open({ folder, speech: true });
  await office.user("sue", "supervisor");
  // A fake microphone plays from its beginning to its end and waits for nobody: so what it plays is
  // a caller's side of a call to this very bot, with the pauses that the bot needed.
  const call = join(folder, "call.wav");
  const report = await office.call(SCENARIO, "--record", call);
  assert.ok(report.as_expected, `the call before: ${report.failure}`);
  const microphone = join(folder, "microphone.wav");
  writeMicrophone(microphone, call);
  browser = await openBrowser({ microphone });
  page = await person(browser, office, "sue");
});

after(async () => {
  await browser?.close();
  await office?.close();
});

const field = (slot) =>
  page
    .getByRole("region", { name: words("try.form") })
    .locator(".try-slot")
    .filter({ hasText: words(`slot.${slot}`) });

const botSays = (text) =>
  page.locator(".turn-bot").filter({ hasText: text }).last().waitFor({ timeout: CALL_MS });

async function picture(name, more = {}) {
  await page.screenshot({
    path: join(PICTURES, `try_${name}.png`),
    animations: "disabled",
    ...more,
  });
}

async function press(keys) {
  const pad = page.getByRole("group", { name: words("try.keys") });
  for (const key of keys) await pad.getByRole("button", { name: key, exact: true }).click();
}

test("the form fills by what the microphone hears", async () => {
  await page.goto("/try");
  await page.getByText(words("try.how")).waitFor();
  await page.getByRole("button", { name: words("try.call") }).click();
  await page.getByText(words("try.state.talking")).waitFor();
  await botSays("Do you agree");
  await until("the bot is heard", CALL_MS, () => {
    return page.locator(".try-voice-bot b").evaluate((bar) => bar.style.width > "20%");
  });
  await picture("begins-light");
  await field("name").getByText("Mary Johnson").waitFor({ timeout: CALL_MS });
  await picture("named-light");
  await field("address").getByText("12 Church Street").waitFor({ timeout: CALL_MS });
  await field("need").getByText("no food").waitFor({ timeout: CALL_MS });
  const said = await page.locator(".turn-caller").allInnerTexts();
  for (const told of ["Mary Johnson", "Church Street", "no food"]) {
    assert.ok(
      said.some((text) => text.includes(told)),
      `${told} in: ${said}`,
    );
  }
});

test("the page shows it well", async () => {
  await botSays("telephone number");
  assert.deepEqual((await axeFinds(page)).grave, []);
  for (const [look, { viewport, colorScheme }] of Object.entries(LOOKS)) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme });
    await picture(`talking-${look}`, { fullPage: true });
    assert.deepEqual((await axeFinds(page)).grave, [], look);
  }
  await page.setViewportSize(LOOKS.light.viewport);
  await page.emulateMedia({ colorScheme: "light" });
});

test("its keys are heard too, and a ticket comes of it", async () => {
  await press(`${NUMBER}#`);
  await botSays("everything right");
  await press("1");
  await botSays("ticket number");
  await press("5");
  await page.getByText(words("try.state.ended")).waitFor({ timeout: CALL_MS });
  await picture("made-light");
  await page
    .getByRole("region", { name: words("try.form") })
    .getByRole("link", { name: words("board.ticket", { number: 2 }) })
    .click();
  await page.getByRole("heading", { name: "2" }).first().waitFor();
  const ticket = await page.evaluate(async () => (await fetch("/api/v1/tickets/2")).json());
  const value = (slot) => ticket.slots.find((one) => one.slot === slot).value;
  assert.deepEqual(
    [value("name"), value("address"), value("callback_number")],
    ["Mary Johnson", "12 Church Street", `+1${NUMBER}`],
  );
  assert.ok(value("need").includes("no food"), value("need"));
});

test("nobody in need called: the statistics know the call before only", async () => {
  const ask = (path) => page.evaluate(async (path) => (await fetch(path)).json(), path);
  const { items } = await ask("/api/v1/tickets?branch=try-it");
  assert.deepEqual(
    items.map(({ number }) => number),
    [2],
  );
  assert.equal((await ask("/api/v1/statistics")).total.bot, 1);
});

test("nothing went wrong in the page", () => {
  assert.deepEqual(page.wrongs, []);
});
