// Keeps the files of the page, so that it opens without network. The model's files are kept by the client.
const NAME = "edgebert page";
const runtime = new URL(location.href).searchParams.get("runtime") ?? "ort/ort.wasm.min.mjs";
const compiled = runtime.includes("webgpu") ? "ort-wasm-simd-threaded.asyncify" : "ort-wasm-simd-threaded";
const FILES = [
  "./", "page.css", "page.js", "tasks.js", "drawing.js", "edgebert.min.js", "worker.js",
  runtime, `ort/${compiled}.mjs`, `ort/${compiled}.wasm`,
];

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(FILES)));
});

addEventListener("activate", (event) => event.waitUntil(clients.claim()));

addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const ours = url.origin === location.origin && request.method === "GET";
  if (ours && !url.pathname.includes("/model/")) event.respondWith(answer(request));
});

/** What the server gives; what was kept where there is no server. */
async function answer(request) {
  const cache = await caches.open(NAME);
  const kept = await cache.match(request, { ignoreSearch: true });
  try {
    const response = await fetch(request);
    if (response.ok && kept && changed(response, kept)) await cache.put(request, response.clone());
    return response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

function changed(response, kept) {
  return ["etag", "last-modified", "content-length"].some(
    (name) => response.headers.get(name) !== kept.headers.get(name),
  );
}
