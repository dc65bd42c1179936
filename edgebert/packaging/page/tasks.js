// The form of each task: what is asked, and how its answer is shown.
import { element, marked, ranking } from "./drawing.js";

const LINES = [
  "The train to the coast leaves at nine.",
  "Our cat sleeps on the warm radiator.",
  "She repaired the bicycle in the garage.",
  "The bakery sells bread with sunflower seeds.",
  "Heavy rain flooded the lower fields.",
  "The museum is closed on Mondays.",
  "He plays the cello in a small orchestra.",
  "Prices of vegetables went up this winter.",
].join("\n");

const FORMS = {
  "feature-extraction": similar,
  "sparse-embedding": similar,
  "text-classification": (model, form) => (model.labels.length === 1 ? reranked : labelled)(model, form),
  "token-classification": tagged,
  "question-answering": answered,
  "fill-mask": filled,
};

/** Show the form of a model's task, and answer what stands in it. */
export async function showTask(model, root, fail) {
  const form = formOf(root, fail);
  FORMS[model.task](model, form);
  await form.ask();
}

/** What all forms have: fields, a place for answers, how long one took, files that are dropped.
 *
 *  Only the last question counts: the one before is cancelled. */
function formOf(root, fail) {
  const fields = element("section", undefined, "card");
  const timing = element("p", "", "soft");
  const result = element("div");
  const answers = element("section", undefined, "card");
  timing.setAttribute("role", "status");
  answers.append(element("h2", "Answer"), timing, result);
  root.append(fields, answers);
  let asking = null;
  let waiting = 0;
  const form = {
    fields,
    result,
    timing,
    /** Set by the task: answers what stands in the fields. */
    answer: async () => {},
    /** The field that a dropped file goes to. */
    reads: null,
    ask: async () => {
      asking?.abort();
      const { signal } = (asking = new AbortController());
      const started = performance.now();
      try {
        const show = await form.answer(signal);
        if (signal.aborted) return;
        show();
        const took = performance.now() - started;
        timing.textContent = `Answered in ${took < 10 ? took.toFixed(1) : took.toFixed(0)} ms.`;
        document.body.dataset.answers = Number(document.body.dataset.answers ?? 0) + 1;
      } catch (error) {
        if (!signal.aborted) result.replaceChildren(element("p", error.message, "no"));
      }
    },
    askSoon: () => {
      clearTimeout(waiting);
      waiting = setTimeout(() => form.ask(), 120);
    },
  };
  takeFiles(form, fail);
  return form;
}

function field(form, id, title, text, { tall = false, line = false } = {}) {
  const label = element("label", title);
  label.htmlFor = id;
  const input = element(line ? "input" : "textarea", undefined, tall ? "tall" : "");
  if (line) input.type = "text";
  input.id = id;
  input.value = text;
  input.spellcheck = false;
  input.addEventListener("input", form.askSoon);
  form.fields.append(label, input);
  return input;
}

/** A file goes into the field that reads files: chosen by a button, or dropped on the page. */
function takeFiles(form, fail) {
  const read = async (file) => {
    if (!file) return;
    try {
      form.reads.value = await file.text();
      form.reads.dispatchEvent(new Event("input"));
    } catch (error) {
      fail(error);
    }
  };
  addEventListener("dragover", (event) => {
    event.preventDefault();
    document.body.classList.add("dropping");
  });
  addEventListener("dragleave", () => document.body.classList.remove("dropping"));
  addEventListener("drop", (event) => {
    event.preventDefault();
    document.body.classList.remove("dropping");
    read(event.dataTransfer.files[0]);
  });
  form.readFiles = (input) => {
    form.reads = input;
    const label = element("label", "Read a text file", "file");
    const chooser = element("input");
    chooser.type = "file";
    chooser.accept = ".txt,.md,.csv,.tsv,text/*";
    chooser.addEventListener("change", () => read(chooser.files[0]));
    label.append(chooser);
    form.fields.append(label);
  };
}

const linesOf = (input) => input.value.split("\n").map((line) => line.trim()).filter(Boolean);

// embeddings

/** Texts of a list, nearest first. Their vectors are made once, some at a time. */
function similar(model, form) {
  const text = field(form, "text", "Text", "A pet rests where it is cosy.");
  const list = field(form, "list", "Texts to compare it with, one a line", LINES, { tall: true });
  form.readFiles(list);
  let known = new Map();
  form.answer = async (signal) => {
    const lines = linesOf(list);
    known = await vectorsOf(model, lines, known, signal, form.timing);
    const corpus = lines.map((line) => known.get(line));
    const hits = lines.length ? await model.search(text.value, corpus, { k: 20, signal }) : [];
    return () => form.result.replaceChildren(ranking(hits.map(({ index, score }) => ({ text: lines[index], score }))));
  };
}

const AT_ONCE = 32;

async function vectorsOf(model, lines, known, signal, timing) {
  const names = ["document", "passage", "corpus"];
  const prompt = names.find((name) => name in model.prompts) ?? "";
  const embed = model.task === "sparse-embedding" ? model.embedSparse : model.embed;
  const found = new Map(lines.filter((line) => known.has(line)).map((line) => [line, known.get(line)]));
  const wanted = [...new Set(lines)].filter((line) => !found.has(line));
  for (let start = 0; start < wanted.length; start += AT_ONCE) {
    if (wanted.length > AT_ONCE) timing.textContent = `Embedding: ${start} of ${wanted.length} texts.`;
    const some = wanted.slice(start, start + AT_ONCE);
    const vectors = await embed(some, { prompt, signal });
    some.forEach((line, i) => found.set(line, vectors[i]));
    some.forEach((line, i) => known.set(line, vectors[i])); // also where this question is cancelled
  }
  return found;
}

// labels

function labelled(model, form) {
  const text = field(form, "text", "Text", "What a wonderful evening: the food was great, and so was the music.");
  form.readFiles(text);
  form.answer = async (signal) => {
    const [{ scores }] = await model.classify([text.value], { signal, longText: "mean" });
    const rows = Object.entries(scores).map(([label, score]) => ({ text: label, score }));
    rows.sort((a, b) => b.score - a.score);
    return () => form.result.replaceChildren(ranking(rows.slice(0, 12)));
  };
}

function reranked(model, form) {
  const query = field(form, "text", "Query", "When does the train leave?");
  const list = field(form, "list", "Texts to sort, one a line", LINES, { tall: true });
  form.readFiles(list);
  form.answer = async (signal) => {
    const lines = linesOf(list);
    const hits = lines.length ? await model.rerank(query.value, lines, { signal }) : [];
    return () => form.result.replaceChildren(ranking(hits));
  };
}

// places in texts

function tagged(model, form) {
  const example = "Ana Pereira flew from Lisbon to Oslo, where she works for a small museum.";
  const text = field(form, "text", "Text", example, { tall: true });
  form.readFiles(text);
  form.answer = async (signal) => {
    const entities = await model.tag(text.value, { signal });
    const rows = entities.map(({ text: name, label, score }) => ({ text: `${name}: ${label}`, score }));
    return () => form.result.replaceChildren(marked(text.value, entities), ranking(rows));
  };
}

function answered(model, form) {
  const question = field(form, "text", "Question", "Where does the ferry stop?", { line: true });
  const example =
    "The ferry leaves the harbour every morning at eight. It stops at the island of Hven, where most " +
    "passengers get off, and reaches the other side of the strait an hour later.";
  const context = field(form, "context", "Text that holds the answer", example, { tall: true });
  form.readFiles(context);
  form.answer = async (signal) => {
    const answer = await model.answer(question.value, context.value, { signal });
    return () =>
      form.result.replaceChildren(
        ranking([{ text: answer.text || "no answer", score: answer.score }]),
        marked(context.value, answer.text ? [answer] : []),
      );
  };
}

// words to guess

function filled(model, form) {
  const mask = model.maskToken;
  const text = field(form, "text", `Text with ${mask} for a word to guess`, `The weather is ${mask} today.`);
  const insert = element("button", `Insert ${mask}`);
  insert.type = "button";
  insert.addEventListener("click", () => {
    text.setRangeText(mask, text.selectionStart, text.selectionEnd, "end");
    text.focus();
    form.askSoon();
  });
  form.fields.append(insert, " ");
  form.readFiles(text);
  form.answer = async (signal) => {
    const fills = await model.fillMask(text.value, { signal });
    return () => form.result.replaceChildren(ranking(fills.map(({ text: whole, score }) => ({ text: whole, score }))));
  };
}
