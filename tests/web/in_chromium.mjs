// The same in headless Chromium: one thread, and where the page is isolated two.
//     node in_chromium.mjs PLAN ANSWERS
import { readFileSync, writeFileSync } from "node:fs";
import { openBrowser, openPage } from "./chromium.mjs";
import { serve } from "./serving.mjs";

const [planned, answers] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planned, "utf-8"));
const served = await serve(plan.folder, { isolated: plan.isolated });
const browser = await openBrowser();
try {
  const { page, problems } = await openPage(await browser.newContext(), served.address);
  await page.goto(`${served.address}empty.html`);
  const found = await page.evaluate(askInPage, {
    readings: plan.readings ?? [],
    bundles: plan.bundles ?? {},
    threads: plan.isolated ? 2 : 1,
  });
  writeFileSync(answers, JSON.stringify({ ...found, problems }));
} finally {
  await browser.close();
  await served.close();
}

async function askInPage({ readings, bundles, threads }) {
  const found = { readings: {}, bundles: {}, isolated: globalThis.crossOriginIsolated };
  const json = async (path) => (await fetch(path)).json();
  if (readings.length) {
    const { misses } = await import("/reading.mjs");
    for (const name of readings) found.readings[name] = misses(await json(`/readings/${name}.json`));
  }
  const { askAll } = await import("/asking.mjs");
  const { load, loadInWorker } = await import("/client/edgebert.min.js");
  for (const [name, questions] of Object.entries(bundles)) {
    const options = { runtime: "/ort/ort.wasm.min.mjs", threads };
    const loading = name.startsWith("real") ? loadInWorker : load; // a worker each would compile wasm anew
    found.bundles[name] = await askAll(loading, `/bundles/${name}/`, options, questions);
  }
  return found;
}
