/** `golden.json`: texts with the answers a bundle promised where it was made. */
import { type Decoded } from "./decoding.js";
declare const goldenText: import("./decoding.js").Decode<{
    readonly text: unknown;
    readonly input_ids: readonly number[];
    readonly attention_mask: readonly number[];
    readonly reference: unknown;
    readonly expected: unknown;
    readonly tolerance: {
        readonly reference: number;
        readonly expected: number;
    } & {};
} & {}>;
export declare const decodeGolden: import("./decoding.js").Decode<{
    readonly format: number;
    readonly cpu_class: string;
    readonly onnxruntime: string;
    readonly texts: readonly ({
        readonly text: unknown;
        readonly input_ids: readonly number[];
        readonly attention_mask: readonly number[];
        readonly reference: unknown;
        readonly expected: unknown;
        readonly tolerance: {
            readonly reference: number;
            readonly expected: number;
        } & {};
    } & {})[];
} & {
    readonly columns: readonly number[];
}>;
export type Golden = Decoded<typeof decodeGolden>;
export type GoldenText = Decoded<typeof goldenText>;
export {};
