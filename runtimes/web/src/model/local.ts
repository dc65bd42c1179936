/** A model that runs in this thread. */

import { GOLDEN, readRecord } from "../bundle/index.ts";
import { throwIfAborted, turn } from "../cancelling.ts";
import { decodeGolden } from "../records/golden.ts";
import { type Asked, askedOf, type Parts } from "./asked.ts";
import {
  type GoldenAnswer,
  goldenAnswer,
  textOf,
  type Verification,
  verificationOf,
} from "./golden.ts";
import { countingVerbs, headVerbs } from "./headVerbs.ts";
import { output } from "./requests.ts";
import { vectorVerbs } from "./vectorVerbs.ts";
import type { ModelCore, Verb, Verbs } from "./verbs.ts";

export function localModel(parts: Parts): ModelCore {
  const { engine } = parts.pipeline;
  return {
    info: parts.info,
    ask: (async (verb: Verb, args: readonly unknown[], signal: AbortSignal | undefined) => {
      engine.requireOpen();
      throwIfAborted(signal);
      const asked = verbsOf(askedOf(parts, signal))[verb] as (...args: unknown[]) => unknown;
      return asked(...args);
    }) as ModelCore["ask"],
    close: () => engine.close(),
  };
}

function verbsOf(asked: Asked): Verbs {
  return {
    ...vectorVerbs(asked),
    ...headVerbs(asked),
    ...countingVerbs(asked),
    verify: () => verify(asked),
  };
}

/** Run the bundle's golden texts one by one, and compare tokens and outputs. */
async function verify(asked: Asked): Promise<Verification> {
  const { info } = asked;
  const golden = readRecord(decodeGolden, asked.golden, `${info.path}/${GOLDEN}`);
  const roundsOtherwise = info.manifest.quantization !== null && info.provider !== "cpu";
  const found: GoldenAnswer[] = [];
  for (const text of golden.texts) {
    const [whole] = await asked.run(output(asked), [textOf(text)], found.length);
    const [{ ids }, rows] = [whole!.parts[0]!, whole!.rows[0]!];
    found.push(goldenAnswer(text, ids, rows, golden.columns, roundsOtherwise));
    await turn();
  }
  return verificationOf(found);
}
