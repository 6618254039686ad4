/** The verified state as it is kept, so that a start does not verify everything again. What follows a snapshot is verified anew. */

import { concat, encode, equal, utf8 } from "./bytes.js";
import { agrees } from "./chain-view.js";
import { Chain } from "./chain.js";
import { DispatchError } from "./dispatch-error.js";
import { Epoch } from "./epoch.js";
import { PAGE } from "./merkle.js";
import { PublicKey } from "./public-key.js";
import { Timeline } from "./timeline.js";
import { H } from "./tuple.js";

/** @typedef {import("./store/keys.js").StoreChange} StoreChange */
/** @typedef {{ hashes: Uint8Array, authors: Int32Array, root: Uint8Array | null, sum: Uint8Array }} Page */

const VERSION = 1;
const damaged = (/** @type {string} */ what) =>
  new DispatchError("store_damaged", `What is kept of the community was damaged (${what}). It is fetched and verified again.`);

/**
 * @param {string} community
 * @param {Chain} chain
 * @param {Timeline} timeline
 * @param {number} before the size of the snapshot before this one
 * @returns {StoreChange[]}
 */
export function saveSnapshot(community, chain, timeline, before) {
  const text = JSON.stringify({
    version: VERSION,
    community,
    size: chain.size,
    head: chain.head,
    time: chain.time,
    genesis: chain.genesis,
    roster: chain.roster.map(({ key, isMember, seq, seen, cards, history }) => ({ key: encode(key.der), isMember, seq, seen, cards, history })),
    epochs: [...chain.epochs.values()].map((epoch) => ({ ...epoch, recipients: undefined, wraps: [...epoch.wraps] })),
    redactions: [...chain.redactions],
    gaps: [...chain.gaps],
    threads: [...timeline.threads.values()],
  });
  /** @type {StoreChange[]} */
  const changes = [{ table: "facts", key: [community, "snapshot"], value: { text, sum: H(utf8(text)) } }];
  for (let page = Math.floor(before / PAGE); page * PAGE < chain.size; page++) {
    const { hashes, root } = chain.tree.page(page, chain.size);
    const authors = Int32Array.from({ length: hashes.length / 32 }, (_, at) => chain.messages.get(page * PAGE + at) ?? -1);
    changes.push({ table: "pages", key: [community, page], value: { hashes, authors, root, sum: sumOf(hashes, authors, root) } });
  }
  return changes;
}

/**
 * @param {Uint8Array} hashes
 * @param {Int32Array} authors
 * @param {Uint8Array | null} root
 */
function sumOf(hashes, authors, root) {
  return H(concat(hashes, new Uint8Array(authors.buffer, authors.byteOffset, authors.byteLength), root ?? new Uint8Array()));
}

/**
 * @param {string} community
 * @param {{ text: string, sum: Uint8Array }} snapshot
 * @param {Page[]} pages
 * @param {string | null} account ours
 * @param {import("./form.js").Checkpoint | null} kept the highest checkpoint, which the state has to agree with
 * @returns {{ chain: Chain, timeline: Timeline }} throws `store_damaged`
 */
export function loadSnapshot(community, account, snapshot, pages, kept) {
  if (!equal(H(utf8(snapshot.text)), snapshot.sum)) throw damaged("the snapshot's sum");
  const state = JSON.parse(snapshot.text);
  if (state.version !== VERSION || state.community !== community) throw damaged("the snapshot is another's");
  const chain = new Chain(community);
  restoreAccounts(chain, state);
  for (const each of state.epochs) chain.epochs.set(each.id, restoreEpoch(each));
  chain.redactions = new Map(state.redactions);
  chain.gaps = new Set(state.gaps);
  for (const [at, { hashes, authors, root, sum }] of pages.entries()) {
    const whole = Math.min(PAGE, state.size - at * PAGE);
    if (hashes.length !== whole * 32 || !equal(sumOf(hashes, authors, root), sum)) throw damaged(`page ${at}`);
    for (const [place, author] of authors.entries()) if (author >= 0) chain.messages.set(at * PAGE + place, author);
    chain.tree.restorePage(hashes, root);
  }
  if (chain.size !== state.size || chain.head !== state.head) throw damaged("pages are missing");
  if (kept && kept.size <= chain.size && !agrees(chain, kept)) throw damaged("it contradicts the checkpoint");
  const timeline = new Timeline(account);
  timeline.threads = new Map(state.threads.map((/** @type {any} */ thread) => [thread.key, thread]));
  return { chain, timeline };
}

/**
 * @param {Chain} chain
 * @param {any} state
 */
function restoreAccounts(chain, state) {
  for (const { key: der, ...rest } of state.roster) {
    const key = PublicKey.read(der);
    const account = { account: key.account, ordinal: chain.roster.length, key, ...rest };
    chain.accounts.set(key.account, account);
    chain.roster.push(account);
  }
  chain.community = state.community;
  chain.time = state.time;
  chain.genesis = state.genesis;
  chain.authority = chain.roster[0].account;
  chain.serverKey = PublicKey.read(state.genesis.server_key);
}

/** @param {any} each */
function restoreEpoch({ id, index, time, author, commitment, wraps, ...rest }) {
  const epoch = new Epoch(id, index, time, author, commitment);
  for (const wrap of wraps) {
    const [by, recipient, card] = wrap.split(" ").map(Number);
    epoch.wrapped(by, recipient, card);
  }
  const { stale, messages, conversation, missing } = rest;
  return Object.assign(epoch, { stale, messages, conversation, missing });
}
