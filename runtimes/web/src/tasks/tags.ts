/** What the names of a token classifier's labels say: a type, and where in an entity a word stands. */

export type Position = "O" | "B" | "I" | "E" | "S";

/** What a label says. */
export interface Tag {
  /** Outside of entities; at the beginning, inside, at the end of one, or all of one. */
  readonly position: Position;
  /** The type of the entity. */
  readonly kind: string;
}

/** BIO, IOB, IOE, BIOES, BMES and BILOU. */
const POSITIONS: Readonly<Record<string, Position>> = {
  B: "B",
  I: "I",
  M: "I",
  E: "E",
  L: "E",
  S: "S",
  U: "S",
};

const PREFIXED = /^(?<position>[BIMELSU])(?:[-_](?<kind>.+))?$/is;
const TYPED = /^(?<position>[BIMELSU])[-_](?<kind>.+)$/is;
const SUFFIXED = /^(?<kind>.+)[-_](?<position>[BIMELSU])$/is;

const SPECIAL = ["[PAD]", "[CLS]", "[SEP]", "[UNK]", "<pad>", "<s>", "</s>", "<unk>"];
/** How O is written where it is not. */
const NOTHING = ["0", "o"];
/** Beside B and I: a piece of a word, and padding. */
const CONTINUED = ["X", "PAD"];
/** The type of labels that are nothing but a position. */
const NAMELESS = "_";

/** What each label says, in the order of the labels. A dash alone says nothing: DATE-TIME is a name.
 *  Positions stand before the types (B-PER, B_PER) or behind them (PER-B) where they do so in every
 *  label but those outside; else before those types alone that have a label to begin and one to go on. */
export function tagsOf(labels: readonly string[]): Tag[] {
  return withPositions(labels, PREFIXED) ?? withPositions(labels, SUFFIXED) ?? withNames(labels);
}

/** The places of each entity's words, by the rules that CoNLL's evaluation has: B and S open one, as
 *  I and E do where none of their type is open; E and S close theirs, as another type and O do. */
export function joinedTags(tags: readonly Tag[]): number[][] {
  const entities: number[][] = [];
  let open: string | null = null;
  tags.forEach(({ position, kind }, place) => {
    if (position === "O") {
      open = null;
      return;
    }
    if (position === "B" || position === "S" || kind !== open) entities.push([]);
    entities.at(-1)!.push(place);
    open = position === "E" || position === "S" ? null : kind;
  });
  return entities;
}

/** Tags of labels that are all of a form but for those outside, if it is a scheme. */
function withPositions(labels: readonly string[], form: RegExp): Tag[] | null {
  const outside = new Set(["O", ...SPECIAL, ...NOTHING, ...CONTINUED]);
  const tags = new Map<string, Tag>();
  for (const name of labels.filter((label) => !outside.has(label))) {
    const tag = tagOf(name, form);
    if (!tag) return null;
    tags.set(name, tag);
  }
  if (!isScheme([...tags.values()], form)) return null;
  return labels.map((name) => tags.get(name) ?? { position: "O", kind: name });
}

/** Tags of labels most of which are names, some perhaps of types that have positions. */
function withNames(labels: readonly string[]): Tag[] {
  const found = labels.map((name) => tagOf(name, TYPED));
  const kindsAt = (...positions: Position[]): Set<string> =>
    new Set(found.flatMap((tag) => (tag && positions.includes(tag.position) ? [tag.kind] : [])));
  const [begun, going] = [kindsAt("B"), kindsAt("I", "E")];
  const outside = outsideOf(labels);
  return labels.map((name, i) => {
    const tag = found[i];
    if (tag && begun.has(tag.kind) && going.has(tag.kind)) return tag;
    return { position: outside.has(name) ? "O" : "I", kind: name };
  });
}

function tagOf(name: string, form: RegExp): Tag | null {
  const groups = form.exec(name)?.groups;
  if (!groups) return null;
  return {
    position: POSITIONS[groups["position"]!.toUpperCase()]!,
    kind: groups["kind"] ?? NAMELESS,
  };
}

/** Whether positions are no coincidence (E-MAIL, VITAMIN-B): what ends begins or goes on. */
function isScheme(tags: readonly Tag[], form: RegExp): boolean {
  const kinds = (position: Position): string[] =>
    tags.filter((tag) => tag.position === position).map(({ kind }) => kind);
  const [begun, inside] = [kinds("B"), kinds("I")];
  if (!kinds("E").every((kind) => begun.includes(kind) || inside.includes(kind))) return false;
  if (form === SUFFIXED || tags.some(({ kind }) => kind === NAMELESS)) {
    return begun.length > 0 && inside.length > 0;
  }
  return begun.length > 0 || (inside.length > 0 && kinds("S").length === 0);
}

/** Names that mean no entity, where labels are plain names. */
function outsideOf(labels: readonly string[]): Set<string> {
  const plain = labels.includes("O") || labels.every((name) => /^\p{Nd}+$/u.test(name));
  return new Set([...SPECIAL, ...(plain ? ["O"] : NOTHING)]);
}
