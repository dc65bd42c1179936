// Headless Chromium for the tests: no network but the server of a test, and what went wrong in a page.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const SWITCHES =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** A browser with a profile of its own; `close` ends it and removes that. */
export async function openBrowser(options = {}) {
  const profile = mkdtempSync(join(tmpdir(), "edgebert-web-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM || (await firstOf(PLACES)),
    headless: true,
    args: SWITCHES.split(" "),
    ...options,
  });
  const close = async () => {
    await context.close();
    rmSync(profile, { recursive: true, force: true });
  };
  return { context, close };
}

async function firstOf(paths) {
  const { existsSync } = await import("node:fs");
  const found = paths.find((path) => existsSync(path));
  if (!found) throw new Error("there is no Chromium here: apt-get install chromium, or set CHROMIUM");
  return found;
}

/** A page that remembers what went wrong in it, and what it asked of other places than `address`. */
export async function openPage(context, address) {
  const page = await context.newPage();
  const problems = [];
  page.on("pageerror", (error) => problems.push(`error: ${error.message}`));
  page.on("console", (said) => {
    if (said.type() === "error" || said.type() === "warning") problems.push(`${said.type()}: ${said.text()}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!/^(data|blob):/.test(url) && !url.startsWith(address)) problems.push(`asked ${url}`);
  });
  return { page, problems };
}
