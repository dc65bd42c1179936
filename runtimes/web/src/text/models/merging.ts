/** Merging of neighbours, with a heap of what can be merged: long words cost little more than
 *  their length. */

/** Parts of a word, in arrays of one length. */
export interface Symbols {
  readonly ids: number[];
  readonly starts: number[];
  readonly ends: number[];
}

/** What is merged, and in which order. */
export interface Merges {
  /** Above every id: a pair is `left * size + right`. */
  readonly size: number;
  readonly ranks: ReadonlyMap<number, number>;
  /** By rank, the id of what two become. */
  readonly merged: readonly number[];
}

/** Merges what can be, lowest rank first and from the left. */
export function mergeAll(symbols: Symbols, merges: Merges): Symbols {
  const { ids, ends } = symbols;
  const count = ids.length;
  const next = ids.map((_, i) => (i + 1 < count ? i + 1 : -1));
  const previous = ids.map((_, i) => i - 1);
  const alive = ids.map(() => true);
  const heap: number[] = []; // rank * count + place: the lowest rank first, then the leftmost
  const rankAt = (place: number): number | undefined => {
    const after = next[place]!;
    return after < 0 ? undefined : merges.ranks.get(ids[place]! * merges.size + ids[after]!);
  };
  const offer = (place: number): void => {
    const rank = place < 0 ? undefined : rankAt(place);
    if (rank !== undefined) push(heap, rank * count + place);
  };
  for (let place = 0; place < count; place += 1) offer(place);
  while (heap.length > 0) {
    const top = pop(heap);
    const place = top % count;
    const rank = Math.floor(top / count);
    if (!alive[place] || rankAt(place) !== rank) continue; // one of the two was merged before
    const right = next[place]!;
    ids[place] = merges.merged[rank]!;
    ends[place] = ends[right]!;
    alive[right] = false;
    next[place] = next[right]!;
    if (next[right]! >= 0) previous[next[right]!] = place;
    offer(previous[place]!);
    offer(place);
  }
  return left(symbols, alive);
}

function left({ ids, starts, ends }: Symbols, alive: readonly boolean[]): Symbols {
  const stays = (_: number, place: number): boolean => alive[place]!;
  return { ids: ids.filter(stays), starts: starts.filter(stays), ends: ends.filter(stays) };
}

function push(heap: number[], value: number): void {
  let place = heap.push(value) - 1;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    if (heap[parent]! <= value) break;
    heap[place] = heap[parent]!;
    place = parent;
  }
  heap[place] = value;
}

function pop(heap: number[]): number {
  const top = heap[0]!;
  const value = heap.pop()!;
  if (heap.length === 0) return top;
  let place = 0;
  for (;;) {
    let child = 2 * place + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && heap[child + 1]! < heap[child]!) child += 1;
    if (heap[child]! >= value) break;
    heap[place] = heap[child]!;
    place = child;
  }
  heap[place] = value;
  return top;
}
