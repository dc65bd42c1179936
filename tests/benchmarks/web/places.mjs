// Where clients sit: each in a process of Node of its own, or in a page with a renderer of its own.
import { fork } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openBrowser, openPage } from "../../web/chromium.mjs";
import { serve } from "../../web/serving.mjs";

/** @returns `seated` opens a place to sit: `ask(call, ...given)`, `memory` and `downloaded` in bytes. */
export async function inNode() {
  const children = [];
  const seated = async () => {
    const child = fork(fileURLToPath(new URL("in_node.mjs", import.meta.url)));
    children.push(child);
    const ask = (call, ...given) =>
      new Promise((resolve, reject) => {
        const died = (code) => reject(new Error(`its process ended with ${code}`));
        child.once("exit", died);
        child.once("message", ({ value, error }) => {
          child.off("exit", died);
          error === undefined ? resolve(value) : reject(new Error(error));
        });
        child.send({ call, given });
      });
    return { ask, memory: () => ask("memory"), downloaded: () => null };
  };
  return { version: `Node ${process.versions.node}`, seated, close: () => children.forEach((child) => child.kill()) };
}

/** @param folder that is served, with the headers that give threads. */
export async function inChromium(folder) {
  const served = await serve(folder, { isolated: true });
  const browser = await openBrowser();
  const devtools = await browser.newBrowserCDPSession();
  /** Bytes that each renderer has in memory. */
  const renderers = async () => {
    const { processInfo } = await devtools.send("SystemInfo.getProcessInfo");
    const own = processInfo.filter(({ type }) => type === "renderer");
    return new Map(own.map(({ id }) => [id, bytesOf(id, "VmRSS")]));
  };
  const seated = async () => {
    const before = await renderers();
    const { page, problems } = await openPage(await browser.newContext(), served.address);
    let bytes = 0;
    page.on("response", (response) => (bytes += Number(response.headers()["content-length"] ?? 0)));
    await page.goto(`${served.address}index.html`);
    let own; // the browser does not tell whose a renderer is: the one that grew when the model was loaded
    const ask = async (call, ...given) => {
      const value = await page.evaluate(askInPage, { call, given });
      own ??= mostGrown(before, await renderers());
      const refused = problems.find((problem) => problem.startsWith("asked "));
      if (refused) throw new Error(`it ${refused}`);
      return value;
    };
    return { ask, memory: () => bytesOf(own, "VmHWM"), downloaded: () => bytes };
  };
  const close = async () => {
    await browser.close();
    await served.close();
  };
  return { version: `Chromium ${browser.version()}`, seated, close };
}

async function askInPage({ call, given }) {
  const seat = await import("/seat.mjs");
  return seat[call](...given);
}

function mostGrown(before, after) {
  const growth = [...after].map(([id, bytes]) => [bytes - (before.get(id) ?? 0), id]);
  return growth.sort(([a], [b]) => b - a)[0][1];
}

/** Memory of a process as Linux tells it; 0 of one that has ended. */
function bytesOf(id, key) {
  const status = `/proc/${id}/status`;
  if (!existsSync(status)) return 0;
  return Number(new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync(status, "utf-8"))?.[1] ?? 0) * 1024;
}
