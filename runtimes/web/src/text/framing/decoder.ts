/** Tokens as text. */

import { flagOf, type Json, listOf, partOf, stringOf, countOf, unsupported } from "../json.ts";
import { byteOf } from "../models/byteFallback.ts";
import { fromByteCharacters, fromBytes } from "../splitting/byteLevel.ts";
import { patternOf } from "../splitting/patterns.ts";
import { prependScheme } from "../splitting/preTokenizer.ts";

/** Gives the parts of a text, which are joined. */
type Decode = (tokens: readonly string[]) => readonly string[];

/** The decoder of a tokenizer's file; without one, a blank stands between tokens.
 *  @throws BundleError it holds one that this client does not have. */
export function decoderOf(value: unknown): (tokens: readonly string[]) => string {
  const part = partOf(value, "the decoder");
  if (part === null) return (tokens) => tokens.join(" ");
  const decode = decodeOf(part);
  return (tokens) => decode(tokens).join("");
}

function decodeOf(value: unknown): Decode {
  const part = partOf(value, "a decoder") ?? { type: "" };
  switch (part.type) {
    case "Sequence":
      return inSequence(listOf(part["decoders"], "decoders").map(decodeOf));
    case "WordPiece":
      return wordPiece(part);
    case "ByteLevel":
      return (tokens) => [fromByteCharacters(tokens)];
    case "Metaspace":
      return metaspace(part);
    case "BPEDecoder":
      return bpe(part);
    case "Fuse":
      return (tokens) => [tokens.join("")];
    case "ByteFallback":
      return byteFallback;
    case "Replace":
      return replace(part);
    case "Strip":
      return strip(part);
    default:
      throw unsupported(`the decoder ${part.type}`);
  }
}

function inSequence(decoders: readonly Decode[]): Decode {
  return (tokens) => decoders.reduce((read, decode) => decode(read), tokens);
}

function wordPiece(options: Json): Decode {
  const prefix = stringOf(options["prefix"], "prefix");
  const cleans = flagOf(options["cleanup"], "cleanup", true);
  return (tokens) =>
    tokens.map((token, i) => {
      const continues = token.startsWith(prefix);
      const text = i === 0 ? token : continues ? token.slice(prefix.length) : ` ${token}`;
      return cleans ? cleaned(text) : text;
    });
}

/** Without the blanks that English does not write. */
function cleaned(text: string): string {
  return text
    .replaceAll(/ ([.?!,])/g, "$1")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" do not", " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

function metaspace(options: Json): Decode {
  const blank = stringOf(options["replacement"], "replacement");
  const puts = prependScheme(options) !== "never";
  return (tokens) =>
    tokens.map((token, i) => token.replaceAll(blank, i === 0 && puts ? "" : " "));
}

function bpe(options: Json): Decode {
  const suffix = stringOf(options["suffix"], "suffix");
  return (tokens) =>
    tokens.map((token, i) => token.replaceAll(suffix, i === tokens.length - 1 ? "" : " "));
}

function byteFallback(tokens: readonly string[]): string[] {
  const found: string[] = [];
  let bytes: number[] = [];
  const flush = (): void => {
    found.push(...(isUtf8(bytes) ? [fromBytes(bytes)] : bytes.map(() => "\ufffd")));
    bytes = [];
  };
  for (const token of tokens) {
    const byte = byteOf(token);
    if (byte !== null) bytes.push(byte);
    else {
      flush();
      found.push(token);
    }
  }
  flush();
  return found;
}

function isUtf8(bytes: readonly number[]): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes));
    return true;
  } catch {
    return false;
  }
}

function replace(options: Json): Decode {
  const pattern = patternOf(options["pattern"]);
  const content = stringOf(options["content"], "content");
  return (tokens) => tokens.map((token) => token.replaceAll(pattern, () => content));
}

function strip(options: Json): Decode {
  const content = stringOf(options["content"], "content");
  const left = countOf(options["start"], "start");
  const right = countOf(options["stop"], "stop");
  return (tokens) =>
    tokens.map((token) => {
      const characters = [...token];
      let from = 0;
      let to = characters.length;
      while (from < Math.min(left, to) && characters[from] === content) from += 1;
      while (to > from && characters.length - to < right && characters[to - 1] === content) to -= 1;
      return characters.slice(from, to).join("");
    });
}
