/** Words as they stand in the vocabulary. */

import { damaged, type Json, stringOf, vocabularyOf } from "../json.ts";
import type { Model } from "./model.ts";

export function wordLevel(options: Json): Model {
  const vocabulary = vocabularyOf(options["vocab"]);
  const unknown = stringOf(options["unk_token"], "unk_token");
  return {
    vocabulary,
    tokenize(word) {
      const token = vocabulary.has(word) ? word : unknown;
      const id = vocabulary.get(token);
      if (id === undefined) throw damaged(`the vocabulary has no ${unknown}`);
      return { ids: [id], tokens: [token], starts: [0], ends: [word.length] };
    },
  };
}
