/** A headless Chromium with one page, in which a test runs functions. */

import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type * as Client from "../src/index.ts";
import { BUILT, bundle, PACKAGE } from "./fixtures.ts";
import { type Served, serve } from "./server.ts";

/** What a page can be asked. */
export interface Page {
  readonly served: Served;
  /** Whether files of bundles are answered; else connections end. */
  online: boolean;
  /** Run a function in the page. It sees nothing of the test but what it is given.
   *  @param run is given the client and the argument; its answer comes back as JSON. */
  run<A, R>(run: (client: typeof Client, argument: A) => Promise<R>, argument: A): Promise<R>;
  close(): Promise<void>;
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

const PAGE = `<!doctype html><meta charset="utf-8">
<script type="importmap">{"imports": {"onnxruntime-web/wasm": "/ort/ort.wasm.min.mjs", "onnxruntime-web/webgpu": "/ort/ort.webgpu.min.mjs"}}</script>
<script type="module">
import * as client from "/client/client.js";
for (;;) {
  const { id, code, argument } = await (await fetch("/page/next")).json();
  let told;
  try {
    told = { id, value: await (0, eval)("(" + code + ")")(client, argument) };
  } catch (error) {
    told = { id, error: error.name + ": " + error.message };
  }
  await fetch("/page/told", { method: "POST", body: JSON.stringify(told) });
}
</script>`;

/** What has WebGPU computed by the CPU, where there is no GPU. */
export const SOFTWARE_GPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--use-vulkan=swiftshader",
  "--ignore-gpu-blocklist",
];

/** Open a page.
 *  @param isolated whether it may share memory between threads.
 *  @param flags of Chromium, beside those that every page has. */
export async function openPage(isolated: boolean, flags: readonly string[] = []): Promise<Page> {
  const served = await serve(
    {
      "/client/": `${BUILT}/`,
      "/ort/": `${join(PACKAGE, "node_modules", "onnxruntime-web", "dist")}/`,
      "/models/": `${bundle(".")}/`,
    },
    { headers: isolated ? ISOLATED : {} },
  );
  const jobs = jobsOf();
  const page: Page = {
    served,
    online: true,
    run: (run, argument) => jobs.add(String(run), argument) as Promise<never>,
    close: async () => {
      await chromium.end();
      served.close();
    },
  };
  served.handle = (request, response) => {
    const path = new URL(request.url!, "http://page").pathname;
    if (path.startsWith("/models/") && !page.online) response.destroy();
    else if (path === "/page/")
      response.writeHead(200, { "Content-Type": "text/html", ...(isolated && ISOLATED) }).end(PAGE);
    else if (path === "/page/next") jobs.ask(response);
    else if (path === "/page/told") void jobs.told(request, response);
    else return false;
    return true;
  };
  const chromium = startChromium([...flags, `${served.address}/page/`]);
  return page;
}

/** Start a Chromium with a profile of its own; ends with all of its processes.
 *  @param flags beside those that every test has, and the address of its page. */
export function startChromium(flags: readonly string[]): { end(): Promise<void> } {
  const profile = mkdtempSync(join(tmpdir(), "edgebert-chromium-"));
  const gpu = flags.includes(SOFTWARE_GPU[0]!) ? [] : ["--disable-gpu"];
  const chromium = spawn(
    process.env["CHROMIUM"] ?? "chromium",
    [...FLAGS, ...gpu, `--user-data-dir=${profile}`, ...flags],
    { stdio: "ignore", detached: true },
  );
  const exited = new Promise((resolve) => chromium.once("exit", resolve));
  return {
    end: async () => {
      process.kill(-chromium.pid!, "SIGKILL"); // its group: what it started with it
      await exited;
      rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
    },
  };
}

interface Told {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: string;
}

/** What the page is to run, and what it told of it. */
function jobsOf() {
  const waiting: string[] = [];
  const promised = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  let asking: ServerResponse | null = null;
  const hand = (): void => {
    if (!asking || waiting.length === 0) return;
    asking.writeHead(200, { "Content-Type": "application/json" }).end(waiting.shift());
    asking = null;
  };
  let last = 0;
  return {
    add: (code: string, argument: unknown): Promise<unknown> =>
      new Promise((resolve, reject) => {
        const id = ++last;
        promised.set(id, { resolve, reject });
        waiting.push(JSON.stringify({ id, code, argument }));
        hand();
      }),
    ask: (response: ServerResponse): void => {
      asking = response;
      hand();
    },
    told: async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const parts: Buffer[] = [];
      for await (const part of request) parts.push(part as Buffer);
      response.writeHead(204).end();
      const { id, value, error } = JSON.parse(Buffer.concat(parts).toString()) as Told;
      const { resolve, reject } = promised.get(id)!;
      promised.delete(id);
      if (error === undefined) resolve(value);
      else reject(new Error(error));
    },
  };
}
