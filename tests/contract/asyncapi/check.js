// Reads AsyncAPI documents as the specification has it, and holds what the feeds send against them.
//
//   node check.js DOCUMENT URL [DOCUMENT URL ...]
//
// URL is where the document's channel is served. Prints how many events fit, or fails.

import { readFile } from "node:fs/promises";
import { Parser } from "@asyncapi/parser";
import { Ajv } from "ajv";

/** Diagnostics of this severity are errors. */
const ERROR = 0;

/** How many events of a feed are looked at. */
const EVENTS = 20;

/** The document, and what is wrong with it. */
async function read(path) {
  const { document, diagnostics } = await new Parser().parse(await readFile(path, "utf8"));
  const problems = diagnostics.filter((found) => found.severity === ERROR);
  if (problems.length > 0) {
    throw new Error(problems.map((found) => `${path}: ${found.path.join(".")}: ${found.message}`).join("\n"));
  }
  return document;
}

/** The events of a feed, from its beginning. */
async function* events(url) {
  const response = await fetch(url, { headers: { accept: "text/event-stream" } });
  if (!response.ok) {
    throw new Error(`${url}: ${response.status} ${await response.text()}`);
  }
  let text = "";
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const blocks = (text + piece).split("\n\n");
    text = blocks.pop();
    for (const block of blocks) {
      const data = block.split("\n").filter((line) => line.startsWith("data:"));
      if (data.length > 0) {
        yield JSON.parse(data.map((line) => line.slice("data:".length)).join("\n"));
      }
    }
  }
}

/** Fails if an event of the feed is none of the document's messages, or not as its message says. */
async function check(path, url) {
  const document = await read(path);
  const ajv = new Ajv({ strict: false, validateFormats: false });
  const messages = new Map(
    document.allMessages().all().map((message) => [message.name(), ajv.compile(message.payload().json())]),
  );
  let count = 0;
  const seen = new Set();
  for await (const event of events(url)) {
    const fits = messages.get(event.type);
    if (fits === undefined) {
      throw new Error(`${path} does not have ${event.type}`);
    }
    if (!fits(event)) {
      throw new Error(`${path}: ${JSON.stringify(event)}\n${ajv.errorsText(fits.errors)}`);
    }
    seen.add(event.type);
    count += 1;
    if (count === EVENTS) {
      break;
    }
  }
  console.log(`${path}: ${count} events of ${seen.size} types`);
}

const [...rest] = process.argv.slice(2);
while (rest.length > 0) {
  const [path, url] = rest.splice(0, 2);
  await check(path, url);
}
// Streams that were left are not waited for.
process.exit(0);
