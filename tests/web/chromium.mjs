// Headless Chromium for the tests: no network but the server of a test, and what went wrong in a page.
import { existsSync } from "node:fs";
import { chromium } from "playwright-core";

const SWITCHES =
  "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " +
  "--disable-component-update --disable-sync";
const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Chromium, which opens profiles of their own: `newContext`. */
export async function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM || firstOf(PLACES),
    headless: true,
    args: SWITCHES.split(" "),
  });
}

function firstOf(paths) {
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
