// Runs in a page: fills this origin's store with a long history, as a sync would have left it. Blocks are linked, hashed, encrypted
// and judged like any others; their signatures alone are zeros that are taken for good, since a hundred thousand real ones take
// minutes to make. What is tested with it is how a long history is shown, and not whether it is verified.
import { Client, IndexedDbStore, Invitation } from '../../src/index.js';
import { H, commitmentOf, decode, encode, entryId, blockTuple, newSalt, seal, sealWrap, writePlaintext } from '../../src/core.js';

const ZERO = encode(new Uint8Array(32));
const ONE_MINUTE = 60_000;

/** Writes the history of a community of these accounts in which two of them said `count` messages; gives the invitation. */
globalThis.fill = async ({ backup, passphrase, accounts, count, begin }) => {
  SubtleCrypto.prototype.verify = async () => true;
  const [authority, server, ann, bob] = ['authority', 'server', 'm01', 'm02'].map((name) => accounts.find((one) => one.name === name));
  const writer = new Writer(begin);
  writer.add(authority, 'genesis', { name: 'A long walk', authority: authority.public_key, server_key: server.public_key, created_at: begin });
  writer.community = writer.head;
  writer.add(authority, 'roster', { add: [ann.public_key, bob.public_key], remove: [] });
  for (const one of [ann, bob]) writer.add(one, 'card', { x25519: one.x25519_public });
  const secret = crypto.getRandomValues(new Uint8Array(32));
  const commitment = commitmentOf(secret);
  const wraps = await Promise.all([ann, bob].map(async ({ id, x25519_public: x25519 }) => ({
    member: id, wrap: await sealWrap(secret, { community: writer.community, author: bob.id, recipient: id, x25519, commitment }),
  })));
  const epoch = writer.add(bob, 'epoch', { commitment, wraps });

  const store = await IndexedDbStore.open('dispatch-d');
  const client = await Client.open({ store });
  await client.restoreBackup(backup, passphrase);
  localStorage.setItem('dispatch-d backup kept', String(client.backup.made_at));
  const invitation = Invitation.of(location.origin, writer.community);
  const community = await client.join(invitation);
  const { ledger } = community;
  const flush = () => ledger.take(writer.blocks.splice(0), async () => {});
  await flush();
  const AT_ONCE = 2048;
  for (let from = 0; from < count; from += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - from) }, (_, at) => from + at);
    const bodies = await Promise.all(numbers.map((number) => message(writer, epoch, secret, number % 3 === 0 ? ann : bob, number)));
    for (const { author, body } of bodies) writer.add(author, 'message', body);
    await flush();
  }
  await ledger.rest();
  await ledger.markRead('everyone', count);
  await client.close();
  return invitation.text;
};

/** What message `number` says: mostly little, now and then a lot. */
globalThis.wordsOf = (number) => {
  const much = number % 7 === 0 ? ' and it goes on and on, over several lines, as people do when they have something on their mind that wants telling'.repeat(2) : '';
  return `Message ${number}${much}`;
};

async function message(writer, epoch, secret, author, number) {
  const salt = newSalt();
  const seq = writer.nextSeq(author);
  const place = { community: writer.community, epoch, author: author.id, seq };
  const bytes = await seal(writePlaintext({ text: globalThis.wordsOf(number) }), secret, salt, place);
  return { author, body: { epoch, salt: encode(salt), ciphertext_hash: encode(H(bytes)), ciphertext: encode(bytes) } };
}

/** Appends entries to a chain as a server would. */
class Writer {
  blocks = [];
  community = ZERO;
  head = ZERO;
  #size = 0;
  #time;
  #seqs = new Map();
  #planned = new Map();

  constructor(begin) {
    this.#time = begin;
  }

  /** The number that an author's entry will have once all that is planned before it was added. */
  nextSeq(author) {
    const seq = Math.max(this.#planned.get(author.id) ?? 0, this.#seqs.get(author.id) ?? 0) + 1;
    this.#planned.set(author.id, seq);
    return seq;
  }

  /** Gives the entry's id. */
  add(author, kind, body) {
    const seq = (this.#seqs.get(author.id) ?? 0) + 1;
    this.#seqs.set(author.id, seq);
    const entry = {
      community: kind === 'genesis' ? ZERO : this.community, kind, author: author.id, seq,
      seen: { size: this.#size, hash: this.head }, sent_at: this.#time, body, signature: encode(new Uint8Array(author.bits / 8).fill(1, 1)),
    };
    const block = { index: this.#size, prev: this.head, time: this.#time, entry };
    const id = entryId(entry);
    this.head = encode(H(blockTuple(block, decode(id))));
    this.blocks.push(block);
    this.#size += 1;
    this.#time += ONE_MINUTE;
    return id;
  }
}
