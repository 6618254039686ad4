/** One device: its store, its identity, its communities, and the names that its person gives to others. */

import { decode, utf8 } from "./bytes.js";
import { Community } from "./community.js";
import { DispatchError } from "./dispatch-error.js";
import { Emitter } from "./events.js";
import { makeIdentity, namesText, renewedBackup, restoreIdentity } from "./identity.js";
import { Invitation } from "./invitation.js";
import { PublicKey } from "./public-key.js";
import { LAST } from "./store/keys.js";

/** @typedef {import("./store/keys.js").Store} Store */
/** @typedef {import("./identity.js").IdentityRecord} IdentityRecord */
/** @typedef {{ account: string, publicKey: Uint8Array, pem: string, createdAt: number }} Identity */

/**
 * @typedef {object} ClientOptions
 * @property {Store} store
 * @property {import("./socket.js").WebSocketConstructor} [WebSocket]
 * @property {typeof globalThis.fetch} [fetch]
 * @property {() => number} [now]
 * @property {Partial<import("./pulse.js").Patience>} [patience] how long a server may take
 * @property {() => import("./readers.js").WorkerLike} [worker] makes a worker that runs `dispatch-d-client/worker`
 */

/** @extends {Emitter<{ identity: Identity, communities: Community[], names: null, backup: { text: string, made_at: number } }>} */
export class Client extends Emitter {
  /** @type {IdentityRecord | null} */
  #record = null;
  /** @type {Map<string, Community>} */
  #communities = new Map();
  /** @type {Map<string, string>} */
  #names = new Map();
  #host;
  #unwatch = () => {};

  /** @param {ClientOptions} options */
  constructor({ store, WebSocket, fetch = globalThis.fetch.bind(globalThis), now = Date.now, patience = {}, worker }) {
    super();
    this.store = store;
    this.now = now;
    this.#host = { store, WebSocket, fetch, now, patience, worker: worker ?? null, identity: () => this.#record };
  }

  /**
   * @param {ClientOptions} options
   * @returns {Promise<Client>}
   */
  static async open(options) {
    const client = new Client(options);
    await client.#read();
    client.#watchNetwork();
    return client;
  }

  async #read() {
    this.#record = (await this.store.get("identity", "identity")) ?? null;
    for (const { key, value } of await this.store.range("names", "", LAST)) this.#names.set(key, value);
    const rows = await this.store.range("communities", "", LAST);
    for (const { value } of rows.sort((one, other) => one.value.order - other.value.order))
      await this.#add(Invitation.of(value.origin, value.community));
  }

  /** @param {Invitation} invitation */
  async #add(invitation) {
    const community = new Community(this.#host, invitation);
    await community.open();
    this.#communities.set(invitation.community, community);
    return community;
  }

  /** A browser says when the network goes and comes, and when the page is shown again. */
  #watchNetwork() {
    if (typeof addEventListener !== "function") return; // a page and a worker have it, Node has not
    const online = () => this.communities.forEach((community) => community.networkIsBack());
    const offline = () => this.communities.forEach((community) => community.drop());
    const shown = () => document.visibilityState === "visible" && online(); // phones close the sockets of what is not shown
    const page = typeof document === "undefined" ? null : document;
    addEventListener("online", online);
    addEventListener("offline", offline);
    page?.addEventListener("visibilitychange", shown);
    this.#unwatch = () => {
      removeEventListener("online", online);
      removeEventListener("offline", offline);
      page?.removeEventListener("visibilitychange", shown);
    };
  }

  /** @returns {Identity | null} */
  get identity() {
    if (!this.#record) return null;
    const { account, publicKey, createdAt } = this.#record;
    return { account, publicKey: decode(publicKey), pem: PublicKey.read(publicKey).pem, createdAt };
  }

  /** @param {IdentityRecord} record */
  async #keep(record) {
    await this.store.commit([{ table: "identity", key: "identity", value: record }]);
    this.#record = record;
  }

  /**
   * @param {{ passphrase?: string, bits?: number }} [options]
   * @returns {Promise<Identity>}
   */
  createIdentity(options = {}) {
    return this.#alone(async () => {
      if (this.#record) throw identityExists();
      await this.#keep(await makeIdentity(options, this.now()));
      return this.#made();
    });
  }

  /**
   * What changes the identity takes its time, and happens one after the other: a key that another has taken the place of would be lost.
   *
   * @template T
   * @param {() => Promise<T>} work
   * @returns {Promise<T>}
   */
  #alone(work) {
    const done = this.#changing.then(work);
    this.#changing = done.catch(() => {});
    return done;
  }

  /** @type {Promise<unknown>} */
  #changing = Promise.resolve();

  #made() {
    const identity = /** @type {Identity} */ (this.identity);
    this.emit("identity", identity);
    if (this.backup) this.emit("backup", this.backup);
    return identity;
  }

  /**
   * @param {string} text of a backup's file
   * @param {string} passphrase
   * @returns {Promise<Identity>}
   */
  restoreBackup(text, passphrase) {
    return this.#alone(() => this.#restore(text, passphrase));
  }

  /**
   * @param {string} text
   * @param {string} passphrase
   */
  async #restore(text, passphrase) {
    const { record, contents } = await restoreIdentity(text, passphrase, this.now());
    if (this.#record && this.#record.account !== record.account) throw identityExists();
    const merged = mergedWith(this.#record, record);
    const names = (contents.names ?? []).filter(({ account }) => !this.#names.has(account));
    for (const { name } of names) checkName(name);
    const invitations = new Map(contents.communities.map(({ invitation }) => [Invitation.parse(invitation).community, Invitation.parse(invitation)]));
    const added = [...invitations.values()].filter(({ community }) => !this.#communities.has(community));
    /** @type {import("./store/keys.js").StoreChange[]} */
    const changes = [{ table: "identity", key: "identity", value: merged }];
    for (const { account, name } of names) changes.push({ table: "names", key: account, value: name });
    for (const { invitation, checkpoint } of contents.communities) {
      const { community } = Invitation.parse(invitation);
      // [BACKUP-7] It takes no other's place before the server key has verified it.
      const claimed = (await this.store.get("facts", [community, "claimed"])) ?? [];
      if (!checkpoint) continue;
      changes.push({ table: "facts", key: [community, "claimed"], value: [...claimed, checkpoint] });
    }
    for (const [at, { origin, community }] of added.entries())
      changes.push({ table: "communities", key: community, value: { community, origin, order: this.now() + at } });
    await this.store.commit(changes); // all of it, or nothing: half an identity would be backed up as if it were whole
    this.#record = merged;
    for (const { account, name } of names) this.#names.set(account, name);
    for (const { ledger } of this.communities) await ledger.witness.readClaimed();
    for (const invitation of added) await this.#add(invitation);
    if (names.length) this.emit("names", null);
    if (added.length) this.emit("communities", this.communities);
    return this.#made();
  }

  /** @returns {{ text: string, made_at: number } | null} */
  get backup() {
    const kept = this.#record?.backup;
    return kept ? { text: kept.text, made_at: kept.made_at } : null;
  }

  get backupIsCurrent() {
    const kept = this.#record?.backup;
    const { communities, names } = this.#today();
    return (
      Boolean(kept) &&
      kept?.names === namesText(names) &&
      communities.every(({ invitation }) => kept.communities.includes(invitation)) &&
      kept.communities.length === communities.length
    );
  }

  #today() {
    const names = [...this.#names].map(([account, name]) => ({ account, name }));
    const communities = this.communities.map(({ invitation, ledger }) => {
      const checkpoint = ledger.checkpoint ?? ledger.witness.claimed.at(-1);
      return { invitation: invitation.text, ...(checkpoint ? { checkpoint } : {}) };
    });
    return { communities, names };
  }

  /**
   * @param {string} passphrase
   * @param {string} [newPassphrase]
   * @returns {Promise<{ text: string, made_at: number }>}
   */
  renewBackup(passphrase, newPassphrase = passphrase) {
    return this.#alone(() => this.#renew(passphrase, newPassphrase));
  }

  /**
   * @param {string} passphrase
   * @param {string} newPassphrase
   */
  async #renew(passphrase, newPassphrase) {
    const record = this.#record;
    if (!record) throw new DispatchError("no_identity", "There is no identity on this device yet.");
    if (!record.backup)
      throw new DispatchError(
        "no_backup",
        "This identity was made without a passphrase. Its keys cannot leave this device, so there can be no backup.",
      );
    const backup = await renewedBackup(record.backup, { passphrase, newPassphrase }, this.#today(), this.now());
    await this.#keep({ ...record, backup });
    this.emit("backup", backup);
    return { text: backup.text, made_at: backup.made_at };
  }

  get communities() {
    return [...this.#communities.values()];
  }

  /**
   * @param {Invitation} invitation
   * @returns {Promise<Community>}
   */
  async join(invitation) {
    const there = this.#communities.get(invitation.community);
    if (there && there.origin === invitation.origin) return there;
    if (there) {
      // The community has moved: its chain and what is unsent stay.
      await there.disconnect();
    }
    const order = there ? [...this.#communities.keys()].indexOf(invitation.community) : this.now();
    const { origin, community } = invitation;
    // Whoever gives another address has decided that it is dialled, whatever was found at the one before.
    const decided = there ? [{ table: "facts", key: [community, "stopped"] }] : [];
    await this.store.commit([{ table: "communities", key: community, value: { community, origin, order } }, ...decided]);
    const added = await this.#add(invitation);
    this.emit("communities", this.communities);
    return added;
  }

  /** @param {string} id */
  async leave(id) {
    const community = this.#communities.get(id);
    if (!community) return;
    await community.disconnect();
    const tables = ["facts", "pages", "blocks", "entries", "wraps", "messages", "outbox", "findings", "marks"];
    await this.store.commit([{ table: "communities", key: id }, ...tables.map((table) => ({ table, lower: [id], upper: [id, LAST, LAST, LAST] }))]);
    this.#communities.delete(id);
    this.emit("communities", this.communities);
  }

  /** @param {string} account */
  nameOf(account) {
    return this.#names.get(account) ?? null;
  }

  /**
   * @param {string} account
   * @param {string | null} name
   */
  async rename(account, name) {
    if (name !== null) checkName(name);
    await this.store.commit([{ table: "names", key: account, ...(name === null ? {} : { value: name }) }]);
    if (name === null) this.#names.delete(account);
    else this.#names.set(account, name);
    this.emit("names", null);
  }

  async close() {
    this.#unwatch();
    await Promise.all(this.communities.map((community) => community.disconnect()));
    await this.store.close();
  }
}

/**
 * A backup of the same account, restored over it: no card key is lost, and neither is the backup that has the newer ones.
 *
 * @param {IdentityRecord | null} there
 * @param {IdentityRecord} restored
 * @returns {IdentityRecord}
 */
function mergedWith(there, restored) {
  if (!there) return restored;
  const has = (/** @type {IdentityRecord} */ { cards }, /** @type {string} */ x25519) => cards.some((card) => card.x25519 === x25519);
  const isOlder = there.backup !== null && there.cards.some(({ x25519 }) => !has(restored, x25519));
  const cards = [...there.cards, ...restored.cards.filter(({ x25519 }) => !has(there, x25519))];
  return { ...restored, cards, backup: isOlder ? there.backup : restored.backup, createdAt: there.createdAt };
}

/** @param {string} name */
function checkName(name) {
  if (!name.isWellFormed() || !name.length || utf8(name).length > 255) throw new DispatchError("bad_name", "A name has 1 to 255 bytes.");
}

function identityExists() {
  return new DispatchError("identity_exists", "There is another identity on this device already.");
}
