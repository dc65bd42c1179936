/** Tokenizers of every family, held to what the tokenizers library of Python says. In Node:
 *  node families.mjs PLAN ANSWERS */

import { readFileSync, writeFileSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import { type Encoding, openTokenizer, type Text } from "../../runtimes/web/src/text/index.ts";

type Columns = Pick<Encoding, "ids" | "tokens" | "offsets" | "wordIds" | "specialTokens">;

interface Family {
  readonly tokenizer: Record<string, unknown>;
  readonly read: readonly { readonly text: string; readonly encoding: Columns; readonly decoded: string; readonly written: string }[];
  readonly cut: readonly { readonly texts: readonly string[]; readonly truncation: unknown; readonly parts: readonly Columns[] | null }[];
}

function missed({ tokenizer, read, cut }: Family): string[] {
  const opened = openTokenizer(tokenizer);
  const misread = read.filter(
    ({ text, encoding, decoded, written }) =>
      !isDeepStrictEqual(columns(opened.encode(text)), encoding) ||
      opened.decode(encoding.ids) !== decoded ||
      opened.decode(encoding.ids, { skipSpecialTokens: false }) !== written,
  );
  const miscut = cut.filter(
    ({ texts, truncation, parts }) => !isDeepStrictEqual(partsOf({ ...tokenizer, truncation }, texts), parts),
  );
  return [...misread.map(({ text }) => text), ...miscut.map(({ texts }) => texts.join(" | "))];
}

function partsOf(file: unknown, texts: readonly string[]): Columns[] | null {
  const [first, second] = texts;
  const text: Text = second === undefined ? first! : [first!, second];
  try {
    const kept = openTokenizer(file).encode(text);
    return [kept, ...kept.overflowing].map(columns);
  } catch (error) {
    if ((error as Error).name === "InputError") return null;
    throw error;
  }
}

function columns({ ids, tokens, offsets, wordIds, specialTokens }: Encoding): Columns {
  return { ids, tokens, offsets, wordIds, specialTokens };
}

const [planned, answers] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planned!, "utf-8")) as { folder: string; families: string[] };
const found = plan.families.map((name) => {
  const family = JSON.parse(readFileSync(`${plan.folder}/${name}.json`, "utf-8")) as Family;
  return [name, missed(family)] as const;
});
writeFileSync(answers!, JSON.stringify(Object.fromEntries(found)));
