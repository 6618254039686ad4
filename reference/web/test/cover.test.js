import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { Cover } from "../src/cover.js";
import { backoff, outcome } from "../src/states.js";
import { DispatchError, Said } from "../src/dispatch-error.js";

test("a block that is not covered 30 seconds beyond the interval is warned of, however many come after it", () => {
  mock.timers.enable({ apis: ["setTimeout"] });
  try {
    let warned = 0;
    const cover = new Cover(() => warned++);
    cover.look(5, 5, 1000);
    mock.timers.tick(60_000);
    assert.equal(warned, 0, "all is covered");
    cover.look(6, 5, 1000);
    mock.timers.tick(30_999);
    cover.look(7, 5, 1000);
    assert.equal(warned, 0);
    mock.timers.tick(1);
    assert.equal(warned, 1);
    // The next ones are watched anew; a checkpoint ends it.
    cover.look(8, 5, 1000);
    mock.timers.tick(20_000);
    cover.look(9, 8, 1000);
    mock.timers.tick(20_000);
    assert.equal(warned, 1, "block 8 is covered, block 9 has time");
    cover.look(9, 9, 1000);
    mock.timers.tick(60_000);
    assert.equal(warned, 1);
    cover.look(10, 9, 1000);
    cover.stop();
    mock.timers.tick(60_000);
    assert.equal(warned, 1, "without a connection nothing is due");
  } finally {
    mock.timers.reset();
  }
});

test("waits double, to a minute at most, never without jitter, and never below what the server asks for", () => {
  const least = [1, 2, 3, 4, 8, 50].map((failures) => backoff(failures, 0, () => 0));
  const most = [1, 2, 3, 4, 8, 50].map((failures) => backoff(failures, 0, () => 1));
  assert.deepEqual(least, [250, 500, 1000, 2000, 30_000, 30_000]);
  assert.deepEqual(most, [500, 1000, 2000, 4000, 60_000, 60_000]);
  assert.ok(backoff(1, 5000, () => 0) >= 5000);
});

test("what is found to be wrong stops, under whichever code; what a server says accuses nobody", () => {
  const found = (code) => outcome(new DispatchError(code));
  const said = (code) => outcome(new Said({ code, detail: "" }));
  for (const code of [
    "fork",
    "rollback",
    "wrong_genesis",
    "bad_signature",
    "bad_prev",
    "unredacted_gap",
    "bad_checkpoint",
    "not_allowed",
    "bad_key",
    "unknown_kind",
  ])
    assert.equal(found(code), "finding", code);
  for (const code of ["unreachable", "malformed"]) assert.equal(found(code), "wait", code);
  assert.equal(found("behind"), "at once");
  for (const code of ["store_full", "no_identity"]) assert.equal(found(code), "refused", code);
  assert.equal(said("unknown_have"), "finding");
  for (const code of [
    "fork",
    "bad_signature",
    "slow_reader",
    "shutting_down",
    "rate_limited",
    "unavailable",
    "challenge_expired",
    "a code of a later time",
  ])
    assert.equal(said(code), "wait", code);
  for (const code of ["not_allowed", "removed"]) assert.equal(said(code), "ask again", code);
  for (const code of ["wrong_origin", "bad_key", "unknown_version"]) assert.equal(said(code), "refused", code);
  assert.equal(said("session_expired"), "at once");
});
