/** A server of files, which may be slow or break off. */

import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

export interface Served {
  readonly address: string;
  /** Paths that were asked for, in order. */
  readonly asked: string[];
  /** Answers of its own: called first, true where it has answered. */
  handle: (request: IncomingMessage, response: ServerResponse) => boolean;
  close(): void;
}

export interface Serving {
  readonly bytesPerSecond?: number;
  /** Bytes of a file after which the connection ends. */
  readonly breakAfter?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".mjs": "text/javascript",
  ".json": "application/json",
  ".wasm": "application/wasm",
};

/** Serve folders.
 *  @param folders by the beginning of their paths. */
export async function serve(
  folders: Readonly<Record<string, string>>,
  serving: Serving = {},
): Promise<Served> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url!, "http://server").pathname);
    asked.push(path);
    if (served.handle(request, response)) return;
    const prefix = Object.keys(folders)
      .filter((start) => path.startsWith(start))
      .sort((a, b) => b.length - a.length)[0];
    const file = prefix === undefined ? "" : join(folders[prefix]!, path.slice(prefix.length));
    if (!existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, serving.headers).end();
      return;
    }
    response.writeHead(200, {
      "Content-Type": TYPES[extname(file)] ?? "application/octet-stream",
      "Content-Length": statSync(file).size,
      ...serving.headers,
    });
    void send(file, response, serving);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const served: Served = {
    address: `http://127.0.0.1:${port}`,
    asked,
    handle: () => false,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return served;
}

async function send(
  file: string,
  response: ServerResponse,
  { bytesPerSecond, breakAfter }: Serving,
): Promise<void> {
  const piece = bytesPerSecond ? Math.ceil(bytesPerSecond / 20) : 65_536;
  let sent = 0;
  for await (const bytes of createReadStream(file, {
    highWaterMark: Math.min(piece, breakAfter ?? piece),
  })) {
    if (response.destroyed) return;
    if (breakAfter !== undefined && sent >= breakAfter) {
      response.destroy();
      return;
    }
    response.write(bytes);
    sent += (bytes as Buffer).length;
    if (bytesPerSecond) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  response.end();
}
