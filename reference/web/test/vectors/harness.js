/**
 * Runs static vectors over the library; the same in Node and in a browser, so there is no I/O here. A test's due code is held, not only the
 * refusal, and a group that nobody runs is a failure.
 */

import { cards, chains, encryption, handedOn, statements, wire } from "./groups.js";

/** @type {Record<string, (test: any, group: any, context: any) => unknown>} */
export const GROUPS = { ...wire, ...statements, ...chains, ...encryption, ...cards, ...handedOn };

/**
 * @param {any[]} files parsed from vectors/static
 * @param {any[]} accounts parsed from vectors/keys/accounts.json
 * @param {Record<string, (test: any, group: any, context: any) => unknown>} [groups]
 */
export async function runVectors(files, accounts, groups = GROUPS) {
  /** @type {string[]} */
  const failures = [];
  /** @type {Record<string, number>} */
  const passed = {};
  const run = new Set();
  for (const file of files) {
    if (file.format !== "dispatch-d/1 static vectors") failures.push(`${file.name} is no file of static vectors`);
    for (const group of file.groups) {
      const name = `${file.name}/${group.name}`;
      const check = groups[name];
      if (!check) {
        failures.push(`nobody runs the group ${name}`);
        continue;
      }
      run.add(name);
      const context = { accounts, state: {} };
      for (const test of group.tests) {
        const why = await failure(check, test, group, context);
        if (why) failures.push(`${test.id}: ${why} (${test.about})`);
        else passed[name] = (passed[name] ?? 0) + 1;
      }
    }
  }
  for (const name of Object.keys(groups)) if (!run.has(name)) failures.push(`there is no group ${name}`);
  return { passed, count: Object.values(passed).reduce((sum, each) => sum + each, 0), failures };
}

/**
 * @param {(test: any, group: any, context: any) => unknown} check
 * @param {any} test
 * @param {any} group
 * @param {any} context
 * @returns {Promise<string | null>} what is wrong
 */
async function failure(check, test, group, context) {
  const due = test.result === "valid" ? "valid" : test.code;
  try {
    await check(test, group, context);
  } catch (/** @type {any} */ error) {
    const given = error.name === "DispatchError" ? error.code : String(error.stack ?? error);
    return given === due ? null : `${due} is due, not ${given}`;
  }
  return due === "valid" ? null : `accepted; ${due} is due`;
}
