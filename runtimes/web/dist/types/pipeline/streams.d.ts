/** One text, a list, or a stream of texts: each is asked for in lists. */
/** Texts that come one by one: a generator, lines of a file, messages. */
export type Stream<T> = Iterable<T> | AsyncIterable<T>;
/** Answers a list, in order. */
export type AnswerList<A> = (items: readonly unknown[], start: number) => Promise<A[]>;
/** Answer one text, a list, or a stream: with a promise of one answer, of a list, or a generator. */
export declare function asked<A>(texts: unknown, answer: AnswerList<A>): Promise<A> | Promise<A[]> | AsyncGenerator<A, void>;
export declare function isStream(value: unknown): value is Stream<unknown>;
/** Neighbouring items of a list, at most so many and of so many characters together, or one. */
export declare function portionsOf<T>(items: readonly T[], most?: number): T[][];
