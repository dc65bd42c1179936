// src/errors.ts
var EdgebertError = class extends Error {
  name = "EdgebertError";
};
var InputError = class extends EdgebertError {
  name = "InputError";
};
var BundleError = class extends EdgebertError {
  name = "BundleError";
};
var ClosedError = class extends EdgebertError {
  name = "ClosedError";
};
var ProviderError = class extends EdgebertError {
  name = "ProviderError";
};

// src/bounds.ts
function checkNumber(name, value, least, most) {
  if (Number.isInteger(value)) {
    const number2 = value;
    if (number2 >= least && (most === void 0 || number2 <= most)) return number2;
  }
  const wanted = most === void 0 ? `at least ${least}` : `${least} to ${most}`;
  throw new InputError(`${name}=${told(value)}: expected a whole number, ${wanted}`);
}
function checkChoice(name, value, choices) {
  const chosen = choices.find((choice) => choice === value);
  if (chosen === void 0) {
    throw new InputError(`${name}=${told(value)}: expected one of ${choices.join(", ")}`);
  }
  return chosen;
}
function told(value) {
  if (typeof value === "string") return `'${value}'`;
  return typeof value === "object" && value !== null ? kindOf(value) : String(value);
}
function kindOf(value) {
  if (value === null || value === void 0) return String(value);
  return typeof value === "object" ? value.constructor?.name ?? "object" : typeof value;
}

// src/cancelling.ts
function throwIfAborted(signal) {
  if (signal?.aborted) throw reasonOf(signal);
}
function reasonOf(signal) {
  return signal.reason ?? Object.assign(new Error("this call was cancelled"), { name: "AbortError" });
}
function turn() {
  const { scheduler, setImmediate } = globalThis;
  if (scheduler?.yield) return scheduler.yield();
  return new Promise((resolve) => {
    if (setImmediate) {
      setImmediate(resolve);
      return;
    }
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
var STINT_MS = 8;
function stints(signal) {
  let began = performance.now();
  return async () => {
    if (performance.now() - began < STINT_MS) return;
    await turn();
    throwIfAborted(signal);
    began = performance.now();
  };
}

// src/bundle/address.ts
var Unreachable = class extends BundleError {
  name = "BundleError";
};
function atAddress(url, saved) {
  const folder = new URL(url);
  folder.pathname = folder.pathname.replace(/(\/manifest\.json)?\/?$/, "/");
  const name = folder.href.replace(/\/(?=$|\?)/, "");
  const addressOf = (file) => {
    const address = new URL(folder);
    address.pathname += file.split("/").map(encodeURIComponent).join("/");
    return address.href;
  };
  return { name, saved, read: (file, reading) => download(addressOf(file), reading) };
}
async function download(address, { signal, onBytes }) {
  const response = await asked(address, signal);
  const pieces = [];
  try {
    for await (const piece of piecesOf(response)) {
      pieces.push(piece);
      onBytes?.(piece.length);
    }
  } catch (error) {
    throwIfAborted(signal);
    throw new Unreachable(
      `${address} broke off while it was downloaded (${messageOf(error)}): load it again`
    );
  }
  return joined(pieces);
}
async function asked(address, signal) {
  let response;
  try {
    response = await fetch(address, { cache: "no-cache", ...signal && { signal } });
  } catch (error) {
    throwIfAborted(signal);
    throw new Unreachable(
      `${address} cannot be reached (${messageOf(error)}): is the network there, and does the server allow this page (CORS)?`
    );
  }
  if (response.ok) return response;
  const said = `${address} is not served: HTTP ${response.status}`;
  if (response.status >= 500) throw new Unreachable(said);
  throw new BundleError(`${said}. A bundle is a folder with manifest.json and the files it lists`);
}
async function* piecesOf(response) {
  if (!response.body) {
    yield new Uint8Array(await response.arrayBuffer());
    return;
  }
  const reader2 = response.body.getReader();
  for (let piece = await reader2.read(); !piece.done; piece = await reader2.read()) yield piece.value;
}
function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

// src/bundle/folder.ts
function inFolder(folder) {
  const { process } = globalThis;
  const files = process?.getBuiltinModule?.("node:fs/promises");
  if (!files) {
    throw new InputError(
      `'${folder}' is a folder, and only Node (20.16 or newer) reads folders: give an address or files`
    );
  }
  return {
    name: folder,
    saved: null,
    read: async (name, { signal, onBytes }) => {
      try {
        const bytes = await files.readFile(`${folder}/${name}`, signal && { signal });
        onBytes?.(bytes.length);
        return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
      } catch (error) {
        throwIfAborted(signal);
        throw new BundleError(problemOf(folder, name, error));
      }
    }
  };
}
function problemOf(folder, name, { code, message }) {
  if (code === "ENOTDIR")
    return `${folder} is not a bundle: it is a file, and a bundle is a folder`;
  if (code !== "ENOENT") return `${folder}/${name} cannot be read: ${message}`;
  if (name !== "manifest.json") return `${folder} is damaged: ${name} is missing`;
  return `${folder} is not a bundle: it has no manifest.json. Make one with 'edgebert export MODEL -o ${folder}'`;
}

// src/bundle/given.ts
var NAME = "the files given";
function ofFiles(given) {
  const contents = new Map(
    given instanceof Map ? given : [...given].map(named)
  );
  const manifest = [...contents.keys()].filter((path) => /(^|\/)manifest\.json$/.test(path)).sort((a, b) => a.length - b.length)[0];
  const folder = manifest?.replace(/manifest\.json$/, "") ?? "";
  return {
    name: NAME,
    saved: null,
    read: async (name, { onBytes }) => {
      const content = contents.get(folder + name);
      if (content === void 0) throw new BundleError(missing(name));
      const bytes = await bytesOf(name, content);
      onBytes?.(bytes.length);
      return bytes;
    }
  };
}
function named(file) {
  if (!(file instanceof Blob) || typeof file.name !== "string") {
    throw new InputError(
      `${NAME}: expected files, or a Map of names to Blob or ArrayBuffer, not ${kindOf(file)}`
    );
  }
  return [file.webkitRelativePath || file.name, file];
}
function missing(name) {
  if (name === "manifest.json") {
    return `${NAME} are not a bundle: manifest.json is not among them. Give all files of the folder`;
  }
  return `${NAME} are damaged: ${name} is missing`;
}
async function bytesOf(name, content) {
  if (content instanceof Uint8Array) return new Uint8Array(content);
  if (content instanceof ArrayBuffer) return new Uint8Array(content);
  if (!(content instanceof Blob)) {
    throw new InputError(
      `${NAME}: ${name} is a ${kindOf(content)}, not a Blob, an ArrayBuffer or a Uint8Array`
    );
  }
  try {
    return new Uint8Array(await content.arrayBuffer());
  } catch (error) {
    throw new BundleError(
      `${NAME}: ${name} cannot be read (${error.message}): was it moved or changed?`
    );
  }
}

// src/bundle/saved.ts
var STORAGE = "edgebert";
var KEYS = "https://edgebert.invalid/";
async function openSaved() {
  if (typeof caches === "undefined") return null;
  let cache;
  try {
    cache = await caches.open(STORAGE);
  } catch {
    return null;
  }
  const bytesOf3 = async (response) => response ? new Uint8Array(await response.arrayBuffer()) : null;
  const fileKey = (sha2562) => `${KEYS}files/${sha2562}`;
  const manifestKey = (address) => `${KEYS}manifests/${encodeURIComponent(address)}`;
  const verdictKey = (what) => `${KEYS}proved/${encodeURIComponent(what)}`;
  return {
    isProved: async (what) => await cache.match(verdictKey(what)) !== void 0,
    keepProved: async (what) => cache.put(verdictKey(what), new Response("")),
    find: async (sha2562) => bytesOf3(await cache.match(fileKey(sha2562))),
    keep: async (sha2562, bytes) => cache.put(fileKey(sha2562), new Response(bytes)),
    drop: async (sha2562) => void await cache.delete(fileKey(sha2562)),
    findManifest: async (address) => bytesOf3(await cache.match(manifestKey(address))),
    keepManifest: async (address, bytes) => cache.put(manifestKey(address), new Response(bytes)),
    manifests: async () => {
      const keys = (await cache.keys()).filter(({ url }) => url.startsWith(`${KEYS}manifests/`));
      const found = await Promise.all(keys.map(async (key) => bytesOf3(await cache.match(key))));
      return found.filter((bytes) => bytes !== null);
    }
  };
}

// src/records/decoding.ts
var Mismatch = class extends Error {
};
var string = expecting("string", (value) => typeof value === "string");
var boolean = expecting(
  "boolean",
  (value) => typeof value === "boolean"
);
var integer = expecting("integer", (value) => Number.isInteger(value));
var anything = (value) => value;
var number = (value, where) => value === null ? NaN : anyNumber(value, where);
var anyNumber = expecting("number", (value) => typeof value === "number");
var anyList = expecting("list", (value) => Array.isArray(value));
var anyObject = expecting(
  "object",
  (value) => typeof value === "object" && value !== null && !Array.isArray(value)
);
function nullable(decode) {
  return (value, where) => value === null ? null : decode(value, where);
}
function list(decode) {
  return (value, where) => anyList(value, where).map((item, i) => decode(item, `${where}[${i}]`));
}
function two(decode) {
  return (value, where) => {
    const values = list(decode)(value, where);
    if (values.length !== 2) {
      throw new Mismatch(`'${where}' has ${values.length} values where 2 belong`);
    }
    return [values[0], values[1]];
  };
}
function dictionary(decode) {
  return (value, where) => Object.fromEntries(
    Object.entries(anyObject(value, where)).map(([key, item]) => [
      key,
      decode(item, `${where}.${key}`)
    ])
  );
}
function object(required2, optional2, defaults) {
  return (value, where) => {
    const found = anyObject(value, where);
    const given = (key) => Object.hasOwn(found, key);
    const missing2 = Object.keys(required2).find((key) => !given(key));
    if (missing2 !== void 0) throw new Mismatch(`it has no '${inside(where, missing2)}'`);
    const decoders = Object.entries({ ...required2, ...optional2 }).filter(([key]) => given(key));
    const read = decoders.map(([key, decode]) => [key, decode(found[key], inside(where, key))]);
    return { ...defaults, ...Object.fromEntries(read) };
  };
}
function inside(where, key) {
  return where ? `${where}.${key}` : key;
}
function expecting(kind, is) {
  return (value, where) => {
    if (is(value)) return value;
    const what = where ? `'${where}'` : "it";
    throw new Mismatch(`${what} should be ${article(kind)}, not ${article(jsonKind(value))}`);
  };
}
function jsonKind(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}
function article(kind) {
  if (kind === "null") return kind;
  return `${/^[aeio]/.test(kind) ? "an" : "a"} ${kind}`;
}

// src/records/manifest.ts
var FORMAT = 1;
var EMBEDDINGS = "feature-extraction";
var TEXT_CLASSIFICATION = "text-classification";
var TOKEN_CLASSIFICATION = "token-classification";
var FILL_MASK = "fill-mask";
var QUESTION_ANSWERING = "question-answering";
var SPARSE_EMBEDDINGS = "sparse-embedding";
var SCORINGS = ["softmax", "sigmoid", "identity"];
var SIMILARITIES = ["cosine", "dot", "euclidean", "manhattan"];
var AGGREGATIONS = ["words", "simple", "first", "average", "max"];
var ENCODER = "encoder";
var fileEntry = object({ sha256: string, size_bytes: integer }, {}, {});
var range = object({ min: string, tested: string }, {}, {});
var count = object({ expected: integer, found: integer }, {}, {});
var layer = object(
  { name: string, decision: string },
  { sensitivity: nullable(number), saturation: nullable(number) },
  { sensitivity: null, saturation: null }
);
var quantization = object(
  {
    scheme: string,
    layers: list(layer),
    calibration: nullable(string),
    batch_invariant: boolean,
    cpu_classes: list(string)
  },
  { isa: string },
  { isa: "vnni" }
);
var kindDrift = object(
  { texts: string, n: integer, mean: number, p99: number, max: number, flips: nullable(number) },
  {},
  {}
);
var drift = object(
  {
    mean: number,
    p99: number,
    max: number,
    flips: nullable(number),
    n: integer,
    texts: string,
    promises: dictionary(number)
  },
  { others: list(kindDrift) },
  { others: [] }
);
var kernels = object({ arithmetic: integer, exact: boolean, drift }, {}, {});
var webCandidate = object(
  { name: string, drift: number, p50_ms: number, chosen: boolean },
  {},
  {}
);
var web = object(
  {
    onnxruntime_web: string,
    node: string,
    threads: integer,
    drift,
    float_p50_ms: nullable(number),
    candidates: list(webCandidate)
  },
  {},
  {}
);
var source = object({ id: string, revision: nullable(string), sha256: string }, {}, {});
var unseen = object(
  {
    texts: integer,
    pieces_before: integer,
    pieces_after: integer,
    unknown_before: integer,
    unknown_after: integer
  },
  {},
  {}
);
var trimmed = object(
  {
    corpus: string,
    texts: integer,
    pieces: integer,
    kept: integer,
    saved_bytes: integer,
    unseen: nullable(unseen)
  },
  {},
  {}
);
var writing = object(
  { layers: integer, heads: integer, head_width: integer, vocabulary: integer },
  {
    begin_id: integer,
    end_id: integer,
    longest_per_token: integer,
    longest_more: integer,
    length_penalty: number
  },
  { begin_id: 1, end_id: 2, longest_per_token: 2, longest_more: 10, length_penalty: 1 }
);
var REQUIRED = {
  format: integer,
  task: string,
  architecture: string,
  precision: string,
  target: string,
  pooling: nullable(string),
  normalize: boolean,
  max_length: integer,
  prompts: dictionary(string),
  labels: list(string),
  problem_type: nullable(string),
  inputs: list(string),
  outputs: list(string),
  attention_path: string,
  files: dictionary(fileEntry),
  opset: integer,
  ir_version: integer,
  onnxruntime: range,
  undocumented_operators: list(string),
  coverage: dictionary(count),
  quantization: nullable(quantization),
  drift: nullable(drift),
  source
};
var OPTIONAL = {
  created_with: dictionary(anything),
  default_prompt: nullable(string),
  ids: string,
  fixed_shape: nullable(two(integer)),
  unfused: dictionary(string),
  trimmed_vocabulary: nullable(trimmed),
  activation: nullable(string),
  embedding_rows: nullable(integer),
  mask_token: nullable(string),
  aggregation: nullable(string),
  digest: nullable(string),
  similarity: string,
  graphs: dictionary(string),
  kernels: nullable(kernels),
  web: nullable(web),
  writing: nullable(writing)
};
var decodeManifest = object(REQUIRED, OPTIONAL, {
  created_with: {},
  default_prompt: null,
  ids: "int64",
  fixed_shape: null,
  unfused: {},
  trimmed_vocabulary: null,
  activation: null,
  embedding_rows: null,
  mask_token: null,
  aggregation: null,
  digest: null,
  similarity: "cosine",
  graphs: { [ENCODER]: "model.onnx" },
  kernels: null,
  web: null,
  writing: null
});

// src/bundle/sha256.ts
async function sha256(bytes) {
  const subtle = globalThis.crypto?.subtle;
  return subtle ? hexadecimal(new Uint8Array(await subtle.digest("SHA-256", bytes))) : sha256Here(bytes);
}
function sha256Here(bytes) {
  const state = Int32Array.from(INITIAL);
  const whole = bytes.length - bytes.length % 64;
  const words = new Int32Array(64);
  for (let start = 0; start < whole; start += 64) compress(state, words, bytes, start);
  const end = ending(bytes.subarray(whole), bytes.length);
  for (let start = 0; start < end.length; start += 64) compress(state, words, end, start);
  const out = new DataView(new ArrayBuffer(32));
  state.forEach((word, i) => out.setInt32(4 * i, word));
  return hexadecimal(new Uint8Array(out.buffer));
}
function ending(rest, length) {
  const end = new Uint8Array(rest.length < 56 ? 64 : 128);
  end.set(rest);
  end[rest.length] = 128;
  const view = new DataView(end.buffer);
  view.setUint32(end.length - 8, Math.floor(length / 2 ** 29));
  view.setUint32(end.length - 4, length % 2 ** 29 * 8);
  return end;
}
function compress(state, words, bytes, start) {
  for (let i = 0; i < 16; i++) {
    const at = start + 4 * i;
    words[i] = bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3];
  }
  for (let i = 16; i < 64; i++) {
    const [x, y] = [words[i - 15], words[i - 2]];
    const small0 = rotated(x, 7) ^ rotated(x, 18) ^ x >>> 3;
    const small1 = rotated(y, 17) ^ rotated(y, 19) ^ y >>> 10;
    words[i] = words[i - 16] + small0 + words[i - 7] + small1;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let i = 0; i < 64; i++) {
    const big1 = rotated(e, 6) ^ rotated(e, 11) ^ rotated(e, 25);
    const first2 = h + big1 + (e & f ^ ~e & g) + CONSTANTS[i] + words[i] | 0;
    const big0 = rotated(a, 2) ^ rotated(a, 13) ^ rotated(a, 22);
    const second = big0 + (a & b ^ a & c ^ b & c) | 0;
    [h, g, f, e, d, c, b, a] = [g, f, e, d + first2 | 0, c, b, a, first2 + second | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, i) => state[i] = state[i] + word);
}
function rotated(word, by) {
  return word >>> by | word << 32 - by;
}
function rootsOfPrimes(n, root) {
  const primes = [];
  for (let candidate = 2; primes.length < n; candidate++) {
    if (primes.every((prime) => candidate % prime !== 0)) primes.push(candidate);
  }
  return primes.map((prime) => Math.floor(root(prime) % 1 * 2 ** 32) | 0);
}
var INITIAL = rootsOfPrimes(8, Math.sqrt);
var CONSTANTS = rootsOfPrimes(64, Math.cbrt);
function hexadecimal(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

// src/bundle/manifestFile.ts
var MANIFEST = "manifest.json";
var MODEL = "model.onnx";
var TOKENIZER = "tokenizer.json";
var GOLDEN = "golden.json";
var NO_DIGEST = "0".repeat(64);
var UPDATE = "use a newer @edgebert/runtime";
async function readManifest(bytes, origin) {
  const path = `${origin}/${MANIFEST}`;
  const manifest = readRecord(decodeManifest, bytes, path);
  const problem = outside(manifest) ?? unlisted(manifest) ?? await changed(bytes, manifest);
  if (problem !== null) throw new BundleError(`${path} is damaged: ${problem}`);
  const unknown = unknownWay(manifest);
  if (unknown !== null) throw new BundleError(`${path} ${unknown}: ${UPDATE}`);
  return manifest;
}
function readRecord(decode, bytes, path) {
  if (isPointer(bytes)) throw new BundleError(`${path} is ${POINTER}`);
  try {
    const data = parsed(bytes);
    const format = data?.format;
    if (typeof format === "number" && format > FORMAT) {
      throw new BundleError(
        `${path} has format ${format}; this version reads up to ${FORMAT}: ${UPDATE}`
      );
    }
    return decode(data, "");
  } catch (error) {
    if (error instanceof Mismatch || error instanceof SyntaxError || error instanceof TypeError) {
      throw new BundleError(`${path} is damaged: ${error.message}`);
    }
    throw error;
  }
}
function parsed(bytes) {
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
}
var POINTER = "a Git LFS pointer, not the file itself: fetch it with 'git lfs pull'";
function isPointer(bytes) {
  const beginning = String.fromCharCode(...bytes.subarray(0, 42));
  return /^version https:\/\/(git-lfs|hawser)\.github\.com\/spec\//.test(beginning);
}
function outside(manifest) {
  const away = Object.keys(manifest.files).find(
    (name) => /^([/\\]|[a-z]:)/i.test(name) || name.split(/[/\\]/).includes("..")
  );
  return away === void 0 ? null : `file name ${told(away)} leaves the bundle`;
}
function unlisted(manifest) {
  const needed = [...Object.values(manifest.graphs), TOKENIZER, GOLDEN];
  const missing2 = needed.find((name) => !Object.hasOwn(manifest.files, name));
  return missing2 === void 0 ? null : `it does not list ${missing2}`;
}
async function changed(bytes, { digest }) {
  if (digest === null) {
    const known = { ...REQUIRED, ...OPTIONAL };
    const [unknown] = Object.keys(parsed(bytes)).filter((key) => !Object.hasOwn(known, key)).sort();
    if (unknown === void 0) return null;
    return `it has no digest, and ${told(unknown)} is no key of a bundle without one`;
  }
  const blank = new TextDecoder().decode(bytes).replaceAll(digest, NO_DIGEST);
  const found = await sha256(new TextEncoder().encode(blank));
  return found === digest ? null : "its digest differs, so it was changed";
}
function unknownWay(manifest) {
  const ways = [
    ["compares vectors by", manifest.similarity, SIMILARITIES],
    ["makes scores by", manifest.activation, SCORINGS],
    ["makes labels of words by", manifest.aggregation, AGGREGATIONS],
    ["takes inputs of", manifest.ids, ["int64", "int32"]]
  ];
  const unknown = ways.find(([, said, known]) => said !== null && !known.includes(said));
  return unknown ? `${unknown[0]} ${told(unknown[1])}; this version knows ${unknown[2].join(", ")}` : null;
}

// src/bundle/opening.ts
async function openBundle(origin, accept, signal, onProgress) {
  const opening = { origin, signal, onProgress, notes: [] };
  const bytes = await manifestBytes(opening);
  const manifest = await readManifest(bytes, origin.name);
  accept(manifest);
  const files = await inTurn(manifest, signal, () => readFiles(opening, manifest));
  if (origin.saved) await keepManifest(opening, origin.saved, bytes, manifest);
  return { name: origin.name, manifest, files, notes: opening.notes };
}
async function manifestBytes({ origin, signal, notes }) {
  try {
    return await origin.read(MANIFEST, { signal });
  } catch (error) {
    if (!(error instanceof Unreachable) || !origin.saved) throw error;
    const kept3 = await origin.saved.findManifest(origin.name);
    if (kept3 === null) throw error;
    notes.push("the server could not be reached: this is the copy that the browser kept");
    return kept3;
  }
}
async function inTurn(manifest, signal, read) {
  const locks = globalThis.navigator?.locks;
  if (!locks || typeof caches === "undefined") return read();
  const name = `edgebert ${manifest.digest ?? manifest.source.sha256}`;
  return await locks.request(name, signal ? { signal } : {}, read);
}
async function readFiles(opening, manifest) {
  const listed = filesToRead(manifest);
  const totalBytes = listed.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const files = /* @__PURE__ */ new Map();
  let before = 0;
  for (const file of listed) {
    const arrived = (loaded) => opening.onProgress?.({
      file: file.name,
      loadedBytes: before + Math.min(loaded, file.sizeBytes),
      totalBytes
    });
    files.set(file.name, await readFile(opening, file, arrived));
    before += file.sizeBytes;
  }
  return files;
}
function filesToRead(manifest) {
  const isRead = (name) => name === TOKENIZER || name === GOLDEN || name.startsWith(MODEL) || Object.values(manifest.graphs).includes(name);
  return Object.entries(manifest.files).filter(([name]) => isRead(name)).map(([name, { sha256: sha2562, size_bytes }]) => ({ name, sha256: sha2562, sizeBytes: size_bytes })).sort((a, b) => a.sizeBytes - b.sizeBytes);
}
async function readFile(opening, file, arrived) {
  const { origin, signal } = opening;
  arrived(0);
  const kept3 = origin.saved && await findKept(origin.saved, file);
  if (kept3) {
    arrived(file.sizeBytes);
    return kept3;
  }
  let loaded = 0;
  const reading = { signal, onBytes: (count2) => arrived(loaded += count2) };
  const bytes = await origin.read(file.name, reading);
  const problem = await problemOf2(bytes, file);
  if (problem !== null) throw new BundleError(`${origin.name} is damaged: ${file.name} ${problem}`);
  if (origin.saved) await keep(opening, () => origin.saved.keep(file.sha256, bytes));
  return bytes;
}
async function findKept(saved, file) {
  const bytes = await saved.find(file.sha256).catch(() => null);
  if (bytes === null) return null;
  if (await problemOf2(bytes, file) === null) return bytes;
  await saved.drop(file.sha256);
  return null;
}
async function problemOf2(bytes, { sizeBytes, sha256: expected }) {
  if (bytes.length !== sizeBytes) {
    if (isPointer(bytes)) return `is ${POINTER}`;
    return `has ${bytes.length} bytes where ${sizeBytes} belong: was it downloaded or copied whole?`;
  }
  return await sha256(bytes) === expected ? null : "was changed (its checksum differs)";
}
async function keepManifest(opening, saved, bytes, manifest) {
  const { name } = opening.origin;
  await keep(opening, async () => {
    const last2 = await saved.findManifest(name);
    await saved.keepManifest(name, bytes);
    if (last2 === null) return;
    const replaced2 = sumsOf(await readManifest(last2, name).catch(() => manifest));
    const needed = await Promise.all(
      (await saved.manifests()).map((kept3) => readManifest(kept3, name).then(sumsOf, () => []))
    );
    const unneeded = replaced2.filter((sum) => !needed.flat().includes(sum));
    await Promise.all(unneeded.map((sum) => saved.drop(sum)));
  });
}
function sumsOf(manifest) {
  return filesToRead(manifest).map(({ sha256: sha2562 }) => sha2562);
}
async function keep({ notes }, put2) {
  try {
    await put2();
  } catch (error) {
    const why = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const note = `the browser did not keep the model (${why}): it is downloaded again next time`;
    if (!notes.includes(note)) notes.push(note);
  }
}

// src/bundle/index.ts
async function originOf(source2) {
  if (typeof source2 === "string" || source2 instanceof URL) return originOfName(source2);
  if (typeof source2 !== "object" || source2 === null || !(Symbol.iterator in source2)) {
    throw new InputError(
      `expected the address of a bundle, a folder or files, not ${kindOf(source2)}`
    );
  }
  return ofFiles(source2);
}
async function originOfName(source2) {
  if (String(source2) === "")
    throw new InputError("expected the address or the folder of a bundle, not ''");
  const address = absolute(source2);
  if (address === null) return inFolder(withoutSlash(String(source2)));
  if (address.protocol === "file:" && isNode()) return inFolder(withoutSlash(pathOf(address)));
  return atAddress(address, await openSaved());
}
function pathOf(address) {
  const { process } = globalThis;
  return process?.getBuiltinModule?.("node:url").fileURLToPath(address) ?? address.pathname;
}
function withoutSlash(folder) {
  return folder.replace(/(?<=.)[/\\]$/, "");
}
function absolute(source2) {
  if (source2 instanceof URL) return source2;
  const base = isNode() ? void 0 : globalThis.document?.baseURI ?? globalThis.location?.href;
  if (base === void 0 && !/^(https?|file):/i.test(source2)) return null;
  try {
    return new URL(source2, base);
  } catch {
    throw new InputError(`'${source2}' is no address of a bundle`);
  }
}
function isNode() {
  const { process } = globalThis;
  return typeof process?.versions?.node === "string" && typeof globalThis.document === "undefined";
}

// src/pipeline/streams.ts
function asked2(texts, answer) {
  if (typeof texts === "string") {
    const one = answer([texts], 0).then(([only]) => only);
    return one;
  }
  if (Array.isArray(texts)) return answer(texts, 0);
  if (isStream(texts)) return streamed(texts, answer);
  const refused = Promise.reject(
    new InputError(`expected a text or texts, not ${kindOf(texts)}`)
  );
  return refused;
}
function isStream(value) {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  if (ArrayBuffer.isView(value)) return false;
  return Symbol.iterator in value || Symbol.asyncIterator in value;
}
async function* streamed(texts, answer) {
  let start = 0;
  for await (const window of windowsOf(texts)) {
    yield* await answer(window, start);
    start += window.length;
  }
}
var TEXTS = 1024;
var CHARACTERS = 1e6;
var SLOW_MS = 20;
var WINDOW_MS = 100;
async function* windowsOf(stream) {
  const items = Symbol.asyncIterator in stream ? stream[Symbol.asyncIterator]() : stream[Symbol.iterator]();
  let coming = null;
  let limit = 1;
  try {
    for (let more = true; more; limit = TEXTS) {
      const window = [];
      let failed = null;
      let room = CHARACTERS;
      const opened2 = performance.now();
      while (more && !failed && window.length < limit && room > 0) {
        if (window.length > 0 && performance.now() - opened2 > WINDOW_MS) break;
        coming ??= Promise.resolve(items.next());
        const next = await arrival(coming, window.length > 0);
        if (next === "slow") break;
        coming = null;
        if ("error" in next) failed = next;
        else if (next.done) more = false;
        else {
          window.push(next.value);
          room -= charactersOf(next.value);
        }
      }
      if (window.length > 0) yield window;
      if (failed) throw failed.error;
    }
  } finally {
    await items.return?.();
  }
}
async function arrival(coming, hurried) {
  const arrived = coming.catch((error) => ({ error }));
  if (!hurried) return arrived;
  let timer;
  const slow = new Promise((resolve) => timer = setTimeout(resolve, SLOW_MS, "slow"));
  return Promise.race([arrived, slow]).finally(() => clearTimeout(timer));
}
function portionsOf(items, most = TEXTS) {
  const portions = [];
  let room = 0;
  for (const item of items) {
    const size = charactersOf(item);
    const last2 = portions.at(-1);
    if (!last2 || last2.length === most || room < size) {
      portions.push([item]);
      room = CHARACTERS - size;
    } else {
      last2.push(item);
      room -= size;
    }
  }
  return portions;
}
function charactersOf(item) {
  return typeof item === "string" ? item.length : Array.isArray(item) ? item.join("").length : 0;
}

// src/text/longTexts.ts
var LONG_TEXTS = ["truncate", "mean"];
var STRIDE = 128;
function strideOf(room) {
  let stride = STRIDE;
  while (stride > Math.floor(room / 2)) stride = Math.floor(stride / 2);
  return stride;
}
function tokensOf(part) {
  return part.specialTokens.reduce((sum, special2) => sum + (special2 ? 0 : 1), 0);
}
function bothTooLong(maxLength) {
  return `both of its sides fill the ${maxLength} tokens that are read at a time; longText: "mean" reads one side in parts beside all of the other`;
}

// src/text/checks.ts
var LONE_SURROGATE = /\p{Surrogate}/u;
function checkText(text, place, pairs) {
  const isPair = pairs && Array.isArray(text) && text.length === 2;
  for (const side of isPair ? text : [text]) checkSide(side, place);
  return text;
}
function checkSide(side, place) {
  if (typeof side !== "string") {
    throw new InputError(`text ${place}: expected string, not ${kindOf2(side)}`);
  }
  if (LONE_SURROGATE.test(side)) {
    throw new InputError(`text ${place}: holds a lone surrogate, so it is not Unicode text`);
  }
}
function kindOf2(value) {
  if (value === null || value === void 0) return String(value);
  return typeof value === "object" ? value.constructor?.name ?? "object" : typeof value;
}
function checkSides(text, place, tokenizer) {
  const checked2 = checkText(text, place, true);
  const refused = typeof checked2 === "string" ? null : refusalOfSides(checked2, tokenizer);
  if (refused !== null) throw new InputError(`text ${place}: ${refused}`);
  return checked2;
}
function refusalOfSides(pair, tokenizer) {
  const { maxLength } = tokenizer;
  if (maxLength === null) return null;
  const special2 = tokenizer.numSpecialTokens(true);
  const counts = pair.map((side) => tokensAlone(side, tokenizer));
  if (counts[0] + counts[1] + special2 <= maxLength) return null;
  if (Math.min(...counts) + special2 < maxLength) return null;
  return bothTooLong(maxLength);
}
function checkQuestion(pair, place, tokenizer) {
  const checked2 = checkText(pair, place, true);
  if (typeof checked2 === "string") {
    throw new InputError(`text ${place}: expected a question and its context, not one string`);
  }
  if (roomBeside(checked2[0], tokenizer) === 0) {
    throw new InputError(`text ${place}: ${noRoom(tokenizer.maxLength ?? 0)}`);
  }
  return checked2;
}
function noRoom(maxLength) {
  return `its question leaves no room for a context in ${maxLength} tokens`;
}
function roomBeside(question, tokenizer) {
  const { maxLength } = tokenizer;
  if (maxLength === null) return Infinity;
  const taken2 = tokenizer.numSpecialTokens(true) + tokensAlone(question, tokenizer);
  return Math.max(0, maxLength - taken2);
}
function refusalOfIds(ids, rows, tokenizer) {
  const beyond = ids.find((id) => id >= rows);
  if (beyond === void 0) return null;
  const token = `'${tokenizer.idToToken(beyond)}'`;
  return `its token ${token} (${beyond}) has no embedding: the model has ${rows}`;
}
function tokensAlone(text, tokenizer) {
  return tokenizer.count(text) - tokenizer.numSpecialTokens(false);
}

// src/text/prompts.ts
var DOCUMENT = ["document", "passage", "corpus"];
var QUERY = ["query"];
function documentPrompt(model) {
  return first(DOCUMENT, model);
}
function queryPrompt(model) {
  return first(QUERY, model);
}
function first(names, model) {
  return names.find((name) => Object.hasOwn(model.prompts, name) && model.prompts[name]) ?? "";
}

// src/text/words.ts
var BLANK_PIECE = /^[▁Ġ]*$/;
var BLANK = /[\s\x1c-\x1f\x85\u200b\ufeff]/;
var MARK = /[\p{M}\p{Cf}]/u;
var LETTER = /[\p{L}\p{N}\p{M}\p{Cf}]/u;
var UNSPACED = new RegExp(
  "[\\u0e00-\\u0eff\\u0f00-\\u0fff\\u1000-\\u109f\\ua9e0-\\ua9ff\\uaa60-\\uaa7f\\u1780-\\u17ff\\u19e0-\\u19ff\\u1950-\\u19df\\u1a20-\\u1aaf\\uaa80-\\uaadf\\u1b00-\\u1b7f\\ua980-\\ua9df\\u2e80-\\u2fdf\\u3005-\\u3007\\u3021-\\u3029\\u3031-\\u303c\\u3041-\\u30ff\\u3100-\\u312f\\u31a0-\\u31bf\\u31f0-\\u31ff\\uff66-\\uff9f\\u3400-\\u4dbf\\u4e00-\\u9fff\\ua000-\\ua4cf\\uf900-\\ufaff\\u{16fe0}-\\u{18d8f}\\u{1aff0}-\\u{1b2ff}\\u{20000}-\\u{3ffff}]",
  "u"
);
function tokenizedText(text, encoding) {
  const { tokens, wordIds } = encoding;
  const offsets = encoding.offsets.map((span, i) => tokenSpan(text, span, tokens[i]));
  return { text, offsets, wordIds };
}
function tokenSpan(text, span, piece) {
  let [first2, last2] = span;
  const start = first2;
  if (BLANK_PIECE.test(piece)) return [start, start];
  while (first2 < last2 && BLANK.test(text[first2])) first2 += 1;
  while (last2 > first2 && BLANK.test(text[last2 - 1])) last2 -= 1;
  return first2 < last2 ? [first2, last2] : [start, start];
}
function singleTokens(tokenized) {
  return standing(tokenized).map((token) => wordOf(tokenized, [token]));
}
function wholeWords(tokenized) {
  const words = /* @__PURE__ */ new Map();
  for (const token of standing(tokenized)) {
    const word = tokenized.wordIds[token];
    const tokens = words.get(word);
    if (tokens) tokens.push(token);
    else words.set(word, [token]);
  }
  return [...words.values()].map((tokens) => wordOf(tokenized, tokens));
}
function splitWords(tokenized) {
  return wholeWords(tokenized).flatMap(
    (word) => cut(tokenized, word.tokens).map((tokens) => wordOf(tokenized, tokens))
  );
}
function standing({ offsets, wordIds }) {
  return offsets.flatMap(([start, end], i) => wordIds[i] !== null && start < end ? [i] : []);
}
function wordOf({ offsets }, tokens) {
  return { start: offsets[tokens[0]][0], end: offsets[tokens.at(-1)][1], tokens };
}
function cut({ text, offsets }, tokens) {
  const parts = [];
  tokens.forEach((token, i) => {
    const before = tokens[i - 1];
    const apart = before === void 0 || isCut(text, offsets[before][1], offsets[token][0]);
    if (apart) parts.push([token]);
    else parts.at(-1).push(token);
  });
  return parts;
}
function isCut(text, end, start) {
  if (start < end) return false;
  if (BLANK.test(text.slice(end, start))) return true;
  const next = String.fromCodePoint(text.codePointAt(start));
  if (MARK.test(next)) return false;
  return !(joins(characterBefore(text, end)) && joins(next));
}
function joins(character) {
  return !UNSPACED.test(character) && LETTER.test(character);
}
function characterBefore(text, end) {
  const pair = text.codePointAt(end - 2) ?? 0;
  return pair > 65535 && end > 1 ? text.slice(end - 2, end) : text.slice(end - 1, end);
}

// src/text/stitching.ts
function stitchedTokens(text, windows) {
  const parts = windows.map((window) => tokenizedText(text, window));
  const [only] = parts;
  if (parts.length === 1 && only) {
    return { tokenized: only, found: only.offsets.map((_, token) => [0, token]) };
  }
  const found = windows.flatMap(
    (_, part) => taken(windows, part).map((token) => [part, token])
  );
  const offsets = found.map(([part, token]) => parts[part].offsets[token]);
  const wordIds = found.map(([part, token]) => parts[part].wordIds[token]);
  return { tokenized: { text, offsets, wordIds }, found };
}
function taken(windows, part) {
  const shared = strideOf(Math.max(...windows.map(tokensOf)));
  const { specialTokens } = windows[part];
  const inside2 = specialTokens.flatMap((special2, token) => special2 ? [] : [token]);
  const begin = part === 0 ? 0 : Math.floor(shared / 2);
  const end = part === windows.length - 1 ? 0 : shared - Math.floor(shared / 2);
  return inside2.slice(begin, Math.max(begin, inside2.length - end));
}

// src/text/json.ts
function damaged(what) {
  return new BundleError(`tokenizer.json is damaged: ${what}`);
}
function unsupported(what) {
  return new BundleError(
    `tokenizer.json has ${what}, which this client does not read; use the Python runtime`
  );
}
function objectOf(value, name) {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  throw damaged(`${name} is not an object`);
}
function listOf(value, name) {
  if (Array.isArray(value)) return value;
  throw damaged(`${name} is not a list`);
}
function stringOf(value, name) {
  if (typeof value === "string") return value;
  throw damaged(`${name} is not a string`);
}
function countOf(value, name) {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw damaged(`${name} is not a whole number`);
}
function numberOf(value, name) {
  if (typeof value === "number" && Number.isFinite(value)) return value;
  throw damaged(`${name} is not a number`);
}
function flagOf(value, name, missing2) {
  if (value === void 0 || value === null) return missing2;
  if (typeof value === "boolean") return value;
  throw damaged(`${name} is not true or false`);
}
function choiceOf(value, name, choices, missing2) {
  const found = value === void 0 || value === null ? missing2 : value;
  if (choices.includes(found)) return found;
  throw unsupported(`${name} ${JSON.stringify(found)}`);
}
function partOf(value, name) {
  if (value === void 0 || value === null) return null;
  const part = objectOf(value, name);
  return { ...part, type: stringOf(part["type"], `the type of ${name}`) };
}
function vocabularyOf(value) {
  const pairs = Object.entries(objectOf(value, "vocab"));
  return new Map(pairs.map(([token, id]) => [token, countOf(id, "an id of vocab")]));
}

// src/text/models/byteFallback.ts
var encoder = new TextEncoder();
function byteTokens(text, vocabulary) {
  const found = [];
  for (const byte of encoder.encode(text)) {
    const token = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    const id = vocabulary.get(token);
    if (id === void 0) return null;
    found.push({ id, token });
  }
  return found;
}
function byteOf(token) {
  const digits2 = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return digits2 === void 0 ? null : Number.parseInt(digits2, 16);
}

// src/text/splitting/byteLevel.ts
var BYTE_CHARACTERS = characters();
var BYTES = new Map(
  BYTE_CHARACTERS.map((character, byte) => [character, byte])
);
var encoder2 = new TextEncoder();
var decoder = new TextDecoder("utf-8", { ignoreBOM: true });
var BYTE_BLANK = BYTE_CHARACTERS[32];
function byteCharacters(text) {
  const changes = [];
  for (const character of text) {
    let change = 0;
    for (const byte of encoder2.encode(character)) {
      changes.push({ character: BYTE_CHARACTERS[byte], change });
      change = 1;
    }
  }
  return changes;
}
function fromByteCharacters(tokens) {
  const bytes = [];
  for (const token of tokens) {
    const found = [...token].map((character) => BYTES.get(character));
    if (found.every((byte) => byte !== void 0)) bytes.push(...found);
    else bytes.push(...encoder2.encode(token));
  }
  return fromBytes(bytes);
}
function fromBytes(bytes) {
  return decoder.decode(Uint8Array.from(bytes));
}
function characters() {
  let unprinted = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const printed = byte > 32 && byte < 127 || byte > 160 && byte !== 173;
    return String.fromCharCode(printed ? byte : 256 + unprinted++);
  });
}

// src/text/normalizing/unicode.ts
var PUNCTUATION = rangesOf(
  "x f a 7 q 6 q 4 y 1 5 1 3 1 a 2 3 1 3 1 ji 1 8 1 cy 6 15 2 1f 1 1 1 2 1 2 1 18 2 k 2 1 2 d 1 2 2 22 4 2u 1 17 e 6h 3 1i f v 1 79 2 a 1 an 1 lf 1 2i 1 a 2 4o f 1 1 11 4 1z 1 22 5 4 2 33 6 4r 1 h0 9 47 1 h8 2 18 2 26 3 1z 2 4d 3 1 3 11 b 8p 2 60 2 3k 7 1 6 4s 7 4b 4 1n 5 1q 2 1s 8 b 1 n0 o 8 k 1 d 1 c u 2 e 2 hl 4 t 2 u5 e 27 2 v a b7 m 1r 4 w 2 l7 4 1 2 34 1 3z 1b 1 j ce 3 4 a 2 c g 1 c 1 2q 1 2i 1 mwy 2 7h 3 2r 1 a 1 37 6 ak 4 2e 2 14 3 1 1 1d 2 1b 1 2p d g 2 3g 4 3i 2 g 2 6x 1 g2a 2 5s a m z 1 e 1 1 4 1 1 2 45 3 1 6 1 4 a 2 3 2 q 3 1 1 r 1 1 1 1 7 be 3 ik 1 1c 1 bi 1 kn 1 5j 1 v 1 7k 9 12 1 34 7 1u 7 2h 4 x6 7 31 2 1 4 3i 4 1c 2 27 5 3 1 d 1 1 3 2g 6 2z 1 f0 1 6y n 2x 3 6w 3 2lt 5 dtl 2 3p 1 1t 5 8 1 g2i 1 5wn 5"
);
var MARKS_OF_BERT = rangesOf(
  "lc 34 7n 5 7d 19 1 1 1 2 1 2 1 1 20 b 1c l g 1 2t 7 2 6 2 2 1 4 z 1 u r 2j b 1m 9 y 4 1 9 1 3 1 5 17 3 3r w 1j 1 1 1 4 8 4 1 3 7 a 2 t 1 1m 1 4 4 8 1 k 2 t 2 1l 1 4 2 4 2 2 3 3 1 u 2 3 1 b 2 1l 1 4 5 1 2 4 1 k 2 t 1 1m 1 2 1 1 4 8 1 8 1 b 2 u 1 1p 1 c 1 1e 1 1p 3 5 3 1 4 7 2 b 2 t 1 1m 1 2 1 6 1 5 2 k 2 t 1 1r 4 8 1 k 2 2u 1 7 3 1 1 2i 1 2 7 c 8 2q 1 2 6 1 2 b 6 22 2 r 1 1 1 1 1 1j e 1 5 1 2 5 b 1 10 9 1 2u 4 1 6 1 2 2 2 p 2 4 3 g 4 d 1 2 2 6 1 f 1 jj 3 qa 3 t 3 t 2 u 2 1s 2 1 7 8 1 2 b 9 1 19 3 4b 1 3a 3 4 2 9 1 6 3 63 2 2 1 1m 1 1 7 1 1 1 1 2 8 6 a 2 1 1c e 1u 4 1c 1 1 5 1 1 5 1 14 9 c 2 w 4 2 2 1 3 1k 1 1 2 3 1 1 3 1m 8 2 2 48 3 1 d 1 7 4 1 6 1 3 2 5i 1i 6 4 k0 d 4 1 3 c 2da 3 3x 1 2o w fe 4 2z 2 n9w 1 4 a w 2 28 2 7k 1 3 1 4 1 p 2 4d 1 r i 1g 8 p b 1a 3 1c 1 2 4 2 1 14 1 1v 6 2 2 2 2 c 1 8 1 1b 1 1f 1 1 3 2 2 5 2 1 1 16 2 8 1 6m 1 2 1 4 1 fn4 1 kh g g g r1 1 6a 1 45 5 1ae 3 1 2 5 4 14 3 4 1 4l 2 10a 1 1i f 1k 3 1d 4 2 2 1x 3 10 5 1 8 1q 1 c 2 1g 9 b 3 2q 3 2 1 1 2 4n 1 3 8 l 2 1m 1 3 1 11 7 3 5 8u 6 1 1 4 2 1 2 6m 4 6 2 1 2 r 2 2d 8 2 1 1 2 2y 1 1 1 2 6 1 1 2t 3 2 4 1 5 gjo 5 1n 7 uw 4 f7u 2 43s 3 h 8 2 7 u 4 44 3 1iz 1j 4 1e 8 1 e 1 m 5 1 f 2sg 7 gzl5 6o"
);
var MARKS = rangesOf(
  "lc 34 7n 7 7b 19 1 1 1 2 1 2 1 1 20 b 1c l g 1 2t 7 2 6 2 2 1 4 z 1 u r 2j b 1m 9 y 4 1 9 1 3 1 5 17 3 3c e 1 x 1i 3 1 i 1 7 a 2 t 3 1k 1 1 7 2 2 2 3 9 1 a 2 t 3 1k 1 1 5 4 2 2 3 3 1 u 2 3 1 b 3 1k 1 1 8 1 3 1 3 k 2 t 3 1k 1 1 7 2 2 2 3 8 2 a 2 u 1 1n 5 3 3 1 4 9 1 14 4 1m 7 1 3 1 4 7 2 b 2 t 3 1k 1 1 7 1 3 1 4 7 2 b 2 t 3 1m 7 1 3 1 4 9 1 a 2 u 2 1y 1 4 6 1 1 1 8 i 2 1p 1 2 7 c 8 2q 1 2 6 1 2 b 6 22 2 r 1 1 1 1 1 4 2 1d k 1 2 5 b 1 10 9 1 2s k n 4 4 3 1 3 2 7 3 4 d c 1 1 a 4 jj 3 qa 3 t 3 t 2 u 2 1s w 9 1 19 3 3b 2 y 1 3a c 4 c 63 5 1l a 1 t 2 1 1c f 1t 5 1b h 12 9 c 3 u d 1k e 1c k 48 3 1 l 4 1 4 3 3 2 5i 1i 5 5 k0 x 2da 3 3x 1 2o w fe 6 2x 2 n9w 4 1 a w 2 28 2 7k 1 3 1 4 1 n 5 2g 2 1e i q i 1g 8 p d 18 4 1b e 10 1 1v e c 1 8 2 19 3 1e 1 1 3 2 2 5 2 1 1 15 5 5 2 6k 8 1 2 fn4 1 kh g g g r1 1 6a 1 45 5 1ae 3 1 2 5 4 14 3 4 1 4l 2 109 3 1h f 1k 4 19 b 1x 3 10 e 1q 1 c 3 1c e 9 3 2n c 6 1 4g c l 4 1k 1 1 7 2 2 2 3 9 1 a 2 2 7 3 5 5c i 2x k 6j 7 2 9 r 2 2a h 2y d 2t f zn 8 1 8 2a m 1 e fg9 5 1n 7 t6 1a g 4 f7u 2 43q 5 3 6 8 8 2 7 u 4 44 3 1iz 1j 4 1e 8 1 e 1 m 5 1 f 11s 7 1 h 2 7 1 2 1 5 1ph 7 31 7 gzhx 6o"
);
var REMOVED = rangesOf(
  "0 9 2 2 1 i 2n x d 1 11u 6 m 1 5c 1 1d 1 3cu 1 1ks 5 q 5 1d 5 1 a 11u8 4xs 16n 1 6x 3 1 1 3b3 1 xya 4 43z 8 h406 1 u 2o 1egw 1eke 2 1eke"
);
var NOT_DECOMPOSED = rangesOf(
  "a2n 1 n3l 4 ok 1 hun 1 q 1 bg 5 1 16 1 9 2bs 1 1 1 8 1 2 1 1f 1 1 2 12n 1 e7c 8 2f3 3 iuj 10 3sm 1q 3cu 1 22r a"
);
var WHITE_SPACE = "\\p{White_Space}";
var BLANK2 = new RegExp(WHITE_SPACE, "u");
function blanksAfter(text, place) {
  let end = place;
  while (end < text.length && BLANK2.test(text[end])) end += 1;
  return end;
}
function blanksBefore(text, place) {
  let start = place;
  while (start > 0 && BLANK2.test(text[start - 1])) start -= 1;
  return start;
}
var WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";
var CHINESE = "\\u{3400}-\\u{4dbf}\\u{4e00}-\\u{9fff}\\u{f900}-\\u{faff}\\u{20000}-\\u{2a6df}\\u{2a700}-\\u{2b81f}\\u{2b920}-\\u{2ceaf}\\u{2f800}-\\u{2fa1f}";
function rangesOf(table) {
  const numbers = table.split(" ").map((number2) => Number.parseInt(number2, 36));
  let ranges = "";
  let end = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const start = end + numbers[i];
    end = start + numbers[i + 1];
    ranges += `\\u{${start.toString(16)}}-\\u{${(end - 1).toString(16)}}`;
  }
  return ranges;
}

// src/text/splitting/patterns.ts
var CLASSES = {
  s: WHITE_SPACE,
  w: WORD,
  d: "\\p{Nd}",
  h: "0-9a-fA-F"
};
var ESCAPE = /^\\(?:[pP]\{[^}]*\}|x[\da-f]{2}|u[\da-f]{4}|.)/isu;
var SHARED = /^(?:[xu].+|[nrtfv0bB^$\\.*+?()[\]{}|/])$/;
function patternOf(value) {
  const pattern = objectOf(value, "pattern");
  if (pattern["Regex"] === void 0) {
    const found = stringOf(pattern["String"], "pattern");
    return new RegExp(found === "" ? "(?!)" : escaped(found), "gu");
  }
  const source2 = stringOf(pattern["Regex"], "pattern");
  try {
    return new RegExp(translated(source2), "gu");
  } catch {
    throw unsupported(`the regular expression ${JSON.stringify(source2)}`);
  }
}
function escaped(text) {
  return text.replace(/[\^$\\.*+?()[\]{}|/]/g, "\\$&");
}
function translated(source2) {
  let found = "";
  let depth = 0;
  const folded = [false];
  for (let i = 0; i < source2.length; ) {
    const rest = source2.slice(i);
    const [read, written] = depth > 0 ? inClass(rest, folded.at(-1)) : outside2(rest, folded);
    if (read === "[") depth += 1;
    if (read === "]" && depth > 0) depth -= 1;
    if (depth > 1) throw new SyntaxError("a class in a class");
    found += written;
    i += read.length;
  }
  return found;
}
function inClass(rest, folds) {
  const escape = ESCAPE.exec(rest)?.[0];
  if (escape) return [escape, escapeOf(escape.slice(1), true)];
  if (rest.startsWith("&&") || rest.startsWith("[:")) throw new SyntaxError("a class of classes");
  const range2 = /^([a-zA-Z])-([a-zA-Z])/.exec(rest);
  if (range2 && folds) return [range2[0], `${range2[0]}${swapped(range2[0])}`];
  return [characterOf(rest), folds ? bothCases(rest) : characterOf(rest)];
}
function outside2(rest, folded) {
  const escape = ESCAPE.exec(rest)?.[0];
  if (escape) return [escape, escapeOf(escape.slice(1), false)];
  if (/^[?*+}]\+/.test(rest)) throw new SyntaxError("a possessive quantifier");
  const group = /^\((?:\?(i:|:|=|!|<=|<!))?/.exec(rest);
  if (group) {
    if (rest.startsWith("(?") && !group[1]) throw new SyntaxError("a group of another kind");
    const folds = group[1] === "i:";
    folded.push(folds || folded.at(-1));
    return [group[0], folds ? "(?:" : group[0]];
  }
  if (rest[0] === ")" && folded.length > 1) folded.pop();
  if (rest[0] === ".") return [".", "[^\\n]"];
  if (rest[0] === "^") return ["^", "(?<![^\\n])"];
  if (rest[0] === "$") return ["$", "(?![^\\n])"];
  const character = characterOf(rest);
  const cased = folded.at(-1) && bothCases(rest) !== character;
  return [character, cased ? `[${bothCases(rest)}]` : character];
}
function escapeOf(name, within) {
  if (/^p./i.test(name)) return propertyOf(name);
  const known = CLASSES[name];
  if (known) return within ? known : `[${known}]`;
  const negated = CLASSES[name.toLowerCase()];
  if (negated && name !== name.toLowerCase()) {
    if (within && name !== "S" && name !== "D") throw new SyntaxError("a negated class in a class");
    return within ? negated.replace("\\p", "\\P") : `[^${negated}]`;
  }
  if (name === "A") return "(?<![^])";
  if (name === "z") return "(?![^])";
  if (SHARED.test(name)) return `\\${name}`;
  if (/[a-zA-Z0-9]/.test(name)) throw new SyntaxError(`the escape \\${name}`);
  return within && name === "-" ? "\\-" : name;
}
function propertyOf(name) {
  try {
    return new RegExp(`\\${name}`, "u").source;
  } catch {
    return `\\${name.slice(0, 2)}Script=${name.slice(2)}`;
  }
}
function bothCases(rest) {
  const character = characterOf(rest);
  const [lower, upper] = [character.toLowerCase(), character.toUpperCase()];
  if (lower === upper) return character;
  const third = lower === "s" ? "ſ" : lower === "k" ? "K" : "";
  return lower + upper + third;
}
function swapped(range2) {
  return range2 === range2.toLowerCase() ? range2.toUpperCase() : range2.toLowerCase();
}
function characterOf(rest) {
  return String.fromCodePoint(rest.codePointAt(0));
}

// src/text/normalizing/aligned.ts
function aligned(text) {
  const starts = [];
  const ends = [];
  for (let i = 0; i < text.length; ) {
    const size = sizeAt(text, i);
    for (let unit2 = 0; unit2 < size; unit2 += 1) {
      starts.push(i);
      ends.push(i + size);
    }
    i += size;
  }
  return { text, starts, ends, from: 0 };
}
function sliced(piece, from, to) {
  if (from === 0 && to === piece.text.length) return piece;
  return { ...piece, text: piece.text.slice(from, to), from: piece.from + from };
}
function originalSpan(piece, from, to) {
  const start = piece.starts[piece.from + from] ?? piece.ends[piece.from + from - 1] ?? 0;
  return [start, to > from ? piece.ends[piece.from + to - 1] : start];
}
function transformed(piece, changes, skipped = 0) {
  const write = writer();
  let at = skipped;
  for (const { character, change } of changes) {
    const place = change > 0 ? at - 1 : at;
    write.add(character, ...placeOf(piece, place));
    for (let left2 = change; left2 <= 0; left2 += 1) at += sizeAt(piece.text, at);
  }
  return write.piece();
}
function mapped(piece, change) {
  const write = writer();
  for (let i = 0; i < piece.text.length; ) {
    const size = sizeAt(piece.text, i);
    write.add(change(piece.text.slice(i, i + size)), ...placeOf(piece, i));
    i += size;
  }
  return write.piece();
}
function replaced(piece, pattern, content) {
  const write = writer();
  let copied = 0;
  for (const match of piece.text.matchAll(pattern)) {
    write.copy(piece, copied, match.index);
    copied = match.index + match[0].length;
    write.add(content, ...placeOf(piece, copied - 1));
  }
  if (copied === 0 && write.isEmpty()) return piece;
  write.copy(piece, copied, piece.text.length);
  return write.piece();
}
function prepended(piece, content) {
  if (piece.text === "") return piece;
  const write = writer();
  write.add(content, ...placeOf(piece, 0));
  write.copy(piece, 0, piece.text.length);
  return write.piece();
}
function sizeAt(text, place) {
  const unit2 = text.charCodeAt(place);
  if (unit2 < 55296 || unit2 > 56319) return 1;
  const next = text.charCodeAt(place + 1);
  return next >= 56320 && next <= 57343 ? 2 : 1;
}
function placeOf(piece, unit2) {
  const place = piece.from + Math.max(unit2, 0);
  const { starts, ends } = piece;
  if (place < starts.length) return [starts[place], ends[place]];
  return [ends.at(-1) ?? 0, ends.at(-1) ?? 0];
}
function writer() {
  const starts = [];
  const ends = [];
  let text = "";
  return {
    isEmpty: () => text === "",
    add(content, start, end) {
      text += content;
      for (let unit2 = 0; unit2 < content.length; unit2 += 1) {
        starts.push(start);
        ends.push(end);
      }
    },
    copy(piece, from, to) {
      text += piece.text.slice(from, to);
      for (let unit2 = piece.from + from; unit2 < piece.from + to; unit2 += 1) {
        starts.push(piece.starts[unit2]);
        ends.push(piece.ends[unit2]);
      }
    },
    piece: () => ({ text, starts, ends, from: 0 })
  };
}

// src/text/splitting/behaviors.ts
var BEHAVIORS = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous"
];
function split(piece, pattern, behavior, inverted = false) {
  const parts = partsOf(piece.text, pattern, inverted);
  return merged(parts, behavior).filter(({ from, to }) => from < to).map(({ from, to }) => sliced(piece, from, to));
}
function partsOf(text, pattern, inverted) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const from = match.index;
    const to = from + match[0].length;
    if (end < from) parts.push({ from: end, to: from, matches: inverted });
    parts.push({ from, to, matches: !inverted });
    end = to;
  }
  if (end < text.length) parts.push({ from: end, to: text.length, matches: inverted });
  return parts;
}
function merged(parts, behavior) {
  if (behavior === "Removed") return parts.filter((part) => !part.matches);
  if (behavior === "Isolated") return [...parts];
  const found = [];
  const backwards = behavior === "MergedWithNext";
  let before = false;
  for (const part of backwards ? [...parts].reverse() : parts) {
    const last2 = found.at(-1);
    const joins2 = behavior === "Contiguous" ? part.matches === before : part.matches && !before;
    if (last2 && joins2 && backwards) found[found.length - 1] = { ...last2, from: part.from };
    else if (last2 && joins2) last2.to = part.to;
    else found.push({ ...part });
    before = part.matches;
  }
  return backwards ? found.reverse() : found;
}

// src/text/splitting/preTokenizer.ts
var BLANK3 = new RegExp(WHITE_SPACE, "gu");
var PUNCTUATION_MARK = new RegExp(`[${PUNCTUATION}]`, "gu");
var BERT_WORD = new RegExp(`[${PUNCTUATION}]|[^${PUNCTUATION}${WHITE_SPACE}]+`, "gu");
var WORD_OR_MARKS = new RegExp(`[${WORD}]+|[^${WORD}${WHITE_SPACE}]+`, "gu");
var DIGIT = /\p{N}/gu;
var BYTE_LEVEL = patternOf({
  Regex: "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+"
});
function preTokenizerOf(value) {
  const part = partOf(value, "the pre-tokenizer");
  if (part === null) return (piece) => [piece];
  switch (part.type) {
    case "Sequence":
      return inSequence(listOf(part["pretokenizers"], "pretokenizers").map(preTokenizerOf));
    case "BertPreTokenizer":
      return (piece) => split(piece, BERT_WORD, "Removed", true);
    case "Whitespace":
      return (piece) => split(piece, WORD_OR_MARKS, "Removed", true);
    case "WhitespaceSplit":
      return (piece) => split(piece, BLANK3, "Removed");
    case "Punctuation":
      return punctuation(part);
    case "Digits":
      return digits(part);
    case "CharDelimiterSplit":
      return delimiter(part);
    case "Split":
      return splitAt(part);
    case "Metaspace":
      return metaspace(part);
    case "ByteLevel":
      return byteLevel(part);
    default:
      throw unsupported(`the pre-tokenizer ${part.type}`);
  }
}
function inSequence(preTokenizers) {
  return (piece) => preTokenizers.reduce((pieces, preTokenize) => pieces.flatMap(preTokenize), [piece]);
}
function behaviorOf(options) {
  return choiceOf(options["behavior"], "the behavior", BEHAVIORS, "Isolated");
}
function punctuation(options) {
  const behavior = behaviorOf(options);
  return (piece) => split(piece, PUNCTUATION_MARK, behavior);
}
function digits(options) {
  const behavior = flagOf(options["individual_digits"], "individual_digits", false) ? "Isolated" : "Contiguous";
  return (piece) => split(piece, DIGIT, behavior);
}
function delimiter(options) {
  const pattern = new RegExp(escaped(stringOf(options["delimiter"], "delimiter")), "gu");
  return (piece) => split(piece, pattern, "Removed");
}
function splitAt(options) {
  const pattern = patternOf(options["pattern"]);
  const behavior = behaviorOf(options);
  const inverted = flagOf(options["invert"], "invert", false);
  return (piece) => split(piece, pattern, behavior, inverted);
}
function metaspace(options) {
  const blank = stringOf(options["replacement"], "replacement");
  if ([...blank].length !== 1) throw damaged("replacement is not one character");
  const scheme = prependScheme(options);
  const splits = flagOf(options["split"], "split", true);
  const pattern = new RegExp(escaped(blank), "gu");
  return (piece) => {
    let read = piece.text.includes(" ") ? replaced(piece, / /g, blank) : piece;
    const first2 = scheme === "always" || scheme === "first" && piece.starts[piece.from] === 0;
    if (first2 && !read.text.startsWith(blank)) read = prepended(read, blank);
    return splits ? split(read, pattern, "MergedWithNext") : [read];
  };
}
function prependScheme(options) {
  const always = flagOf(options["add_prefix_space"], "add_prefix_space", true);
  const schemes = ["always", "first", "never"];
  return choiceOf(options["prepend_scheme"], "prepend_scheme", schemes, always ? "always" : "never");
}
function byteLevel(options) {
  const prefixed = flagOf(options["add_prefix_space"], "add_prefix_space", true);
  const splits = flagOf(options["use_regex"], "use_regex", true);
  return (piece) => {
    const read = prefixed && !piece.text.startsWith(" ") ? prepended(piece, " ") : piece;
    const words = splits ? split(read, BYTE_LEVEL, "Isolated") : [read];
    return words.map((word) => transformed(word, byteCharacters(word.text)));
  };
}

// src/text/framing/decoder.ts
function decoderOf(value) {
  const part = partOf(value, "the decoder");
  if (part === null) return (tokens) => tokens.join(" ");
  const decode = decodeOf(part);
  return (tokens) => decode(tokens).join("");
}
function decodeOf(value) {
  const part = partOf(value, "a decoder") ?? { type: "" };
  switch (part.type) {
    case "Sequence":
      return inSequence2(listOf(part["decoders"], "decoders").map(decodeOf));
    case "WordPiece":
      return wordPiece(part);
    case "ByteLevel":
      return (tokens) => [fromByteCharacters(tokens)];
    case "Metaspace":
      return metaspace2(part);
    case "BPEDecoder":
      return bpe(part);
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "ByteFallback":
      return byteFallback;
    case "Replace":
      return replace(part);
    case "Strip":
      return strip(part);
    default:
      throw unsupported(`the decoder ${part.type}`);
  }
}
function inSequence2(decoders) {
  return (tokens) => decoders.reduce((read, decode) => decode(read), tokens);
}
function wordPiece(options) {
  const prefix = stringOf(options["prefix"], "prefix");
  const cleans = flagOf(options["cleanup"], "cleanup", true);
  return (tokens) => tokens.map((token, i) => {
    const continues2 = token.startsWith(prefix);
    const text = i === 0 ? token : continues2 ? token.slice(prefix.length) : ` ${token}`;
    return cleans ? cleaned(text) : text;
  });
}
function cleaned(text) {
  return text.replaceAll(/ ([.?!,])/g, "$1").replaceAll(" ' ", "'").replaceAll(" n't", "n't").replaceAll(" 'm", "'m").replaceAll(" do not", " don't").replaceAll(" 's", "'s").replaceAll(" 've", "'ve").replaceAll(" 're", "'re");
}
function metaspace2(options) {
  const blank = stringOf(options["replacement"], "replacement");
  const puts = prependScheme(options) !== "never";
  return (tokens) => tokens.map((token, i) => token.replaceAll(blank, i === 0 && puts ? "" : " "));
}
function bpe(options) {
  const suffix = stringOf(options["suffix"], "suffix");
  return (tokens) => tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " "));
}
function byteFallback(tokens) {
  const found = [];
  let bytes = [];
  const flush = () => {
    found.push(...isUtf8(bytes) ? [fromBytes(bytes)] : bytes.map(() => "�"));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteOf(token);
    if (byte !== null) bytes.push(byte);
    else {
      flush();
      found.push(token);
    }
  }
  flush();
  return found;
}
function isUtf8(bytes) {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    return true;
  } catch {
    return false;
  }
}
function replace(options) {
  const pattern = patternOf(options["pattern"]);
  const content = stringOf(options["content"], "content");
  return (tokens) => tokens.map((token) => token.replaceAll(pattern, () => content));
}
function strip(options) {
  const content = stringOf(options["content"], "content");
  const left2 = countOf(options["start"], "start");
  const right = countOf(options["stop"], "stop");
  return (tokens) => tokens.map((token) => {
    const characters2 = [...token];
    let from = 0;
    let to = characters2.length;
    while (from < Math.min(left2, to) && characters2[from] === content) from += 1;
    while (to > from && characters2.length - to < right && characters2[to - 1] === content) to -= 1;
    return characters2.slice(from, to).join("");
  });
}

// src/text/framing/postProcessor.ts
var BARE = {
  single: [{ side: 0, typeId: 0 }],
  pair: [
    { side: 0, typeId: 0 },
    { side: 1, typeId: 1 }
  ],
  trims: false,
  prefixed: false
};
function frameOf(value) {
  const part = partOf(value, "the post-processor");
  if (part === null) return BARE;
  switch (part.type) {
    case "TemplateProcessing":
      return { ...BARE, single: template(part, "single"), pair: template(part, "pair") };
    case "BertProcessing":
      return bert(part);
    case "RobertaProcessing":
      return roberta(part);
    case "ByteLevel":
      return { ...BARE, ...trimming(part) };
    case "Sequence":
      return inSequence3(listOf(part["processors"], "processors").map(frameOf));
    default:
      throw unsupported(`the post-processor ${part.type}`);
  }
}
function specialsOf(places) {
  return places.reduce((sum, place) => sum + ("side" in place ? 0 : place.ids.length), 0);
}
function inSequence3(frames) {
  const framing = frames.filter(({ single }) => single !== BARE.single);
  if (framing.length > 1) throw unsupported("several post-processors that add tokens");
  const trimming2 = frames.filter(({ trims }) => trims);
  if (trimming2.length > 1) throw unsupported("several post-processors that trim offsets");
  return { ...framing[0] ?? BARE, ...pick(trimming2[0] ?? BARE) };
}
function pick({ trims, prefixed }) {
  return { trims, prefixed };
}
function trimming(options) {
  return {
    trims: flagOf(options["trim_offsets"], "trim_offsets", true),
    prefixed: flagOf(options["add_prefix_space"], "add_prefix_space", true)
  };
}
function bert(options) {
  const [cls, sep] = [special(options["cls"], 0), special(options["sep"], 0)];
  const single = [cls, ...BARE.single, sep];
  const pair = [...single, { side: 1, typeId: 1 }, special(options["sep"], 1)];
  return { ...BARE, single, pair };
}
function roberta(options) {
  const [cls, sep] = [special(options["cls"], 0), special(options["sep"], 0)];
  const single = [cls, ...BARE.single, sep];
  const pair = [...single, sep, { side: 1, typeId: 0 }, sep];
  return { ...trimming(options), single, pair };
}
function special(value, typeId) {
  const [token, id] = listOf(value, "a special token of the post-processor");
  return { ids: [countOf(id, "its id")], tokens: [stringOf(token, "its text")], typeId };
}
function template(options, name) {
  const specials = objectOf(options["special_tokens"], "special_tokens");
  return listOf(options[name], name).map((entry) => {
    const piece = objectOf(entry, `a piece of ${name}`);
    const [kind, value] = Object.entries(piece)[0] ?? ["", null];
    const said = objectOf(value, `a piece of ${name}`);
    const typeId = countOf(said["type_id"], "type_id");
    const id = stringOf(said["id"], "the id of a piece");
    if (kind === "Sequence") return { side: id === "A" ? 0 : 1, typeId };
    if (kind !== "SpecialToken" || !Object.hasOwn(specials, id)) throw damaged(`the post-processor has no ${id}`);
    const token = objectOf(specials[id], id);
    return {
      ids: listOf(token["ids"], "ids").map((id2) => countOf(id2, "an id")),
      tokens: listOf(token["tokens"], "tokens").map((text) => stringOf(text, "a token")),
      typeId
    };
  });
}
var LEADING = new RegExp(`^[${BYTE_BLANK}${WHITE_SPACE}]*`, "u");
function trimmed2(tokens, prefixed) {
  const offsets = tokens.offsets.map((span, place) => {
    const token = tokens.tokens[place];
    const leading = LEADING.exec(token)[0].length;
    const wasPut = leading === 1 && prefixed && (place === 0 || span[0] === 0);
    const first2 = wasPut ? span[0] : behind(tokens.text, span, leading);
    if (leading === token.length) return [first2, first2];
    return [first2, Math.max(span[1] - trailingBlanks(token), first2)];
  });
  return { ...tokens, offsets };
}
function behind(text, [start, end], characters2) {
  let place = start;
  for (let i = 0; i < characters2 && place < end; i += 1) place += sizeAt(text, place);
  return place;
}
function trailingBlanks(token) {
  let count2 = 0;
  while (LEADING.exec(token[token.length - 1 - count2])[0] !== "") count2 += 1;
  return count2;
}

// src/text/framing/tokens.ts
function someOf(tokens, from, to) {
  if (from === 0 && to === tokens.ids.length) return tokens;
  return {
    text: tokens.text,
    ids: tokens.ids.slice(from, to),
    tokens: tokens.tokens.slice(from, to),
    offsets: tokens.offsets.slice(from, to),
    words: tokens.words.slice(from, to)
  };
}
function emptyRow() {
  return {
    ids: [],
    typeIds: [],
    tokens: [],
    offsets: [],
    specialTokens: [],
    wordIds: [],
    sequenceIds: []
  };
}
function putSide(row, tokens, side, typeId) {
  for (let i = 0; i < tokens.ids.length; i += 1) {
    row.ids.push(tokens.ids[i]);
    row.typeIds.push(typeId);
    row.tokens.push(tokens.tokens[i]);
    row.offsets.push(tokens.offsets[i]);
    row.specialTokens.push(false);
    row.wordIds.push(tokens.words[i]);
    row.sequenceIds.push(side);
  }
}
function putSpecial(row, id, token, typeId) {
  row.ids.push(id);
  row.typeIds.push(typeId);
  row.tokens.push(token);
  row.offsets.push([0, 0]);
  row.specialTokens.push(true);
  row.wordIds.push(null);
  row.sequenceIds.push(null);
}

// src/text/framing/truncation.ts
var STRATEGIES = { LongestFirst: "longest_first", OnlyFirst: "only_first", OnlySecond: "only_second" };
function truncationOf(value) {
  if (value === void 0 || value === null) {
    return { maxLength: null, strategy: "longest_first", direction: "right", stride: 0 };
  }
  const said = objectOf(value, "truncation");
  const names = Object.keys(STRATEGIES);
  const strategy = choiceOf(said["strategy"], "the strategy", names, "LongestFirst");
  const sides = ["Right", "Left"];
  return {
    maxLength: countOf(said["max_length"], "max_length"),
    strategy: STRATEGIES[strategy],
    direction: choiceOf(said["direction"], "the direction", sides, "Right") === "Left" ? "left" : "right",
    stride: countOf(said["stride"] ?? 0, "stride")
  };
}
function partsOf2(tokens, length, { stride, direction }) {
  const { length: all } = tokens.ids;
  if (length >= all) return [tokens];
  if (length === 0) return [someOf(tokens, 0, 0), tokens];
  if (stride >= length) {
    throw new InputError(`parts of ${length} tokens cannot share ${stride}: take a longer maxLength`);
  }
  const parts = [];
  const step = length - stride;
  for (let skipped = 0; ; skipped += step) {
    const whole = skipped + length >= all;
    if (direction === "right") parts.push(someOf(tokens, skipped, Math.min(skipped + length, all)));
    else parts.push(someOf(tokens, Math.max(all - skipped - length, 0), all - skipped));
    if (whole) return parts;
  }
}
function roomsOf(counts, room, truncation) {
  const { strategy } = truncation;
  const [first2, second] = counts;
  if (first2 + second <= room) return [first2, second];
  if (strategy === "longest_first") return longestFirst(first2, second, room);
  if (room === 0) return [0, 0];
  const left2 = strategy === "only_second" ? room - first2 : room - second;
  if (left2 <= 0) throw nothingToCut(truncation);
  return strategy === "only_second" ? [first2, left2] : [left2, second];
}
function longestFirst(first2, second, room) {
  const shorter = Math.min(first2, second);
  const half = Math.floor(room / 2);
  const rooms = 2 * shorter <= room ? [shorter, room - shorter] : [half, room - half];
  return first2 > second ? [rooms[1], rooms[0]] : rooms;
}
function nothingToCut({ maxLength, strategy }) {
  return new InputError(
    strategy === "only_second" ? `a question is longer than the ${maxLength} tokens that are read, or stands without its context` : `a second text is longer than the ${maxLength} tokens that are read`
  );
}

// src/text/models/merging.ts
function mergeAll(symbols, merges) {
  const { ids, ends } = symbols;
  const count2 = ids.length;
  const next = ids.map((_, i) => i + 1 < count2 ? i + 1 : -1);
  const previous = ids.map((_, i) => i - 1);
  const alive = ids.map(() => true);
  const heap = [];
  const rankAt = (place) => {
    const after = next[place];
    return after < 0 ? void 0 : merges.ranks.get(ids[place] * merges.size + ids[after]);
  };
  const offer = (place) => {
    const rank = place < 0 ? void 0 : rankAt(place);
    if (rank !== void 0) push(heap, rank * count2 + place);
  };
  for (let place = 0; place < count2; place += 1) offer(place);
  while (heap.length > 0) {
    const top = pop(heap);
    const place = top % count2;
    const rank = Math.floor(top / count2);
    if (!alive[place] || rankAt(place) !== rank) continue;
    const right = next[place];
    ids[place] = merges.merged[rank];
    ends[place] = ends[right];
    alive[right] = false;
    next[place] = next[right];
    if (next[right] >= 0) previous[next[right]] = place;
    offer(previous[place]);
    offer(place);
  }
  return left(symbols, alive);
}
function left({ ids, starts, ends }, alive) {
  const stays = (_, place) => alive[place];
  return { ids: ids.filter(stays), starts: starts.filter(stays), ends: ends.filter(stays) };
}
function push(heap, value) {
  let place = heap.push(value) - 1;
  while (place > 0) {
    const parent = place - 1 >> 1;
    if (heap[parent] <= value) break;
    heap[place] = heap[parent];
    place = parent;
  }
  heap[place] = value;
}
function pop(heap) {
  const top = heap[0];
  const value = heap.pop();
  if (heap.length === 0) return top;
  let place = 0;
  for (; ; ) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1] < heap[child]) child += 1;
    if (heap[child] >= value) break;
    heap[place] = heap[child];
    place = child;
  }
  heap[place] = value;
  return top;
}

// src/text/models/bytePairs.ts
function bytePairs(options) {
  if (options["dropout"]) throw unsupported("a dropout of its merges");
  const vocabulary = vocabularyOf(options["vocab"]);
  const tokens = new Map([...vocabulary].map(([token, id]) => [id, token]));
  const marks = {
    continuing: optional(options, "continuing_subword_prefix"),
    end: optional(options, "end_of_word_suffix")
  };
  const merges = mergesOf(options["merges"], vocabulary, marks.continuing.length);
  const symbols = symbolsOf(options, vocabulary, marks);
  const keepsWhole = flagOf(options["ignore_merges"], "ignore_merges", false);
  const tokenize = (word) => {
    const id = keepsWhole ? vocabulary.get(word) : void 0;
    if (id !== void 0) return { ids: [id], tokens: [word], starts: [0], ends: [word.length] };
    const { ids, starts, ends } = mergeAll(symbols(word), merges);
    return { ids, tokens: ids.map((id2) => tokens.get(id2)), starts, ends };
  };
  return { vocabulary, tokenize };
}
function symbolsOf(options, vocabulary, marks) {
  const fuses = flagOf(options["fuse_unk"], "fuse_unk", false);
  const fallsBack = flagOf(options["byte_fallback"], "byte_fallback", false);
  const unknown = unknownOf(options, vocabulary);
  return (word) => {
    const found = { ids: [], starts: [], ends: [] };
    let pending = null;
    const flush = () => {
      if (pending && unknown !== null) put(found, unknown, ...pending);
      pending = null;
    };
    for (let start = 0; start < word.length; ) {
      const character = String.fromCodePoint(word.codePointAt(start));
      const end = start + character.length;
      const mark = (start > 0 ? marks.continuing : "") + character;
      const symbol = end === word.length ? mark + marks.end : mark;
      const id = vocabulary.get(symbol);
      const bytes = id === void 0 && fallsBack ? byteTokens(symbol, vocabulary) : null;
      if (id !== void 0) {
        flush();
        put(found, id, start, end);
      } else if (bytes) {
        for (const byte of bytes) put(found, byte.id, start, end);
      } else if (pending && fuses) {
        pending = [pending[0], end];
      } else {
        flush();
        pending = [start, end];
      }
      start = end;
    }
    flush();
    return found;
  };
}
function put(symbols, id, start, end) {
  symbols.ids.push(id);
  symbols.starts.push(start);
  symbols.ends.push(end);
}
function unknownOf(options, vocabulary) {
  const token = options["unk_token"] ?? null;
  if (token === null) return null;
  const id = vocabulary.get(stringOf(token, "unk_token"));
  if (id === void 0) throw damaged(`the vocabulary has no ${String(token)}`);
  return id;
}
function mergesOf(value, vocabulary, prefixLength) {
  let size = 1;
  for (const id of vocabulary.values()) size = Math.max(size, id + 1);
  const ranks = /* @__PURE__ */ new Map();
  const merged2 = [];
  listOf(value, "merges").forEach((entry, rank) => {
    const [left2, right] = pairOf(entry);
    const ids = [left2, right, left2 + right.slice(prefixLength)].map((token) => vocabulary.get(token));
    if (ids.includes(void 0)) throw damaged(`a merge of ${left2} and ${right} is not in vocab`);
    ranks.set(ids[0] * size + ids[1], rank);
    merged2.push(ids[2]);
  });
  return { size, ranks, merged: merged2 };
}
function pairOf(entry) {
  const pair = typeof entry === "string" ? entry.split(" ") : listOf(entry, "a merge");
  if (pair.length !== 2) throw damaged("a merge is not of two tokens");
  return [stringOf(pair[0], "a merge"), stringOf(pair[1], "a merge")];
}
function optional(options, name) {
  return stringOf(options[name] ?? "", name);
}

// src/text/models/unigram.ts
var UNKNOWN_PENALTY = 10;
function unigram(options) {
  const vocabulary = vocabularyOf2(options);
  const fallsBack = flagOf(options["byte_fallback"], "byte_fallback", false);
  const { ids, unknown } = vocabulary;
  const tokenize = (word) => {
    const written = [];
    let start = 0;
    for (const end of fused(likeliest(word, vocabulary), unknown)) {
      const token = word.slice(start, end);
      const id = ids.get(token);
      const bytes = id === void 0 && fallsBack ? byteTokens(token, ids) : null;
      for (const piece of bytes ?? [{ id: id ?? required(unknown), token }]) {
        written.push({ ...piece, start, end });
      }
      start = end;
    }
    return columns(written);
  };
  return { vocabulary: ids, tokenize };
}
function columns(pieces) {
  return {
    ids: pieces.map(({ id }) => id),
    tokens: pieces.map(({ token }) => token),
    starts: pieces.map(({ start }) => start),
    ends: pieces.map(({ end }) => end)
  };
}
function likeliest(word, vocabulary) {
  const best = [];
  const reach = (start, end, id, score) => {
    const whole = score + (best[start]?.score ?? 0);
    const before = best[end];
    if (!before || whole > before.score) best[end] = { start, end, id, score: whole };
  };
  for (let start = 0; start < word.length; ) {
    const next = start + sizeAt(word, start);
    const last2 = Math.min(word.length, start + longestAt(word, start, next, vocabulary));
    let single = false;
    for (let end = next; end <= last2; end += 1) {
      const id = vocabulary.ids.get(word.slice(start, end));
      if (id === void 0) continue;
      reach(start, end, id, vocabulary.scores[id]);
      if (end === next) single = true;
    }
    if (!single) reach(start, next, required(vocabulary.unknown), vocabulary.unknownScore);
    start = next;
  }
  const way = [];
  for (let end = word.length; end > 0; end = way.at(-1).start) way.push(best[end]);
  return way.reverse();
}
function longestAt(word, start, next, { longest }) {
  return longest.get(word.slice(start, start + 2)) ?? longest.get(word.slice(start, next)) ?? 0;
}
function fused(way, unknown) {
  return way.filter(({ id }, i) => !(id === unknown && way[i + 1]?.id === unknown)).map(({ end }) => end);
}
function required(unknown) {
  if (unknown === null) throw damaged("it has no unk_id, though a text holds what is unknown");
  return unknown;
}
function vocabularyOf2(options) {
  const ids = /* @__PURE__ */ new Map();
  const longest = /* @__PURE__ */ new Map();
  const scores = [];
  for (const entry of listOf(options["vocab"], "vocab")) {
    const [piece, score] = listOf(entry, "a piece of vocab");
    const text = stringOf(piece, "a piece of vocab");
    ids.set(text, scores.length);
    scores.push(asRead(numberOf(score, "a score of vocab")));
    const beginning = text.slice(0, 2);
    longest.set(beginning, Math.max(longest.get(beginning) ?? 0, text.length));
  }
  const unknown = options["unk_id"] ?? null;
  const lowest = scores.reduce((low, score) => Math.min(low, score), 0);
  return {
    ids,
    scores,
    longest,
    unknown: unknown === null ? null : countOf(unknown, "unk_id"),
    unknownScore: lowest - UNKNOWN_PENALTY
  };
}
function asRead(score) {
  const [, sign, whole, fraction = "", exponent = "0"] = /^(-?)(\d+)\.?(\d*)(?:e([+-]\d+))?$/.exec(String(score));
  const power = Number(exponent) - fraction.length;
  const digits2 = Number(`${whole}${fraction}`);
  const read = power < 0 ? digits2 / Number(`1e${-power}`) : digits2 * Number(`1e${power}`);
  return sign ? -read : read;
}

// src/text/models/wordLevel.ts
function wordLevel(options) {
  const vocabulary = vocabularyOf(options["vocab"]);
  const unknown = stringOf(options["unk_token"], "unk_token");
  return {
    vocabulary,
    tokenize(word) {
      const token = vocabulary.has(word) ? word : unknown;
      const id = vocabulary.get(token);
      if (id === void 0) throw damaged(`the vocabulary has no ${unknown}`);
      return { ids: [id], tokens: [token], starts: [0], ends: [word.length] };
    }
  };
}

// src/text/models/wordPiece.ts
function wordPiece2(options) {
  const vocabulary = vocabularyOf(options["vocab"]);
  const unknown = stringOf(options["unk_token"], "unk_token");
  const prefix = stringOf(options["continuing_subword_prefix"], "continuing_subword_prefix");
  const most = countOf(options["max_input_chars_per_word"], "max_input_chars_per_word");
  const longest = [...vocabulary.keys()].reduce((size, token) => Math.max(size, token.length), 0);
  const tokenize = (word) => {
    if (word.length > most && [...word].length > most) return whole(word);
    return cut2(word, vocabulary, prefix, longest) ?? whole(word);
  };
  const whole = (word) => {
    const id = vocabulary.get(unknown);
    if (id === void 0) throw damaged(`the vocabulary has no ${unknown}`);
    return { ids: [id], tokens: [unknown], starts: [0], ends: [word.length] };
  };
  return { vocabulary, tokenize };
}
function cut2(word, vocabulary, prefix, longest) {
  const pieces = { ids: [], tokens: [], starts: [], ends: [] };
  for (let start = 0; start < word.length; ) {
    let end = Math.min(word.length, start + longest);
    let id;
    let token = "";
    for (; end > start; end -= 1) {
      token = start > 0 ? prefix + word.slice(start, end) : word.slice(start, end);
      id = vocabulary.get(token);
      if (id !== void 0) break;
    }
    if (id === void 0) return null;
    pieces.ids.push(id);
    pieces.tokens.push(token);
    pieces.starts.push(start);
    pieces.ends.push(end);
    start = end;
  }
  return pieces;
}

// src/text/models/model.ts
var KEPT_WORDS = 2e4;
var KEPT_LENGTH = 64;
function modelOf(value) {
  const model = opened(value);
  const known = /* @__PURE__ */ new Map();
  const tokenize = (word) => {
    const kept3 = known.get(word);
    if (kept3) return kept3;
    const pieces = model.tokenize(word);
    if (known.size >= KEPT_WORDS) known.clear();
    if (word.length <= KEPT_LENGTH) known.set(word, pieces);
    return pieces;
  };
  return { vocabulary: model.vocabulary, tokenize };
}
function opened(value) {
  const part = partOf(value, "the model");
  if (part === null) throw damaged("it has no model");
  switch (part.type) {
    case "WordPiece":
      return wordPiece2(part);
    case "BPE":
      return bytePairs(part);
    case "Unigram":
      return unigram(part);
    case "WordLevel":
      return wordLevel(part);
    default:
      throw unsupported(`the model ${part.type}`);
  }
}

// src/text/normalizing/forms.ts
var NEWER = new RegExp(`[${NOT_DECOMPOSED}]`, "u");
var MANY_MARKS = /\p{M}{64}/u;
var ASCII = /^[\0-\x7f]*$/;
var classes = /* @__PURE__ */ new Map();
var orders = /* @__PURE__ */ new Map();
var MOST_KEPT = 1e4;
function inForm(piece, form) {
  if (isInForm(piece.text, form)) return piece;
  const { text } = piece;
  const decomposed = decompositions(text, form === "NFC" || form === "NFD" ? "NFD" : "NFKD");
  return transformed(piece, form.endsWith("C") ? composed(decomposed) : decomposed);
}
function isInForm(text, form) {
  if (ASCII.test(text)) return true;
  return !MANY_MARKS.test(text) && !NEWER.test(text) && text.normalize(form) === text;
}
function decompositions(text, form) {
  const changes = [];
  for (const character of text) {
    let change = 0;
    for (const part of decomposition(character, form)) {
      changes.push({ character: part, change });
      change = 1;
    }
  }
  return ordered(changes);
}
function decomposition(character, form) {
  if (character < "" || NEWER.test(character)) return character;
  return character.normalize(form);
}
function ordered(changes) {
  const found = [];
  let marks = [];
  for (const change of changes) {
    if (isOrdered(change.character)) {
      marks.push(change);
      continue;
    }
    for (const mark of marks.sort(byClass)) found.push(mark);
    marks = [];
    found.push(change);
  }
  return [...found, ...marks.sort(byClass)];
}
function byClass(one, other) {
  return compareClasses(one.character, other.character);
}
function compareClasses(one, other) {
  const pair = one + other;
  let order = orders.get(pair);
  if (order === void 0) {
    order = exchanges(one, other) ? 1 : exchanges(other, one) ? -1 : 0;
    if (orders.size < MOST_KEPT) orders.set(pair, order);
  }
  return order;
}
function exchanges(one, other) {
  const written = one + other;
  return written.normalize("NFD") !== written;
}
var LOWEST = "̴";
var HIGHEST = "ͅ";
function isOrdered(mark) {
  if (mark < "̀" || NEWER.test(mark)) return false;
  let known = classes.get(mark);
  if (known === void 0) {
    known = mark === HIGHEST || exchanges(mark, LOWEST) || exchanges(HIGHEST, mark);
    if (classes.size < MOST_KEPT) classes.set(mark, known);
  }
  return known;
}
function composed(changes) {
  const found = [];
  let base = null;
  let behind2 = [];
  for (const change of changes) {
    const mark = isOrdered(change.character);
    if (base === null) {
      if (mark) found.push(change);
      else base = change;
      continue;
    }
    const last2 = behind2.at(-1);
    const reached = !last2 || mark && compareClasses(last2.character, change.character) < 0;
    const whole = reached ? compositionOf(base.character, change.character) : null;
    if (whole !== null) {
      base = { character: whole, change: base.change + change.change - 1 };
    } else if (mark) {
      behind2.push(change);
    } else {
      found.push(base);
      for (const each2 of behind2) found.push(each2);
      [base, behind2] = [change, []];
    }
  }
  return base ? [...found, base, ...behind2] : found;
}
function compositionOf(base, next) {
  const whole = (base + next).normalize("NFC");
  return whole.length === ((whole.codePointAt(0) ?? 0) > 65535 ? 2 : 1) ? whole : null;
}

// src/text/normalizing/bert.ts
var PRINTED = /^[ -~]*$/;
var REMOVED_ONE = new RegExp(`[${REMOVED}]`, "u");
var BLANK4 = new RegExp(`${WHITE_SPACE}`, "u");
var UNCLEAN = new RegExp(`[${REMOVED}]|(?! )${WHITE_SPACE}`, "u");
var CHINESE_ONE = new RegExp(`[${CHINESE}]`, "u");
var ACCENT = new RegExp(`[${MARKS_OF_BERT}]`, "u");
function bertNormalizer(options) {
  const flag = (name, missing2) => flagOf(options[name], `${name} of BertNormalizer`, missing2);
  const lowercase = flag("lowercase", true);
  const cleans = flag("clean_text", true);
  const parts = flag("handle_chinese_chars", true);
  const strips = flag("strip_accents", lowercase);
  return (piece) => {
    let read = piece;
    if (!PRINTED.test(read.text)) {
      if (cleans) read = cleaned2(read);
      if (parts) read = ideographsApart(read);
      if (strips) read = withoutAccents(read);
    }
    return lowercase ? lowered(read) : read;
  };
}
function lowered(piece) {
  const text = piece.text.toLowerCase();
  if (text === piece.text) return piece;
  if (PRINTED.test(piece.text)) return { ...piece, text };
  return mapped(piece, (character) => character.toLowerCase());
}
function without(piece, pattern) {
  if (!pattern.test(piece.text)) return piece;
  return mapped(piece, (character) => pattern.test(character) ? "" : character);
}
function cleaned2(piece) {
  if (!UNCLEAN.test(piece.text)) return piece;
  return mapped(piece, (character) => {
    if (REMOVED_ONE.test(character)) return "";
    return BLANK4.test(character) ? " " : character;
  });
}
function ideographsApart(piece) {
  if (!CHINESE_ONE.test(piece.text)) return piece;
  return mapped(
    piece,
    (character) => CHINESE_ONE.test(character) ? ` ${character} ` : character
  );
}
function withoutAccents(piece) {
  return without(inForm(piece, "NFD"), ACCENT);
}

// src/text/normalizing/charsmap.ts
var PRINTED2 = /^[ -~]*$/;
var LONGEST = 5;
var CONTINUED = /[\p{Grapheme_Extend}\p{Emoji_Modifier}\p{Mc}\u200d\u0e33\u0eb3]/u;
var CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u;
var PREPENDED = /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u{110bd}\u{110cd}\u{111c2}\u{111c3}\u{1193f}\u{11941}\u{11a3a}\u{11a84}-\u{11a89}\u{11d46}]/u;
var APART = /[\u102b\u102c\u1038\u1062-\u1064\u1067-\u106d\u1083\u1087-\u108c\u108f\u109a-\u109c\u1a61\u1a63\u1a64\uaa7b\uaa7d\u{11720}\u{11721}]/u;
function charsmap(encoded2) {
  const find = lookup(encoded2);
  const printed = /* @__PURE__ */ new Map();
  for (let code = 32; code < 127; code += 1) printed.set(code, find(String.fromCharCode(code)));
  const keepsPrinted = [...printed.values()].every((found) => found === null);
  return (piece) => {
    if (keepsPrinted && PRINTED2.test(piece.text)) return piece;
    const changes = changesOf(piece.text, find);
    return changes ? transformed(piece, changes) : piece;
  };
}
function changesOf(text, find) {
  const changes = [];
  let modified = false;
  const put2 = (part) => {
    const found = find(part);
    if (found !== null) replace2(changes, part, found);
    return found !== null;
  };
  for (let i = 0; i < text.length; ) {
    const end = clusterEnd(text, i);
    const cluster = text.slice(i, end);
    if (bytesOf2(cluster) <= LONGEST && put2(cluster)) modified = true;
    else {
      for (const character of cluster) {
        if (put2(character)) modified = true;
        else changes.push({ character, change: 0 });
      }
    }
    i = end;
  }
  return modified ? changes : null;
}
function replace2(changes, old, found) {
  const characters2 = [...found];
  const more = characters2.length - [...old].length;
  characters2.forEach((character, i) => {
    changes.push({ character, change: more > 0 && i >= characters2.length - more ? 1 : 0 });
  });
  const last2 = changes.pop();
  if (last2) changes.push(more < 0 ? { ...last2, change: last2.change + more } : last2);
}
function clusterEnd(text, place) {
  let end = place + sizeAt(text, place);
  const first2 = text.slice(place, end);
  if (first2 === "\r") return text[end] === "\n" ? end + 1 : end;
  const begins = PREPENDED.test(first2);
  if (end >= text.length || text.charCodeAt(end) < 128 && !begins) return end;
  if (begins && !standsAlone(characterAt(text, end))) end += sizeAt(text, end);
  if (!begins && standsAlone(first2)) return end;
  for (let next = characterAt(text, end); continues(next); next = characterAt(text, end)) {
    end += next.length;
  }
  return end;
}
function characterAt(text, place) {
  return text.slice(place, place + sizeAt(text, place));
}
function continues(character) {
  return CONTINUED.test(character) && !APART.test(character);
}
function standsAlone(character) {
  return CONTROL.test(character) && !CONTINUED.test(character) && !PREPENDED.test(character);
}
function bytesOf2(text) {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0);
    bytes += code < 128 ? 1 : code < 2048 ? 2 : code < 65536 ? 3 : 4;
  }
  return bytes;
}
function lookup(encoded2) {
  const bytes = decoded(encoded2);
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (size < 4 || size % 4 || size + 4 > bytes.length) throw damaged("precompiled_charsmap");
  const units = new Uint32Array(size / 4).map((_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + size);
  const decoder2 = new TextDecoder("utf-8");
  const known = /* @__PURE__ */ new Map();
  return (cluster) => {
    let found = known.get(cluster);
    if (found === void 0) {
      const start = shortestPrefix(units, cluster);
      const stop = start === null ? 0 : texts.indexOf(0, start);
      found = start === null ? null : decoder2.decode(texts.subarray(start, stop < 0 ? void 0 : stop));
      if (known.size < 2e4) known.set(cluster, found);
    }
    return found;
  };
}
function shortestPrefix(units, cluster) {
  let place = offsetOf(units[0] ?? 0);
  for (const character of cluster) {
    for (const byte of utf8(character)) {
      if (byte === 0) return null;
      place ^= byte;
      const unit2 = units[place] ?? 0;
      if ((unit2 & 2147483903) !== byte) return null;
      place ^= offsetOf(unit2);
      if (unit2 >>> 8 & 1) return (units[place] ?? 0) & 2147483647;
    }
  }
  return null;
}
function offsetOf(unit2) {
  return unit2 >>> 10 << ((unit2 & 512) >>> 6);
}
var encoder3 = new TextEncoder();
function utf8(character) {
  return encoder3.encode(character);
}
function decoded(encoded2) {
  try {
    return Uint8Array.from(atob(encoded2), (byte) => byte.charCodeAt(0));
  } catch {
    throw damaged("precompiled_charsmap is not base64");
  }
}

// src/text/normalizing/normalizer.ts
var MARK2 = new RegExp(`[${MARKS}]`, "u");
var NMT_REMOVED = /[\x01-\x08\x0b\x0e-\x1f\x7f\x8f\x9f]/;
var NMT_BLANK = /[\t\n\f\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]/;
function normalizerOf(value) {
  const part = partOf(value, "the normalizer");
  if (part === null) return (piece) => piece;
  switch (part.type) {
    case "Sequence":
      return inSequence4(listOf(part["normalizers"], "normalizers").map(normalizerOf));
    case "BertNormalizer":
      return bertNormalizer(part);
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD":
      return (piece) => inForm(piece, part.type);
    case "Lowercase":
      return lowered;
    case "StripAccents":
      return (piece) => without(piece, MARK2);
    case "Strip":
      return strip2(part);
    case "Replace":
      return replace3(part);
    case "Prepend":
      return prepend(stringOf(part["prepend"], "prepend"));
    case "Precompiled":
      return charsmap(stringOf(part["precompiled_charsmap"], "precompiled_charsmap"));
    case "Nmt":
      return nmt;
    case "ByteLevel":
      return (piece) => transformed(piece, byteCharacters(piece.text));
    default:
      throw unsupported(`the normalizer ${part.type}`);
  }
}
function inSequence4(normalizers) {
  return (piece) => normalizers.reduce((read, normalize) => normalize(read), piece);
}
function strip2(options) {
  const left2 = flagOf(options["strip_left"], "strip_left", true);
  const right = flagOf(options["strip_right"], "strip_right", true);
  return (piece) => {
    const { text } = piece;
    const from = left2 ? blanksAfter(text, 0) : 0;
    return sliced(piece, from, right ? Math.max(from, blanksBefore(text, text.length)) : text.length);
  };
}
function replace3(options) {
  const pattern = patternOf(options["pattern"]);
  const content = stringOf(options["content"], "content");
  return (piece) => replaced(piece, pattern, content);
}
function prepend(content) {
  if (content === "") throw damaged("prepend is empty");
  return (piece) => prepended(piece, content);
}
function nmt(piece) {
  return mapped(
    without(piece, NMT_REMOVED),
    (character) => NMT_BLANK.test(character) ? " " : character
  );
}

// src/text/splitting/addedTokens.ts
var WORD_BEFORE = new RegExp(`[${WORD}]$`, "u");
var WORD_BEHIND = new RegExp(`^[${WORD}]`, "u");
function addedTokensOf(value, vocabulary) {
  const found = [];
  for (const entry of listOf(value ?? [], "added_tokens")) {
    const token = objectOf(entry, "an added token");
    const content = stringOf(token["content"], "content of an added token");
    const flag = (name, missing2) => flagOf(token[name], name, missing2);
    const special2 = flag("special", false);
    found.push({
      id: vocabulary.get(content) ?? countOf(token["id"], "id of an added token"),
      content,
      singleWord: flag("single_word", false),
      lstrip: flag("lstrip", false),
      rstrip: flag("rstrip", false),
      normalized: flag("normalized", !special2),
      special: special2
    });
  }
  return found.filter(({ content }) => content !== "").sort((a, b) => +b.special - +a.special);
}
function cutAtAddedTokens(tokens, normalize) {
  const asWritten = finder(tokens.filter((token) => !token.normalized), (content) => content);
  const behind2 = finder(
    tokens.filter((token) => token.normalized),
    (content) => normalize(aligned(content)).text
  );
  return (text) => asWritten(aligned(text)).flatMap(
    (found) => found.token ? [found] : behind2(normalize(found.piece))
  );
}
function finder(tokens, written) {
  const byText = /* @__PURE__ */ new Map();
  for (const token of tokens) {
    const text = written(token.content);
    if (text !== "" && !byText.has(text)) byText.set(text, token);
  }
  const texts = [...byText.keys()].sort((a, b) => b.length - a.length);
  const pattern = texts.length > 0 ? new RegExp(texts.map(escaped).join("|"), "gu") : null;
  return (piece) => {
    if (piece.text === "") return [];
    return pattern ? cut3(piece, pattern, byText) : [{ piece, token: null }];
  };
}
function cut3(piece, pattern, byText) {
  const { text } = piece;
  const found = [];
  let end = 0;
  for (const match of text.matchAll(pattern)) {
    const token = byText.get(match[0]);
    let from = match.index;
    let to = from + match[0].length;
    if (token.singleWord && isInWord(text, from, to)) continue;
    if (token.lstrip) from = Math.max(blanksBefore(text, from), end);
    if (token.rstrip) to = blanksAfter(text, to);
    if (end < from) found.push({ piece: sliced(piece, end, from), token: null });
    found.push({ piece: sliced(piece, from, to), token });
    end = to;
  }
  if (end < text.length) found.push({ piece: sliced(piece, end, text.length), token: null });
  return found;
}
function isInWord(text, from, to) {
  return WORD_BEFORE.test(text.slice(Math.max(0, from - 2), from)) || WORD_BEHIND.test(text.slice(to, to + 2));
}

// src/text/tokenizer.ts
function openTokenizer(json) {
  const file = objectOf(json, "it");
  const model = modelOf(file["model"]);
  const added = addedTokensOf(file["added_tokens"], model.vocabulary);
  const vocabulary = new Map(model.vocabulary);
  for (const { content, id } of added) vocabulary.set(content, id);
  const parts = {
    read: reader(file, model, added),
    frame: frameOf(file["post_processor"]),
    vocabulary,
    names: new Map([...vocabulary].map(([token, id]) => [id, token])),
    specials: new Set(added.filter(({ special: special2 }) => special2).map(({ content }) => content)),
    decode: decoderOf(file["decoder"])
  };
  return tokenizerOf(parts, truncationOf(file["truncation"]));
}
function reader(file, model, added) {
  const cut4 = cutAtAddedTokens(added, normalizerOf(file["normalizer"]));
  const preTokenize = preTokenizerOf(file["pre_tokenizer"]);
  return (text) => {
    const ids = [];
    const tokens = [];
    const offsets = [];
    const words = [];
    let word = 0;
    for (const { piece, token } of cut4(text)) {
      if (token) {
        ids.push(token.id);
        tokens.push(piece.text);
        offsets.push(originalSpan(piece, 0, piece.text.length));
        words.push(word);
        word += 1;
        continue;
      }
      for (const part of preTokenize(piece)) {
        const pieces = model.tokenize(part.text);
        for (let i = 0; i < pieces.ids.length; i += 1) {
          ids.push(pieces.ids[i]);
          tokens.push(pieces.tokens[i]);
          offsets.push(originalSpan(part, pieces.starts[i], pieces.ends[i]));
          words.push(word);
        }
        word += 1;
      }
    }
    return { text, ids, tokens, offsets, words };
  };
}
function tokenizerOf(parts, truncation) {
  const { frame, vocabulary, names } = parts;
  const placesOf2 = (text) => typeof text === "string" ? frame.single : frame.pair;
  const numSpecialTokens = (pair) => specialsOf(pair ? frame.pair : frame.single);
  const cutAt = (maxLength, stride = 0) => tokenizerOf(parts, { ...truncation, maxLength, stride });
  return {
    maxLength: truncation.maxLength,
    direction: truncation.direction,
    strategy: truncation.strategy,
    vocabularySize: vocabulary.size,
    encode: (text) => encoded(text, parts, truncation),
    count: (text) => sidesOf(text, parts).reduce((sum, side) => sum + side.ids.length, specialsOf(placesOf2(text))),
    parts: (text) => followingParts(text, parts, truncation),
    windows: (text) => overlappingParts(text, parts, truncation),
    cutAt,
    numSpecialTokens,
    tokenToId: (token) => vocabulary.get(token),
    idToToken: (id) => names.get(id),
    vocabulary: () => vocabulary,
    decode(ids, { skipSpecialTokens = true } = {}) {
      const tokens = ids.flatMap((id) => names.get(id) ?? []);
      const kept3 = (token) => !skipSpecialTokens || !parts.specials.has(token);
      return parts.decode(tokens.filter(kept3));
    }
  };
}
function sidesOf(text, { read }) {
  return typeof text === "string" ? [read(text)] : text.map(read);
}
function encoded(text, parts, truncation) {
  return encodedSides(sidesOf(text, parts), parts, truncation);
}
function encodedSides(sides, parts, truncation) {
  const [first2, second] = cutSides(sides, parts, truncation);
  if (!second) {
    const [kept4, ...others2] = first2.map((part) => framed([part], parts));
    return { ...kept4, overflowing: others2 };
  }
  const beside = (one) => second.map((other) => framed([one, other], parts));
  const [kept3, ...others] = beside(first2[0]);
  const further = first2.slice(1).flatMap(beside);
  return { ...kept3, overflowing: [...further, ...others] };
}
function cutSides(sides, parts, truncation) {
  const rooms = roomsFor(sides, parts, truncation);
  return sides.map((side, i) => partsOf2(side, rooms[i], truncation));
}
function roomsFor(sides, parts, truncation) {
  const counts = sides.map(({ ids }) => ids.length);
  if (truncation.maxLength === null) return counts;
  const pair = sides.length > 1;
  const specials = specialsOf(pair ? parts.frame.pair : parts.frame.single);
  const room = Math.max(0, truncation.maxLength - specials);
  if (pair) return roomsOf([counts[0], counts[1]], room, truncation);
  if (counts[0] > room && truncation.strategy === "only_second") throw nothingToCut(truncation);
  return [room];
}
function framed(sides, { frame }) {
  const row = emptyRow();
  for (const place of sides.length > 1 ? frame.pair : frame.single) putPlace(place);
  return { ...row, overflowing: [] };
  function putPlace(place) {
    if ("side" in place) {
      const side = sides[place.side];
      if (!side) return;
      const tokens = frame.trims ? trimmed2(side, frame.prefixed) : side;
      putSide(row, tokens, place.side, place.typeId);
    } else {
      place.ids.forEach((id, i) => putSpecial(row, id, place.tokens[i] ?? "", place.typeId));
    }
  }
}
function followingParts(text, parts, truncation) {
  const sides = sidesOf(text, parts);
  const whole = encodedSides(sides, parts, truncation);
  const [first2, second] = sides;
  if (!second || whole.overflowing.length === 0) {
    return inOrder([whole, ...whole.overflowing], truncation);
  }
  const cutsSecond = second.ids.length >= first2.ids.length;
  const [longer, shorter] = cutsSecond ? [second, first2] : [first2, second];
  const room = truncation.maxLength - specialsOf(parts.frame.pair) - shorter.ids.length;
  if (room <= 0) throw new InputError(bothTooLong(truncation.maxLength));
  const pieces = partsOf2(longer, room, { ...truncation, stride: 0 });
  const found = pieces.map((piece) => framed(cutsSecond ? [first2, piece] : [piece, second], parts));
  return inOrder(found, truncation);
}
function overlappingParts(text, parts, truncation) {
  const sides = sidesOf(text, parts);
  const pair = sides.length > 1;
  const { maxLength } = truncation;
  const whole = { ...truncation, strategy: pair ? "only_second" : truncation.strategy, stride: 0 };
  if (maxLength === null) return [encodedSides(sides, parts, whole)];
  const rooms = roomsFor(sides, parts, whole);
  const stride = strideOf(rooms.at(-1));
  const found = encodedSides(sides, parts, { ...whole, stride });
  return inOrder([found, ...found.overflowing], truncation);
}
function inOrder(found, { direction }) {
  return direction === "left" ? found.reverse() : found;
}

// src/vectors/ranking.ts
function largest(scores, k) {
  const heap = [];
  const worse = (a, b) => scores[a] < scores[b] || scores[a] === scores[b] && a > b;
  for (let i = 0; i < scores.length; i++) {
    if (heap.length < k) rise(heap, i, worse);
    else if (worse(heap[0], i)) sink(heap, i, worse);
  }
  return heap.sort((a, b) => scores[b] - scores[a] || a - b);
}
function rise(heap, item, worse) {
  let place = heap.length;
  for (let above = place - 1 >> 1; place > 0 && worse(item, heap[above]); above = place - 1 >> 1) {
    heap[place] = heap[above];
    place = above;
  }
  heap[place] = item;
}
function sink(heap, item, worse) {
  let place = 0;
  for (let below = 1; below < heap.length; below = 2 * place + 1) {
    if (below + 1 < heap.length && worse(heap[below + 1], heap[below])) below += 1;
    if (!worse(heap[below], item)) break;
    heap[place] = heap[below];
    place = below;
  }
  heap[place] = item;
}
function ranked(texts, scores) {
  return largest(scores, scores.length).map((index) => ({
    index,
    score: scores[index],
    text: texts[index]
  }));
}
function checkRanking(query, texts) {
  if (typeof query !== "string")
    throw new InputError(`query: expected string, not ${kindOf(query)}`);
  if (!Array.isArray(texts))
    throw new InputError(`texts: expected several texts, not ${kindOf(texts)}`);
  return texts.map((text, place) => checkText(text, place, false));
}

// src/vectors/forms.ts
var DTYPES = ["float32", "float16", "int8", "binary"];
var TINY = 1e-12;
function checkForm(width, normalize, truncateDim, dtype) {
  const dim = truncateDim === void 0 ? width : checkNumber("truncateDim", truncateDim, 1, width);
  const chosen = checkChoice("dtype", dtype, DTYPES);
  if (chosen === "binary" && dim % 8 !== 0) {
    throw new InputError(
      `dtype='binary' packs 8 numbers into a byte, and here are ${dim}: truncateDim=${dim - dim % 8 || 8} gives whole bytes`
    );
  }
  return { dim, normalize, dtype: chosen };
}
function formed(vector, { dim, normalize, dtype }) {
  const shortened = vector.slice(0, dim);
  return packed(normalize && dim < vector.length ? unit(shortened) : shortened, dtype);
}
function packed(vector, dtype) {
  if (dtype === "float32") return vector;
  if (dtype === "float16") return Uint16Array.from(vector, halfBits);
  if (dtype === "int8") {
    const largest2 = vector.reduce((most, value) => Math.max(most, Math.abs(value)), TINY);
    const scale = Math.fround(127 / largest2);
    return Int8Array.from(vector, (value) => halfToEven(Math.fround(value * scale)));
  }
  const bytes = new Uint8Array(Math.ceil(vector.length / 8));
  vector.forEach((value, i) => {
    if (value > 0) bytes[i >> 3] = bytes[i >> 3] | 128 >> (i & 7);
  });
  return bytes;
}
function isVector(value) {
  return value instanceof Float32Array || value instanceof Uint16Array || value instanceof Int8Array || value instanceof Uint8Array;
}
function isBits(vector) {
  return vector instanceof Uint8Array;
}
function keepsLength(vector) {
  return vector instanceof Float32Array || vector instanceof Uint16Array;
}
function widthOf(vector) {
  return vector.length * (isBits(vector) ? 8 : 1);
}
function floats(vector) {
  if (vector instanceof Float32Array) return vector;
  if (vector instanceof Uint16Array) return Float32Array.from(vector, halfValue);
  if (vector instanceof Int8Array) return Float32Array.from(vector);
  const signs = new Float32Array(8 * vector.length);
  return signs.map((_, i) => vector[i >> 3] & 128 >> (i & 7) ? 1 : -1);
}
function asBits(vector) {
  return isBits(vector) ? vector : packed(floats(vector), "binary");
}
function lengthOf(vector) {
  let sum = 0;
  for (let i = 0; i < vector.length; i++) sum += vector[i] * vector[i];
  return Math.sqrt(sum);
}
function unit(vector) {
  const length = Math.max(lengthOf(vector), TINY);
  const found = new Float32Array(vector.length);
  for (let i = 0; i < found.length; i++) found[i] = vector[i] / length;
  return found;
}
function halfToEven(value) {
  const below = Math.floor(value);
  const apart = value - below;
  if (apart !== 0.5) return Math.round(value);
  return below % 2 === 0 ? below : below + 1;
}
var bitsOfFloat = new Uint32Array(1);
var floatOfBits = new Float32Array(bitsOfFloat.buffer);
function halfBits(value) {
  floatOfBits[0] = value;
  const bits = bitsOfFloat[0];
  const sign = bits >>> 16 & 32768;
  const magnitude = Math.abs(floatOfBits[0]);
  if (Number.isNaN(magnitude)) return sign | 32256;
  if (magnitude >= 65520) return sign | 31744;
  if (magnitude < 2 ** -14) return sign | halfToEven(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  const power = 2 ** exponent > magnitude ? exponent - 1 : exponent;
  return sign | (power + 15 << 10) + halfToEven((magnitude / 2 ** power - 1) * 1024);
}
function halfValue(bits) {
  const sign = bits & 32768 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

// src/vectors/similarity.ts
function isOne(value) {
  return typeof value === "string" || isVector(value);
}
function requireKept({ name, unit: unit2 }, dtype) {
  if (name === "cosine" || unit2 || dtype === "float32" || dtype === "float16") return;
  throw new InputError(
    `dtype='${dtype}' keeps no lengths, and this model compares by ${name}, which needs them: float32 and float16 keep them`
  );
}
async function vectorsOf(name, values, embed) {
  const listed = isOne(values) ? [values] : values;
  if (!Array.isArray(listed)) {
    throw new InputError(`${name}: expected texts or vectors, not ${kindOf(values)}`);
  }
  if (!isVector(listed[0])) return named2(name, embed(listed));
  const width = widthOf(listed[0]);
  if (!listed.every((vector) => isVector(vector) && widthOf(vector) === width)) {
    throw new InputError(`${name}: vectors of different lengths, or not all of them vectors`);
  }
  return listed;
}
async function named2(name, promise) {
  try {
    return await promise;
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${name}: ${error.message}`) : error;
  }
}
function similarities(a, b, names, measure) {
  requireSameWidth(a, b, names);
  const bits = [...a, ...b].some(isBits);
  const [left2, right] = [a, b].map((side, i) => comparable(side, names[i], measure, bits));
  return left2.map(
    (row) => Float32Array.from(right, (other) => likeness(row, other, measure.name))
  );
}
function comparable(vectors2, name, measure, bits, start = 0) {
  return vectors2.map((vector, i) => {
    requireLength(vector, name, measure);
    const numbers = floats(bits ? asBits(vector) : vector);
    const length = lengthOf(numbers);
    if (!Number.isFinite(length)) {
      throw new InputError(`${name}: vector ${start + i} holds a number that is not finite`);
    }
    if (measure.name === "cosine") return { numbers, length: Math.max(length, TINY) };
    return { numbers: keepsLength(vector) ? numbers : unit(numbers), length: 1 };
  });
}
function likeness(one, other, name) {
  const [a, b] = [one.numbers, other.numbers];
  let sum = 0;
  if (name === "euclidean") {
    for (let i = 0; i < a.length; i++) sum += (a[i] - b[i]) ** 2;
    return -Math.sqrt(sum);
  }
  if (name === "manhattan") {
    for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
    return -sum;
  }
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  if (name === "dot") return sum;
  return Math.min(1, Math.max(-1, sum / (one.length * other.length)));
}
function requireSameWidth(a, b, names) {
  const [left2, right] = [a, b].map((side) => side[0] ? widthOf(side[0]) : null);
  if (left2 === null || right === null || left2 === right) return;
  throw new InputError(
    `${names[0]} of ${left2} numbers and ${names[1]} of ${right} do not compare: embed both with the same model and truncateDim`
  );
}
function requireLength(vector, name, { name: by, unit: unit2 }) {
  if (by === "cosine" || unit2 || keepsLength(vector)) return;
  const form = isBits(vector) ? "bits keep" : "int8 keeps";
  throw new InputError(
    `${name}: ${form} no lengths, and this model compares by ${by}, which needs them: embed with dtype float32 or float16`
  );
}

// src/records/fingerprint.ts
var ONNXRUNTIME = "onnxruntime";
function fingerprintOf(manifest, scoring, provider, options = {}) {
  const { quantization: quantization2, precision, source: source2 } = manifest;
  const engine = quantization2 === null || provider === "cpu" ? ONNXRUNTIME : `${ONNXRUNTIME}.${provider}`;
  const model = [
    quantization2?.scheme ?? precision,
    source2.sha256.slice(0, 8),
    digestOf(manifest, scoring),
    engine
  ];
  const told2 = Object.entries(options).filter(([, value]) => value).sort(([a], [b]) => a < b ? -1 : 1).map(([name, value]) => `+${name}=${quoted(value)}`);
  return model.join("-") + told2.join("");
}
function promptOption(manifest, text) {
  if (!text) return "";
  const named3 = Object.entries(manifest.prompts).find(([, known]) => known === text);
  return `${named3?.[0]}.${sha256Here(new TextEncoder().encode(text)).slice(0, 8)}`;
}
function digestOf(manifest, scoring) {
  const read = Object.keys(manifest.files).filter((name) => name.startsWith("model.onnx") || name.startsWith("tokenizer.json")).sort(byCodePoints);
  const decides = [
    ...read.map((name) => manifest.files[name].sha256),
    represented(manifest.task),
    represented(manifest.max_length),
    represented(manifest.pooling),
    represented(manifest.normalize),
    represented(manifest.labels),
    represented(scoring),
    represented(manifest.mask_token),
    represented(manifest.aggregation)
  ];
  return sha256Here(new TextEncoder().encode(decides.join("\n"))).slice(0, 12);
}
function represented(value) {
  if (value === null) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return representedString(value);
  const items = value.map(representedString);
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(", ")})`;
}
function representedString(text) {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  return quote + Array.from(text, (character) => escaped2(character, quote)).join("") + quote;
}
var NAMED = {
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "	": "\\t"
};
var UNPRINTABLE = /^[\p{C}\p{Z}]$/u;
function escaped2(character, quote) {
  if (character === quote) return `\\${quote}`;
  const named3 = NAMED[character];
  if (named3 !== void 0) return named3;
  if (character === " " || !UNPRINTABLE.test(character)) return character;
  const code = character.codePointAt(0);
  if (code < 256) return `\\x${code.toString(16).padStart(2, "0")}`;
  if (code < 65536) return `\\u${code.toString(16).padStart(4, "0")}`;
  return `\\U${code.toString(16).padStart(8, "0")}`;
}
function quoted(value) {
  return encodeURIComponent(value).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`
  );
}
function byCodePoints(a, b) {
  return a < b ? -1 : a > b ? 1 : 0;
}

// src/model/info.ts
function infoOf({ name, manifest, notes }, spec, engine, width) {
  const info = {
    path: name,
    manifest,
    task: spec.task.name,
    maxLength: spec.maxLength,
    labels: spec.labels,
    multiLabel: spec.multiLabel,
    scoring: spec.scoring,
    maskToken: spec.maskToken,
    aggregation: spec.aggregation,
    similarityFnName: spec.measure.name,
    prompts: spec.prompts,
    defaultPrompt: spec.defaultPrompt,
    width,
    provider: engine.provider,
    threads: engine.threads,
    onnxruntime: engine.version,
    notes
  };
  return { ...info, fingerprint: madeBy(info, {}) };
}
function promptOf({ path, prompts, defaultPrompt }, name) {
  if (name === void 0) return defaultPrompt;
  if (name === "") return "";
  if (typeof name !== "string")
    throw new InputError(`prompt=${told(name)}: expected the name of a prompt`);
  if (Object.hasOwn(prompts, name)) return prompts[name];
  const known = Object.keys(prompts).join(", ") || "none";
  throw new InputError(`${path} has no prompt '${name}'; it has: ${known}`);
}
function madeBy(info, options) {
  const { prompt, aggregation, longText, allowNoAnswer } = options;
  if (aggregation !== void 0) checkChoice("aggregation", aggregation, AGGREGATIONS);
  if (longText !== void 0) checkChoice("longText", longText, LONG_TEXTS);
  return fingerprintOf(info.manifest, info.scoring, info.provider, {
    prompt: promptOption(info.manifest, promptOf(info, prompt)),
    aggregation: aggregation === void 0 || aggregation === info.aggregation ? "" : aggregation,
    long_text: longText === void 0 || longText === "truncate" ? "" : longText,
    no_answer: allowNoAnswer ? "allowed" : ""
  });
}

// src/model/pairs.ts
function pairsOf(question, context) {
  for (const [name, given] of [
    ["question", question],
    ["context", context]
  ]) {
    if (typeof given === "string" || Array.isArray(given) || isStream(given)) continue;
    throw new InputError(`${name}: expected a text or texts, not ${kindOf(given)}`);
  }
  if (isStream(question) || isStream(context)) return zipped(question, context);
  const [questions, contexts] = [question, context];
  if (typeof questions === "string") return contexts.map((one) => [questions, one]);
  if (typeof contexts === "string") return questions.map((one) => [one, contexts]);
  if (questions.length !== contexts.length) {
    throw new InputError(
      `${questions.length} questions and ${contexts.length} contexts: not as many`
    );
  }
  return questions.map((one, i) => [one, contexts[i]]);
}
async function* zipped(question, context) {
  const [questions, contexts] = [iteratorOf(question), iteratorOf(context)];
  try {
    for (; ; ) {
      const [one, other] = await Promise.all([questions.next(), contexts.next()]);
      if (one.done || other.done) {
        const oneSided = typeof question === "string" || typeof context === "string";
        if (one.done === other.done || oneSided) return;
        throw new InputError("not as many contexts as questions");
      }
      yield [one.value, other.value];
    }
  } finally {
    await Promise.all([questions.return?.(), contexts.return?.()]);
  }
}
function iteratorOf(side) {
  if (typeof side === "string") return repeated(side);
  return Symbol.asyncIterator in side ? side[Symbol.asyncIterator]() : side[Symbol.iterator]();
}
function* repeated(text) {
  for (; ; ) yield text;
}

// src/model/index.ts
function modelOf2(core) {
  const { info } = core;
  return {
    ...info,
    embed: asking(core, "embed"),
    embedSparse: asking(core, "embedSparse"),
    similarity: ((a, b, { signal } = {}) => similarity(core, a, b, signal)),
    search: searching(core),
    classify: asking(core, "classify"),
    rerank: (query, texts, { signal } = {}) => rerank(core, query, texts, signal),
    tag: asking(core, "tag"),
    fillMask: asking(core, "fillMask"),
    answer: answering(core),
    countTokens: asking(core, "countTokens"),
    truncated: asking(core, "truncated"),
    verify: async ({ signal } = {}) => core.ask("verify", [], signal),
    madeBy: (options) => madeBy(info, options),
    close: () => core.close()
  };
}
function asking(core, verb) {
  return (texts, { signal, ...options } = {}) => asked2(
    texts,
    (items, start) => core.ask(verb, [items, start, options], signal)
  );
}
async function similarity(core, a, b, signal) {
  const rows = await core.ask("similarity", [a, b], signal);
  if (isOne(a)) return isOne(b) ? rows[0][0] : rows[0];
  return isOne(b) ? Float32Array.from(rows, (row) => row[0]) : rows;
}
function searching(core) {
  return (queries, corpus, { signal, ...options } = {}) => {
    const search = (some) => core.ask("search", [some, corpus, options], signal);
    if (isOne(queries)) return search(queries).then(([hits]) => hits);
    return isStream(queries) ? asked2(queries, search) : search(queries);
  };
}
async function rerank(core, query, texts, signal) {
  const { path, task, labels } = core.info;
  if (task === TEXT_CLASSIFICATION && labels.length !== 1) {
    throw new InputError(
      `${path} knows ${labels.length} labels; rerank needs a single one, whose score is the order`
    );
  }
  const listed = checkRanking(query, texts);
  const pairs = listed.map((text) => [query, text]);
  const answers2 = await core.ask("classify", [pairs, 0, {}], signal);
  return ranked(
    listed,
    answers2.map(({ score }) => score)
  );
}
function answering(core) {
  return (question, context, { signal, ...options } = {}) => {
    const ask = (pairs, start) => core.ask("answer", [pairs, start, options], signal);
    if (typeof question === "string" && typeof context === "string") {
      return ask([[question, context]], 0).then(([answer]) => answer);
    }
    try {
      return asked2(pairsOf(question, context), ask);
    } catch (error) {
      return Promise.reject(error);
    }
  };
}

// src/records/golden.ts
var tolerance = object({ reference: number, expected: number }, {}, {});
var goldenText = object(
  {
    text: anything,
    input_ids: list(integer),
    attention_mask: list(integer),
    reference: anything,
    expected: anything,
    tolerance
  },
  {},
  {}
);
var decodeGolden = object(
  { format: integer, cpu_class: string, onnxruntime: string, texts: list(goldenText) },
  { columns: list(integer) },
  { columns: [] }
);

// src/tasks/logits.ts
function probabilities(logits, scoring = "softmax") {
  if (scoring === "identity") return logits.slice();
  if (scoring === "sigmoid") return logits.map((logit) => 1 / (1 + Math.exp(-logit)));
  const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
  const exponents = Float64Array.from(logits, (logit) => Math.exp(logit - most));
  const sum = exponents.reduce((a, b) => a + b, 0);
  return Float32Array.from(exponents, (exponent) => exponent / sum);
}

// src/tasks/rows.ts
function rowOf({ data, width }, place) {
  return data.subarray(place * width, (place + 1) * width);
}
function argmax(values) {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}

// src/tasks/masks.ts
function placesOf(ids, maskId) {
  return ids.flatMap((id, place) => id === maskId ? [place] : []);
}
function checkMasks(item, place, tokenizer, mask) {
  const text = checkText(item, place, false);
  const refused = refusalOfMasks(tokenizer.encode(text), tokenizer, mask);
  if (refused !== null) throw new InputError(`text ${place}: ${refused}`);
  return text;
}
function refusalOfMasks(encoding, tokenizer, mask) {
  const maskId = tokenizer.tokenToId(mask);
  const isHere = ({ ids }) => placesOf(ids, maskId).length > 0;
  if (encoding.overflowing.some(isHere)) {
    const where = tokenizer.direction === "left" ? "before" : "behind";
    return `a ${mask} stands ${where} the ${encoding.ids.length} tokens that are read`;
  }
  return isHere(encoding) ? null : `has no ${mask} to fill in`;
}
function readFills(whole, tokenizer, mask, k) {
  const [encoding, rows] = [whole.parts[0], whole.rows[0]];
  const places = placesOf(encoding.ids, tokenizer.tokenToId(mask));
  return places.flatMap((place, which) => {
    const logits = rowOf(rows, which);
    const scores = probabilities(logits);
    return largest(logits, k).map((id) => ({
      token: tokenizer.decode([id], { skipSpecialTokens: false }),
      id,
      score: scores[id],
      text: filled(whole.text, encoding, place, id, tokenizer),
      mask: which
    }));
  });
}
function filled(text, encoding, place, token, tokenizer) {
  const [start, end] = encoding.offsets[place];
  const written = tokenizer.decode([token], { skipSpecialTokens: false });
  const mask = text.slice(start, end);
  const before = text.slice(0, start) + mask.slice(0, mask.length - mask.trimStart().length);
  const after = text.slice(end);
  const glued = place > 0 ? gluedTo(encoding.ids[place - 1], token, tokenizer) : "";
  if (glued) return before.trimEnd() + glued + after;
  if (before && !/\s$/.test(before) && /^\s/.test(written)) return before + written + after;
  return before + written.trimStart() + after;
}
function gluedTo(previous, token, tokenizer) {
  const alone = tokenizer.decode([previous]);
  const joined3 = tokenizer.decode([previous, token], { skipSpecialTokens: false });
  if (!alone || !joined3.startsWith(alone)) return "";
  const rest = joined3.slice(alone.length);
  return /^\s/.test(rest) ? "" : rest;
}

// src/pipeline/batches.ts
function inputSpecOf(manifest) {
  return {
    names: manifest.inputs,
    dtype: manifest.ids,
    shape: manifest.fixed_shape
  };
}
function groupsOf(encodings, { shape }, tokensPerRun2) {
  const length = (place) => encodings[place].ids.length;
  const order = [...encodings.keys()].sort((a, b) => length(a) - length(b) || a - b);
  const groups = [];
  let group = [];
  for (const place of order) {
    const full = shape ? group.length === shape[0] : (group.length + 1) * length(place) > tokensPerRun2;
    if (group.length > 0 && full) {
      groups.push(group);
      group = [];
    }
    group.push(place);
  }
  if (group.length > 0) groups.push(group);
  return groups.reverse();
}
function batchOf(encodings, places, { names, dtype, shape }) {
  const members = places.map((place) => encodings[place]);
  const longest = members.reduce((most, { ids }) => Math.max(most, ids.length), 1);
  const [texts, tokens] = shape ?? [members.length, longest];
  const inputs = new Map(
    names.map((name) => [name, integers(members, name, dtype, texts, tokens)])
  );
  return { places, shape: [texts, tokens], inputs };
}
function integers(members, name, dtype, texts, tokens) {
  const step = dtype === "int64" ? 2 : 1;
  const numbers = new Int32Array(texts * tokens * step);
  members.forEach((encoding, row) => {
    const values = columnOf(encoding, name);
    values.forEach((value, i) => numbers[(row * tokens + i) * step] = value);
  });
  return dtype === "int64" ? new BigInt64Array(numbers.buffer) : numbers;
}
function columnOf({ ids, typeIds }, name) {
  if (name === "input_ids") return ids;
  return name === "token_type_ids" ? typeIds : ids.map(() => 1);
}

// src/pipeline/running.ts
var LOGITS_BYTES = 64e6;
async function answers(pipeline, request, items, start, signal) {
  pipeline.engine.requireOpen();
  throwIfAborted(signal);
  const stint = stints(signal);
  const checked2 = [];
  for (const item of items) {
    checked2.push(request.check(item, start + checked2.length));
    await stint();
  }
  const found = [];
  const most = pipeline.task.overVocabulary ? mostOf(pipeline) : void 0;
  for (const texts of portionsOf(checked2, most)) {
    const { distinct, places } = distinctOf(texts);
    const wholes = await run(pipeline, distinct, request, signal);
    places.forEach((place) => found.push(wholes[place]()));
  }
  return found;
}
async function run(pipeline, texts, { encode, read }, signal) {
  const stint = stints(signal);
  const parts = [];
  for (const text of texts) {
    parts.push(encode(text));
    await stint();
  }
  const rows = await rowsOf(pipeline, parts.flat(), signal);
  let at = 0;
  return texts.map((text, i) => {
    const own = rows.slice(at, at += parts[i].length);
    return () => read({ text, parts: parts[i], rows: own });
  });
}
async function rowsOf(pipeline, encodings, signal) {
  const { engine, inputs, task, maskId, tokensPerRun: tokensPerRun2 } = pipeline;
  const tokens = task.overVocabulary ? Math.min(tokensPerRun2, mostOf(pipeline)) : tokensPerRun2;
  const found = new Array(encodings.length);
  for (const places of groupsOf(encodings, inputs, tokens)) {
    const batch = batchOf(encodings, places, inputs);
    const outputs = await engine.run(task.outputs, batch, signal);
    places.forEach(
      (place, row) => found[place] = kept(task, outputs, row, encodings[place], maskId)
    );
  }
  return found;
}
function mostOf({ vocabulary }) {
  return Math.max(1, Math.floor(LOGITS_BYTES / (4 * vocabulary)));
}
function kept(task, outputs, row, { ids }, maskId) {
  const sides = outputs.map((output2) => rowIn(output2, row));
  if (sides.length > 1) return joined2(sides, ids.length);
  const { shape } = outputs[0];
  const width = shape.at(-1);
  const all = sides[0];
  if (task.rows === "text") return { data: all.slice(), width };
  if (task.rows === "token") return { data: all.slice(0, ids.length * width), width };
  const places = placesOf(ids, maskId);
  const data = new Float32Array(places.length * width);
  places.forEach(
    (place, i) => data.set(all.subarray(place * width, (place + 1) * width), i * width)
  );
  return { data, width };
}
function rowIn({ data, shape }, row) {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  return data.subarray(row * size, (row + 1) * size);
}
function joined2(sides, tokens) {
  const width = sides.length;
  const data = new Float32Array(tokens * width);
  sides.forEach((side, i) => {
    for (let token = 0; token < tokens; token++) data[token * width + i] = side[token];
  });
  return { data, width };
}
function distinctOf(texts) {
  const known = /* @__PURE__ */ new Map();
  const distinct = [];
  const places = texts.map((text) => {
    const key = typeof text === "string" ? `1${text}` : `2${text[0].length} ${text[0]}${text[1]}`;
    const place = known.get(key) ?? distinct.push(text) - 1;
    known.set(key, place);
    return place;
  });
  return { distinct, places };
}

// src/model/asked.ts
function askedOf(parts, signal) {
  return {
    ...parts,
    signal,
    run: (request, items, start) => answers(parts.pipeline, request, items, start, signal)
  };
}
function requireTask({ info }, verb, ...tasks) {
  if (tasks.includes(info.task)) return;
  const needed = tasks.join(" or ");
  throw new InputError(`${info.path} is a ${info.task} bundle; ${verb} needs one for ${needed}`);
}

// src/model/golden.ts
function verificationOf(answers2) {
  const failures = answers2.filter(({ passed }) => !passed).map(failureOf);
  return { passed: failures.length === 0, answers: answers2, failures };
}
function goldenAnswer(golden, ids, output2, columns2, roundsOtherwise) {
  const answer = kept2(output2, columns2);
  const { tolerance: tolerance2, input_ids } = golden;
  const tokensEqual = ids.length === input_ids.length && ids.every((id, i) => id === input_ids[i]);
  const toExpected = relativeDistance(answer, numbersOf(golden.expected));
  const toReference = relativeDistance(answer, numbersOf(golden.reference));
  const asExpected = roundsOtherwise || toExpected <= tolerance2.expected;
  const passed = tokensEqual && asExpected && toReference <= tolerance2.reference;
  return { text: textOf(golden), tokensEqual, toExpected, toReference, roundsOtherwise, passed };
}
function textOf({ text }) {
  return text;
}
function relativeDistance(answer, promised) {
  if (answer.length === 0 && promised.length === 0) return 0;
  if (answer.length !== promised.length) return Infinity;
  let [apart, size] = [0, 0];
  promised.forEach((value, i) => {
    apart += (answer[i] - value) ** 2;
    size += value ** 2;
  });
  const distance = Math.sqrt(apart) / Math.max(Math.sqrt(size), 1e-12);
  return Number.isNaN(distance) ? Infinity : distance;
}
function kept2({ data, width }, columns2) {
  if (columns2.length === 0) return data;
  const rows = data.length / width;
  return Float32Array.from({ length: rows * columns2.length }, (_, i) => {
    const row = Math.floor(i / columns2.length);
    return data[row * width + columns2[i % columns2.length]];
  });
}
function numbersOf(nested) {
  const values = Array.isArray(nested) ? nested.flat(Infinity) : [nested];
  return Float64Array.from(values, (value) => typeof value === "number" ? value : NaN);
}
function failureOf({
  text,
  tokensEqual,
  toExpected,
  toReference,
  roundsOtherwise
}) {
  const whole = typeof text === "string" ? text : text.join(" | ");
  const quoted2 = `'${whole.length <= 40 ? whole : `${whole.slice(0, 39)}…`}'`;
  if (!tokensEqual) return `${quoted2} has other tokens here`;
  const far = (distance) => distance.toPrecision(2);
  const expected = roundsOtherwise ? "" : `${far(toExpected)} of the whole from what was expected, `;
  return `${quoted2} is ${expected}${far(toReference)} from the reference`;
}

// src/tasks/classification.ts
function readClassification({ parts, rows }, spec) {
  const scored = rows.map(({ data }) => probabilities(data, spec.scoring));
  if (scored.length === 1) return classified(scored[0], argmax(rows[0].data), spec);
  const tokens = parts.map(tokensOf);
  const all = Math.max(
    tokens.reduce((a, b) => a + b, 0),
    1
  );
  const mean = scored[0].map(
    (_, label) => scored.reduce((sum, scores, part) => sum + tokens[part] / all * scores[label], 0)
  );
  return classified(mean, argmax(mean), spec);
}
function classified(scores, best, spec) {
  const { labels, multiLabel } = spec;
  return {
    label: labels[best],
    score: scores[best],
    scores: Object.fromEntries(labels.map((label, i) => [label, scores[i]])),
    labels: multiLabel ? labels.filter((_, i) => scores[i] >= 0.5) : null
  };
}

// src/vectors/searching.ts
var NUMBERS = 2e6;
async function nearest(queries, corpus, k, texts, measure, signal) {
  requireSameWidth(queries, corpus, ["queries", "a corpus"]);
  const bits = queries.some(isBits) || corpus.some(isBits);
  const asked3 = comparable(queries, "queries", measure, bits);
  const scores = asked3.map(() => new Float64Array(corpus.length));
  const block = Math.max(
    1,
    Math.floor(NUMBERS / Math.max(1, (asked3[0]?.numbers.length ?? 1) * asked3.length))
  );
  for (let start = 0; start < corpus.length; start += block) {
    const rows = comparable(corpus.slice(start, start + block), "corpus", measure, bits, start);
    asked3.forEach(
      (query, q) => rows.forEach((row, i) => scores[q][start + i] = likeness(query, row, measure.name))
    );
    await turn();
    throwIfAborted(signal);
  }
  return scores.map((all) => hitsOf(all, k, texts));
}
function hitsOf(scores, k, texts) {
  return largest(scores, k).map((index) => ({
    index,
    score: scores[index],
    text: texts?.[index] ?? null
  }));
}

// src/tasks/embedding.ts
function meanVector({ parts, rows }, normalize) {
  if (rows.length === 1) return rows[0].data;
  const tokens = parts.map(tokensOf);
  const all = tokens.reduce((a, b) => a + b, 0);
  const mean = rows[0].data.map(
    (_, i) => rows.reduce((sum, { data }, part) => sum + tokens[part] / all * data[i], 0)
  );
  return normalize ? unit(mean) : mean;
}
function sparseOf(vector) {
  const indices = Int32Array.from([...vector.keys()].filter((i) => vector[i] > 0));
  return { indices, weights: Float32Array.from(indices, (i) => vector[i]) };
}
function isSparse(value) {
  const { indices, weights } = value ?? {};
  return indices instanceof Int32Array && weights instanceof Float32Array;
}
function nearestSparse(queries, corpus, k, texts) {
  const owners = /* @__PURE__ */ new Map();
  corpus.forEach(
    ({ indices, weights }, text) => indices.forEach((piece, i) => {
      const found = owners.get(piece) ?? [];
      found.push({ text, weight: weights[i] });
      owners.set(piece, found);
    })
  );
  return queries.map((query) => {
    const scores = new Float32Array(corpus.length);
    query.indices.forEach((piece, i) => {
      for (const { text, weight } of owners.get(piece) ?? []) {
        scores[text] = scores[text] + Math.fround(query.weights[i] * weight);
      }
    });
    return hitsOf(scores, k, texts);
  });
}

// src/tasks/tags.ts
var POSITIONS = {
  B: "B",
  I: "I",
  M: "I",
  E: "E",
  L: "E",
  S: "S",
  U: "S"
};
var PREFIXED = /^(?<position>[BIMELSU])(?:[-_](?<kind>.+))?$/is;
var TYPED = /^(?<position>[BIMELSU])[-_](?<kind>.+)$/is;
var SUFFIXED = /^(?<kind>.+)[-_](?<position>[BIMELSU])$/is;
var SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "<pad>", "<s>", "</s>", "<unk>"];
var NOTHING = ["0", "o"];
var CONTINUED2 = ["X", "PAD"];
var NAMELESS = "_";
function tagsOf(labels) {
  return withPositions(labels, PREFIXED) ?? withPositions(labels, SUFFIXED) ?? withNames(labels);
}
function joinedTags(tags) {
  const entities = [];
  let open = null;
  tags.forEach(({ position, kind }, place) => {
    if (position === "O") {
      open = null;
      return;
    }
    if (position === "B" || position === "S" || kind !== open) entities.push([]);
    entities.at(-1).push(place);
    open = position === "E" || position === "S" ? null : kind;
  });
  return entities;
}
function withPositions(labels, form) {
  const outside3 = /* @__PURE__ */ new Set(["O", ...SPECIAL, ...NOTHING, ...CONTINUED2]);
  const tags = /* @__PURE__ */ new Map();
  for (const name of labels.filter((label) => !outside3.has(label))) {
    const tag = tagOf(name, form);
    if (!tag) return null;
    tags.set(name, tag);
  }
  if (!isScheme([...tags.values()], form)) return null;
  return labels.map((name) => tags.get(name) ?? { position: "O", kind: name });
}
function withNames(labels) {
  const found = labels.map((name) => tagOf(name, TYPED));
  const kindsAt = (...positions) => new Set(found.flatMap((tag) => tag && positions.includes(tag.position) ? [tag.kind] : []));
  const [begun, going] = [kindsAt("B"), kindsAt("I", "E")];
  const outside3 = outsideOf(labels);
  return labels.map((name, i) => {
    const tag = found[i];
    if (tag && begun.has(tag.kind) && going.has(tag.kind)) return tag;
    return { position: outside3.has(name) ? "O" : "I", kind: name };
  });
}
function tagOf(name, form) {
  const groups = form.exec(name)?.groups;
  if (!groups) return null;
  return {
    position: POSITIONS[groups["position"].toUpperCase()],
    kind: groups["kind"] ?? NAMELESS
  };
}
function isScheme(tags, form) {
  const kinds = (position) => tags.filter((tag) => tag.position === position).map(({ kind }) => kind);
  const [begun, inside2] = [kinds("B"), kinds("I")];
  if (!kinds("E").every((kind) => begun.includes(kind) || inside2.includes(kind))) return false;
  if (form === SUFFIXED || tags.some(({ kind }) => kind === NAMELESS)) {
    return begun.length > 0 && inside2.length > 0;
  }
  return begun.length > 0 || inside2.length > 0 && kinds("S").length === 0;
}
function outsideOf(labels) {
  const plain = labels.includes("O") || labels.every((name) => /^\p{Nd}+$/u.test(name));
  return /* @__PURE__ */ new Set([...SPECIAL, ...plain ? ["O"] : NOTHING]);
}

// src/tasks/entities.ts
var WORDS_OF = {
  words: splitWords,
  simple: singleTokens,
  first: wholeWords,
  average: wholeWords,
  max: wholeWords
};
function readEntities({ text, parts, rows }, labels, aggregation) {
  const { tokenized, found } = stitchedTokens(text, parts);
  const tags = tagsOf(labels);
  const words = WORDS_OF[aggregation](tokenized).map((word) => {
    const scores = word.tokens.map((token) => {
      const [part, place] = found[token];
      return probabilities(rowOf(rows[part], place));
    });
    const row = scoresOf(scores, aggregation);
    const best = argmax(row);
    return { word, tag: tags[best], score: row[best] };
  });
  const entities = joinedTags(words.map(({ tag }) => tag));
  return entities.map(
    (places) => entityOf(
      tokenized.text,
      places.map((place) => words[place])
    )
  );
}
function scoresOf(tokens, aggregation) {
  if (aggregation === "average") {
    return tokens[0].map((_, i) => tokens.reduce((sum, row) => sum + row[i], 0) / tokens.length);
  }
  if (aggregation === "max") return tokens[argmax(tokens.map((row) => row[argmax(row)]))];
  return tokens[0];
}
function entityOf(text, words) {
  const { start } = words[0].word;
  const { end } = words.at(-1).word;
  const score = words.reduce((sum, word) => sum + word.score, 0) / words.length;
  return { text: text.slice(start, end), label: words[0].tag.kind, score, start, end };
}

// src/tasks/questions.ts
var LONGEST2 = 30;
function readAnswer({ text, parts, rows }, allowNoAnswer) {
  const context = text[1];
  let best = null;
  let nowhere = 1;
  parts.forEach((part, i) => {
    const spans = contextSpans(context, part);
    const chances = chancesOf(rows[i], spans);
    nowhere = Math.min(nowhere, chances.starts[0] * chances.ends[0]);
    const found = bestSpan(rows[i], spans);
    if (found === null) return;
    const [first2, last2] = found;
    const score = chances.starts[first2] * chances.ends[last2];
    if (best === null || score > best.score)
      best = answerOf(context, spans.slice(first2, last2 + 1), score);
  });
  return best !== null && !(allowNoAnswer && nowhere > best.score) ? best : { text: "", score: nowhere, start: 0, end: 0 };
}
function answerOf(context, spans, score) {
  const read = spans.filter(stands);
  const [start, end] = [read[0][0], read.at(-1)[1]];
  return { text: context.slice(start, end), score, start, end };
}
function contextSpans(context, part) {
  return part.sequenceIds.map(
    (side, i) => side === 1 ? tokenSpan(context, part.offsets[i], part.tokens[i]) : null
  );
}
function stands(span) {
  return span !== null && span[0] < span[1];
}
function bestSpan({ data }, spans) {
  const places = spans.flatMap((span, place) => span === null ? [] : [place]);
  let best = null;
  let most = -Infinity;
  for (let i = 0; i < places.length; i++) {
    const first2 = places[i];
    let holds = false;
    for (let j = i; j < Math.min(places.length, i + LONGEST2); j++) {
      const last2 = places[j];
      holds ||= stands(spans[last2]);
      const score = Math.fround(data[2 * first2] + data[2 * last2 + 1]);
      if (holds && score > most) {
        most = score;
        best = [first2, last2];
      }
    }
  }
  return best;
}
function chancesOf({ data }, spans) {
  const [starts, ends] = [0, 1].map((side) => {
    const logits = Float64Array.from(
      spans,
      (span, i) => i === 0 || span !== null ? data[2 * i + side] : -Infinity
    );
    const most = logits.reduce((a, b) => Math.max(a, b), -Infinity);
    const exponents = logits.map((logit) => Math.exp(logit - most));
    const sum = exponents.reduce((a, b) => a + b, 0);
    return exponents.map((exponent) => exponent / sum);
  });
  return { starts, ends };
}

// src/model/requests.ts
function embedding(reader2, prompt, width, options) {
  const { spec, tokenizer } = reader2;
  const form = checkForm(width, spec.measure.unit, options.truncateDim, options.dtype ?? "float32");
  requireKept(spec.measure, form.dtype);
  const { maxLength, longText } = options;
  const cutting = maxLength === void 0 ? tokenizer : tokenizer.cutAt(readAtOnce(reader2, maxLength));
  const whole = readsAll(longText);
  return {
    check: readable(reader2, prompted(reader2, prompt), whole, maxLength),
    encode: (text) => whole ? cutting.parts(text) : [cutting.encode(text)],
    read: (found) => formed(meanVector(found, spec.measure.unit), form)
  };
}
function classification(reader2, { longText }) {
  const { spec, tokenizer } = reader2;
  const whole = readsAll(longText);
  const check = whole ? (item, place) => checkSides(item, place, tokenizer) : (item, place) => checkText(item, place, true);
  return {
    check: readable(reader2, check, whole),
    encode: (text) => whole ? tokenizer.parts(text) : [tokenizer.encode(text)],
    read: (found) => readClassification(found, spec)
  };
}
function tagging(reader2, { aggregation }) {
  const { spec, tokenizer } = reader2;
  const chosen = checkChoice("aggregation", aggregation ?? spec.aggregation, AGGREGATIONS);
  return {
    check: readable(reader2, (item, place) => checkText(item, place, false), true),
    encode: (text) => tokenizer.windows(text),
    read: (found) => readEntities(found, spec.labels, chosen)
  };
}
function maskFilling(reader2, { k = 5 }) {
  const { spec, tokenizer } = reader2;
  checkNumber("k", k, 1);
  const mask = String(spec.maskToken);
  return {
    check: readable(reader2, (item, place) => checkMasks(item, place, tokenizer, mask)),
    encode: (text) => [tokenizer.encode(text)],
    read: (found) => readFills(found, tokenizer, mask, k)
  };
}
function answering2(reader2, { allowNoAnswer }) {
  const { tokenizer } = reader2;
  return {
    check: readable(reader2, (item, place) => checkQuestion(item, place, tokenizer), true),
    encode: (text) => tokenizer.windows(text),
    read: (found) => readAnswer(found, allowNoAnswer === true)
  };
}
function output(reader2) {
  return {
    check: (item, place) => checkText(item, place, reader2.spec.task.readsPairs),
    encode: (text) => [reader2.tokenizer.encode(text)],
    read: (found) => found
  };
}
function prompted({ spec }, prompt) {
  return (item, place) => {
    const text = checkText(item, place, spec.task.readsPairs);
    return typeof text === "string" ? prompt + text : text;
  };
}
function readAtOnce({ spec, tokenizer }, maxLength) {
  if (maxLength === void 0) return spec.maxLength;
  return checkNumber("maxLength", maxLength, tokenizer.numSpecialTokens(false) + 1, spec.maxLength);
}
function readsAll(longText) {
  return checkChoice("longText", longText ?? "truncate", LONG_TEXTS) === "mean";
}
function readable({ spec, tokenizer }, check, whole = false, most) {
  const rows = spec.embeddingRows;
  if (rows === null) return check;
  const cut4 = whole ? tokenizer.cutAt(null) : most === void 0 ? tokenizer : tokenizer.cutAt(most);
  return (item, place) => {
    const text = check(item, place);
    const refused = refusalOfIds(cut4.encode(text).ids, rows, tokenizer);
    if (refused !== null) throw new InputError(`text ${place}: ${refused}`);
    return text;
  };
}

// src/model/headVerbs.ts
function headVerbs(asked3) {
  return {
    classify: async (items, start, options) => {
      requireTask(asked3, "classify", TEXT_CLASSIFICATION);
      return asked3.run(classification(asked3, options), items, start);
    },
    tag: async (items, start, options) => {
      requireTask(asked3, "tag", TOKEN_CLASSIFICATION);
      return asked3.run(tagging(asked3, options), items, start);
    },
    fillMask: async (items, start, options) => {
      requireTask(asked3, "fillMask", FILL_MASK);
      return asked3.run(maskFilling(asked3, options), items, start);
    },
    answer: async (items, start, options) => {
      requireTask(asked3, "answer", QUESTION_ANSWERING);
      return asked3.run(answering2(asked3, options), items, start);
    }
  };
}
function countingVerbs(asked3) {
  const { info, tokenizer } = asked3;
  return {
    countTokens: async (items, start, { prompt }) => {
      const check = prompted(asked3, promptOf(info, prompt));
      return each(check, items, start, (text) => tokenizer.count(text));
    },
    truncated: async (items, start, { prompt, maxLength }) => {
      const most = readAtOnce(asked3, maxLength);
      const check = prompted(asked3, promptOf(info, prompt));
      const byCount = maxLength !== void 0 || info.task === QUESTION_ANSWERING;
      const isCut2 = byCount ? (text) => tokenizer.count(text) > most : (text) => tokenizer.encode(text).overflowing.length > 0;
      return each(check, items, start, isCut2);
    }
  };
}
function each(check, items, start, read) {
  return items.map((item, place) => read(check(item, start + place)));
}

// src/model/vectorVerbs.ts
function vectorVerbs(asked3) {
  return {
    embed: async (items, start, options) => {
      requireTask(asked3, "embed", EMBEDDINGS);
      return vectors(asked3, items, start, options);
    },
    embedSparse: async (items, start, options) => {
      requireTask(asked3, "embedSparse", SPARSE_EMBEDDINGS);
      return sparse(asked3, items, start, options);
    },
    similarity: async (a, b) => {
      requireTask(asked3, "similarity", EMBEDDINGS, SPARSE_EMBEDDINGS);
      const embed = (texts) => vectors(asked3, texts, 0, {});
      const sides = [await vectorsOf("a", a, embed), await vectorsOf("b", b, embed)];
      return similarities(...sides, ["a", "b"], asked3.spec.measure);
    },
    search: async (queries, corpus, { k = 10 }) => {
      requireTask(asked3, "search", EMBEDDINGS, SPARSE_EMBEDDINGS);
      checkNumber("k", k, 1);
      const search = asked3.info.task === SPARSE_EMBEDDINGS ? searchSparse : searchDense;
      return search(asked3, queries, listedCorpus(corpus), k);
    }
  };
}
function vectors(asked3, items, start, options) {
  const { info } = asked3;
  const request = embedding(asked3, promptOf(info, options.prompt), info.width, options);
  return asked3.run(request, items, start);
}
async function sparse(asked3, items, start, { prompt, longText }) {
  const options = { ...prompt !== void 0 && { prompt }, ...longText && { longText } };
  const found = await vectors(asked3, items, start, options);
  return found.map(sparseOf);
}
function listedCorpus(corpus) {
  if (!Array.isArray(corpus)) {
    throw new InputError(`corpus: expected texts or vectors, not ${kindOf(corpus)}`);
  }
  if (corpus.length === 0) throw new InputError("the corpus is empty");
  return corpus;
}
async function searchDense(asked3, queries, corpus, k) {
  const { info, spec, signal } = asked3;
  const embed = (prompt) => (texts2) => vectors(asked3, texts2, 0, { prompt });
  const found = await vectorsOf("corpus", corpus, embed(documentPrompt(info)));
  const wanted = await vectorsOf("queries", queries, embed(queryPrompt(info)));
  const texts = isVector(corpus[0]) ? null : corpus;
  return nearest(wanted, found, k, texts, spec.measure, signal);
}
async function searchSparse(asked3, queries, corpus, k) {
  const { info } = asked3;
  const given = corpus.every(isSparse);
  const found = given ? corpus : await sparse(asked3, corpus, 0, { prompt: documentPrompt(info) });
  const listed = isOne(queries) ? [queries] : queries;
  if (!Array.isArray(listed)) {
    throw new InputError(`queries: expected texts, not ${kindOf(queries)}`);
  }
  const wanted = await sparse(asked3, listed, 0, { prompt: queryPrompt(info) });
  const texts = given ? null : corpus;
  return nearestSparse(wanted, found, k, texts);
}

// src/model/local.ts
function localModel(parts) {
  const { engine } = parts.pipeline;
  return {
    info: parts.info,
    ask: (async (verb, args, signal) => {
      engine.requireOpen();
      throwIfAborted(signal);
      const asked3 = verbsOf(askedOf(parts, signal))[verb];
      return asked3(...args);
    }),
    close: () => engine.close()
  };
}
function verbsOf(asked3) {
  return {
    ...vectorVerbs(asked3),
    ...headVerbs(asked3),
    ...countingVerbs(asked3),
    verify: () => verify(asked3)
  };
}
async function verify(asked3) {
  const { info } = asked3;
  const golden = readRecord(decodeGolden, asked3.golden, `${info.path}/${GOLDEN}`);
  const roundsOtherwise = info.manifest.quantization !== null && info.provider !== "cpu";
  const found = [];
  for (const text of golden.texts) {
    const [whole] = await asked3.run(output(asked3), [textOf(text)], found.length);
    const [{ ids }, rows] = [whole.parts[0], whole.rows[0]];
    found.push(goldenAnswer(text, ids, rows, golden.columns, roundsOtherwise));
    await turn();
  }
  return verificationOf(found);
}

// src/model/proving.ts
async function proveOnNewVersion(core, saved, signal) {
  const { path, manifest, onnxruntime, provider, fingerprint } = core.info;
  const { tested } = manifest.onnxruntime;
  if (!isNewer(onnxruntime, tested)) return;
  const verdict = `${fingerprint} ${provider} ${onnxruntime}`;
  if (await saved?.isProved(verdict).catch(() => false)) return;
  const { failures } = await core.ask("verify", [], signal);
  if (failures.length > 0) {
    throw new BundleError(
      `${path} answers differently under onnxruntime ${onnxruntime}: ${failures.length} golden texts fail, first ${failures[0]}. It was tested with onnxruntime ${tested}`
    );
  }
  await saved?.keepProved(verdict).catch(() => {
  });
}
function isNewer(version, than) {
  const [one, other] = [version, than].map((release) => release.match(/\d+/g)?.map(Number) ?? []);
  const longest = Math.max(one.length, other.length);
  for (let i = 0; i < longest; i++) {
    const apart = (one[i] ?? 0) - (other[i] ?? 0);
    if (apart !== 0) return apart > 0;
  }
  return false;
}

// src/sessions/budget.ts
var TOKENS_PER_RUN = {
  cpu: 256,
  wasm: 256,
  webgpu: 16384
  // not measured: what keeps a GPU busy
};
function tokensPerRun(provider) {
  return TOKENS_PER_RUN[provider];
}

// src/sessions/reasons.ts
var NO_MEMORY = /bad_alloc|allocate memory|out of memory|memory access out of bounds|Array buffer allocation failed/i;
var SOURCE = /\/\S+\.(cc|cpp|h):\d+ .*?(\) (?=[A-Z])| was false\. )/;
var NO_ROW = /idx=(\d+) must be within the inclusive range \[-\d+,(\d+)\]/;
function reasonOf2(error) {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.trim().split("\n")[0].replace(SOURCE, "");
  if (NO_MEMORY.test(line)) return "not enough memory";
  const beyond = NO_ROW.exec(line);
  if (beyond) {
    return `a token or a position is ${beyond[1]}, and its table of embeddings ends at ${beyond[2]}`;
  }
  return line || "it did not say why";
}

// src/sessions/engine.ts
var last = Promise.resolve();
function inTurn2(run2) {
  const mine = last.then(run2);
  last = mine.catch(() => {
  });
  return mine;
}
function engineOf({ session, runtime, provider, threads, version }) {
  let closed = false;
  const requireOpen = () => {
    if (closed) throw new ClosedError("this model is closed");
  };
  const now = async (outputs, batch) => {
    const feeds = Object.fromEntries(
      [...batch.inputs].map(([name, data]) => [name, tensorOf(runtime.Tensor, data, batch.shape)])
    );
    try {
      const found = await session.run(feeds, [...outputs]);
      return outputs.map((name) => outputOf(found[name]));
    } catch (error) {
      throw new BundleError(`onnxruntime cannot run the graph: ${reasonOf2(error)}`);
    }
  };
  return {
    provider,
    threads,
    version,
    requireOpen,
    widthOf: (output2) => {
      const metadata = session.outputMetadata?.find(({ name }) => name === output2);
      const width = metadata?.isTensor ? metadata.shape.at(-1) : void 0;
      return typeof width === "number" ? width : null;
    },
    run: (outputs, batch, signal) => inTurn2(async () => {
      await turn();
      throwIfAborted(signal);
      requireOpen();
      return now(outputs, batch);
    }),
    close: async () => {
      if (closed) return;
      closed = true;
      await inTurn2(() => session.release());
    }
  };
}
function tensorOf(make, data, shape) {
  return data instanceof Int32Array ? new make("int32", data, shape) : new make("int64", data, shape);
}
function outputOf(tensor) {
  const { type, data, dims } = tensor;
  if (type === "float32") return { data, shape: dims };
  if (type === "float16") {
    const { buffer, byteOffset, length } = data;
    return {
      data: Float32Array.from(new Uint16Array(buffer, byteOffset, length), halfValue),
      shape: dims
    };
  }
  throw new BundleError(`onnxruntime gives ${type} where float32 was expected`);
}

// src/sessions/runtime.ts
var PROVIDERS = ["auto", "cpu", "wasm", "webgpu"];
function runsInWeb({ env }) {
  return env.versions.web !== void 0;
}
function versionOf({ env }) {
  const { web: web2, node, common } = env.versions;
  return web2 ?? node ?? env.versions["react-native"] ?? common;
}
async function openRuntime(given, provider) {
  if (given === void 0) return imported(() => byName(provider), packageOf(provider));
  if (typeof given === "string" || given instanceof URL) {
    return imported(
      () => import(
        /* @vite-ignore */
        /* webpackIgnore: true */
        String(given)
      ),
      String(given)
    );
  }
  return checked(given);
}
function byName(provider) {
  if (isNode()) return import(
    /* @vite-ignore */
    /* webpackIgnore: true */
    packageOf(provider)
  );
  return provider === "webgpu" ? import("onnxruntime-web/webgpu") : import("onnxruntime-web/wasm");
}
function packageOf(provider) {
  return isNode() && provider !== "wasm" ? "onnxruntime-node" : "onnxruntime-web";
}
async function imported(load2, name) {
  let module;
  try {
    module = await load2();
  } catch (error) {
    throw new ProviderError(
      `${name} cannot be imported (${error.message}): ${wayOut(name)}`
    );
  }
  const { default: whole } = module;
  return checked(isRuntime(module) ? module : whole);
}
function wayOut(name) {
  if (!name.startsWith("onnxruntime-")) return "is it served as JavaScript?";
  return `npm install ${name}, or say where it is: load(source, { runtime: "ADDRESS" })`;
}
function checked(module) {
  if (isRuntime(module)) return module;
  throw new InputError(
    `runtime: expected the module of onnxruntime, or its address, not ${kindOf(module)}`
  );
}
function isRuntime(module) {
  const { InferenceSession, Tensor, env } = module ?? {};
  return typeof InferenceSession?.create === "function" && typeof Tensor === "function" && typeof env === "object";
}

// src/sessions/threads.ts
var MOST_IN_WASM = 4;
var settled = null;
function threadsOfWasm({ env }, asked3) {
  const wanted = asked3 ?? Math.min(cores(), MOST_IN_WASM);
  const isolated = typeof SharedArrayBuffer !== "undefined" && (isNode() || globalThis.crossOriginIsolated);
  const possible = isolated ? wanted : 1;
  const count2 = settled ??= possible;
  env.wasm.numThreads = count2;
  if (count2 === wanted) return { count: count2, note: null };
  const why = isolated ? "an earlier model of this page settled it" : "the page is not cross-origin isolated, so there is no SharedArrayBuffer: serve it with 'Cross-Origin-Opener-Policy: same-origin' and 'Cross-Origin-Embedder-Policy: require-corp'";
  return {
    count: count2,
    note: `${count2} thread${count2 === 1 ? "" : "s"} where ${wanted} could run: ${why}`
  };
}
function cores() {
  return globalThis.navigator?.hardwareConcurrency || coresOfNode() || 1;
}
function coresOfNode() {
  const { process } = globalThis;
  return process?.getBuiltinModule?.("node:os").availableParallelism();
}

// src/sessions/session.ts
async function chosenBy(options) {
  const asked3 = checkChoice("provider", options.provider ?? "auto", PROVIDERS);
  if (options.threads !== void 0) checkNumber("threads", options.threads, 1);
  const runtime = await openRuntime(options.runtime, asked3);
  const provider = providerOf(runtime, asked3);
  const { count: count2, note } = runsInWeb(runtime) ? webThreads(runtime, options) : plainThreads(options);
  const notes = [note, provider === "webgpu" ? PLACEMENT : null].filter((told2) => told2 !== null);
  return { runtime, provider, threads: count2, notes };
}
async function openSession(bundle, chosen) {
  const session = await created(bundle, chosen);
  return { ...chosen, session, version: versionOf(chosen.runtime) };
}
var PLACEMENT = "webgpu may leave part of the graph to the CPU: onnxruntime does not tell here which";
function providerOf(runtime, asked3) {
  const own = runsInWeb(runtime) ? "wasm" : "cpu";
  if (asked3 === "auto" || asked3 === own) return own;
  if (asked3 === "webgpu") return asked3;
  throw new ProviderError(
    `provider '${asked3}' is not in this onnxruntime (${versionOf(runtime)}), which has '${own}': leave one of the two out`
  );
}
function requireFitting(name, manifest, { provider }) {
  if (provider !== "webgpu" || manifest.quantization === null || manifest.target !== "cpu") return;
  throw new ProviderError(
    `${name} is int8 for the CPU, and webgpu has no such products: make a bundle for it with 'edgebert export MODEL -o BUNDLE --target portable'`
  );
}
function webThreads(runtime, { threads, wasmPaths }) {
  const { wasm } = runtime.env;
  if (wasmPaths !== void 0) wasm.wasmPaths = { ...wasm, wasmPaths }.wasmPaths;
  return threadsOfWasm(runtime, threads);
}
function plainThreads({ threads }) {
  return { count: threads ?? cores(), note: null };
}
function settingsOf(manifest, provider, threads) {
  const widened = manifest.quantization !== null && manifest.quantization.isa !== "any" && needsWidening();
  return {
    executionProviders: [provider],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: "all",
    enableMemPattern: false,
    // ragged shapes would add a plan for each one
    logSeverityLevel: 4,
    // what it logs as an error, it also raises
    ...provider !== "webgpu" && {
      extra: {
        session: {
          // where only weights are integers, activations stay floats
          qdq_matmulnbits_accuracy_level: "0",
          // sums of u8 x s8 overflow 16 bits on x86 CPUs without VNNI; in wasm they do not
          ...provider === "cpu" && widened && { x64quantprecision: "1" }
        },
        // fused, it is scalar on the CPU, and several times slower than its parts
        optimization: { disable_specified_optimizers: "SkipLayerNormFusion" }
      }
    }
  };
}
function needsWidening() {
  const { process } = globalThis;
  if (!isNode() || process?.arch !== "x64") return false;
  try {
    const cpu = process.getBuiltinModule?.("node:fs").readFileSync("/proc/cpuinfo", "utf-8");
    return !/\bavx(512)?_vnni\b/.test(cpu ?? "");
  } catch {
    return true;
  }
}
async function created({ name, manifest, files }, { runtime, provider, threads }) {
  const graph = manifest.graphs[ENCODER];
  const externalData = weightFiles(files, graph);
  const settings = settingsOf(manifest, provider, threads);
  const options = externalData.length > 0 ? { ...settings, externalData } : settings;
  try {
    return await runtime.InferenceSession.create(files.get(graph), options);
  } catch (error) {
    throw failure(`${name}/${graph}`, provider, error);
  }
}
function weightFiles(files, graph) {
  return [...files].filter(([name]) => name !== graph && name.startsWith("model.onnx")).map(([path, data]) => ({ path, data }));
}
function failure(path, provider, error) {
  const reason = reasonOf2(error);
  if (/SIMD is not supported/.test(reason)) {
    return new ProviderError(
      "this browser's WebAssembly has no SIMD, which onnxruntime-web needs: update it, or ask a server"
    );
  }
  if (/no available backend|backend not found|failed to (asynchronously )?prepare wasm|dynamically imported module/i.test(
    reason
  )) {
    return new ProviderError(
      `provider '${provider}' does not start here: ${startingPoint(reason)} (${help(provider)})`
    );
  }
  if (provider === "webgpu") {
    return new ProviderError(
      `${path} cannot be loaded with provider 'webgpu': ${reason} (${help(provider)})`
    );
  }
  return new BundleError(`${path} cannot be loaded by onnxruntime: ${reason}`);
}
function startingPoint(reason) {
  return reason.replace(/^.*?ERR: (\[\w+\] )?(Error: |TypeError: )?/, "");
}
function help(provider) {
  if (provider === "webgpu") return "use provider 'wasm', in Node 'cpu'";
  return "are its .wasm and .mjs files served beside its code or where wasmPaths says, and does the page's content security policy allow 'wasm-unsafe-eval'?";
}

// src/tasks/spec.ts
var TASKS = [
  {
    name: EMBEDDINGS,
    verb: "embed",
    outputs: ["sentence_embedding"],
    readsPairs: false,
    rows: "text",
    overVocabulary: false
  },
  {
    name: TEXT_CLASSIFICATION,
    verb: "classify",
    outputs: ["logits"],
    readsPairs: true,
    rows: "text",
    overVocabulary: false
  },
  {
    name: TOKEN_CLASSIFICATION,
    verb: "tag",
    outputs: ["logits"],
    readsPairs: false,
    rows: "token",
    overVocabulary: false
  },
  {
    name: FILL_MASK,
    verb: "fillMask",
    outputs: ["logits"],
    readsPairs: false,
    rows: "mask",
    overVocabulary: true
  },
  {
    name: QUESTION_ANSWERING,
    verb: "answer",
    outputs: ["start_logits", "end_logits"],
    readsPairs: true,
    rows: "token",
    overVocabulary: false
  },
  {
    name: SPARSE_EMBEDDINGS,
    verb: "embedSparse",
    outputs: ["sparse_embedding"],
    readsPairs: false,
    rows: "text",
    overVocabulary: true
  }
];
function specOf(manifest, origin) {
  const task = TASKS.find(({ name }) => name === manifest.task);
  if (!task) {
    const known = TASKS.map(({ name }) => name).join(", ");
    throw new BundleError(
      `${origin} is for the task '${manifest.task}'; this version knows ${known}`
    );
  }
  const multiLabel = manifest.problem_type === "multi_label_classification";
  const named3 = manifest.default_prompt;
  return {
    task,
    maxLength: manifest.max_length,
    labels: manifest.labels,
    multiLabel,
    scoring: manifest.activation ?? (multiLabel ? "sigmoid" : "softmax"),
    prompts: manifest.prompts,
    defaultPrompt: named3 !== null && manifest.prompts[named3] || "",
    maskToken: manifest.mask_token,
    aggregation: manifest.aggregation ?? "first",
    // of bundles older than the choice
    measure: { name: manifest.similarity, unit: manifest.normalize },
    embeddingRows: manifest.embedding_rows
  };
}

// src/load.ts
async function load(source2, options = {}) {
  return modelOf2(await loadCore(source2, options));
}
async function loadCore(source2, options) {
  const { signal } = options;
  throwIfAborted(signal);
  const chosen = await chosenBy(options);
  const origin = await originOf(source2);
  const accept = (manifest) => {
    specOf(manifest, origin.name);
    requireFitting(origin.name, manifest, chosen);
  };
  const bundle = await openBundle(origin, accept, signal, options.onProgress);
  const spec = specOf(bundle.manifest, bundle.name);
  const tokenizer = tokenizerOf2(bundle);
  const session = await openSession(bundle, chosen);
  const engine = engineOf(session);
  try {
    throwIfAborted(signal);
    const pipeline = pipelineOf(bundle, spec, tokenizer, engine);
    const width = await widthOf2(pipeline, spec, tokenizer, signal);
    const told2 = { ...bundle, notes: [...bundle.notes, ...session.notes] };
    const info = infoOf(told2, spec, engine, width);
    const core = localModel({ info, spec, tokenizer, pipeline, golden: bundle.files.get(GOLDEN) });
    await proveOnNewVersion(core, origin.saved, signal);
    return core;
  } catch (error) {
    await engine.close();
    throw error;
  }
}
function tokenizerOf2({ name, files }) {
  try {
    return openTokenizer(parsed(files.get(TOKENIZER)));
  } catch (error) {
    throw new BundleError(`${name}/${TOKENIZER} is damaged: ${error.message}`);
  }
}
function pipelineOf({ manifest }, { task, maskToken }, tokenizer, engine) {
  return {
    engine,
    inputs: inputSpecOf(manifest),
    task,
    vocabulary: tokenizer.vocabularySize,
    maskId: maskToken === null ? void 0 : tokenizer.tokenToId(maskToken),
    tokensPerRun: tokensPerRun(engine.provider)
  };
}
async function widthOf2(pipeline, { task }, tokenizer, signal) {
  if (task.name !== EMBEDDINGS && task.name !== SPARSE_EMBEDDINGS) return null;
  const said = pipeline.engine.widthOf(task.outputs[0]);
  if (said !== null) return said;
  const [row] = await rowsOf(pipeline, [tokenizer.encode("")], signal);
  return row.width;
}

// src/worker/messages.ts
var ERRORS = { BundleError, ClosedError, EdgebertError, InputError, ProviderError };
function failureOf2(id, error) {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { id, kind: "failed", name, message };
}
function errorOf(name, message) {
  const known = Object.entries(ERRORS).find(([of]) => of === name)?.[1];
  return known ? new known(message) : Object.assign(new Error(message), { name });
}

// src/worker/ports.ts
function nodeWorkers() {
  const { process } = globalThis;
  return isNode() ? process?.getBuiltinModule?.("node:worker_threads") : void 0;
}
function newWorker(address) {
  const workers = nodeWorkers();
  if (!workers && typeof Worker === "undefined") {
    throw new ProviderError("there are no workers here: use load instead of loadInWorker");
  }
  try {
    return workers ? portOfNode(nodeWorker(workers, address)) : portOf(webWorker(address));
  } catch (error) {
    throw new ProviderError(`the worker cannot be started: ${error.message}`);
  }
}
function webWorker(address) {
  return address ? new Worker(address, { type: "module" }) : new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
}
function nodeWorker({ Worker: NodeWorker }, address) {
  return new NodeWorker(new URL(address ?? new URL("./worker.js", import.meta.url)));
}
function portOf(worker) {
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive, broken) => {
      worker.addEventListener("message", ({ data }) => receive(data));
      worker.addEventListener("error", (event) => {
        event.preventDefault();
        broken?.(event.message || "its code cannot be loaded");
      });
    },
    waits: () => {
    },
    end: () => worker.terminate()
  };
}
function portOfNode(worker) {
  return {
    post: (message) => worker.postMessage(message),
    listen: (receive, broken) => {
      worker.on("message", receive);
      worker.on(
        "error",
        (error) => broken?.(error instanceof Error ? error.message : String(error))
      );
    },
    waits: (waiting) => waiting ? worker.ref() : worker.unref(),
    end: () => void worker.terminate()
  };
}
function ownPort() {
  const parent = nodeWorkers()?.parentPort;
  if (parent) {
    return {
      post: (message) => parent.postMessage(message),
      listen: (receive) => parent.on("message", receive),
      waits: () => {
      },
      end: () => parent.close()
    };
  }
  const scope = globalThis;
  return {
    post: (message) => scope.postMessage(message),
    listen: (receive) => scope.addEventListener("message", ({ data }) => receive(data)),
    waits: () => {
    },
    end: () => scope.close()
  };
}

// src/worker/client.ts
async function loadInWorker(source2, options = {}) {
  const { signal, onProgress, worker, ...rest } = options;
  throwIfAborted(signal);
  const request = {
    kind: "load",
    source: absoluteSource(source2),
    options: absoluteOptions(rest)
  };
  const given = typeof Worker !== "undefined" && worker instanceof Worker;
  const port = given ? portOf(worker) : newWorker(absolute2(worker));
  const link = linkTo(port);
  try {
    const info = await link.send(request, signal, onProgress);
    return modelOf2(coreOf(link, info, port, given));
  } catch (error) {
    if (!given) port.end();
    throw error;
  }
}
function coreOf(link, info, port, given) {
  let closing = null;
  return {
    info,
    ask: (async (verb, args, signal) => {
      if (closing) throw new ClosedError("this model is closed");
      throwIfAborted(signal);
      return link.send({ kind: "ask", verb, args }, signal);
    }),
    close: () => closing ??= link.send({ kind: "close" }).catch(() => {
    }).then(() => {
      if (!given) port.end();
    })
  };
}
function linkTo(port) {
  const waiting = /* @__PURE__ */ new Map();
  let gone = null;
  let last2 = 0;
  port.listen(
    (message) => {
      received(waiting, message);
      port.waits(waiting.size > 0);
    },
    (why) => {
      gone = new ProviderError(`the worker ended: ${why}`);
      waiting.forEach(({ reject }) => reject(gone));
      waiting.clear();
    }
  );
  return {
    send: (request, signal, onProgress) => {
      if (gone) return Promise.reject(gone);
      const id = ++last2;
      return new Promise((resolve, reject) => {
        const cancel = () => {
          port.post({ id, kind: "cancel" });
          reject(reasonOf(signal));
        };
        const end = () => signal?.removeEventListener("abort", cancel);
        waiting.set(id, {
          resolve: (value) => (end(), resolve(value)),
          reject: (error) => (end(), reject(error)),
          onProgress
        });
        signal?.addEventListener("abort", cancel, { once: true });
        port.waits(true);
        post(port, { ...request, id }, (error) => {
          waiting.delete(id);
          end();
          reject(error);
        });
      });
    }
  };
}
function post(port, request, refuse) {
  try {
    port.post(request);
  } catch (error) {
    refuse(new InputError(`what was given cannot go to a worker: ${error.message}`));
  }
}
function received(waiting, reply) {
  const asked3 = waiting.get(reply.id);
  if (reply.kind === "progress") {
    asked3?.onProgress?.(reply.progress);
    return;
  }
  waiting.delete(reply.id);
  if (reply.kind === "done") asked3?.resolve(reply.value);
  else asked3?.reject(errorOf(reply.name, reply.message));
}
function absolute2(address) {
  if (address === void 0 || isNode()) return address === void 0 ? void 0 : String(address);
  return new URL(address, document.baseURI).href;
}
function absoluteSource(source2) {
  if (typeof source2 === "string" || source2 instanceof URL) {
    return isNode() ? String(source2) : absolute2(source2);
  }
  return source2 instanceof Map ? source2 : [...source2];
}
function absoluteOptions({
  runtime,
  wasmPaths,
  ...rest
}) {
  const module = absolute2(runtime);
  return {
    ...rest,
    ...module !== void 0 && { runtime: module },
    ...wasmPaths !== void 0 && { wasmPaths: absolutePaths(wasmPaths) }
  };
}
function absolutePaths(paths) {
  if (typeof paths === "string") return absolute2(paths);
  return Object.fromEntries(
    Object.entries(paths).map(([kind, path]) => [kind, absolute2(path)])
  );
}

// src/worker/host.ts
function hostModel() {
  const port = ownPort();
  const reply = (message) => port.post(message);
  const going = /* @__PURE__ */ new Map();
  let core = null;
  const answer = async (request, signal) => {
    if (request.kind === "load") {
      const onProgress = (progress) => reply({ id: request.id, kind: "progress", progress });
      core = await loadCore(request.source, { ...request.options, signal, onProgress });
      return core.info;
    }
    if (request.kind === "ask")
      return core.ask(request.verb, request.args, signal);
    return core?.close();
  };
  port.listen((message) => {
    const request = message;
    if (request.kind === "cancel") {
      going.get(request.id)?.abort();
      return;
    }
    const { id } = request;
    const controller = new AbortController();
    going.set(id, controller);
    answer(request, controller.signal).then((value) => reply({ id, kind: "done", value })).catch((error) => reply(failureOf2(id, error))).finally(() => going.delete(id));
  });
}
export {
  BundleError,
  ClosedError,
  EdgebertError,
  InputError,
  ProviderError,
  hostModel,
  load,
  loadInWorker
};
