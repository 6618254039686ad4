import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const PACKAGE = fileURLToPath(new URL("../", import.meta.url));

const RIGHT = `
import { Client, DispatchError, Invitation, MemoryStore, verifyEvidence } from "dispatch-d-client";
import { Chain } from "dispatch-d-client/core";

export async function main(link: string): Promise<string | null> {
  const client = await Client.open({ store: new MemoryStore() });
  const community = await client.join(Invitation.parse(link));
  const off: () => void = community.on("state", (state) => {
    if (state.name === "waiting") console.log(state.retryAt.toFixed());
    if (state.name === "stopped") void verifyEvidence(state.finding.evidence ?? "").catch((error: DispatchError) => error.code);
  });
  off();
  const [message] = await community.everyone.messages(0, 1);
  const size: number = new Chain(community.id).size;
  return size ? null : (message?.content?.text ?? null);
}
`;
const WRONG = [
  'community.on("stat", () => {})',
  "community.everyone.send(1)",
  "community.state.retryAt",
  "(await community.everyone.messages(0, 1))[0].content.text",
];

test("what is packed has types, which a TypeScript program is held to", () => {
  const folder = mkdtempSync(join(tmpdir(), "dispatch-d-client-"));
  const tsc = join(PACKAGE, "node_modules/typescript/bin/tsc");
  const check = (name, text) => {
    writeFileSync(join(folder, `${name}.ts`), text);
    const options = ["--noEmit", "--strict", "--skipLibCheck", "--target", "es2022", "--module", "nodenext", "--lib", "es2024,dom"];
    try {
      execFileSync(process.execPath, [tsc, ...options, join(folder, `${name}.ts`)], { encoding: "utf8", cwd: folder });
      return "";
    } catch (error) {
      return error.stdout;
    }
  };
  try {
    const [{ files }] = JSON.parse(
      execFileSync("npm", ["pack", "--json", "--pack-destination", folder, "--silent"], { cwd: PACKAGE, encoding: "utf8" }),
    );
    const names = files.map(({ path }) => path);
    assert.ok(names.includes("src/index.js") && names.includes("types/index.d.ts") && names.includes("README.md"), `${names}`);
    assert.ok(!names.some((name) => /test|node_modules|app\//.test(name)), `${names}`);
    execFileSync("tar", ["xzf", "dispatch-d-client-0.1.0.tgz"], { cwd: folder });
    mkdirSync(join(folder, "node_modules"));
    symlinkSync(join(folder, "package"), join(folder, "node_modules/dispatch-d-client"));
    symlinkSync(join(PACKAGE, "node_modules"), join(folder, "package/node_modules"));
    writeFileSync(join(folder, "package.json"), '{"type":"module"}');
    assert.equal(check("right", RIGHT), "");
    for (const line of WRONG) {
      const text = RIGHT.replace("  off();", `  off();\n  ${line};`);
      assert.match(check("wrong", text), /wrong\.ts\(\d+,\d+\): error TS/, line);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
    rmSync(join(PACKAGE, "types"), { recursive: true, force: true });
  }
});
