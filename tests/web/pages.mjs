// The packaged page in headless Chromium, as its users meet it.
//     node pages.mjs PLAN ANSWERS
// Each scenario gives the sentences of what is wrong, and figures.
import { cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openBrowser, openPage } from "./chromium.mjs";
import { serve } from "./serving.mjs";

const [planned, answers] = process.argv.slice(2);
const { sites, real, pictures, work, longestBlockMs } = JSON.parse(readFileSync(planned, "utf-8"));
const MODEL = "/model/model.onnx";
const found = { problems: [], figures: {} };
const problem = (where, what) => found.problems.push(`${where}: ${what}`);

const READY = () => document.body.dataset.proof !== undefined || !document.getElementById("error").hidden;
const ready = (page) => page.waitForFunction(READY, null, { timeout: 60_000 });
const textOf = (page, id) => page.locator(`#${id}`).innerText();

const browser = await openBrowser();

/** Serve a folder and open its page in a profile of its own. */
async function visit(where, folder, { serving = {}, query = "", wait = true } = {}, then) {
  const served = await serve(folder, serving);
  const context = await browser.newContext();
  try {
    const { page, problems } = await openPage(context, served.address);
    await page.goto(served.address + query);
    if (wait) await ready(page);
    await then(page, { served, context, problems });
    problems.forEach((said) => problem(where, said));
  } catch (error) {
    problem(where, String(error.message).split("\n")[0]);
  } finally {
    await context.close();
    await served.close();
  }
}

async function requireProof(page, where) {
  const error = await page.locator("#error").isVisible();
  if (error) problem(where, await textOf(page, "error"));
  else if ((await page.evaluate(() => document.body.dataset.proof)) !== "holds") problem(where, await textOf(page, "proof"));
}

// what each task shows, by keyboard alone

const SHOWN = {
  embed: (page) => page.locator(".found li").count().then((n) => (n === 8 ? null : `${n} of 8 texts are found`)),
  embedSparse: (page) => page.locator(".found li").count().then((n) => (n === 8 ? null : `${n} of 8 texts are found`)),
  classify: (page, labels) =>
    page.locator(".found li span:first-of-type").allInnerTexts().then((names) =>
      [...names].sort().join() === [...labels].sort().join() ? null : `labels are ${names}`),
  rerank: (page) => page.locator(".found li").count().then((n) => (n === 8 ? null : `${n} of 8 texts are sorted`)),
  tag: async (page) => {
    const [marks, rows] = [await page.locator("mark").count(), await page.locator(".found li").count()];
    return marks === rows ? null : `${marks} marks for ${rows} entities`;
  },
  answer: async (page) => {
    const [text] = await page.locator(".found li span:first-of-type").allInnerTexts();
    const marked = await page.locator("mark").allInnerTexts();
    return text === "no answer" ? (marked.length ? "no answer is marked" : null) : marked[0] === text ? null : `${marked} is marked for ${text}`;
  },
  fillMask: (page) => page.locator(".found li").count().then((n) => (n === 5 ? null : `${n} of 5 words are guessed`)),
};

async function eachTask() {
  for (const { name, folder, verb, labels } of sites) {
    await visit(name, folder, {}, async (page) => {
      await requireProof(page, name);
      const shown = await SHOWN[verb](page, labels);
      if (shown) problem(name, shown);
      if (!/^Answered in [\d.]+ ms\.$/.test(await page.locator("main [role=status]").innerText())) problem(name, "no timing is shown");
      if (!/^Runs on wasm, 1 thread, onnxruntime-web \d/.test(await textOf(page, "backend"))) problem(name, await textOf(page, "backend"));
      await byKeyboard(page, name);
      await named(page, name);
      await looks(page, name, [LOOKS[0], LOOKS[3]]);
      await readsFiles(page, name);
    });
  }
}

/** Tab leads to each control in the order in which they stand, and what is typed is answered. */
async function byKeyboard(page, where) {
  const before = await page.evaluate(() => document.body.dataset.answers);
  const controls = await page.locator("main textarea, main input, main button").count();
  const reached = [];
  for (let i = 0; i < controls; i++) {
    await page.keyboard.press("Tab");
    reached.push(await page.evaluate(() => document.activeElement.closest("main") && document.activeElement.tagName));
  }
  if (reached.includes(null)) problem(where, `Tab reaches ${reached.filter(Boolean).length} of ${controls} controls`);
  await page.locator("#text").focus();
  await page.keyboard.type(" anna is in berlin");
  const answered = await page
    .waitForFunction((n) => document.body.dataset.answers !== n, before, { timeout: 20_000 })
    .catch(() => null);
  if (!answered) problem(where, "what was typed is not answered");
}

/** A text file is read, chosen by its button or dropped anywhere. */
async function readsFiles(page, where) {
  const given = "anna is in paris\nben is in 北京";
  const values = () => page.locator("main textarea").evaluateAll((fields) => fields.map(({ value }) => value));
  await page.locator("input[type=file]").setInputFiles({ name: "texts.txt", mimeType: "text/plain", buffer: Buffer.from(given) });
  await page.waitForTimeout(50);
  if (!(await values()).includes(given)) problem(where, "a file that was chosen is not read");
  const dropped = await page.evaluateHandle((text) => {
    const transfer = new DataTransfer();
    transfer.items.add(new File([text], "dropped.txt", { type: "text/plain" }));
    return transfer;
  }, `${given} 2`);
  await page.dispatchEvent("body", "drop", { dataTransfer: dropped });
  await page.waitForTimeout(50);
  if (!(await values()).includes(`${given} 2`)) problem(where, "a file that was dropped is not read");
}

/** Every control has a name for who does not see it, and what changes is told. */
async function named(page, where) {
  const nameless = await page.evaluate(() =>
    [...document.querySelectorAll("main textarea, main input, main button")]
      .filter((control) => !(control.labels?.length || control.textContent))
      .map((control) => control.outerHTML));
  nameless.forEach((control) => problem(where, `${control} has no name`));
  if ((await page.locator("[role=status]").count()) < 2) problem(where, "what changes is not told");
}

// what it looks like

const LOOKS = [
  { name: "light-wide", media: "light", size: { width: 1000, height: 900 } },
  { name: "dark-wide", media: "dark", size: { width: 1000, height: 900 } },
  { name: "light-phone", media: "light", size: { width: 360, height: 740 } },
  { name: "dark-phone", media: "dark", size: { width: 360, height: 740 } },
];

/** A picture of each look; nothing is wider than a phone. */
async function looks(page, where, some = LOOKS) {
  for (const { name, media, size } of some) {
    await page.emulateMedia({ colorScheme: media });
    await page.setViewportSize(size);
    const wider = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    if (wider > 0) problem(`${where}, ${name}`, `the page is ${wider} px wider than the window`);
    await page.screenshot({ path: join(pictures, `${where}-${name}.png`), fullPage: true });
  }
}

// what happens to pages

async function twoTabs() {
  const where = "two tabs at once";
  await visit(where, real, { wait: false }, async (page, { served, context }) => {
    const { page: other, problems } = await openPage(context, served.address);
    await other.goto(served.address);
    await Promise.all([ready(page), ready(other)]);
    for (const tab of [page, other]) await requireProof(tab, where);
    problems.forEach((said) => problem(where, said));
    const times = served.asked.filter((path) => path === MODEL).length;
    if (times !== 1) problem(where, `the model was downloaded ${times} times`);
    await looks(page, "real");
  });
}

async function offline() {
  const where = "offline after the first load";
  await visit(where, real, {}, async (page, { served, problems }) => {
    await page.waitForFunction(() => document.body.dataset.kept, null, { timeout: 30_000 });
    await served.close();
    await page.reload();
    await ready(page);
    await requireProof(page, where);
    if (!/could not be reached/.test(await textOf(page, "notes"))) problem(where, "the page does not say that it reads a copy");
    problems.splice(0, problems.length, ...problems.filter((said) => !/ERR_CONNECTION_REFUSED/.test(said))); // as it should
  });
}

async function damaged() {
  const where = "a damaged file";
  const folder = join(work, "damaged");
  cpSync(real, folder, { recursive: true, dereference: true });
  const bytes = readFileSync(folder + MODEL);
  bytes[bytes.length >> 1] ^= 1;
  writeFileSync(folder + MODEL, bytes);
  await visit(where, folder, {}, async (page) => {
    const said = await textOf(page, "error");
    if (!/model\.onnx was changed \(its checksum differs\)/.test(said)) problem(where, `it says '${said}'`);
    const kept = await page.evaluate(async () =>
      (await Promise.all((await caches.keys()).map(async (name) => (await (await caches.open(name)).keys()).length))).join());
    if (!["", "2"].includes(kept)) problem(where, `${kept} files are kept`); // tokenizer and golden answers are whole
  });
  rmSync(folder, { recursive: true });
}

async function withoutRuntime() {
  const where = "without onnxruntime-web";
  const folder = join(work, "without");
  cpSync(sites[0].folder, folder, { recursive: true, dereference: true });
  rmSync(join(folder, "ort"), { recursive: true });
  await visit(where, folder, {}, async (page, { problems }) => {
    const said = await textOf(page, "error");
    if (!/ort\.wasm\.min\.mjs.*README\.md/.test(said)) problem(where, `it says '${said}'`);
    problems.splice(0, problems.length, ...problems.filter((line) => !/404/.test(line)));
  });
  rmSync(folder, { recursive: true });
}

async function throttled() {
  const where = "a slow network";
  await visit(where, real, { serving: { bytesPerSecond: 12e6 }, wait: false }, async (page) => {
    const seen = new Set();
    while (!(await page.evaluate(READY))) {
      if (await page.locator("#progress").isVisible()) seen.add(await page.locator("#progress").evaluate((bar) => bar.value));
      await page.waitForTimeout(60);
    }
    const grows = [...seen].every((value, i, all) => i === 0 || value > all[i - 1]);
    if (seen.size < 5 || !grows) problem(where, `the bar stood at ${[...seen].map((value) => value.toFixed(2))}`);
    await requireProof(page, where);
  });
}

async function isolated() {
  const where = "an isolated page";
  await visit(where, real, { serving: { isolated: true }, query: "?threads=2" }, async (page) => {
    await requireProof(page, where);
    if (!/2 threads/.test(await textOf(page, "backend"))) problem(where, await textOf(page, "backend"));
    if (/isolated/.test(await textOf(page, "notes"))) problem(where, "it says that it is not isolated");
  });
}

/** A key that is pressed while a thousand texts are embedded waits for nothing but its own frame. What
 *  blocks the page does so each time; what a busy machine does is tried again. */
async function typing() {
  const where = "typing while 1,000 texts are embedded";
  for (let round = 1; round <= 3; round++) {
    const longest = await typed(where);
    if (longest <= longestBlockMs) return;
    if (round === 3) problem(where, `a key had to wait ${longest.toFixed(0)} ms`);
  }
}

/** The longest block of the page, in ms. */
async function typed(where) {
  let longest = 0;
  await visit(where, real, {}, async (page) => {
    await page.evaluate(() => {
      const list = document.getElementById("list");
      list.value = Array.from({ length: 1000 }, (_, i) => `Parcel ${i} waits in room ${(i * 7) % 91} for who ordered it.`).join("\n");
      list.dispatchEvent(new Event("input"));
    });
    await page.waitForFunction(() => /^Embedding: [1-9]/.test(document.querySelector("main [role=status]").textContent));
    await page.evaluate(() => {
      globalThis.blocks = [];
      const remember = (list) => globalThis.blocks.push(...list.getEntries().map(({ duration }) => duration));
      new PerformanceObserver(remember).observe({ type: "longtask" }); // those of more than 50 ms
    });
    await page.locator("#text").focus();
    const began = performance.now();
    let keys = 0;
    while (!/^Answered/.test(await page.locator("main [role=status]").innerText()) && keys < 600) {
      await page.keyboard.type("x", { delay: 40 });
      keys += 1;
    }
    const seconds = (performance.now() - began) / 1000;
    const { blocks, value } = await page.evaluate(() => ({ blocks: globalThis.blocks, value: document.getElementById("text").value }));
    longest = Math.max(0, ...blocks);
    found.figures.typing = { keys, seconds, longestBlockMs: longest };
    if (!value.endsWith("x".repeat(keys))) problem(where, "keys were lost");
    if (keys < 10) problem(where, `only ${keys} keys could be typed meanwhile`);
    if (!(await seesBlocks(page))) problem(where, "a block of the page would not be seen here");
  });
  return longest;
}

/** Whether a block of the page is seen where there is one. */
async function seesBlocks(page) {
  const before = await page.evaluate(() => globalThis.blocks.length);
  await page.evaluate(() => {
    setTimeout(() => {
      const end = performance.now() + 120;
      while (performance.now() < end);
    });
  });
  return page.waitForFunction((n) => globalThis.blocks.length > n, before, { timeout: 5000 }).then(() => true, () => false);
}

for (const scenario of [eachTask, twoTabs, offline, damaged, withoutRuntime, throttled, isolated, typing]) {
  const began = performance.now();
  await scenario();
  (found.figures.seconds ??= {})[scenario.name] = (performance.now() - began) / 1000;
}
await browser.close();
writeFileSync(answers, JSON.stringify(found));
