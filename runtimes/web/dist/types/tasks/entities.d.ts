/** Entities from the labels of tokens, as spans of the original text. */
import type { Aggregation } from "../records/manifest.js";
import { type Whole } from "./rows.js";
/** A named entity: `text.slice(start, end)` of the text that was asked about. */
export interface Entity {
    readonly text: string;
    readonly label: string;
    readonly score: number;
    /** UTF-16 code units of the text, as JavaScript counts. */
    readonly start: number;
    readonly end: number;
}
/** The entities of a text: of a long one, each token has the label that it gets where most of the
 *  text is around it. */
export declare function readEntities({ text, parts, rows }: Whole, labels: readonly string[], aggregation: Aggregation): Entity[];
