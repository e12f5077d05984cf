// A caller's way through the house, in a real browser: from the first log-in to "done".
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { join } from "node:path";
import { logIn, newPage, openBrowser, words } from "./kit/browser.mjs";
import { Office, PASSWORD, ROOT } from "./kit/office.mjs";
import { Telephone } from "./kit/telephone.mjs";
import { until } from "./kit/until.mjs";

const SCENARIO = join(ROOT, "prompts/scenarios/demo-en.toml");
const CALLER = "+12025550143";
const EXTENSION = "204";
/** What nobody may read who sees no personal data. */
const PERSONAL = ["Mary", "Johnson", "Jonson", "Church Street", "2025550143", "no food"];
/** What the operator's and the caller's telephones say, Hz. */
const TONES = { desk: 600, home: 1_000 };
const CALL_MS = 240_000;
/** The operator picks up at once, the caller a second later; the caller hangs up. */
const DESK = { hz: TONES.desk, tone_s: 6 };
const HOME = { hz: TONES.home, tone_s: 4, ring_ms: 1_000, hang_up_ms: 4_000 };
/** Heard by each of the other before it counts as a conversation. */
const TALKED_S = 1.5;

let office;
let browser;
let desk;
let home;
const at = {};
let calling;

before(async () => {
  const folder = Office.folder();
  desk = await Telephone.plug(join(folder, "desk"), DESK);
  home = await Telephone.plug(join(folder, "home"), HOME);
  const line = `[callback_line]
operator = "sip:{number}@${desk.host}"
caller = "sip:{number}@${home.host}"
from = "1900"`;
  office = await Office.open({ folder, speech: true, line });
  browser = await openBrowser();
});

after(async () => {
  await browser?.close();
  await desk?.unplug();
  await home?.unplug();
  await office?.close();
});

test("the first run makes the administrator", async () => {
  const page = (at.boss = await newPage(browser, office));
  await page.goto("/");
  await page.getByRole("link", { name: words("log_in.first") }).click();
  await page.getByLabel(words("set_up.secret")).fill(await office.setUpSecret());
  await page.getByLabel(words("set_up.display_name")).fill("The Boss");
  await page.getByLabel(words("log_in.name")).fill("boss");
  await page.getByLabel(words("password.new")).fill(PASSWORD);
  await page.getByRole("button", { name: words("set_up.act") }).click();
  await page.getByText(words("set_up.made")).waitFor();
  await logIn(page, "boss");
});

/** Invites by the console; gives the invitation's address. */
async function invite(name, role, extension = "") {
  const page = at.boss;
  await page.goto("/people");
  await page.getByRole("button", { name: words("people.invite"), exact: true }).click();
  const dialog = page.getByRole("dialog", { name: words("people.invite") });
  await dialog.getByLabel(words("log_in.name")).fill(name);
  await dialog.getByLabel(words("people.display_name")).fill(name.toUpperCase());
  await dialog.getByLabel(words("people.role")).selectOption(role);
  await dialog.getByLabel(words("people.extension")).fill(extension);
  await dialog.getByRole("button", { name: words("people.invite_act"), exact: true }).click();
  const invited = page.getByRole("dialog", {
    name: words("people.invited", { name: name.toUpperCase() }),
  });
  const address = await invited.locator("code").innerText();
  await invited.locator("footer").getByRole("button").click();
  return address;
}

test("everybody else is invited and chooses a password", async () => {
  const people = [
    ["anna", "operator", EXTENSION],
    ["ben", "operator"],
    ["sue", "supervisor"],
    ["olga", "observer"],
  ];
  for (const [name, role, extension] of people) {
    const address = await invite(name, role, extension);
    const page = (at[name] = await newPage(browser, office));
    if (name === "olga") at.told = await overhear(page);
    await page.goto(address);
    await page.getByLabel(words("password.new")).fill(PASSWORD);
    await page.getByRole("button", { name: words("invitation.act") }).click();
    await page.getByRole("heading", { name: words("room.queue") }).waitFor();
    await page.getByText(words("empty.todo")).waitFor();
  }
  await at.boss.goto("/people/anna");
  const field = at.boss.getByLabel(words("people.extension"));
  await field.waitFor();
  assert.equal(await field.inputValue(), EXTENSION);
});

/** All that the server tells a page, the stream of events too. */
async function overhear(page) {
  const told = [];
  page.on("response", async (answer) => {
    if (!answer.url().includes("/api/") || answer.url().includes("/api/v1/events")) return;
    told.push(`${answer.url()} ${await answer.text().catch(() => "")}`);
  });
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  wire.on("Network.eventSourceMessageReceived", ({ data }) => told.push(`event ${data}`));
  return told;
}

const row = (page, number = 1) => page.locator(`#ticket-${number}`);
const onDesk = (page, command) =>
  page.locator(".desk").getByRole("button", { name: words(`command.${command}`), exact: true });

test("a supervisor reads along while the caller speaks", async () => {
  for (const name of ["anna", "ben", "olga"]) {
    await at[name].evaluate(() => (window.sinceBefore = true));
  }
  await at.sue.getByRole("link", { name: words("room.board"), exact: true }).click();
  await at.sue.getByText(words("board.no_calls")).waitFor();
  calling = office.call(SCENARIO);
  const card = at.sue.getByRole("article").filter({ hasText: CALLER });
  await card.locator(".turn-bot").filter({ hasText: "your name" }).waitFor({ timeout: CALL_MS });
  await card.locator(".turn-caller").filter({ hasText: "Johnson" }).waitFor({ timeout: CALL_MS });
  await card.locator(".call-slots").getByText("Mary Johnson").waitFor({ timeout: CALL_MS });
  assert.equal(await row(at.anna).count(), 0, "nobody calls back who is still on the telephone");
});

test("the call stands in the queue without a reload", async () => {
  await calling;
  await at.sue.getByText(words("board.no_calls")).waitFor();
  await at.sue.getByRole("link", { name: words("room.queue"), exact: true }).click();
  for (const name of ["anna", "ben", "olga"]) {
    await row(at[name]).waitFor();
    assert.ok(await at[name].evaluate(() => window.sinceBefore), `${name}'s page was not reloaded`);
  }
  const text = await row(at.anna).innerText();
  for (const told of ["Mary Johnson", "45 Church Street", CALLER]) {
    assert.ok(text.includes(told), `${told} in: ${text}`);
  }
});

test("one key claims it; a second operator sees who has it, and cannot", async () => {
  await at.anna.keyboard.press("c");
  await row(at.anna).getByText(words("stage.claimed_you")).waitFor();
  await row(at.ben)
    .getByText(words("stage.claimed_by", { by: "anna" }))
    .waitFor();
  await at.ben.keyboard.press("c");
  await at.ben.getByText(words("claim.has_it", { by: "anna", number: 1 })).waitFor();
  await row(at.ben)
    .getByText(words("stage.claimed_by", { by: "anna" }))
    .waitFor();
  await at.ben.keyboard.press("Enter");
  await at.ben
    .getByText(words("stage.claimed_by", { by: "anna" }))
    .first()
    .waitFor();
  await at.ben.locator(".desk").waitFor();
  for (const command of ["ticket_claim", "ring", "ticket_done", "give_back"]) {
    assert.equal(await onDesk(at.ben, command).count(), 0, `ben has no button ${command}`);
  }
});

test("the caller's own words are heard", async () => {
  await at.anna.keyboard.press("Enter");
  const both = words("presence.viewers_one", { names: "ben" });
  await at.anna.getByText(both).waitFor();
  const form = at.anna.getByRole("region", { name: words("form.title") });
  const name = form
    .getByRole("listitem")
    .filter({ hasText: words("slot.name") })
    .first();
  await name.getByRole("button", { name: new RegExp(`^${words("slot.hear")}`) }).click();
  await until("a second is heard", 15_000, async () => {
    const { from, to } = await at.anna.evaluate(() => window.heard);
    return to - from > 1;
  });
  const { peak, from } = await at.anna.evaluate(() => window.heard);
  assert.ok(peak > 0.05, `it is not silence: ${peak}`);
  const [clip] = (await ticketBy(at.anna)).slots[0].audio;
  assert.ok(Math.abs(from * 1000 - clip.from_ms) < 500, `the clip, not the call's begin: ${from}`);
});

/** The ticket as the page's user may read it. */
function ticketBy(page, number = 1) {
  return page.evaluate(async (number) => {
    return (await fetch(`/api/v1/tickets/${number}`)).json();
  }, number);
}

test("a field is put right", async () => {
  const form = at.anna.getByRole("region", { name: words("form.title") });
  const name = form
    .getByRole("listitem")
    .filter({ hasText: words("slot.name") })
    .first();
  await name.getByRole("button", { name: words("slot.edit") }).click();
  await name.getByLabel(words("slot.name")).fill("Mary Jonson");
  await at.anna.keyboard.press("Enter");
  await name.getByText(words("slot.checked")).waitFor();
  await name.getByText("Mary Jonson").waitFor();
  await at.ben.getByText("Mary Jonson").first().waitFor();
});

/** A request as the page's own: session and CSRF token of whoever is logged in there. */
function ask(page, method, path, body) {
  return page.evaluate(
    async ([method, path, body]) => {
      const session = await (await fetch("/api/v1/session")).json();
      const headers = {
        "X-CSRF-Token": session.csrf_token,
        "Content-Type": "application/json",
      };
      const answer = await fetch(path, {
        method,
        headers,
        body: body && JSON.stringify(body),
      });
      return {
        status: answer.status,
        body: await answer.json().catch(() => null),
      };
    },
    [method, path, body],
  );
}

test("the call back joins the operator's telephone and the caller's", async () => {
  await onDesk(at.anna, "ring").click();
  await row(at.sue)
    .getByText(words("stage.calling_by", { by: "anna" }))
    .waitFor();
  const told = at.anna.locator(".desk").getByRole("status");
  await told.getByText(words("call_back.talking")).waitFor();
  await until("each hears the other", 20_000, () => {
    return desk.heard(TONES.home) > TALKED_S && home.heard(TONES.desk) > TALKED_S;
  });
  const [operator, caller] = [await desk.report(), await home.report()];
  assert.ok(operator.as_expected, `the caller hangs up: ${operator.failure}`);
  assert.ok(caller.as_expected, `and was not hung up on: ${caller.failure}`);
  assert.deepEqual([operator.called, operator.from], [EXTENSION, CALLER], "shown who is called");
  assert.deepEqual([caller.called, caller.from], [CALLER, "1900"], "shown whose call it is");
  for (const rang of [operator, caller]) assert.equal(rang.headers["x-spillway-ticket"], "1");
  assert.ok(desk.said(TONES.desk) > TALKED_S && home.said(TONES.home) > TALKED_S);
  assert.equal(desk.heard(TONES.desk), 0, "nobody hears an echo of himself");
  assert.equal(home.heard(TONES.home), 0, "nobody hears an echo of himself");
  await told.getByText(words("call_back.outcome.talked")).waitFor();
  await at.anna.getByText(words("call_back.say_how")).waitFor();
});

test("done, and the history tells it all", async () => {
  await onDesk(at.anna, "ticket_done").click();
  const dialog = at.anna.getByRole("dialog", { name: words("done.title") });
  await dialog.getByRole("button", { name: words("disposition.helped") }).click();
  await at.anna.getByText(words("ticket.finished", { number: 1 })).waitFor();
  await row(at.sue).waitFor({ state: "detached" });
  await at.anna.getByRole("button", { name: words("show.ended"), exact: true }).click();
  await row(at.anna).click();
  const history = at.anna.getByRole("region", { name: words("history.title") });
  for (const act of ["claim", "correct", "ring", "finish"]) {
    await history
      .getByText(words(`done_act.${act}`), { exact: true })
      .first()
      .waitFor();
  }
});

test("an observer reads no personal data and can write nothing", async () => {
  const page = at.olga;
  await page.getByRole("button", { name: words("show.all"), exact: true }).click();
  await row(page).getByText(words("queue.masked")).waitFor();
  await row(page).click();
  await page.getByText(words("ticket.masked")).waitFor();
  await page
    .getByRole("region", { name: words("history.title") })
    .getByRole("listitem")
    .first()
    .waitFor();
  const shown = await page.evaluate(() => document.documentElement.outerHTML);
  const told = at.told.join("\n");
  assert.ok(told.includes("event {") && told.includes("/api/v1/tickets/1 "), "all was overheard");
  for (const personal of PERSONAL) {
    assert.ok(!shown.includes(personal), `the page shows ${personal}`);
    const leak = at.told.find((text) => text.includes(personal));
    assert.ok(!leak, `the server tells ${personal}: ${leak}`);
  }
  assert.equal(await page.locator(".desk button, .note-form, .slot-acts button").count(), 0);
  await page.keyboard.press("e");
  await page.keyboard.press("c");
  await page.keyboard.press("d");
  assert.equal(await page.locator("dialog[open], .slot-form").count(), 0, "no key writes either");
  const { status } = await ask(page, "POST", "/api/v1/tickets/1/acts", {
    act: "reopen",
  });
  assert.equal(status, 403, "nor does the server let them");
});

test("a promise that is over shows by itself, and goes before the others", async () => {
  const DAY = 86_400_000;
  // Promised within two days: this one is broken some seconds from now.
  const received = new Date(Date.now() - 2 * DAY + 6_000).toISOString();
  const later = new Date(Date.now() - DAY).toISOString();
  await at.ben.goto("/");
  await office.bring(
    `callback_number,name,need,hotline,received_at
+12025550101,Later One,food,demo-en,${later}
+12025550102,Late One,food,demo-en,${received}
`,
    "csv",
  );
  const late = at.ben.getByRole("row").filter({ hasText: "Late One" });
  await late.locator(".due-late").waitFor();
  assert.ok((await late.locator("time").innerText()).endsWith("overdue"));
  const first = at.ben.locator("[role=row][aria-rowindex='2']");
  assert.ok((await first.innerText()).includes("Late One"), "it stands at the top");
  await at.sue.getByRole("button", { name: words("show.overdue"), exact: true }).click();
  await at.sue.getByRole("row").filter({ hasText: "Late One" }).waitFor();
  // The rows of the list before stay until those of this one are there.
  const inTime = at.sue.getByRole("row").filter({ hasText: "Later One" });
  await inTime.waitFor({ state: "detached" });
});

test("nothing went wrong in any page", () => {
  for (const name of ["boss", "anna", "ben", "sue", "olga"]) {
    assert.deepEqual(at[name].wrongs, [], name);
  }
});
