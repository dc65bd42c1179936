/** Text classification: labels for a text or a pair; of one label its score, as of rerankers. */
import { type Whole } from "./rows.js";
import type { ModelSpec } from "./spec.js";
/** The answer of a text classifier. */
export interface Classification {
    /** The most likely label; of a reranker its one label. */
    readonly label: string;
    /** Its probability; of a reranker the text's score. */
    readonly score: number;
    /** Probability of every label; they sum to 1 unless the task is multi-label or has one label. */
    readonly scores: Readonly<Record<string, number>>;
    /** For a multi-label task those with a probability of at least 0.5, else null. */
    readonly labels: readonly string[] | null;
}
/** The classification of a text; of several parts by the mean of their scores, each counted by its
 *  tokens: no part can outvote the others by being very sure. */
export declare function readClassification({ parts, rows }: Whole, spec: ModelSpec): Classification;
