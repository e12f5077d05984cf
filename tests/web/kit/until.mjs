// Waits for what can be seen, never for a time that is guessed.
const STEP_MS = 40;

/** What `seen` gives as soon as it is truthy; fails in the words of `what` after `patience` ms. */
export async function until(what, patience, seen) {
  const end = performance.now() + patience;
  for (;;) {
    const found = await seen();
    if (found) return found;
    if (performance.now() > end) throw new Error(`not within ${patience / 1000} s: ${what}`);
    await new Promise((done) => setTimeout(done, STEP_MS));
  }
}
