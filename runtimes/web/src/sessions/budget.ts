/** Tokens of a micro-batch, padding included: enough to keep the products of matrices busy, few
 *  enough to stay in the cache and to let a page breathe. */

import type { OpenSession } from "./session.ts";

const TOKENS_PER_RUN: Readonly<Record<OpenSession["provider"], number>> = {
  cpu: 256,
  wasm: 256,
  webgpu: 16_384,
};

export function tokensPerRun(provider: OpenSession["provider"]): number {
  return TOKENS_PER_RUN[provider];
}
