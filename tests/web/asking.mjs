// Asks a bundle: the same in Node and in a page.

/** What a bundle says of itself and its golden answers, and its answers to questions as plain values.
 *  @param questions calls of the model: `[verb, ...arguments]`. */
export async function askAll(load, source, options, questions) {
  const model = await load(source, options);
  const { passed, failures } = await model.verify();
  const answers = [];
  for (const [verb, ...given] of questions) answers.push(plain(await model[verb](...given)));
  const { provider, threads, onnxruntime } = model;
  await model.close();
  return { provider, threads, onnxruntime, passed, failures, answers };
}

function plain(value) {
  if (ArrayBuffer.isView(value)) return Array.from(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}
