// Clients of one place, measured in turns.  node rounds.mjs PLAN ANSWERS
import { readFileSync, writeFileSync } from "node:fs";
import { inChromium, inNode } from "./places.mjs";

const [planned, answers] = process.argv.slice(2);
const { place, folder, seats, texts, rounds, seed } = JSON.parse(readFileSync(planned, "utf-8"));
const TRIES = 3; // the fastest of a batch counts
const sets = Object.entries(texts);
const { version, seated, close } = await (place === "Node" ? inNode() : inChromium(folder));
try {
  const found = [];
  for (const seat of seats) found.push(await opened(seat));
  const running = found.filter(({ failure }) => !failure);
  let random = seed;
  for (let round = 0; round < rounds; round++) {
    for (const [set, given] of sets) {
      for (const one of shuffled(running)) await measured(one, set, given);
    }
  }
  for (const one of running) await ended(one);
  writeFileSync(answers, JSON.stringify({ version, seats: found.map(({ at, ...told }) => told) }));

  /** The same order in every run. */
  function shuffled(list) {
    return list
      .map((one) => [(random = (random * 16807) % 2147483647), one])
      .sort(([a], [b]) => a - b)
      .map(([, one]) => one);
  }
} finally {
  await close();
}

/** A client that has given its first vector, with the best of its batches for each set of texts. */
async function opened(seat) {
  const told = { name: seat.name, failure: "", speeds: {} };
  try {
    told.at = await seated();
    told.firstAnswerMs = await told.at.ask("sit", seat, sets[0][1].first);
    told.downloadedBytes = told.at.downloaded();
    for (const [set, { tried }] of sets) {
      const trials = [];
      for (const batch of seat.batches) {
        await told.at.ask("turn", tried.slice(0, batch || undefined), batch); // shapes that it has not seen
        const tries = [];
        for (let i = 0; i < TRIES; i++) tries.push(await told.at.ask("turn", tried, batch));
        trials.push([Math.min(...tries), batch]);
      }
      const [, batch] = trials.sort(([a], [b]) => a - b)[0];
      const textsPerSecond = Object.fromEntries(trials.map(([seconds, of]) => [of, tried.length / seconds]));
      told.speeds[set] = { batch, trials: textsPerSecond, seconds: [] };
    }
  } catch (error) {
    told.failure = String(error.message).split("\n")[0];
  }
  return told;
}

async function measured(one, set, { texts }) {
  const { batch, seconds } = one.speeds[set];
  seconds.push(await one.at.ask("turn", texts, batch));
}

async function ended(one) {
  one.memoryBytes = await one.at.memory();
  for (const [set, { texts }] of sets) {
    one.speeds[set].vectors = await one.at.ask("vectors", texts, one.speeds[set].batch);
  }
}
