// A client in a process of Node of its own, which answers what its parent asks.
import { sit, turn, vectors } from "./seat.mjs";

const CALLS = { sit, turn, vectors, memory: () => process.resourceUsage().maxRSS * 1024 };

process.on("message", async ({ call, given }) => {
  try {
    process.send({ value: await CALLS[call](...given) });
  } catch (error) {
    process.send({ error: String(error?.message ?? error) });
  }
});
