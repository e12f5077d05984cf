// Pictures of every page, light, dark and on a phone, in target/screenshots, to be looked at.
import assert from "node:assert/strict";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { LOOKS, openBrowser } from "./kit/browser.mjs";
import { ROOT } from "./kit/office.mjs";
import { eachPage } from "./kit/pages.mjs";

const FOLDER = join(ROOT, "target/screenshots");
let browser;

before(async () => {
  rmSync(FOLDER, { recursive: true, force: true });
  mkdirSync(FOLDER, { recursive: true });
  browser = await openBrowser();
});

after(() => browser?.close());

for (const full of [true, false]) {
  test(`pages of a house ${full ? "full of" : "without"} tickets`, async () => {
    const wrongs = [];
    let pictures = 0;
    await eachPage(browser, full, LOOKS, async (page, name, look) => {
      const path = join(FOLDER, `${name}${full ? "" : "-empty"}-${look}.png`);
      await page.screenshot({ path });
      pictures += 1;
      const wide = await page.evaluate(() => {
        const { scrollWidth, clientWidth } = document.documentElement;
        return scrollWidth - clientWidth;
      });
      if (wide > 0) wrongs.push(`${name} ${look}: ${wide} px too wide for the screen`);
      wrongs.push(...page.wrongs.map((text) => `${name} ${look}: ${text}`));
    });
    console.log(`${pictures} pictures`);
    assert.deepEqual(wrongs, []);
  });
}
