/** Bytes as characters, as byte-level vocabularies write them. */

import type { Change } from "../normalizing/aligned.ts";

/** The character for each byte: itself where it is printed, else one from U+0100 on. */
export const BYTE_CHARACTERS: readonly string[] = characters();

const BYTES: ReadonlyMap<string, number> = new Map(
  BYTE_CHARACTERS.map((character, byte) => [character, byte]),
);

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A blank as byte-level vocabularies write it: "Ġ". */
export const BYTE_BLANK = BYTE_CHARACTERS[32]!;

/** A text's bytes, each as a character. */
export function byteCharacters(text: string): Change[] {
  const changes: Change[] = [];
  for (const character of text) {
    let change = 0;
    for (const byte of encoder.encode(character)) {
      changes.push({ character: BYTE_CHARACTERS[byte]!, change });
      change = 1;
    }
  }
  return changes;
}

/** The text that tokens of such characters stand for; U+FFFD for what is no UTF-8. */
export function fromByteCharacters(tokens: readonly string[]): string {
  const bytes: number[] = [];
  for (const token of tokens) {
    const found = [...token].map((character) => BYTES.get(character));
    if (found.every((byte) => byte !== undefined)) bytes.push(...(found as number[]));
    else bytes.push(...encoder.encode(token));
  }
  return fromBytes(bytes);
}

/** Bytes as text; U+FFFD for what is no UTF-8. */
export function fromBytes(bytes: readonly number[]): string {
  return decoder.decode(Uint8Array.from(bytes));
}

function characters(): string[] {
  let unprinted = 0;
  return Array.from({ length: 256 }, (_, byte) => {
    const printed = (byte > 32 && byte < 127) || (byte > 160 && byte !== 173);
    return String.fromCharCode(printed ? byte : 256 + unprinted++);
  });
}
