/** What each verb does to its texts: how they are checked, run and read. */

import { checkChoice, checkNumber } from "../bounds.ts";
import { InputError } from "../errors.ts";
import type { Request } from "../pipeline/running.ts";
import { AGGREGATIONS } from "../records/manifest.ts";
import { type Classification, readClassification } from "../tasks/classification.ts";
import { meanVector } from "../tasks/embedding.ts";
import { type Entity, readEntities } from "../tasks/entities.ts";
import { checkMasks, type Fill, readFills } from "../tasks/masks.ts";
import { type Answer, readAnswer } from "../tasks/questions.ts";
import type { Whole } from "../tasks/rows.ts";
import type { ModelSpec } from "../tasks/spec.ts";
import {
  checkQuestion,
  checkSides,
  checkText,
  LONG_TEXTS,
  refusalOfIds,
  type Text,
  type Tokenizer,
} from "../text/index.ts";
import { checkForm, formed, type Vector } from "../vectors/forms.ts";
import { requireKept } from "../vectors/similarity.ts";
import type {
  AnswerOptions,
  ClassifyOptions,
  EmbedOptions,
  FillMaskOptions,
  TagOptions,
} from "./options.ts";

/** What a model reads texts with. */
export interface Reader {
  readonly spec: ModelSpec;
  readonly tokenizer: Tokenizer;
}

type Check = Request<unknown>["check"];

/** A vector for each text, of as many numbers as the model gives.
 *  @throws InputError an option is out of its range. */
export function embedding(
  reader: Reader,
  prompt: string,
  width: number,
  options: EmbedOptions,
): Request<Vector> {
  const { spec, tokenizer } = reader;
  const form = checkForm(width, spec.measure.unit, options.truncateDim, options.dtype ?? "float32");
  requireKept(spec.measure, form.dtype);
  const { maxLength, longText } = options;
  const cutting =
    maxLength === undefined ? tokenizer : tokenizer.cutAt(readAtOnce(reader, maxLength));
  const whole = readsAll(longText);
  return {
    check: readable(reader, prompted(reader, prompt), whole, maxLength),
    encode: (text) => (whole ? cutting.parts(text) : [cutting.encode(text)]),
    read: (found) => formed(meanVector(found, spec.measure.unit), form),
  };
}

/** A classification of each text or pair. */
export function classification(
  reader: Reader,
  { longText }: ClassifyOptions,
): Request<Classification> {
  const { spec, tokenizer } = reader;
  const whole = readsAll(longText);
  const check: Check = whole
    ? (item, place) => checkSides(item, place, tokenizer)
    : (item, place) => checkText(item, place, true);
  return {
    check: readable(reader, check, whole),
    encode: (text) => (whole ? tokenizer.parts(text) : [tokenizer.encode(text)]),
    read: (found) => readClassification(found, spec),
  };
}

/** The entities of each text. */
export function tagging(reader: Reader, { aggregation }: TagOptions): Request<Entity[]> {
  const { spec, tokenizer } = reader;
  const chosen = checkChoice("aggregation", aggregation ?? spec.aggregation, AGGREGATIONS);
  return {
    check: readable(reader, (item, place) => checkText(item, place, false), true),
    encode: (text) => tokenizer.windows(text),
    read: (found) => readEntities(found, spec.labels, chosen),
  };
}

/** The likeliest tokens for each mask of each text. */
export function maskFilling(reader: Reader, { k = 5 }: FillMaskOptions): Request<Fill[]> {
  const { spec, tokenizer } = reader;
  checkNumber("k", k, 1);
  const mask = String(spec.maskToken);
  return {
    check: readable(reader, (item, place) => checkMasks(item, place, tokenizer, mask)),
    encode: (text) => [tokenizer.encode(text)],
    read: (found) => readFills(found, tokenizer, mask, k),
  };
}

/** The answer to each question. */
export function answering(reader: Reader, { allowNoAnswer }: AnswerOptions): Request<Answer> {
  const { tokenizer } = reader;
  return {
    check: readable(reader, (item, place) => checkQuestion(item, place, tokenizer), true),
    encode: (text) => tokenizer.windows(text),
    read: (found) => readAnswer(found, allowNoAnswer === true),
  };
}

/** Raw output of the graph for each text, as the tokenizer cuts it. */
export function output(reader: Reader): Request<Whole> {
  return {
    check: (item, place) => checkText(item, place, reader.spec.task.readsPairs),
    encode: (text) => [reader.tokenizer.encode(text)],
    read: (found) => found,
  };
}

/** Checks a text, and puts a prompt before it. */
export function prompted({ spec }: Reader, prompt: string): Check {
  return (item, place) => {
    const text = checkText(item, place, spec.task.readsPairs);
    return typeof text === "string" ? prompt + text : text;
  };
}

/** Tokens of a text that are read at once.
 *  @throws InputError the graph cannot read so few, or so many. */
export function readAtOnce({ spec, tokenizer }: Reader, maxLength: number | undefined): number {
  if (maxLength === undefined) return spec.maxLength;
  return checkNumber("maxLength", maxLength, tokenizer.numSpecialTokens(false) + 1, spec.maxLength);
}

function readsAll(longText: unknown): boolean {
  return checkChoice("longText", longText ?? "truncate", LONG_TEXTS) === "mean";
}

/** The same check, which also refuses a text with a token that has no embedding.
 *  @param whole whether all of a text is read.
 *  @param most tokens that are read of it; by default those that the bundle reads. */
function readable({ spec, tokenizer }: Reader, check: Check, whole = false, most?: number): Check {
  const rows = spec.embeddingRows;
  if (rows === null) return check;
  const cut = whole
    ? tokenizer.cutAt(null)
    : most === undefined
      ? tokenizer
      : tokenizer.cutAt(most);
  return (item, place): Text => {
    const text = check(item, place);
    const refused = refusalOfIds(cut.encode(text).ids, rows, tokenizer);
    if (refused !== null) throw new InputError(`text ${place}: ${refused}`);
    return text;
  };
}
