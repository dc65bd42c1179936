// Loads the model in a worker, says how that goes, and shows the form of its task.
import { loadInWorker } from "./edgebert.min.js";
import { element } from "./drawing.js";
import { showTask } from "./tasks.js";

const MODEL = "model/";
const RUNTIMES = { wasm: "ort/ort.wasm.min.mjs", webgpu: "ort/ort.webgpu.min.mjs" };

const byId = (id) => document.getElementById(id);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
const asked = new URLSearchParams(location.search);
const provider = asked.get("provider") ?? "wasm";
const threads = Number(asked.get("threads")) || undefined;

function say(sentence) {
  byId("status").textContent = sentence;
}

function fail(error) {
  byId("progress").hidden = true;
  byId("error").hidden = false;
  byId("error").textContent = error.message ?? String(error);
}

function showProgress({ file, loadedBytes, totalBytes }) {
  const done = loadedBytes >= totalBytes;
  byId("progress").hidden = done;
  byId("progress").value = loadedBytes / totalBytes;
  const size = `${megabytes(loadedBytes)} of ${megabytes(totalBytes)} MB`;
  say(done ? "Starting the model." : `Loading the model: ${size} (${file}).`);
}

function showModel(model, seconds) {
  const { task, precision, files, architecture } = model.manifest;
  const bytes = Object.values(files).reduce((sum, { size_bytes }) => sum + size_bytes, 0);
  byId("about").textContent =
    `${task}, ${architecture}, ${precision}, ${megabytes(bytes)} MB. It runs in this page: no text leaves it.`;
  const cores = `${model.threads} thread${model.threads === 1 ? "" : "s"}`;
  byId("backend").textContent = `Runs on ${model.provider}, ${cores}, onnxruntime-web ${model.onnxruntime}.`;
  say(`Ready after ${seconds.toFixed(1)} s.`);
  byId("notes").replaceChildren(...model.notes.map((note) => element("li", note)));
}

/** Hold this browser to the answers that the bundle promised. */
async function prove(model) {
  const started = performance.now();
  const { passed, answers, failures } = await model.verify();
  const took = `${answers.length} texts, ${((performance.now() - started) / 1000).toFixed(1)} s`;
  const verdict = passed
    ? element("span", "The golden answers hold here", "yes")
    : element("span", "The golden answers do not hold here", "no");
  byId("proof").replaceChildren(verdict, ` (${took})${passed ? "." : `: ${failures[0]}`}`);
  byId("proof").hidden = false;
  document.body.dataset.proof = passed ? "holds" : "fails";
}

/** Keep the page itself for the next time without network; the client keeps the model. */
function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  navigator.serviceWorker
    .register(`keep.js?runtime=${encodeURIComponent(RUNTIMES[provider])}`)
    .then(() => navigator.serviceWorker.ready)
    .then(() => (document.body.dataset.kept = "yes"))
    .catch(() => (document.body.dataset.kept = "no"));
}

async function start() {
  say("Loading the model.");
  if (!(provider in RUNTIMES)) throw new Error(`provider=${provider} in the address: it is wasm or webgpu`);
  const started = performance.now();
  const model = await loadInWorker(MODEL, {
    runtime: RUNTIMES[provider],
    provider,
    ...(threads && { threads }),
    onProgress: showProgress,
  });
  byId("progress").hidden = true;
  showModel(model, (performance.now() - started) / 1000);
  await showTask(model, byId("task"), fail);
  byId("task").hidden = false;
  document.body.dataset.ready = "yes";
  await prove(model);
  keepPage();
}

start().catch((error) => {
  say("The model cannot run here.");
  fail(/ort\//.test(error.message) ? new Error(`${error.message}. What belongs into ort/ is in this folder's README.md.`) : error);
});
