// What a first visit costs: bytes over the wire, and the time until something is to be seen.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newPage, openBrowser, settled, stateOf } from "./kit/browser.mjs";
import { drawnTickets, Office } from "./kit/office.mjs";

const WEIGHT_MAX = 300_000;
const PAINT_MS_MAX = 1_000;
const VISITS = 5;

let office;
let browser;
let state;

before(async () => {
  office = await Office.open({ tickets: await drawnTickets(300) });
  await office.user("linh", "operator");
  browser = await openBrowser();
  state = await stateOf(browser, office, "linh");
});

after(async () => {
  await browser?.close();
  await office?.close();
});

/** A first visit with an empty cache: bytes of the console's files, ms until the first content. */
async function visit(options) {
  const page = await newPage(browser, office, options);
  const wire = await page.context().newCDPSession(page);
  await wire.send("Network.enable");
  const files = new Map();
  let bytes = 0;
  wire.on("Network.responseReceived", ({ requestId, response }) => {
    if (!new URL(response.url).pathname.startsWith("/api/")) files.set(requestId, response.url);
  });
  wire.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
    if (files.has(requestId)) bytes += encodedDataLength;
  });
  await page.goto("/");
  await settled(page);
  const paint = await page.evaluate(() => {
    return performance.getEntriesByName("first-contentful-paint")[0]?.startTime;
  });
  await page.context().close();
  return { bytes, paint, files: files.size };
}

for (const [name, options] of [
  ["the log-in page", () => ({})],
  ["the queue with 300 tickets", () => ({ storageState: state })],
]) {
  test(name, async () => {
    const visits = [];
    for (let at = 0; at < VISITS; at += 1) visits.push(await visit(options()));
    const paint = visits.map((one) => one.paint).sort((a, b) => a - b)[(VISITS - 1) / 2];
    const { bytes, files } = visits[0];
    const kilobytes = (bytes / 1000).toFixed(1);
    console.log(`${name}: ${kilobytes} kB in ${files} files, first paint ${paint.toFixed(0)} ms`);
    assert.ok(files > 2 && bytes < WEIGHT_MAX, `${kilobytes} kB in ${files} files`);
    assert.ok(paint < PAINT_MS_MAX, `first paint after ${paint} ms`);
  });
}
