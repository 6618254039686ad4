/** What blocks that were taken mean to those who listen. */

import { PublicKey } from "./public-key.js";

/** @typedef {import("./community.js").Community} Community */
/** @typedef {import("./conversation.js").Conversation} Conversation */
/** @typedef {import("./ledger.js").Taken} Taken */

export class Arrivals {
  /** Whether so much comes that messages are not told one by one. */
  isQuiet = false;

  /** @param {Community} community */
  constructor(community) {
    this.community = community;
  }

  /** @param {Taken[]} taken */
  async tell(taken) {
    const { community } = this;
    /** @type {Set<Conversation>} */
    const touched = new Set();
    for (const each of taken) await this.#one(each, touched);
    community.emit("blocks", { from: taken[0].block.index, size: community.size });
    for (const conversation of touched) community.emit("conversation", conversation);
  }

  /**
   * @param {Taken} taken
   * @param {Set<Conversation>} touched
   */
  async #one(taken, touched) {
    const { block, id } = taken;
    const { community } = this;
    // Where the store cannot be written the outbox knows that it is on the chain, and takes it away later.
    if (block.entry.author === community.account) await community.outbox.arrived(id).catch(() => {});
    switch (block.entry.kind) {
      case "genesis":
      case "roster":
        return this.#roster(block, touched);
      case "card":
        return community.emit("card", { account: block.entry.author });
      case "share":
        return this.#shared(block.entry);
      case "epoch":
        return community.secrets.again(id);
      case "redaction":
        return this.#redacted(block.entry.body.index);
      case "message":
        return this.#message(taken, touched);
    }
  }

  /**
   * @param {import("./form.js").Block} block
   * @param {Set<Conversation>} touched
   */
  #roster({ index, entry }, touched) {
    const add = entry.kind === "genesis" ? [entry.body.authority] : entry.body.add;
    const removed = entry.kind === "genesis" ? [] : entry.body.remove;
    const added = add.map((/** @type {string} */ der) => PublicKey.read(der).account);
    this.community.emit("roster", { index, added, removed, by: entry.author });
    for (const each of this.community.allConversations)
      if (!each.isPrivate || each.members.some((account) => removed.includes(account))) touched.add(each);
  }

  /** @param {import("./form.js").Entry} entry */
  #shared({ body }) {
    const { community } = this;
    if (!body.wraps.some((/** @type {import("./form.js").Wrap} */ { member }) => member === community.account)) return;
    community.secrets.again(body.epoch);
    const key = community.ledger.chain.epochs.get(body.epoch)?.conversation;
    const conversation = key ? community.conversation(key) : null;
    if (conversation) community.emit("changed", { conversation, number: null });
  }

  /** @param {number} index */
  async #redacted(index) {
    const row = await this.community.block(index).catch(() => null);
    if (!row) return; // it is fetched again, and told then
    const conversation = this.community.conversation(row.conversation ?? "");
    if (conversation) this.community.emit("changed", { conversation, number: row.number ?? null });
  }

  /**
   * @param {Taken} taken
   * @param {Set<Conversation>} touched
   */
  async #message({ block, id, conversation: key, number }, touched) {
    const { community } = this;
    const thread = community.ledger.timeline.threads.get(/** @type {string} */ (key));
    const conversation = community.conversationOf(/** @type {string} */ (key), thread?.members ?? null);
    touched.add(conversation);
    if (this.isQuiet) return;
    community.emit("message", { conversation, message: await conversation.toMessage({ block, id, number: /** @type {number} */ (number) }) });
  }
}
