/** JSON to typed values, each checked against what it should be. */
/** Gives a value, or throws a `Mismatch` that names where it stands. */
export type Decode<T> = (value: unknown, where: string) => T;
/** What a decoder gives. */
export type Decoded<D> = D extends Decode<infer T> ? T : never;
/** Why a value is not what it should be, in a few words. */
export declare class Mismatch extends Error {
}
export declare const string: Decode<string>;
export declare const boolean: Decode<boolean>;
export declare const integer: Decode<number>;
export declare const anything: Decode<unknown>;
/** A number; null stands for what JSON cannot hold, a nan. */
export declare const number: Decode<number>;
export declare function nullable<T>(decode: Decode<T>): Decode<T | null>;
export declare function list<T>(decode: Decode<T>): Decode<readonly T[]>;
/** A list of two. */
export declare function two<T>(decode: Decode<T>): Decode<readonly [T, T]>;
/** An object with values of one kind. */
export declare function dictionary<T>(decode: Decode<T>): Decode<Readonly<Record<string, T>>>;
type Fields = Readonly<Record<string, Decode<unknown>>>;
type Values<F extends Fields> = {
    readonly [K in keyof F]: Decoded<F[K]>;
};
/** An object with these keys; unknown keys are passed over.
 *  @param required decoders of keys that have to be there.
 *  @param optional decoders of keys that may be absent, and what they are then. */
export declare function object<R extends Fields, O extends Fields>(required: R, optional: O, defaults: Values<O>): Decode<Values<R> & Values<O>>;
export {};
