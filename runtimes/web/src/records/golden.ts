/** `golden.json`: texts with the answers a bundle promised where it was made. */

import { anything, type Decoded, integer, list, number, object, string } from "./decoding.ts";

const tolerance = object({ reference: number, expected: number }, {}, {});
const goldenText = object(
  {
    text: anything,
    input_ids: list(integer),
    attention_mask: list(integer),
    reference: anything,
    expected: anything,
    tolerance,
  },
  {},
  {},
);

export const decodeGolden = object(
  { format: integer, cpu_class: string, onnxruntime: string, texts: list(goldenText) },
  { columns: list(integer) },
  { columns: [] },
);

export type Golden = Decoded<typeof decodeGolden>;
export type GoldenText = Decoded<typeof goldenText>;
