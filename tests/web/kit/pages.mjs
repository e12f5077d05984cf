// Every page of the console, as who sees it, and a house full of tickets or without any.
import { join } from "node:path";
import { newPage, settled, stateOf, words } from "./browser.mjs";
import { drawnTickets, Office } from "./office.mjs";

const SCENARIO = join(import.meta.dirname, "../short_call.toml");
const TICKETS = 300;
/** Whom the drawn tickets are claimed by, and the rest of the house. */
const PEOPLE = [
  ["boss", "administrator", "--display-name", "The Boss"],
  ["linh", "operator", "--display-name", "Linh Trần", "--extension", "204"],
  ["anna", "operator", "--display-name", "Anna Nováková", "--languages", "cs,en"],
  ["sue", "supervisor", "--display-name", "Sue Miller"],
  ["olga", "observer", "--display-name", "Olga Marková"],
  ["quinn", "qa", "--display-name", "Quinn Adams"],
];

/** Of all pages only these, by name: for who works on one. */
const ONLY = process.env.PAGES?.split(",");
/** Keys are struck one after the other, each when the page has settled; then a button is pressed. */
const ALWAYS = [
  { name: "log_in", path: "/" },
  { name: "invitation", path: "/invitation#secret" },
  { name: "queue", user: "linh", path: "/" },
  { name: "board", user: "sue", path: "/board" },
  { name: "try", user: "sue", path: "/try" },
  { name: "statistics", user: "sue", path: "/statistics?period=month" },
  { name: "quality", user: "quinn", path: "/quality" },
  { name: "people", user: "boss", path: "/people" },
  {
    name: "people_invite",
    user: "boss",
    path: "/people",
    button: "people.invite",
  },
  { name: "system", user: "boss", path: "/system" },
  { name: "hotline", user: "boss", path: "/system/hotlines/demo-en" },
  {
    name: "hotline_checked",
    user: "boss",
    path: "/system/hotlines/demo-vi",
    button: "hotline_file.check",
  },
  { name: "packs", user: "boss", path: "/system/packs" },
  { name: "retention", user: "boss", path: "/system/retention" },
  { name: "webhooks", user: "boss", path: "/system/webhooks" },
  { name: "audit", user: "boss", path: "/system/audit" },
  { name: "account", user: "linh", path: "/account" },
  { name: "missing", user: "linh", path: "/nowhere" },
];
const EMPTY = [
  { name: "set_up", path: "/set-up" },
  ...ALWAYS,
  { name: "ticket_none", user: "linh", path: "/tickets/1" },
  { name: "queue_mine", user: "linh", path: "/?show=mine" },
];
const FULL = [
  ...ALWAYS,
  { name: "queue_overdue", user: "linh", path: "/?show=overdue&language=vi" },
  { name: "queue_help", user: "linh", path: "/", keys: ["?"] },
  { name: "queue_done", user: "linh", path: "/", keys: ["j", "j", "d"] },
  {
    name: "queue_chosen",
    user: "linh",
    path: "/",
    keys: ["x", "j", "x", "j", "x"],
  },
  { name: "queue_refer", user: "linh", path: "/", keys: ["x", "r"] },
  { name: "queue_nothing", user: "linh", path: "/?q=zzzz" },
  { name: "queue_all", user: "linh", path: "/?show=all" },
  { name: "queue_observer", user: "olga", path: "/" },
  {
    name: "ticket",
    user: "linh",
    path: "/tickets/:spoken",
    keys: ["c", "v"],
    wave: true,
  },
  { name: "ticket_edit", user: "linh", path: "/tickets/:spoken", keys: ["e"] },
  {
    name: "ticket_address",
    user: "linh",
    path: "/tickets/:spoken",
    keys: ["k", "k", "k", "j", "e"],
    button: "address.tree",
  },
  {
    name: "ticket_schedule",
    user: "linh",
    path: "/tickets/:spoken",
    keys: ["s"],
  },
  { name: "ticket_drawn", user: "linh", path: "/tickets/40" },
  { name: "ticket_supervisor", user: "sue", path: "/tickets/41" },
  { name: "ticket_answers", user: "linh", path: "/tickets/43", keys: ["/", "f", "o", "o", "d", "Enter"] },
  { name: "ticket_hold", user: "sue", path: "/tickets/41", button: "custody.hold" },
  { name: "ticket_erase", user: "sue", path: "/tickets/41", button: "custody.erase" },
  { name: "ticket_observer", user: "olga", path: "/tickets/:spoken" },
  { name: "quality_call", user: "quinn", path: "/quality/:spoken", keys: ["r", "j"] },
  { name: "person", user: "boss", path: "/people/linh" },
];

/** Opens a house, and shows each of its pages in each of `looks` to `see(page, name, look)`. */
export async function eachPage(browser, full, looks, see) {
  const tickets = full ? await drawnTickets(TICKETS) : "";
  const office = await Office.open({ speech: full, tickets });
  try {
    const spoken = full ? await spokenTicket(office) : 0;
    if (!full) await show(browser, office, EMPTY.slice(0, 1), looks, { spoken, see });
    for (const words of PEOPLE) await office.user(...words);
    await show(browser, office, full ? FULL : EMPTY.slice(1), looks, {
      spoken,
      see,
    });
  } finally {
    await office.close();
  }
}

async function spokenTicket(office) {
  const report = await office.call(SCENARIO);
  const found = report.ticket?.number ?? report.ticket?.ticket?.number;
  if (!found) throw new Error(`the call left no ticket: ${JSON.stringify(report).slice(0, 400)}`);
  return found;
}

async function show(browser, office, pages, looks, { spoken, see }) {
  const states = new Map();
  for (const one of pages.filter((page) => ONLY?.includes(page.name) ?? true)) {
    if (one.user && !states.has(one.user)) {
      states.set(one.user, await stateOf(browser, office, one.user));
    }
    for (const [look, options] of Object.entries(looks)) {
      const state = one.user && { storageState: states.get(one.user) };
      const page = await newPage(browser, office, { ...options, ...state });
      await page.goto(one.path.replace(":spoken", spoken));
      await settled(page);
      for (const key of one.keys ?? []) {
        await page.keyboard.press(key);
        await settled(page);
      }
      if (one.button)
        await page
          .getByRole("button", { name: words(one.button) })
          .first()
          .click();
      if (one.wave) await page.locator(".wave-box:not(.wave-waiting)").waitFor();
      await settled(page);
      await see(page, one.name, look);
      await page.context().close();
    }
  }
}
