/** Entities from the labels of tokens, as spans of the original text. */

import type { Aggregation } from "../records/manifest.ts";
import {
  singleTokens,
  splitWords,
  stitchedTokens,
  type TokenizedText,
  wholeWords,
  type Word,
} from "../text/index.ts";
import { probabilities } from "./logits.ts";
import { argmax, rowOf, type Whole } from "./rows.ts";
import { joinedTags, type Tag, tagsOf } from "./tags.ts";

/** A named entity: `text.slice(start, end)` of the text that was asked about. */
export interface Entity {
  readonly text: string;
  readonly label: string;
  readonly score: number;
  /** UTF-16 code units of the text, as JavaScript counts. */
  readonly start: number;
  readonly end: number;
}

interface Labelled {
  readonly word: Word;
  readonly tag: Tag;
  readonly score: number;
}

const WORDS_OF: Readonly<Record<Aggregation, (tokenized: TokenizedText) => Word[]>> = {
  words: splitWords,
  simple: singleTokens,
  first: wholeWords,
  average: wholeWords,
  max: wholeWords,
};

/** The entities of a text: of a long one, each token has the label that it gets where most of the
 *  text is around it. */
export function readEntities(
  { text, parts, rows }: Whole,
  labels: readonly string[],
  aggregation: Aggregation,
): Entity[] {
  const { tokenized, found } = stitchedTokens(text as string, parts);
  const tags = tagsOf(labels);
  const words = WORDS_OF[aggregation](tokenized).map((word): Labelled => {
    const scores = word.tokens.map((token) => {
      const [part, place] = found[token]!;
      return probabilities(rowOf(rows[part]!, place));
    });
    const row = scoresOf(scores, aggregation);
    const best = argmax(row);
    return { word, tag: tags[best]!, score: row[best]! };
  });
  const entities = joinedTags(words.map(({ tag }) => tag));
  return entities.map((places) =>
    entityOf(
      tokenized.text,
      places.map((place) => words[place]!),
    ),
  );
}

/** Scores of a word from those of its tokens. */
function scoresOf(tokens: readonly Float32Array[], aggregation: Aggregation): Float32Array {
  if (aggregation === "average") {
    return tokens[0]!.map((_, i) => tokens.reduce((sum, row) => sum + row[i]!, 0) / tokens.length);
  }
  if (aggregation === "max") return tokens[argmax(tokens.map((row) => row[argmax(row)]!))]!;
  return tokens[0]!;
}

function entityOf(text: string, words: readonly Labelled[]): Entity {
  const { start } = words[0]!.word;
  const { end } = words.at(-1)!.word;
  const score = words.reduce((sum, word) => sum + word.score, 0) / words.length;
  return { text: text.slice(start, end), label: words[0]!.tag.kind, score, start, end };
}
