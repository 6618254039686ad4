/** What every store keeps: run over `MemoryStore` in Node, and over `IndexedDbStore` in a browser. It gives what is wrong, or nothing. */

import { LAST } from "../src/store/keys.js";

/** @param {() => Promise<any>} open a store that is empty */
export async function checkStore(open) {
  const store = await open();
  const wrong = [];
  const same = (what, given, due) => {
    if (JSON.stringify(given) !== JSON.stringify(due)) wrong.push(`${what}: ${JSON.stringify(given)} instead of ${JSON.stringify(due)}`);
  };
  const put = (key, value) => ({ table: "messages", key, value });
  await store.commit([put(["b", "x", 2], 2), put(["a", "x", 10], 10), put(["a", "x", 9], 9), put(["a", "y", 0], 0), put(["a", 5], 5)]);
  const keys = async (...range) => (await store.range("messages", ...range)).map(({ key }) => key);
  same("numbers are ordered as numbers, and come before texts", await keys(["a"], ["a", LAST, LAST]), [
    ["a", 5],
    ["a", "x", 9],
    ["a", "x", 10],
    ["a", "y", 0],
  ]);
  same("the upper end is not in it", await keys(["a", "x", 9], ["a", "x", 10]), [["a", "x", 9]]);
  same("a limit", await keys(["a"], ["a", LAST, LAST], { limit: 2 }), [
    ["a", 5],
    ["a", "x", 9],
  ]);
  same("backwards", await keys(["a"], ["a", LAST, LAST], { limit: 2, reverse: true }), [
    ["a", "y", 0],
    ["a", "x", 10],
  ]);
  same("an empty range", await keys(["a", "x", 10], ["a", "x", 9]), []);
  same("a value", await store.get("messages", ["b", "x", 2]), 2);
  same("what is not there", (await store.get("messages", ["b", "x", 3])) === undefined, true);
  await store.commit([
    put(["b", "x", 2], { now: "another" }),
    { table: "messages", lower: ["a"], upper: ["a", "x", LAST] },
    { table: "names", key: "n", value: "name" },
  ]);
  same("a value that was put in another's place", await store.get("messages", ["b", "x", 2]), { now: "another" });
  same("a range that was deleted", await keys(["a"], ["c"]), [
    ["a", "y", 0],
    ["b", "x", 2],
  ]);
  await store.commit([{ table: "messages", key: ["a", "y", 0] }]);
  same("a deletion", await keys(["a"], ["c"]), [["b", "x", 2]]);
  const before = await keys(["a"], ["c"]);
  try {
    await store.commit([put(["a", "z", 1], 1), put(["a", "z", 2], () => "functions cannot be kept")]);
    wrong.push("a value that cannot be kept was kept");
  } catch {
    same("all or nothing", await keys(["a"], ["c"]), before);
  }
  const value = { list: [1, 2] };
  await store.commit([put(["copy"], value)]);
  value.list.push(3);
  same("what is kept is a copy", await store.get("messages", ["copy"]), { list: [1, 2] });
  (await store.get("messages", ["copy"])).list.push(4);
  same("what is given is a copy", await store.get("messages", ["copy"]), { list: [1, 2] });
  await store.close();
  const closed = await store.get("messages", ["copy"]).catch((error) => error.code);
  same("a closed store", closed, "closed");
  return wrong;
}
