#!/usr/bin/env bash
# The official AsyncAPI parser (@asyncapi/parser 3.6.6) does not look into a payload whose `schemaFormat` it does not
# know, and says nothing of it, not even a hint: JSON Schema 2020-12 is such a format. The same spoiled schema is an
# error under `application/vnd.aai.asyncapi+json;version=3.1.0`.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
echo '{"private": true}' > package.json
npm install --silent --ignore-scripts --no-audit --no-fund @asyncapi/parser@3.6.6
cat > check.js <<'JS'
const { Parser } = require("@asyncapi/parser");
const document = (schemaFormat) => ({
  asyncapi: "3.1.0",
  info: { title: "t", version: "1" },
  channels: { c: { address: "c", messages: { m: { payload: { schemaFormat, schema: { type: "strnig" } } } } } },
});
(async () => {
  const seen = [];
  for (const format of ["application/schema+json;version=draft-2020-12", "application/vnd.aai.asyncapi+json;version=3.1.0"]) {
    const { document: parsed, diagnostics } = await new Parser().parse(document(format));
    seen.push(`${parsed ? "accepted" : "refused"}, ${diagnostics.filter((d) => d.path.includes("payload")).length ? "" : "not "}named`);
    console.log(`@asyncapi/parser 3.6.6, ${format}, {"type": "strnig"}: ${seen.at(-1)}`);
  }
  process.exit(seen.join("; ") === "accepted, not named; refused, named" ? 0 : 1);
})();
JS
node check.js
