/** Tokens of a micro-batch, padding included: enough to keep the products of matrices busy, few
 *  enough to stay in the cache and to let a page breathe.
 *
 *  Texts/s of an int8 classifier of six layers of 384, 300 texts of 3 to 32 words, the best of four
 *  rounds (x86_64-avx512_vnni, busy with other work):
 *
 *      tokens              64  128  256  512 1024 2048 4096
 *      cpu, one thread    172  210  214  216  191  169  137
 *      cpu, two threads   202  239  264  275  245  232  221
 *      wasm, one thread    23   27   27   27   25   20   16
 */

import type { OpenSession } from "./session.ts";

const TOKENS_PER_RUN: Readonly<Record<OpenSession["provider"], number>> = {
  cpu: 256,
  wasm: 256,
  webgpu: 16_384, // not measured: what keeps a GPU busy
};

export function tokensPerRun(provider: OpenSession["provider"]): number {
  return TOKENS_PER_RUN[provider];
}
