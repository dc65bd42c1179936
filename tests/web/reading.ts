/** How texts are read, held to what the tokenizers library of Python and the conformance cases say: the
 *  same code in Node and in Chromium. */

import { type Encoding, openTokenizer, type Text, type Tokenizer } from "../../runtimes/web/src/text/index.ts";

interface Placed {
  readonly ids: readonly number[];
  readonly offsets: readonly (readonly [number, number])[];
}

interface Case extends Placed {
  readonly name: string;
  readonly text?: string;
  readonly pair?: readonly [string, string];
  readonly truncation?: { readonly max_length: number; readonly strategy: string; readonly direction: string };
  readonly type_ids: readonly number[];
  readonly tokens: number;
  readonly truncated: boolean;
  readonly parts?: readonly (readonly number[] | { readonly ids: readonly number[]; readonly type_ids: readonly number[] })[] | null;
  readonly windows?: readonly Placed[];
}

/** A tokenizer with what is held to it. Offsets of texts count UTF-16, those of cases code points. */
export interface Reading {
  readonly tokenizer: Record<string, unknown>;
  readonly texts: readonly (Placed & { readonly text: string })[];
  readonly cases: readonly Case[];
}

/** Names of cases, and texts, that are read otherwise than they should be. */
export function misses({ tokenizer, texts, cases }: Reading): { cases: string[]; texts: string[] } {
  const whole = openTokenizer(tokenizer).cutAt(null);
  return {
    cases: cases.filter((found) => !readsCase(tokenizer, found)).map(({ name }) => name),
    texts: texts.filter(({ text, ids, offsets }) => !same(placed(whole.encode(text)), { ids, offsets })).map(({ text }) => text),
  };
}

function readsCase(file: Record<string, unknown>, found: Case): boolean {
  const tokenizer = cutAs(file, found);
  const text: Text = found.text ?? found.pair!;
  const encoding = tokenizer.encode(text);
  return (
    same(placed(encoding), inUnits(found, found, encoding)) &&
    same(encoding.typeIds, found.type_ids) &&
    encoding.overflowing.length > 0 === found.truncated &&
    tokenizer.count(text) === found.tokens &&
    (found.windows === undefined || readsWindows(tokenizer, text, found)) &&
    (found.parts === undefined || readsParts(tokenizer, text, found))
  );
}

function cutAs(file: Record<string, unknown>, { truncation }: Case): Tokenizer {
  if (!truncation) return openTokenizer(file);
  const strategy = truncation.strategy === "only_second" ? "OnlySecond" : "LongestFirst";
  const direction = truncation.direction === "left" ? "Left" : "Right";
  return openTokenizer({ ...file, truncation: { ...truncation, strategy, direction, stride: 0 } });
}

function readsWindows(tokenizer: Tokenizer, text: Text, found: Case): boolean {
  const windows = tokenizer.windows(text);
  const wanted = found.windows!.map((window, i) => inUnits(found, window, windows[i]));
  return same(windows.map(placed), wanted);
}

function readsParts(tokenizer: Tokenizer, text: Text, { pair, parts }: Case): boolean {
  try {
    const read = tokenizer.parts(text);
    return same(read.map(({ ids, typeIds }) => (pair ? { ids, type_ids: typeIds } : ids)), parts);
  } catch (error) {
    return parts === null && (error as Error).name === "InputError";
  }
}

/** What a case says, its characters counted as JavaScript counts. */
function inUnits(found: Case, { ids, offsets }: Placed, encoding: Encoding | undefined): Placed {
  const sides = (found.pair ?? [found.text!]).map((side) => {
    const places = [0];
    for (const character of side) places.push(places.at(-1)! + character.length);
    return places;
  });
  const units = offsets.map(([start, end], i) => {
    const places = sides[encoding?.sequenceIds[i] ?? 0]!;
    return [places[start]!, places[end]!] as const;
  });
  return { ids, offsets: units };
}

const placed = ({ ids, offsets }: Encoding): Placed => ({ ids, offsets });

const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
