// node check.mjs FOLDER: checks an exported contract with the official AsyncAPI parser and with ajv; prints each problem,
// exits with 1 if there is one. FOLDER is what `accord schema export` writes.

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Parser, fromFile } from "@asyncapi/parser";
import Ajv2020 from "ajv/dist/2020.js";

const folder = process.argv[2];
const problems = [];
const read = (path) => JSON.parse(readFileSync(join(folder, path), "utf8"));

async function asyncapi(path) {
  const parser = new Parser();
  for (const channel of Object.values(read(path).channels))
    for (const [name, { payload }] of Object.entries(channel.messages))
      if (!parser.parserRegistry.has(payload.schemaFormat))  // the parser itself says nothing, and looks at nothing
        problems.push(`${path}: ${name}: the parser does not know the format ${payload.schemaFormat}`);
  const { document, diagnostics } = await fromFile(parser, join(folder, path)).parse();
  for (const found of diagnostics) problems.push(`${path}: ${found.path.join("/")}: ${found.message}`);
  if (!document) problems.push(`${path}: the parser does not accept it`);
}

function schemas() {
  const paths = readdirSync(folder, { recursive: true }).filter((path) => path.endsWith(".schema.json"));
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
  ajv.addVocabulary(["x-accord-dtype", "x-accord-shape"]).addFormat("binary", true);
  for (const path of paths) {
    try {
      ajv.addSchema(read(path));
    } catch (error) {
      problems.push(`${path}: ${error.message}`);
    }
  }
  for (const path of paths) {
    try {
      for (let schema = read(path), at = "#"; schema; schema = schema.contentSchema, at += "/contentSchema")
        ajv.compile({ $ref: `${read(path).$id}${at}` });
    } catch (error) {
      problems.push(`${path}: ${error.message}`);
    }
  }
}

await asyncapi("asyncapi.json");
schemas();
for (const problem of problems) console.log(problem);
process.exit(problems.length ? 1 : 0);
