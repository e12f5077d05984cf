// axe-core over every page, full and empty, in light, dark and on a phone: nothing grave is found.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { axeFinds, LOOKS, openBrowser } from "./kit/browser.mjs";
import { eachPage } from "./kit/pages.mjs";

let browser;

before(async () => {
  browser = await openBrowser();
});

after(() => browser?.close());

for (const full of [true, false]) {
  test(`pages of a house ${full ? "full of" : "without"} tickets`, async () => {
    const grave = [];
    let [pages, slight] = [0, 0];
    await eachPage(browser, full, LOOKS, async (page, name, look) => {
      const found = await axeFinds(page);
      assert.ok(found.rules > 10, `axe looked at ${name}`);
      pages += 1;
      slight += found.slight;
      grave.push(...found.grave.map((text) => `${name} ${look}: ${text}`));
    });
    console.log(`${pages} pages: ${grave.length} grave, ${slight} slight`);
    assert.deepEqual(grave, []);
  });
}
