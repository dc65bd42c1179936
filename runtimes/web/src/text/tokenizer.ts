/** A bundle's tokenizer: texts to tokens that know their characters. */

import { InputError } from "../errors.ts";
import type { Encoding, Text, Tokenizer } from "./encoding.ts";
import { decoderOf } from "./framing/decoder.ts";
import { type Frame, frameOf, type Place, specialsOf, trimmed } from "./framing/postProcessor.ts";
import { emptyRow, putSide, putSpecial, type Tokens } from "./framing/tokens.ts";
import { nothingToCut, partsOf, roomsOf, type Truncation, truncationOf } from "./framing/truncation.ts";
import { objectOf } from "./json.ts";
import { bothTooLong, strideOf } from "./longTexts.ts";
import { type Model, modelOf } from "./models/model.ts";
import { originalSpan } from "./normalizing/aligned.ts";
import { normalizerOf } from "./normalizing/normalizer.ts";
import { type AddedToken, addedTokensOf, cutAtAddedTokens } from "./splitting/addedTokens.ts";
import { preTokenizerOf } from "./splitting/preTokenizer.ts";

/** What does not change where a tokenizer cuts elsewhere. */
interface Parts {
  /** The tokens of a text alone, without special ones. */
  readonly read: (text: string) => Tokens;
  readonly frame: Frame;
  readonly vocabulary: ReadonlyMap<string, number>;
  readonly names: ReadonlyMap<number, string>;
  readonly specials: ReadonlySet<string>;
  readonly decode: (tokens: readonly string[]) => string;
}

/** The tokenizer of a bundle; it cuts as its file says, and pads nothing.
 *  @param json what tokenizer.json holds.
 *  @throws BundleError it is not a tokenizer, or one with a part that this client does not have. */
export function openTokenizer(json: unknown): Tokenizer {
  const file = objectOf(json, "it");
  const model = modelOf(file["model"]);
  const added = addedTokensOf(file["added_tokens"], model.vocabulary);
  const vocabulary = new Map(model.vocabulary);
  for (const { content, id } of added) vocabulary.set(content, id);
  const parts: Parts = {
    read: reader(file, model, added),
    frame: frameOf(file["post_processor"]),
    vocabulary,
    names: new Map([...vocabulary].map(([token, id]) => [id, token])),
    specials: new Set(added.filter(({ special }) => special).map(({ content }) => content)),
    decode: decoderOf(file["decoder"]),
  };
  return tokenizerOf(parts, truncationOf(file["truncation"]));
}

function reader(
  file: Readonly<Record<string, unknown>>,
  model: Model,
  added: readonly AddedToken[],
): (text: string) => Tokens {
  const cut = cutAtAddedTokens(added, normalizerOf(file["normalizer"]));
  const preTokenize = preTokenizerOf(file["pre_tokenizer"]);
  return (text) => {
    const ids: number[] = [];
    const tokens: string[] = [];
    const offsets: (readonly [number, number])[] = [];
    const words: number[] = [];
    let word = 0;
    for (const { piece, token } of cut(text)) {
      if (token) {
        ids.push(token.id);
        tokens.push(piece.text);
        offsets.push(originalSpan(piece, 0, piece.text.length));
        words.push(word);
        word += 1;
        continue;
      }
      for (const part of preTokenize(piece)) {
        const pieces = model.tokenize(part.text);
        for (let i = 0; i < pieces.ids.length; i += 1) {
          ids.push(pieces.ids[i]!);
          tokens.push(pieces.tokens[i]!);
          offsets.push(originalSpan(part, pieces.starts[i]!, pieces.ends[i]!));
          words.push(word);
        }
        word += 1;
      }
    }
    return { text, ids, tokens, offsets, words };
  };
}

function tokenizerOf(parts: Parts, truncation: Truncation): Tokenizer {
  const { frame, vocabulary, names } = parts;
  const placesOf = (text: Text) => (typeof text === "string" ? frame.single : frame.pair);
  const numSpecialTokens = (pair: boolean) => specialsOf(pair ? frame.pair : frame.single);
  const cutAt = (maxLength: number | null, stride = 0): Tokenizer =>
    tokenizerOf(parts, { ...truncation, maxLength, stride });
  return {
    maxLength: truncation.maxLength,
    direction: truncation.direction,
    strategy: truncation.strategy,
    vocabularySize: vocabulary.size,
    encode: (text) => encoded(text, parts, truncation),
    count: (text) =>
      sidesOf(text, parts).reduce((sum, side) => sum + side.ids.length, specialsOf(placesOf(text))),
    parts: (text) => followingParts(text, parts, truncation),
    windows: (text) => overlappingParts(text, parts, truncation),
    cutAt,
    numSpecialTokens,
    tokenToId: (token) => vocabulary.get(token),
    idToToken: (id) => names.get(id),
    vocabulary: () => vocabulary,
    decode(ids, { skipSpecialTokens = true } = {}) {
      const tokens = ids.flatMap((id) => names.get(id) ?? []);
      const kept = (token: string) => !skipSpecialTokens || !parts.specials.has(token);
      return parts.decode(tokens.filter(kept));
    },
  };
}

function sidesOf(text: Text, { read }: Parts): readonly Tokens[] {
  return typeof text === "string" ? [read(text)] : text.map(read);
}

/** The tokens of a text, cut; every other part of a side beside every part of the other one
 *  overflows. */
function encoded(text: Text, parts: Parts, truncation: Truncation): Encoding {
  return encodedSides(sidesOf(text, parts), parts, truncation);
}

function encodedSides(sides: readonly Tokens[], parts: Parts, truncation: Truncation): Encoding {
  const [first, second] = cutSides(sides, parts, truncation);
  if (!second) {
    const [kept, ...others] = first!.map((part) => framed([part], parts));
    return { ...kept!, overflowing: others };
  }
  const beside = (one: Tokens) => second.map((other) => framed([one, other], parts));
  const [kept, ...others] = beside(first![0]!);
  const further = first!.slice(1).flatMap(beside);
  return { ...kept!, overflowing: [...further, ...others] };
}

/** Each side in parts, the first of which is read. */
function cutSides(sides: readonly Tokens[], parts: Parts, truncation: Truncation): Tokens[][] {
  const rooms = roomsFor(sides, parts, truncation);
  return sides.map((side, i) => partsOf(side, rooms[i]!, truncation));
}

function roomsFor(sides: readonly Tokens[], parts: Parts, truncation: Truncation): number[] {
  const counts = sides.map(({ ids }) => ids.length);
  if (truncation.maxLength === null) return counts;
  const pair = sides.length > 1;
  const specials = specialsOf(pair ? parts.frame.pair : parts.frame.single);
  const room = Math.max(0, truncation.maxLength - specials);
  if (pair) return roomsOf([counts[0]!, counts[1]!], room, truncation);
  if (counts[0]! > room && truncation.strategy === "only_second") throw nothingToCut(truncation);
  return [room];
}

/** Sides with special tokens around them. */
function framed(sides: readonly Tokens[], { frame }: Parts): Encoding {
  const row = emptyRow();
  for (const place of sides.length > 1 ? frame.pair : frame.single) putPlace(place);
  return { ...row, overflowing: [] };

  function putPlace(place: Place): void {
    if ("side" in place) {
      const side = sides[place.side];
      if (!side) return;
      const tokens = frame.trims ? trimmed(side, frame.prefixed) : side;
      putSide(row, tokens, place.side, place.typeId);
    } else {
      place.ids.forEach((id, i) => putSpecial(row, id, place.tokens[i] ?? "", place.typeId));
    }
  }
}

/** Parts that follow each other, in the order of the text. Of a pair that is too long, the longer
 *  side is cut, and each part of it stands beside all of the other. */
function followingParts(text: Text, parts: Parts, truncation: Truncation): Encoding[] {
  const sides = sidesOf(text, parts);
  const whole = encodedSides(sides, parts, truncation);
  const [first, second] = sides;
  if (!second || whole.overflowing.length === 0) {
    return inOrder([whole, ...whole.overflowing], truncation);
  }
  const cutsSecond = second.ids.length >= first!.ids.length;
  const [longer, shorter] = cutsSecond ? [second, first!] : [first!, second];
  const room = truncation.maxLength! - specialsOf(parts.frame.pair) - shorter.ids.length;
  if (room <= 0) throw new InputError(bothTooLong(truncation.maxLength!));
  const pieces = partsOf(longer, room, { ...truncation, stride: 0 });
  const found = pieces.map((piece) => framed(cutsSecond ? [first!, piece] : [piece, second], parts));
  return inOrder(found, truncation);
}

/** Parts that overlap, in the order of the text. Of a pair, the first side stays whole. */
function overlappingParts(text: Text, parts: Parts, truncation: Truncation): Encoding[] {
  const sides = sidesOf(text, parts);
  const pair = sides.length > 1;
  const { maxLength } = truncation;
  const whole: Truncation = { ...truncation, strategy: pair ? "only_second" : truncation.strategy, stride: 0 };
  if (maxLength === null) return [encodedSides(sides, parts, whole)];
  const rooms = roomsFor(sides, parts, whole);
  const stride = strideOf(rooms.at(-1)!);
  const found = encodedSides(sides, parts, { ...whole, stride });
  return inOrder([found, ...found.overflowing], truncation);
}

function inOrder(found: Encoding[], { direction }: Truncation): Encoding[] {
  return direction === "left" ? found.reverse() : found;
}
