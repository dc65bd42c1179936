// A server of files for the tests of the browser: isolated or not, slow or not, and one that can be cut off.
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, normalize } from "node:path";

const TYPES = {
  ".css": "text/css",
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".json": "application/json",
  ".mjs": "text/javascript",
  ".wasm": "application/wasm",
};
const ISOLATED = {
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Embedder-Policy": "require-corp",
};

/** Serve a folder; `asked` holds the paths that were asked for, `close` ends it with all connections.
 *  @param bytesPerSecond of each file below model/; by default as fast as it goes. */
export async function serve(folder, { isolated = false, bytesPerSecond = 0 } = {}) {
  const asked = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url, "http://server").pathname);
    asked.push(path);
    const file = join(folder, normalize(path.endsWith("/") ? `${path}index.html` : path));
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end();
      return;
    }
    const { size, mtime } = statSync(file);
    response.writeHead(200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Length": size,
      "Last-Modified": mtime.toUTCString(),
      ...(isolated && ISOLATED),
    });
    const slow = bytesPerSecond && path.includes("/model/");
    send(file, response, slow ? bytesPerSecond : 0).catch(() => response.destroy());
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () =>
    new Promise((resolve) => {
      server.close(resolve);
      server.closeAllConnections();
    });
  return { address: `http://127.0.0.1:${server.address().port}/`, asked, close };
}

async function send(file, response, bytesPerSecond) {
  const highWaterMark = bytesPerSecond ? Math.ceil(bytesPerSecond / 20) : 262_144;
  for await (const piece of createReadStream(file, { highWaterMark })) {
    if (response.destroyed) return;
    response.write(piece);
    if (bytesPerSecond) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  response.end();
}
