/** Bytes as tokens, for what a vocabulary has no other token for. */

const encoder = new TextEncoder();

export interface ByteToken {
  readonly id: number;
  readonly token: string;
}

/** A text's bytes as tokens, as in "<0x0A>"; null where the vocabulary has not all of them. */
export function byteTokens(
  text: string,
  vocabulary: ReadonlyMap<string, number>,
): ByteToken[] | null {
  const found: ByteToken[] = [];
  for (const byte of encoder.encode(text)) {
    const token = `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`;
    const id = vocabulary.get(token);
    if (id === undefined) return null;
    found.push({ id, token });
  }
  return found;
}

/** The byte that such a token stands for; null for any other token. */
export function byteOf(token: string): number | null {
  const digits = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return digits === undefined ? null : Number.parseInt(digits, 16);
}
