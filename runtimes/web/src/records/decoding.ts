/** JSON to typed values, each checked against what it should be. */

/** Gives a value, or throws a `Mismatch` that names where it stands. */
export type Decode<T> = (value: unknown, where: string) => T;

/** What a decoder gives. */
export type Decoded<D> = D extends Decode<infer T> ? T : never;

/** Why a value is not what it should be, in a few words. */
export class Mismatch extends Error {}

export const string = expecting("string", (value): value is string => typeof value === "string");
export const boolean = expecting(
  "boolean",
  (value): value is boolean => typeof value === "boolean",
);
export const integer = expecting("integer", (value): value is number => Number.isInteger(value));
export const anything: Decode<unknown> = (value) => value;

/** A number; null stands for what JSON cannot hold, a nan. */
export const number: Decode<number> = (value, where) =>
  value === null ? NaN : anyNumber(value, where);

const anyNumber = expecting("number", (value): value is number => typeof value === "number");
const anyList = expecting("list", (value): value is unknown[] => Array.isArray(value));
const anyObject = expecting(
  "object",
  (value): value is Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value),
);

export function nullable<T>(decode: Decode<T>): Decode<T | null> {
  return (value, where) => (value === null ? null : decode(value, where));
}

export function list<T>(decode: Decode<T>): Decode<readonly T[]> {
  return (value, where) => anyList(value, where).map((item, i) => decode(item, `${where}[${i}]`));
}

/** A list of two. */
export function two<T>(decode: Decode<T>): Decode<readonly [T, T]> {
  return (value, where) => {
    const values = list(decode)(value, where);
    if (values.length !== 2) {
      throw new Mismatch(`'${where}' has ${values.length} values where 2 belong`);
    }
    return [values[0]!, values[1]!];
  };
}

/** An object with values of one kind. */
export function dictionary<T>(decode: Decode<T>): Decode<Readonly<Record<string, T>>> {
  return (value, where) =>
    Object.fromEntries(
      Object.entries(anyObject(value, where)).map(([key, item]) => [
        key,
        decode(item, `${where}.${key}`),
      ]),
    );
}

type Fields = Readonly<Record<string, Decode<unknown>>>;
type Values<F extends Fields> = { readonly [K in keyof F]: Decoded<F[K]> };

/** An object with these keys; unknown keys are passed over.
 *  @param required decoders of keys that have to be there.
 *  @param optional decoders of keys that may be absent, and what they are then. */
export function object<R extends Fields, O extends Fields>(
  required: R,
  optional: O,
  defaults: Values<O>,
): Decode<Values<R> & Values<O>> {
  return (value, where) => {
    const found = anyObject(value, where);
    const given = (key: string): boolean => Object.hasOwn(found, key);
    const missing = Object.keys(required).find((key) => !given(key));
    if (missing !== undefined) throw new Mismatch(`it has no '${inside(where, missing)}'`);
    const decoders = Object.entries({ ...required, ...optional }).filter(([key]) => given(key));
    const read = decoders.map(([key, decode]) => [key, decode(found[key], inside(where, key))]);
    return { ...defaults, ...(Object.fromEntries(read) as Values<R> & Values<O>) };
  };
}

function inside(where: string, key: string): string {
  return where ? `${where}.${key}` : key;
}

function expecting<T>(kind: string, is: (value: unknown) => value is T): Decode<T> {
  return (value, where) => {
    if (is(value)) return value;
    const what = where ? `'${where}'` : "it";
    throw new Mismatch(`${what} should be ${article(kind)}, not ${article(jsonKind(value))}`);
  };
}

function jsonKind(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "list" : typeof value;
}

function article(kind: string): string {
  if (kind === "null") return kind;
  return `${/^[aeio]/.test(kind) ? "an" : "a"} ${kind}`;
}
