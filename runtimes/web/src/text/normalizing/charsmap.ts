/** SentencePiece's precompiled map of characters. */

import { damaged } from "../json.ts";
import { type Aligned, type Change, sizeAt, transformed } from "./aligned.ts";

const PRINTED = /^[ -~]*$/;

/** Longest cluster of characters that is looked up as one, in bytes of UTF-8. */
const LONGEST = 5;

/** What continues a cluster: as far as one of few bytes can be continued. */
const CONTINUED = /[\p{Grapheme_Extend}\p{Emoji_Modifier}\p{Mc}\u200d\u0e33\u0eb3]/u;
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\p{Cf}]/u;
const PREPENDED =
  /[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u{110bd}\u{110cd}\u{111c2}\u{111c3}\u{1193f}\u{11941}\u{11a3a}\u{11a84}-\u{11a89}\u{11d46}]/u;
/** Spacing marks that begin a cluster of their own. */
const APART = /[\u102b\u102c\u1038\u1062-\u1064\u1067-\u106d\u1083\u1087-\u108c\u108f\u109a-\u109c\u1a61\u1a63\u1a64\uaa7b\uaa7d\u{11720}\u{11721}]/u;

/** What the map makes of a piece.
 *  @param encoded in base64, as a tokenizer's file holds it. */
export function charsmap(encoded: string): (piece: Aligned) => Aligned {
  const find = lookup(encoded);
  const printed = new Map<number, string | null>();
  for (let code = 32; code < 127; code += 1) printed.set(code, find(String.fromCharCode(code)));
  const keepsPrinted = [...printed.values()].every((found) => found === null);
  return (piece) => {
    if (keepsPrinted && PRINTED.test(piece.text)) return piece;
    const changes = changesOf(piece.text, find);
    return changes ? transformed(piece, changes) : piece;
  };
}

type Find = (cluster: string) => string | null;

/** Changes of a text; null where the map knows nothing of it. */
function changesOf(text: string, find: Find): Change[] | null {
  const changes: Change[] = [];
  let modified = false;
  const put = (part: string): boolean => {
    const found = find(part);
    if (found !== null) replace(changes, part, found);
    return found !== null;
  };
  for (let i = 0; i < text.length; ) {
    const end = clusterEnd(text, i);
    const cluster = text.slice(i, end);
    if (bytesOf(cluster) <= LONGEST && put(cluster)) modified = true;
    else {
      for (const character of cluster) {
        if (put(character)) modified = true;
        else changes.push({ character, change: 0 });
      }
    }
    i = end;
  }
  return modified ? changes : null;
}

/** As SentencePiece's normalizer in Hugging Face's tokenizers counts what was replaced. */
function replace(changes: Change[], old: string, found: string): void {
  const characters = [...found];
  const more = characters.length - [...old].length;
  characters.forEach((character, i) => {
    changes.push({ character, change: more > 0 && i >= characters.length - more ? 1 : 0 });
  });
  const last = changes.pop();
  if (last) changes.push(more < 0 ? { ...last, change: last.change + more } : last);
}

/** Where the cluster ends that begins at a place; longer ones than are looked up may be cut. */
function clusterEnd(text: string, place: number): number {
  let end = place + sizeAt(text, place);
  const first = text.slice(place, end);
  if (first === "\r") return text[end] === "\n" ? end + 1 : end;
  const begins = PREPENDED.test(first);
  if (end >= text.length || (text.charCodeAt(end) < 0x80 && !begins)) return end;
  if (begins && !standsAlone(characterAt(text, end))) end += sizeAt(text, end);
  if (!begins && standsAlone(first)) return end;
  for (let next = characterAt(text, end); continues(next); next = characterAt(text, end)) {
    end += next.length;
  }
  return end;
}

function characterAt(text: string, place: number): string {
  return text.slice(place, place + sizeAt(text, place));
}

function continues(character: string): boolean {
  return CONTINUED.test(character) && !APART.test(character);
}

function standsAlone(character: string): boolean {
  return CONTROL.test(character) && !CONTINUED.test(character) && !PREPENDED.test(character);
}

function bytesOf(text: string): number {
  let bytes = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  }
  return bytes;
}

/** Finds what stands for the shortest beginning of a cluster that the map knows. */
function lookup(encoded: string): Find {
  const bytes = decoded(encoded);
  const view = new DataView(bytes.buffer);
  const size = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (size < 4 || size % 4 || size + 4 > bytes.length) throw damaged("precompiled_charsmap");
  const units = new Uint32Array(size / 4).map((_, i) => view.getUint32(4 + 4 * i, true));
  const texts = bytes.subarray(4 + size);
  const decoder = new TextDecoder("utf-8");
  const known = new Map<string, string | null>();
  return (cluster) => {
    let found = known.get(cluster);
    if (found === undefined) {
      const start = shortestPrefix(units, cluster);
      const stop = start === null ? 0 : texts.indexOf(0, start);
      found = start === null ? null : decoder.decode(texts.subarray(start, stop < 0 ? undefined : stop));
      if (known.size < 20_000) known.set(cluster, found);
    }
    return found;
  };
}

/** What a double array holds for the shortest of its keys that a cluster begins with. */
function shortestPrefix(units: Uint32Array, cluster: string): number | null {
  let place = offsetOf(units[0] ?? 0);
  for (const character of cluster) {
    for (const byte of utf8(character)) {
      if (byte === 0) return null;
      place ^= byte;
      const unit = units[place] ?? 0;
      if ((unit & 0x800000ff) !== byte) return null;
      place ^= offsetOf(unit);
      if ((unit >>> 8) & 1) return (units[place] ?? 0) & 0x7fffffff;
    }
  }
  return null;
}

function offsetOf(unit: number): number {
  return (unit >>> 10) << ((unit & 0x200) >>> 6);
}

const encoder = new TextEncoder();

function utf8(character: string): Uint8Array {
  return encoder.encode(character);
}

function decoded(encoded: string): Uint8Array<ArrayBuffer> {
  try {
    return Uint8Array.from(atob(encoded), (byte) => byte.charCodeAt(0));
  } catch {
    throw damaged("precompiled_charsmap is not base64");
  }
}
