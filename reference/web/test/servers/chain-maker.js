/** Makes chains with the test accounts' keys: what an honest community would have said, or anything else. */

import { readFileSync } from "node:fs";
import {
  checkpointTuple,
  commitmentOf,
  encode,
  entryTuple,
  H,
  newSalt,
  readBlock,
  seal,
  sealWrap,
  sign,
  Tree,
  writePlaintext,
} from "../../src/core.js";
import { readAccounts, VECTORS } from "../vectors/files.js";

const ZERO = "A".repeat(43);
const accounts = Object.fromEntries(readAccounts().map((account) => [account.name, account]));
const keys = new Map();

/** @param {string} name of a test account */
export function signingKeyOf(name) {
  if (!keys.has(name)) {
    const pem = readFileSync(new URL(`keys/${name}.test-key.pem`, VECTORS), "utf8");
    const der = Buffer.from(pem.replace(/-----.*-----|\s/g, ""), "base64");
    keys.set(name, crypto.subtle.importKey("pkcs8", der, { name: "RSA-PSS", hash: "SHA-256" }, false, ["sign"]));
  }
  return keys.get(name);
}

export class ChainMaker {
  blocks = [];
  tree = new Tree();
  community = ZERO;
  #seqs = {};
  #time;

  /** @param {number} [time] of the first block; another time is another community */
  constructor(time = Date.now() - 60_000) {
    this.#time = time;
  }

  /** Founds a community of these members, who all have cards. */
  static async found(names, time) {
    const maker = new ChainMaker(time);
    const { authority, server } = accounts;
    await maker.add("authority", "genesis", { name: "Made", authority: authority.public_key, server_key: server.public_key, created_at: 1 });
    await maker.add("authority", "roster", { add: names.map((name) => accounts[name].public_key), remove: [] });
    for (const name of names) await maker.add(name, "card", { x25519: accounts[name].x25519_public });
    return maker;
  }

  /** The same so far, to go on in another way. */
  copy() {
    const other = new ChainMaker(this.#time);
    other.community = this.community;
    other.#seqs = { ...this.#seqs };
    for (const block of this.blocks) other.append(structuredClone(block));
    return other;
  }

  get head() {
    return this.tree.head(this.tree.size);
  }

  append(block) {
    const { hash, id } = readBlock(block);
    if (!this.blocks.length) this.community = encode(hash);
    this.blocks.push(block);
    this.tree.append(hash);
    this.#time = Math.max(this.#time, block.time);
    this.#seqs[block.entry.author] = block.entry.seq;
    return id;
  }

  /** @param {number} [seen] the size of the prefix that the author has seen */
  async add(name, kind, body, seen = this.tree.size) {
    const author = accounts[name].id;
    const size = this.tree.size;
    const statement = {
      community: size ? this.community : ZERO,
      kind,
      author,
      seq: (this.#seqs[author] ?? 0) + 1,
      seen: { size: seen, hash: seen ? this.tree.head(seen) : ZERO },
      sent_at: this.#time,
      body,
    };
    const entry = { ...statement, signature: encode(await sign(await signingKeyOf(name), entryTuple(statement))) };
    return this.append({ index: size, prev: this.head, time: this.#time + 1, entry });
  }

  async epoch(name, recipients, seen = this.tree.size) {
    const secret = crypto.getRandomValues(new Uint8Array(32));
    const commitment = commitmentOf(secret);
    const place = { community: this.community, author: accounts[name].id, commitment };
    const wraps = await Promise.all(
      recipients.map(async (each) => ({
        member: accounts[each].id,
        wrap: await sealWrap(secret, { ...place, recipient: accounts[each].id, x25519: accounts[each].x25519_public }),
      })),
    );
    return { id: await this.add(name, "epoch", { commitment, wraps }, seen), secret };
  }

  async message(name, { id: epoch, secret }, text) {
    const salt = newSalt();
    const author = accounts[name].id;
    const ciphertext = await seal(writePlaintext({ text }), secret, salt, {
      community: this.community,
      epoch,
      author,
      seq: (this.#seqs[author] ?? 0) + 1,
    });
    await this.add(name, "message", { epoch, salt: encode(salt), ciphertext_hash: encode(H(ciphertext)), ciphertext: encode(ciphertext) });
  }

  async checkpoint(size = this.tree.size, signer = "server") {
    const checkpoint = { community: this.community, size, head: this.tree.head(size), root: encode(this.tree.root(size)), time: Date.now() };
    return { ...checkpoint, signature: encode(await sign(await signingKeyOf(signer), checkpointTuple(checkpoint))) };
  }
}
