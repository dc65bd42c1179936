/** What a tokenizer puts around a text, or around two. */

import type { Span } from "../encoding.ts";
import { countOf, damaged, flagOf, type Json, listOf, objectOf, partOf, stringOf, unsupported } from "../json.ts";
import { sizeAt } from "../normalizing/aligned.ts";
import { WHITE_SPACE } from "../normalizing/unicode.ts";
import { BYTE_BLANK } from "../splitting/byteLevel.ts";
import type { Tokens } from "./tokens.ts";

/** A place of a template: a side, or special tokens. */
export type Place =
  | { readonly side: 0 | 1; readonly typeId: number }
  | { readonly ids: readonly number[]; readonly tokens: readonly string[]; readonly typeId: number };

/** How texts are framed. */
export interface Frame {
  readonly single: readonly Place[];
  readonly pair: readonly Place[];
  /** Blanks that bytes of tokens stand for are left out of their offsets. */
  readonly trims: boolean;
  /** Whether the first blank was put there, and has no place of its own. */
  readonly prefixed: boolean;
}

const BARE: Frame = {
  single: [{ side: 0, typeId: 0 }],
  pair: [
    { side: 0, typeId: 0 },
    { side: 1, typeId: 1 },
  ],
  trims: false,
  prefixed: false,
};

/** The post-processor of a tokenizer's file.
 *  @throws BundleError it is one that this client does not have. */
export function frameOf(value: unknown): Frame {
  const part = partOf(value, "the post-processor");
  if (part === null) return BARE;
  switch (part.type) {
    case "TemplateProcessing":
      return { ...BARE, single: template(part, "single"), pair: template(part, "pair") };
    case "BertProcessing":
      return bert(part);
    case "RobertaProcessing":
      return roberta(part);
    case "ByteLevel":
      return { ...BARE, ...trimming(part) };
    case "Sequence":
      return inSequence(listOf(part["processors"], "processors").map(frameOf));
    default:
      throw unsupported(`the post-processor ${part.type}`);
  }
}

/** Special tokens of a template. */
export function specialsOf(places: readonly Place[]): number {
  return places.reduce((sum, place) => sum + ("side" in place ? 0 : place.ids.length), 0);
}

/** Several in a row: one of them frames, and any may trim. */
function inSequence(frames: readonly Frame[]): Frame {
  const framing = frames.filter(({ single }) => single !== BARE.single);
  if (framing.length > 1) throw unsupported("several post-processors that add tokens");
  const trimming = frames.filter(({ trims }) => trims);
  if (trimming.length > 1) throw unsupported("several post-processors that trim offsets");
  return { ...(framing[0] ?? BARE), ...pick(trimming[0] ?? BARE) };
}

function pick({ trims, prefixed }: Frame): Pick<Frame, "trims" | "prefixed"> {
  return { trims, prefixed };
}

function trimming(options: Json): Pick<Frame, "trims" | "prefixed"> {
  return {
    trims: flagOf(options["trim_offsets"], "trim_offsets", true),
    prefixed: flagOf(options["add_prefix_space"], "add_prefix_space", true),
  };
}

function bert(options: Json): Frame {
  const [cls, sep] = [special(options["cls"], 0), special(options["sep"], 0)];
  const single = [cls, ...BARE.single, sep];
  const pair: Place[] = [...single, { side: 1, typeId: 1 }, special(options["sep"], 1)];
  return { ...BARE, single, pair };
}

function roberta(options: Json): Frame {
  const [cls, sep] = [special(options["cls"], 0), special(options["sep"], 0)];
  const single = [cls, ...BARE.single, sep];
  const pair: Place[] = [...single, sep, { side: 1, typeId: 0 }, sep];
  return { ...trimming(options), single, pair };
}

function special(value: unknown, typeId: number): Place {
  const [token, id] = listOf(value, "a special token of the post-processor");
  return { ids: [countOf(id, "its id")], tokens: [stringOf(token, "its text")], typeId };
}

function template(options: Json, name: "single" | "pair"): Place[] {
  const specials = objectOf(options["special_tokens"], "special_tokens");
  return listOf(options[name], name).map((entry) => {
    const piece = objectOf(entry, `a piece of ${name}`);
    const [kind, value] = Object.entries(piece)[0] ?? ["", null];
    const said = objectOf(value, `a piece of ${name}`);
    const typeId = countOf(said["type_id"], "type_id");
    const id = stringOf(said["id"], "the id of a piece");
    if (kind === "Sequence") return { side: id === "A" ? 0 : 1, typeId };
    if (kind !== "SpecialToken" || !Object.hasOwn(specials, id)) throw damaged(`the post-processor has no ${id}`);
    const token = objectOf(specials[id], id);
    return {
      ids: listOf(token["ids"], "ids").map((id) => countOf(id, "an id")),
      tokens: listOf(token["tokens"], "tokens").map((text) => stringOf(text, "a token")),
      typeId,
    };
  });
}

const LEADING = new RegExp(`^[${BYTE_BLANK}${WHITE_SPACE}]*`, "u");

/** Tokens whose offsets leave out the blanks around what they stand for. */
export function trimmed(tokens: Tokens, prefixed: boolean): Tokens {
  const offsets = tokens.offsets.map((span, place) => {
    const token = tokens.tokens[place]!;
    const leading = LEADING.exec(token)![0].length;
    const wasPut = leading === 1 && prefixed && (place === 0 || span[0] === 0);
    const first = wasPut ? span[0] : behind(tokens.text, span, leading);
    if (leading === token.length) return [first, first] as const;
    return [first, Math.max(span[1] - trailingBlanks(token), first)] as const;
  });
  return { ...tokens, offsets };
}

/** The place behind some characters of a span: a blank that was put before one shares its place. */
function behind(text: string, [start, end]: Span, characters: number): number {
  let place = start;
  for (let i = 0; i < characters && place < end; i += 1) place += sizeAt(text, place);
  return place;
}

function trailingBlanks(token: string): number {
  let count = 0;
  while (LEADING.exec(token[token.length - 1 - count]!)![0] !== "") count += 1;
  return count;
}
