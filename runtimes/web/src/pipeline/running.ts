/** The way of texts through a tokenizer and a graph. */

import { stints, throwIfAborted } from "../cancelling.ts";
import type { Engine, Output } from "../sessions/engine.ts";
import { placesOf } from "../tasks/masks.ts";
import type { Rows, Whole } from "../tasks/rows.ts";
import type { Task } from "../tasks/spec.ts";
import type { Encoding, Text } from "../text/index.ts";
import { batchOf, groupsOf, type InputSpec } from "./batches.ts";
import { portionsOf } from "./streams.ts";

/** Logits over a vocabulary in one run, or kept at a time: 250,000 pieces give 1 MB a token. */
const LOGITS_BYTES = 64_000_000;

/** What runs texts. */
export interface Pipeline {
  readonly engine: Engine;
  readonly inputs: InputSpec;
  readonly task: Task;
  /** Pieces that the tokenizer knows. */
  readonly vocabulary: number;
  /** Token id of the mask, where words are guessed. */
  readonly maskId: number | undefined;
  /** Tokens in one micro-batch, padding included. */
  readonly tokensPerRun: number;
}

/** What is done to each text that a model is asked about. */
export interface Request<A> {
  /** What an item is read as, given its place, or an error. */
  readonly check: (item: unknown, place: number) => Text;
  /** The parts that a text is read in, one or more. */
  readonly encode: (text: Text) => readonly Encoding[];
  /** The answer, of what the graph says of a text. */
  readonly read: (whole: Whole) => A;
}

/** The answers to a list, in order; equal texts run once.
 *  @param start place of the first item in what the caller gave, for errors. */
export async function answers<A>(
  pipeline: Pipeline,
  request: Request<A>,
  items: readonly unknown[],
  start: number,
  signal: AbortSignal | undefined,
): Promise<A[]> {
  pipeline.engine.requireOpen();
  throwIfAborted(signal);
  const stint = stints(signal);
  const checked: Text[] = [];
  for (const item of items) {
    checked.push(request.check(item, start + checked.length));
    await stint();
  }
  const found: A[] = [];
  const most = pipeline.task.overVocabulary ? mostOf(pipeline) : undefined;
  for (const texts of portionsOf(checked, most)) {
    const { distinct, places } = distinctOf(texts);
    const wholes = await run(pipeline, distinct, request, signal);
    places.forEach((place) => found.push(wholes[place]!()));
  }
  return found;
}

/** Runs distinct texts; gives for each what reads its answer: anew for each text that is equal, so
 *  that no two share an array. */
async function run<A>(
  pipeline: Pipeline,
  texts: readonly Text[],
  { encode, read }: Request<A>,
  signal: AbortSignal | undefined,
): Promise<(() => A)[]> {
  const stint = stints(signal);
  const parts: (readonly Encoding[])[] = [];
  for (const text of texts) {
    parts.push(encode(text));
    await stint();
  }
  const rows = await rowsOf(pipeline, parts.flat(), signal);
  let at = 0;
  return texts.map((text, i) => {
    const own = rows.slice(at, (at += parts[i]!.length));
    return () => read({ text, parts: parts[i]!, rows: own });
  });
}

/** What the graph says of each encoding. */
export async function rowsOf(
  pipeline: Pipeline,
  encodings: readonly Encoding[],
  signal: AbortSignal | undefined,
): Promise<Rows[]> {
  const { engine, inputs, task, maskId, tokensPerRun } = pipeline;
  const tokens = task.overVocabulary ? Math.min(tokensPerRun, mostOf(pipeline)) : tokensPerRun;
  const found: Rows[] = new Array<Rows>(encodings.length);
  for (const places of groupsOf(encodings, inputs, tokens)) {
    const batch = batchOf(encodings, places, inputs);
    const outputs = await engine.run(task.outputs, batch, signal);
    places.forEach(
      (place, row) => (found[place] = kept(task, outputs, row, encodings[place]!, maskId)),
    );
  }
  return found;
}

/** Rows of logits over the vocabulary that there is room for. */
function mostOf({ vocabulary }: Pipeline): number {
  return Math.max(1, Math.floor(LOGITS_BYTES / (4 * vocabulary)));
}

/** What is kept of a text's row in a batch, in memory of its own. */
function kept(
  task: Task,
  outputs: readonly Output[],
  row: number,
  { ids }: Encoding,
  maskId: number | undefined,
): Rows {
  const sides = outputs.map((output) => rowIn(output, row));
  if (sides.length > 1) return joined(sides, ids.length);
  const { shape } = outputs[0]!;
  const width = shape.at(-1)!;
  const all = sides[0]!;
  if (task.rows === "text") return { data: all.slice(), width };
  if (task.rows === "token") return { data: all.slice(0, ids.length * width), width };
  const places = placesOf(ids, maskId);
  const data = new Float32Array(places.length * width);
  places.forEach((place, i) =>
    data.set(all.subarray(place * width, (place + 1) * width), i * width),
  );
  return { data, width };
}

function rowIn({ data, shape }: Output, row: number): Float32Array {
  const size = shape.slice(1).reduce((a, b) => a * b, 1);
  return data.subarray(row * size, (row + 1) * size);
}

/** Starts and ends of each token as a row of two. */
function joined(sides: readonly Float32Array[], tokens: number): Rows {
  const width = sides.length;
  const data = new Float32Array(tokens * width);
  sides.forEach((side, i) => {
    for (let token = 0; token < tokens; token++) data[token * width + i] = side[token]!;
  });
  return { data, width };
}

/** Each text once, and for every text its place among those. */
function distinctOf(texts: readonly Text[]): { distinct: Text[]; places: number[] } {
  const known = new Map<string, number>();
  const distinct: Text[] = [];
  const places = texts.map((text) => {
    const key = typeof text === "string" ? `1${text}` : `2${text[0].length} ${text[0]}${text[1]}`;
    const place = known.get(key) ?? distinct.push(text) - 1;
    known.set(key, place);
    return place;
  });
  return { distinct, places };
}
