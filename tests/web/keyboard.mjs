// An operator's work with the keyboard alone; the focus is always there to be seen.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { newPage, openBrowser, words } from "./kit/browser.mjs";
import { drawnTickets, Office, PASSWORD } from "./kit/office.mjs";
import { until } from "./kit/until.mjs";

const SCENARIO = join(import.meta.dirname, "short_call.toml");
const TICKETS = 40;
/** A page with more stops than this is a maze. */
const STOPS_MAX = 60;

let office;
let browser;
let page;

before(async () => {
  office = await Office.open({
    speech: true,
    tickets: await drawnTickets(TICKETS),
  });
  await office.user("linh", "operator", "--display-name", "Linh");
  browser = await openBrowser();
  page = await newPage(browser, office);
  // The mouse is out of reach: what only it can do, nobody here can.
  page.mouse.click = page.mouse.down = () => assert.fail("the mouse was used");
});

after(async () => {
  await browser?.close();
  await office?.close();
});

const press = async (...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

/** What has the focus: its name, and whether one sees that it has. */
function focus() {
  return page.evaluate(() => {
    const one = document.activeElement;
    const box = one.getBoundingClientRect();
    const style = getComputedStyle(one);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    return {
      tag: one.tagName,
      name: one.getAttribute("aria-label") ?? one.labels?.[0]?.textContent ?? one.textContent,
      role: one.getAttribute("role") ?? "",
      // What is only reached by script (a heading, a list) need not show it.
      seen: (outlined && box.width > 0 && box.height > 0) || one.tabIndex < 0,
      within: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
    };
  });
}

/** Steps by Tab until `wanted` has the focus; each stop on the way must be seen. */
async function tabTo(wanted) {
  for (let stops = 0; stops < STOPS_MAX; stops += 1) {
    await press("Tab");
    const now = await focus();
    if (now.tag === "BODY") continue;
    assert.ok(now.seen && now.within, `the focus is seen at ${JSON.stringify(now)}`);
    if (now.name?.trim() === wanted) return;
  }
  assert.fail(`${wanted} cannot be reached by Tab`);
}

const focusedRow = async () => {
  const row = page.locator(".row-focused");
  await row.waitFor();
  return Number((await row.getAttribute("id")).replace("ticket-", ""));
};

test("log in", async () => {
  await page.goto("/");
  await page.getByLabel(words("log_in.name")).waitFor();
  assert.equal((await focus()).name.trim(), words("log_in.name"), "the first field has the focus");
  await page.keyboard.type("linh");
  await press("Tab");
  await page.keyboard.type(PASSWORD);
  await press("Enter");
  await page.getByRole("heading", { name: words("room.queue") }).waitFor();
  await page.locator(".row-focused").waitFor();
});

test("each stop of Tab is seen, from the skip link to the tickets", async () => {
  await page.reload();
  await page.locator(".row-focused").waitFor();
  // From the page's very beginning: a page that is entered puts the focus on its title.
  await page.evaluate(() => {
    const first = document.createElement("button");
    document.body.prepend(first);
    first.focus();
    first.remove();
  });
  await press("Tab");
  assert.equal((await focus()).name.trim(), words("shell.skip"), "the skip link is first");
  await tabTo(words("queue.table"));
});

test("help shows every key, keeps the focus, gives it back", async () => {
  const before = (await focus()).name;
  await press("?");
  const help = page.getByRole("dialog", { name: words("help.title") });
  await help.waitFor();
  for (let stop = 0; stop < 8; stop += 1) {
    await press("Tab");
    const inside = await page.evaluate(
      () => document.activeElement === document.body || !!document.activeElement.closest("dialog"),
    );
    assert.ok(inside, "the focus stays in the dialog");
  }
  for (const key of ["j", "k", "c", "e", "d", "?"]) {
    assert.ok((await help.getByText(key, { exact: true }).count()) > 0, `help tells of ${key}`);
  }
  await press("Escape");
  await help.waitFor({ state: "detached" });
  assert.equal((await focus()).name, before, "the focus is where it was");
});

test("j and k move, and what is chosen stays in sight", async () => {
  const first = await focusedRow();
  await press("j");
  const second = await focusedRow();
  assert.notEqual(second, first);
  for (let at = 0; at < 15; at += 1) await press("j");
  await page.waitForFunction(() => {
    const row = document.querySelector(".row-focused")?.getBoundingClientRect();
    const box = document.querySelector(".grid-box").getBoundingClientRect();
    return row && row.top >= box.top - 1 && row.bottom <= box.bottom + 1;
  });
  await press("Home");
  await until("the first is chosen", 5_000, async () => (await focusedRow()) === first);
  await press("j", "k");
  assert.equal(await focusedRow(), first);
});

test("search is a key away, and Escape leaves it", async () => {
  await press("/");
  assert.equal((await focus()).name, words("queue.search"));
  await page.keyboard.type("zzzz");
  await page.getByText(words("queue.none_found")).waitFor();
  await press("Control+a", "Delete", "Escape");
  await page.locator(".row-focused").waitFor();
  assert.notEqual((await focus()).tag, "INPUT");
});

test("a ticket: claimed, heard, put right, done", async () => {
  await office.call(SCENARIO);
  // Priority comes first in the queue, so the newest is found by its number.
  await press("/");
  await page.keyboard.type("+12025550177");
  await until(
    "one is found",
    20_000,
    async () => (await page.locator("[id^=ticket-]").count()) === 1,
  );
  const number = await focusedRow();
  await press("Enter");
  await press("c");
  await page.locator(".row-focused").getByText(words("stage.claimed_you")).waitFor();
  await press("Enter");
  await page.getByRole("heading", { name: words("ticket.title", { number }) }).waitFor();
  await page.locator(".slot").first().waitFor();
  assert.notEqual((await focus()).tag, "BODY", "the focus is on the page that was opened");

  const slot = page.locator(".slot-focused");
  while (!(await slot.innerText()).startsWith(words("slot.name"))) await press("k");
  await press(" ");
  await until("it is heard", 15_000, async () => {
    const { from, to, peak } = await page.evaluate(() => window.heard);
    return to - from > 0.5 && peak > 0.05;
  });
  await press("e");
  await page.locator(".slot-form").waitFor();
  assert.equal((await focus()).tag, "INPUT", "the field to be put right has the focus");
  await press("Control+a");
  await page.keyboard.type("Mary Jonson");
  await press("Enter");
  await page.getByText("Mary Jonson").first().waitFor();
  await page.locator(".slot-form").waitFor({ state: "detached" });

  await press("d");
  const done = page.getByRole("dialog", { name: words("done.title") });
  await done.waitFor();
  const inDialog = await page.evaluate(() => !!document.activeElement.closest("dialog"));
  assert.ok(inDialog, "the question has the focus");
  await press("1");
  await page.getByText(words("ticket.finished", { number })).waitFor();
  await page.getByRole("heading", { name: words("room.queue") }).waitFor();
  assert.notEqual((await focus()).tag, "BODY", "the focus is on the queue again");
});

test("a ticket is left as it was come to", async () => {
  await press("g", "q");
  await page.goto("/");
  const number = await focusedRow();
  await press("o");
  await page.getByRole("heading", { name: words("ticket.title", { number }) }).waitFor();
  await page.locator(".slot").first().waitFor();
  await press("Escape");
  await page.getByRole("heading", { name: words("room.queue") }).waitFor();
  assert.equal(await focusedRow(), number, "the same ticket is chosen");
});

test("every other room is reached by keys", async () => {
  await press("g", "a");
  await page.getByRole("heading", { name: words("account.title") }).waitFor();
  await tabTo(words("factor.set_up"));
  await press("Enter");
  await page.getByRole("dialog", { name: words("factor.set_up") }).waitFor();
  assert.equal((await focus()).name.trim(), words("log_in.password"));
  await press("Escape");
  await press("g", "q");
  await page.getByRole("heading", { name: words("room.queue") }).waitFor();
});

test("nothing went wrong in the page", () => {
  assert.deepEqual(page.wrongs, []);
});
