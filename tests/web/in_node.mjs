// Readings and questions of a plan, in Node.  node in_node.mjs PLAN ANSWERS
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { askAll } from "./asking.mjs";

const [planned, answers] = process.argv.slice(2);
const plan = JSON.parse(readFileSync(planned, "utf-8"));
const module = (path) => import(pathToFileURL(path).href);
const found = { readings: {}, bundles: {} };

if (plan.readings) {
  const { misses } = await module(`${plan.folder}/reading.mjs`);
  for (const name of plan.readings) {
    found.readings[name] = misses(JSON.parse(readFileSync(`${plan.folder}/readings/${name}.json`, "utf-8")));
  }
}
const { load } = await module(`${plan.client}/edgebert.js`);
for (const [name, questions] of Object.entries(plan.bundles ?? {})) {
  found.bundles[name] = await askAll(load, `${plan.folder}/bundles/${name}`, plan.options ?? {}, questions);
}
writeFileSync(answers, JSON.stringify(found));
