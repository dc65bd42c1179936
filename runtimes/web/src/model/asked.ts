/** What every verb of a model in this thread starts from. */

import type { Bytes } from "../bundle/index.ts";
import { InputError } from "../errors.ts";
import { answers, type Pipeline, type Request } from "../pipeline/running.ts";
import type { ModelInfo } from "./info.ts";
import type { Reader } from "./requests.ts";
import type { Verb } from "./verbs.ts";

/** What a model is made of. */
export interface Parts extends Reader {
  readonly info: ModelInfo;
  readonly pipeline: Pipeline;
  /** Bytes of the bundle's golden answers. */
  readonly golden: Bytes;
}

/** A call of a model. */
export interface Asked extends Parts {
  readonly signal: AbortSignal | undefined;
  /** The answers to a list of items, of which the first stands at `start`. */
  run<A>(request: Request<A>, items: readonly unknown[], start: number): Promise<A[]>;
}

export function askedOf(parts: Parts, signal: AbortSignal | undefined): Asked {
  return {
    ...parts,
    signal,
    run: (request, items, start) => answers(parts.pipeline, request, items, start, signal),
  };
}

/** @throws InputError the bundle is for another task than a verb needs. */
export function requireTask({ info }: Parts, verb: Verb, ...tasks: readonly string[]): void {
  if (tasks.includes(info.task)) return;
  const needed = tasks.join(" or ");
  throw new InputError(`${info.path} is a ${info.task} bundle; ${verb} needs one for ${needed}`);
}
