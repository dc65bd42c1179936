/** Text on its way to tokens, which knows what of the original each of its characters stands for. */

import type { Span } from "../encoding.ts";

/** A piece of text. Alignments are of UTF-16 code units, and those of the whole original. */
export interface Aligned {
  readonly text: string;
  /** Where what a unit of `text` stands for begins and ends, by `from` and the unit's place. */
  readonly starts: readonly number[];
  readonly ends: readonly number[];
  readonly from: number;
}

/** One character of what a piece becomes.
 *
 * `change` says what it was made of, as Hugging Face's tokenizers count it: 0 of one character of
 * the piece, 1 of none (it shares the place of the one before), -n of one and the n behind it. */
export interface Change {
  readonly character: string;
  readonly change: number;
}

/** A text as it was given. */
export function aligned(text: string): Aligned {
  const starts: number[] = [];
  const ends: number[] = [];
  for (let i = 0; i < text.length; ) {
    const size = sizeAt(text, i);
    for (let unit = 0; unit < size; unit += 1) {
      starts.push(i);
      ends.push(i + size);
    }
    i += size;
  }
  return { text, starts, ends, from: 0 };
}

/** Units [from, to) of a piece. */
export function sliced(piece: Aligned, from: number, to: number): Aligned {
  if (from === 0 && to === piece.text.length) return piece;
  return { ...piece, text: piece.text.slice(from, to), from: piece.from + from };
}

/** What units [from, to) of a piece stand for. */
export function originalSpan(piece: Aligned, from: number, to: number): Span {
  const start = piece.starts[piece.from + from] ?? piece.ends[piece.from + from - 1] ?? 0;
  return [start, to > from ? piece.ends[piece.from + to - 1]! : start];
}

/** The piece after changes of all of its characters.
 *  @param skipped units at its beginning that no change stands for. */
export function transformed(piece: Aligned, changes: readonly Change[], skipped = 0): Aligned {
  const write = writer();
  let at = skipped;
  for (const { character, change } of changes) {
    const place = change > 0 ? at - 1 : at;
    write.add(character, ...placeOf(piece, place));
    for (let left = change; left <= 0; left += 1) at += sizeAt(piece.text, at);
  }
  return write.piece();
}

/** The piece with each character in the place of another, or of none. */
export function mapped(piece: Aligned, change: (character: string) => string): Aligned {
  const write = writer();
  for (let i = 0; i < piece.text.length; ) {
    const size = sizeAt(piece.text, i);
    write.add(change(piece.text.slice(i, i + size)), ...placeOf(piece, i));
    i += size;
  }
  return write.piece();
}

/** The piece with something in the place of what a pattern finds: it stands for the last character
 *  of that. */
export function replaced(piece: Aligned, pattern: RegExp, content: string): Aligned {
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

/** The piece with something before it, which shares the place of its first character. */
export function prepended(piece: Aligned, content: string): Aligned {
  if (piece.text === "") return piece;
  const write = writer();
  write.add(content, ...placeOf(piece, 0));
  write.copy(piece, 0, piece.text.length);
  return write.piece();
}

/** UTF-16 units of the character that begins there. */
export function sizeAt(text: string, place: number): number {
  const unit = text.charCodeAt(place);
  if (unit < 0xd800 || unit > 0xdbff) return 1;
  const next = text.charCodeAt(place + 1);
  return next >= 0xdc00 && next <= 0xdfff ? 2 : 1;
}

function placeOf(piece: Aligned, unit: number): Span {
  const place = piece.from + Math.max(unit, 0);
  const { starts, ends } = piece;
  if (place < starts.length) return [starts[place]!, ends[place]!];
  return [ends.at(-1) ?? 0, ends.at(-1) ?? 0];
}

function writer() {
  const starts: number[] = [];
  const ends: number[] = [];
  let text = "";
  return {
    isEmpty: () => text === "",
    add(content: string, start: number, end: number): void {
      text += content;
      for (let unit = 0; unit < content.length; unit += 1) {
        starts.push(start);
        ends.push(end);
      }
    },
    copy(piece: Aligned, from: number, to: number): void {
      text += piece.text.slice(from, to);
      for (let unit = piece.from + from; unit < piece.from + to; unit += 1) {
        starts.push(piece.starts[unit]!);
        ends.push(piece.ends[unit]!);
      }
    },
    piece: (): Aligned => ({ text, starts, ends, from: 0 }),
  };
}
