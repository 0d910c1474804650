// Reads Accord's events from Kafka with the CloudEvents SDK for JavaScript: node read.mjs HOST:PORT NAMESPACE
// Prints a line of JSON for each event, from the beginning of every topic to where its end is now.
import { createHash } from "node:crypto";
import { Kafka as Binding } from "cloudevents";
import { Kafka, logLevel } from "kafkajs";

const FAMILIES = ["control", "keys", "psi", "intermediates", "gradients", "results"];
const CORE = new Set(["id", "source", "type", "subject", "specversion", "time", "datacontenttype", "data", "data_base64"]);
const [servers, namespace] = process.argv.slice(2);
if (!namespace) {
  console.error("usage: node read.mjs HOST:PORT NAMESPACE");
  process.exit(2);
}

const kafka = new Kafka({ clientId: "reader", brokers: [servers], logLevel: logLevel.NOTHING });
const topics = FAMILIES.map((family) => `${namespace}.${family}`);

/** The line about a record. The value is digested as it came: the SDK parses JSON, and what is parsed has other bytes. */
function line({ key, value, headers }) {
  const texts = Object.fromEntries(Object.entries(headers).map(([name, raw]) => [name, raw.toString()]));
  const event = Binding.toEvent({ key, value, headers: texts });
  const extensions = Object.fromEntries(Object.entries(event.toJSON()).filter(([name]) => !CORE.has(name)));
  const { id, source, type, subject, datacontenttype } = event;
  const sha256 = createHash("sha256").update(value).digest("hex");
  return { id, source, type, subject, datacontenttype, extensions, bytes: value.length, sha256 };
}

async function ends() {
  const admin = kafka.admin();
  await admin.connect();
  const found = await Promise.all(topics.map(async (topic) => [topic, (await admin.fetchTopicOffsets(topic))[0]]));
  await admin.disconnect();
  return new Map(found.filter(([, { low, high }]) => low !== high).map(([topic, { high }]) => [topic, BigInt(high) - 1n]));
}

const due = await ends();
const consumer = kafka.consumer({ groupId: `reader-${process.pid}-${Date.now()}` });
await consumer.connect();
await consumer.subscribe({ topics: [...due.keys()], fromBeginning: true });
await new Promise((over) => {
  if (due.size === 0) over();
  consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, message }) => {
      if (!due.has(topic)) return; // came after
      console.log(JSON.stringify(line(message)));
      if (BigInt(message.offset) >= due.get(topic)) due.delete(topic);
      if (due.size === 0) over();
    },
  });
});
await consumer.disconnect();
