/** What models with a head are asked: labels, entities, words and answers; and what all are. */

import type { Request } from "../pipeline/running.ts";
import {
  FILL_MASK,
  QUESTION_ANSWERING,
  TEXT_CLASSIFICATION,
  TOKEN_CLASSIFICATION,
} from "../records/manifest.ts";
import type { Text } from "../text/index.ts";
import { type Asked, requireTask } from "./asked.ts";
import { promptOf } from "./info.ts";
import {
  answering,
  classification,
  maskFilling,
  prompted,
  readAtOnce,
  tagging,
} from "./requests.ts";
import type { Verbs } from "./verbs.ts";

export function headVerbs(asked: Asked): Pick<Verbs, "classify" | "tag" | "fillMask" | "answer"> {
  return {
    classify: async (items, start, options) => {
      requireTask(asked, "classify", TEXT_CLASSIFICATION);
      return asked.run(classification(asked, options), items, start);
    },
    tag: async (items, start, options) => {
      requireTask(asked, "tag", TOKEN_CLASSIFICATION);
      return asked.run(tagging(asked, options), items, start);
    },
    fillMask: async (items, start, options) => {
      requireTask(asked, "fillMask", FILL_MASK);
      return asked.run(maskFilling(asked, options), items, start);
    },
    answer: async (items, start, options) => {
      requireTask(asked, "answer", QUESTION_ANSWERING);
      return asked.run(answering(asked, options), items, start);
    },
  };
}

/** What is asked of a tokenizer alone. */
export function countingVerbs(asked: Asked): Pick<Verbs, "countTokens" | "truncated"> {
  const { info, tokenizer } = asked;
  return {
    countTokens: async (items, start, { prompt }) => {
      const check = prompted(asked, promptOf(info, prompt));
      return each(check, items, start, (text) => tokenizer.count(text));
    },
    truncated: async (items, start, { prompt, maxLength }) => {
      const most = readAtOnce(asked, maxLength);
      const check = prompted(asked, promptOf(info, prompt));
      // a question is never cut, which is an error instead
      const byCount = maxLength !== undefined || info.task === QUESTION_ANSWERING;
      const isCut = byCount
        ? (text: Text) => tokenizer.count(text) > most
        : (text: Text) => tokenizer.encode(text).overflowing.length > 0;
      return each(check, items, start, isCut);
    },
  };
}

function each<A>(
  check: Request<A>["check"],
  items: readonly unknown[],
  start: number,
  read: (text: Text) => A,
): A[] {
  return items.map((item, place) => read(check(item, start + place)));
}
