// Folders of target transformers.js, opened by its pipelines as they are.
//     node in_pipelines.mjs PLAN ANSWERS
import { readFileSync, writeFileSync } from "node:fs";
import { env, LogLevel, pipeline } from "@huggingface/transformers";

const [planned, answers] = process.argv.slice(2);
const { folder, asked } = JSON.parse(readFileSync(planned, "utf-8"));
env.allowRemoteModels = false;
env.localModelPath = folder;
env.logLevel = LogLevel?.ERROR ?? env.logLevel;
const found = [];
for (const { name, task, options, given } of asked) {
  const ask = await pipeline(task, name, options);
  const outputs = [];
  for (const one of given) {
    const output = await ask(...one);
    outputs.push(output.tolist?.() ?? output);
  }
  found.push(outputs);
  await ask.dispose();
}
writeFileSync(answers, JSON.stringify(found));
