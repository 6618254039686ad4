import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { Dispatchd } from "./servers/dispatchd.js";
import { accountOf, backupOf, member, pemOf, until, words } from "./servers/member.js";

const EXAMPLE = fileURLToPath(new URL("../examples/echo.js", import.meta.url));

function run(...args) {
  const child = spawn(process.execPath, [EXAMPLE, ...args], {
    env: { ...process.env, PASSPHRASE: "passphrase of a test" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const ended = new Promise((resolve) => child.once("exit", (code) => resolve({ code, said })));
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  return { child, ended };
}

test("the example answers what is said to it, and only that", async () => {
  const server = new Dispatchd();
  let alice;
  let bot;
  try {
    server.allow(pemOf("m01"), pemOf("m02"));
    await server.start();
    const file = join(server.folder, "backup.json");
    writeFileSync(file, await backupOf("m02"));
    alice = await member("m01");
    const community = await alice.join(server.invitation);
    community.connect();
    await until(community, "our card", () => community.member(accountOf("m01"))?.hasCard);
    await community.everyone.send("Said before it came.");
    await until(community, "the first message", () => community.everyone.count === 1);
    bot = run(server.invitation.text, file);
    await until(community, "its card", () => community.member(accountOf("m02"))?.hasCard);
    await community.everyone.send("Is anybody there?");
    await until(community, "the answer", () => community.everyone.count === 3);
    assert.deepEqual(await words(community.everyone), ["Said before it came.", "Is anybody there?", "You said: Is anybody there?"]);
    const [, asked, answer] = await community.everyone.messages(0, 3);
    assert.equal(answer.content.replyTo, asked.id);
    bot.child.kill();
    assert.equal((await bot.ended).code, 0);
    const refused = await run("not an invitation", file).ended;
    assert.equal(refused.code, 1);
    assert.match(refused.said, /^This is not an invitation: .*\.\n$/);
  } finally {
    bot?.child.kill();
    await alice?.close();
    await server.end();
  }
});

test("the README shows the example as it is", () => {
  const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
  const program = readFileSync(EXAMPLE, "utf8").replace(/^\/\*\*.*?\*\/\n\n/s, "");
  assert.ok(readme.includes(program), "copy examples/echo.js, without its first comment, into the README");
});
