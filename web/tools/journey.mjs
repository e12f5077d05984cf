// One operator's way by keyboard alone, while a second one watches:
//     PASSWORD=... node tools/journey.mjs URL FOLDER
// The users are those of a test server, see look.mjs.
import { mkdirSync } from "node:fs";
import { chromium } from "playwright-core";

const [url = "http://127.0.0.1:4173", folder = "pictures"] = process.argv.slice(2);
const password = process.env.PASSWORD ?? "";
mkdirSync(folder, { recursive: true });
const browser = await chromium.launch({
  executablePath: "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-gpu", "--autoplay-policy=no-user-gesture-required"],
});

async function enter(user) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 } });
  // The words that are waited for below are English.
  await context.addInitScript(() => window.localStorage.setItem("spillway.language", "en"));
  const page = await context.newPage();
  page.on("pageerror", (error) => console.log(`${user}: ${error.message}`));
  await page.goto(`${url}/`);
  await page.waitForSelector("[autocomplete=username]");
  await page.keyboard.type(user);
  await page.keyboard.press("Tab");
  await page.keyboard.type(password);
  await page.keyboard.press("Enter");
  await page.waitForSelector(".row-focused");
  return page;
}

const step = async (page, name, condition) => {
  const good = await condition().catch((error) => {
    console.log(error.message);
    return false;
  });
  console.log(`${good ? "good" : "BAD "} ${name}`);
  await page.screenshot({ path: `${folder}/${name.replaceAll(" ", "_")}.png` });
  if (!good) process.exitCode = 1;
};

const number = (page) =>
  page.evaluate(() => document.querySelector(".row-focused")?.id.replace("ticket-", "") ?? "");
const shows = (page, text) => async () => {
  await page.getByText(text).first().waitFor({ timeout: 5000 });
  return true;
};

const anna = await enter("anna");
const oleh = await enter("oleh");
await anna.waitForTimeout(1500);

await anna.keyboard.press("j");
await anna.keyboard.press("j");
const claimed = await number(anna);
const staleStage = oleh.locator(`#ticket-${claimed} .cell-stage`);
await anna.keyboard.press("c");
await step(anna, "claim shows at once", async () => {
  await anna.locator(`#ticket-${claimed} .badge-green`).waitFor({ timeout: 300 });
  return true;
});
await step(oleh, "the other sees it", async () => {
  await staleStage.getByText("anna").waitFor({ timeout: 5000 });
  return true;
});
while ((await number(oleh)) !== claimed) await oleh.keyboard.press("j");
await oleh.keyboard.press("c");
await step(oleh, "the other is told who has it", shows(oleh, /anna/));

await anna.keyboard.press("Enter");
await anna.waitForSelector(".slot-focused");
await anna.keyboard.press("j");
await anna.keyboard.press("e");
await anna.waitForSelector(".slot-form input, .slot-form textarea");
await anna.keyboard.press("End");
await anna.keyboard.type(" 5A");
await anna.keyboard.press("Enter");
await step(anna, "a field is put right", shows(anna, "Checked"));
await anna.keyboard.press("w");
await anna.keyboard.type("Daughter will open the door.");
await anna.keyboard.press("Control+Enter");
await step(anna, "a note is written", shows(anna, "Daughter will open the door."));
await anna.keyboard.press("Escape");
await anna.keyboard.press("+");
await anna.waitForTimeout(400);
await anna.keyboard.press("s");
await step(anna, "a call is scheduled", shows(anna, "When to call again?"));
await anna.keyboard.press("Escape");
await anna.keyboard.press("d");
await anna.waitForSelector(".pick");
await anna.keyboard.press("1");
await step(anna, "the ticket is done", async () => {
  await anna.waitForSelector(".grid", { timeout: 5000 });
  return (await anna.locator(`#ticket-${claimed}`).count()) === 0;
});
await anna.keyboard.press("n");
await step(anna, "the next is claimed", shows(anna, "You have it"));
await anna.keyboard.press("b");
await anna.waitForTimeout(600);
await anna.keyboard.press("u");
await anna.waitForSelector(".grid");
await anna.keyboard.press("/");
await anna.keyboard.type("0901");
await anna.waitForTimeout(900);
await step(anna, "a telephone number is searched", async () => anna.url().includes("q=0901"));
await browser.close();
