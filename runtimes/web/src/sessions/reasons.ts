/** What an exception of onnxruntime says, in the words that a user can act on. */

const NO_MEMORY =
  /bad_alloc|allocate memory|out of memory|memory access out of bounds|Array buffer allocation failed/i;
/** The place in its source that it puts before a message: file, function, condition. */
const SOURCE = /\/\S+\.(cc|cpp|h):\d+ .*?(\) (?=[A-Z])| was false\. )/;
const NO_ROW = /idx=(\d+) must be within the inclusive range \[-\d+,(\d+)\]/;

/** The first line of an error's message, without the source code around it. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const line = message.trim().split("\n")[0]!.replace(SOURCE, "");
  if (NO_MEMORY.test(line)) return "not enough memory";
  const beyond = NO_ROW.exec(line);
  if (beyond) {
    return `a token or a position is ${beyond[1]}, and its table of embeddings ends at ${beyond[2]}`;
  }
  return line || "it did not say why";
}
