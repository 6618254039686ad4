// spec/asyncapi.json: valid by AsyncAPI's own parser, and its schemas tell the frames of recorded conversations from others.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Parser } from "@asyncapi/parser";
import Ajv from "ajv";

const read = (path) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
const text = read("spec/asyncapi.json");
const document = JSON.parse(text);

/** What the parser says against a text. That there is a newer AsyncAPI is nothing against it. */
async function findings(text) {
  const { diagnostics } = await new Parser().parse(text);
  return diagnostics.filter(({ code }) => code !== "asyncapi-latest-version").map(({ message, path }) => `${path.join(".")}: ${message}`);
}

test("AsyncAPI's parser finds nothing", async () => {
  assert.deepEqual(await findings(text), []);
  const { document: parsed } = await new Parser().parse(text);
  assert.equal(parsed.version(), "3.0.0");
  assert.deepEqual(parsed.channels().all().map((channel) => channel.address()), ["/v1/events", "/v1/socket"]);
  assert.equal(parsed.operations().all().length, 6);
});

test("AsyncAPI's parser finds what is spoiled", async () => {
  const spoiled = [
    (document) => delete document.info.title,
    (document) => (document.operations.hello.action = "take"),
    (document) => (document.operations.hello.channel.$ref = "#/channels/nowhere"),
    (document) => (document.operations.hello.messages = [{ $ref: "#/channels/events/messages/blocks" }]),
    (document) => (document.components.schemas.Block.type = "thing"),
  ];
  for (const spoil of spoiled) {
    const copy = JSON.parse(text);
    spoil(copy);
    assert.notDeepEqual(await findings(JSON.stringify(copy)), [], String(spoil));
  }
});

// A validator of payloads, made from the document alone.
const ajv = new Ajv({ strict: false, formats: { int64: true } });
ajv.addSchema({ components: document.components }, "asyncapi");
const validators = Object.fromEntries(
  Object.keys(document.components.messages).map((name) => [
    name,
    ajv.compile({ $ref: `asyncapi#/components/messages/${name}/payload` }),
  ]),
);

/** The frames of the specification's conversation. */
const conversation = JSON.parse(read("vectors/static/conversation.json"))
  .groups[0].tests.filter(({ said_by }) => said_by === "client" || said_by === "server");

/** The frame without a member, with one too many, and with something else in each place. */
function* changed(frame) {
  for (const name of Object.keys(frame)) {
    const { [name]: value, ...rest } = frame;
    if (!["ref", "have", "session_ms", "retry_after"].includes(name)) yield [`without ${name}`, rest];
    yield [`${name} is null`, { ...frame, [name]: null }];
    if (typeof value === "string" && !["detail", "origin"].includes(name)) yield [`${name} has a letter too many`, { ...frame, [name]: `${value}=` }];
    if (typeof value === "number") {
      yield [`${name} is too great`, { ...frame, [name]: 2 ** 53 }];
      yield [`${name} is a text`, { ...frame, [name]: String(value) }];
    }
  }
}

test("a validator made of the document takes each frame of the conversation, and refuses each that is changed", () => {
  let refused = 0;
  for (const { id, said_by, frame } of conversation) {
    const validate = validators[frame.type];
    assert.ok(validate(frame), `${id}: ${ajv.errorsText(validate.errors)}`);
    for (const [how, other] of changed(frame)) {
      assert.ok(!validate(other), `${id} ${how}`);
      refused += 1;
    }
    // A client's frames are exact; a server's may have more (CONV-9).
    assert.equal(validate({ ...frame, more: 1 }), said_by === "server", id);
    for (const [type, other] of Object.entries(validators)) {
      if (type !== frame.type && type !== `event-${frame.type}`) assert.ok(!other(frame), `${id} as ${type}`);
    }
  }
  assert.ok(conversation.length >= 15 && refused > 100, `${conversation.length} and ${refused}`);
});

test("it tells the client's frames of the JSON vectors apart, as far as a schema can", () => {
  const { groups } = JSON.parse(read("vectors/static/json.json"));
  const { tests } = groups.find(({ name }) => name === "client-frames");
  const clients = ["hello", "prove", "resume", "submit"].map((type) => validators[type]);
  const reach = ["CONV-3", "CONV-4", "CONV-13", "CONV-14", "CONV-16", "ENTRY-1", "ERR-6", "JOIN-4", "MSG-6"];
  let [taken, refused] = [0, 0];
  for (const { id, frame, result, requirements } of tests) {
    const said = Buffer.from(frame, "base64url").toString("utf8");
    let value;
    try {
      value = JSON.parse(said);
    } catch {
      continue;
    }
    const matches = clients.filter((validate) => validate(value)).length;
    if (result === "valid") {
      assert.equal(matches, 1, id);
      taken += 1;
    } else if (requirements.some((requirement) => reach.includes(requirement)) && /^[\0-\x7f]*$/.test(said)) {
      assert.equal(matches, 0, id);
      refused += 1;
    }
  }
  assert.ok(taken >= 10 && refused >= 30, `${taken} and ${refused}`);
});
