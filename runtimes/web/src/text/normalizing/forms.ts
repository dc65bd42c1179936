/** Unicode's normal forms, with what each character was made of. */

import { type Aligned, type Change, transformed } from "./aligned.ts";
import { NOT_DECOMPOSED } from "./unicode.ts";

export type Form = "NFC" | "NFD" | "NFKC" | "NFKD";

const NEWER = new RegExp(`[${NOT_DECOMPOSED}]`, "u");
const MANY_MARKS = /\p{M}{64}/u;
const ASCII = /^[\0-\x7f]*$/;

/** What was found out of marks, and of two of them: texts have few, again and again. */
const classes = new Map<string, boolean>();
const orders = new Map<string, number>();
const MOST_KEPT = 10_000;

/** A piece in a normal form. */
export function inForm(piece: Aligned, form: Form): Aligned {
  if (isInForm(piece.text, form)) return piece;
  const { text } = piece;
  const decomposed = decompositions(text, form === "NFC" || form === "NFD" ? "NFD" : "NFKD");
  return transformed(piece, form.endsWith("C") ? composed(decomposed) : decomposed);
}

/** Whether a text is known to be in a form; engines take too long with very many marks in a row. */
function isInForm(text: string, form: Form): boolean {
  if (ASCII.test(text)) return true;
  return !MANY_MARKS.test(text) && !NEWER.test(text) && text.normalize(form) === text;
}

function decompositions(text: string, form: "NFD" | "NFKD"): Change[] {
  const changes: Change[] = [];
  for (const character of text) {
    let change = 0;
    for (const part of decomposition(character, form)) {
      changes.push({ character: part, change });
      change = 1;
    }
  }
  return ordered(changes);
}

function decomposition(character: string, form: "NFD" | "NFKD"): string {
  if (character < "\x80" || NEWER.test(character)) return character;
  return character.normalize(form);
}

/** Marks in their canonical order, with their changes. */
function ordered(changes: Change[]): Change[] {
  const found: Change[] = [];
  let marks: Change[] = [];
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

function byClass(one: Change, other: Change): number {
  return compareClasses(one.character, other.character);
}

/** Whether the combining class of one mark is above that of another (1), or below it (-1). An
 *  engine does not tell classes, but how it orders two marks. */
function compareClasses(one: string, other: string): number {
  const pair = one + other;
  let order = orders.get(pair);
  if (order === undefined) {
    order = exchanges(one, other) ? 1 : exchanges(other, one) ? -1 : 0;
    if (orders.size < MOST_KEPT) orders.set(pair, order);
  }
  return order;
}

function exchanges(one: string, other: string): boolean {
  const written = one + other;
  return written.normalize("NFD") !== written;
}

const LOWEST = "\u0334"; // of class 1
const HIGHEST = "\u0345"; // of class 240

/** Whether a character has a combining class, so that it is ordered among its neighbours. */
function isOrdered(mark: string): boolean {
  if (mark < "\u0300" || NEWER.test(mark)) return false;
  let known = classes.get(mark);
  if (known === undefined) {
    known = mark === HIGHEST || exchanges(mark, LOWEST) || exchanges(HIGHEST, mark);
    if (classes.size < MOST_KEPT) classes.set(mark, known);
  }
  return known;
}

/** Characters composed again, as far as nothing stands between them. */
function composed(changes: readonly Change[]): Change[] {
  const found: Change[] = [];
  let base: Change | null = null;
  let behind: Change[] = [];
  for (const change of changes) {
    const mark = isOrdered(change.character);
    if (base === null) {
      if (mark) found.push(change);
      else base = change;
      continue;
    }
    const last = behind.at(-1);
    const reached: boolean = !last || (mark && compareClasses(last.character, change.character) < 0);
    const whole: string | null = reached ? compositionOf(base.character, change.character) : null;
    if (whole !== null) {
      base = { character: whole, change: base.change + change.change - 1 };
    } else if (mark) {
      behind.push(change);
    } else {
      found.push(base);
      for (const each of behind) found.push(each);
      [base, behind] = [change, []];
    }
  }
  return base ? [...found, base, ...behind] : found;
}

function compositionOf(base: string, next: string): string | null {
  const whole = (base + next).normalize("NFC");
  return whole.length === ((whole.codePointAt(0) ?? 0) > 0xffff ? 2 : 1) ? whole : null;
}
