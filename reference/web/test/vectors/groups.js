/** One function for each group of the static vectors: it returns, or throws a refusal, or throws because an answer differs. */

import {
  backupAad,
  backupKey,
  Invitation,
  openBackup,
  readBackupFile,
  readContents,
  sealBackup,
  bodyTuple,
  blockTuple,
  cardKey,
  Chain,
  checkAgainst,
  checkCard,
  checkCheckpoint,
  checkConsistency,
  checkGaps,
  checkHead,
  checkInclusion,
  checkpointTuple,
  checkReceipt,
  checkSize,
  checkWritable,
  checkWelcome,
  commitmentOf,
  decode,
  DispatchError,
  encode,
  entryId,
  entryTuple,
  form,
  H,
  joinTuple,
  messageAad,
  messageKey,
  messageKeyInfo,
  open,
  openFirst,
  openWrap,
  pad,
  PublicKey,
  readBlock,
  readClientFrame,
  readDiscovery,
  readJson,
  readPlaintext,
  readServerFrame,
  seal,
  sealWrap,
  SERVER_FRAME,
  tuple,
  Tree,
  unpad,
  verifyEvidence,
  welcomeTuple,
  wrapInfo,
} from "../../src/core.js";

const utf8 = (text) => new TextEncoder().encode(text);

export function same(test, name, answer) {
  const given = answer instanceof Uint8Array ? encode(answer) : answer;
  if (test[name] !== given) throw new Error(`\`${name}\` is ${JSON.stringify(test[name])}, the library has ${JSON.stringify(given)}`);
}

export const wire = {
  "tuples/tuples"(test) {
    const read = { bytes: decode, text: (text) => text, uint: (number) => number, list: (items) => items.map((each) => decode(each)) };
    const encoded = tuple(test.label, ...test.fields.map((field) => Object.entries(field).map(([kind, value]) => read[kind](value))[0]));
    same(test, "encoded", encoded);
    same(test, "hash", H(encoded));
  },
  "base64/bytes"(test) {
    const bytes = decode(test.text, test.length);
    same(test, "bytes", Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""));
    if (encode(bytes) !== test.text) throw new Error("encoding gives another text");
  },
  "json/client-frames": (test) => void readClientFrame(decode(test.frame)),
  "json/server-frames": (test) => same(test, "ignored", readServerFrame(decode(test.frame)) === null),
  "parsers/json-texts": (test) => void readClientFrame(decode(test.frame)),
  "unicode/texts"(test) {
    same(test, "text_utf8", utf8(test.entry.body.reason ?? test.entry.body.name));
    same(test, "entry_id", entryId(test.entry));
  },
  "unicode/written-otherwise": (test) => same(test, "entry_id", entryId(readJson(decode(test.json), SERVER_FRAME))),
};

async function signedBy(key, message, signature, code) {
  if (!(await PublicKey.read(key).verifies(message, signature))) throw new DispatchError(code);
}

const signedEntry = async (test) => {
  if (test.entry.author !== encode(H(decode(test.author_key)))) throw new DispatchError("bad_signature", "not the author's key");
  await signedBy(test.author_key, entryTuple(test.entry), decode(test.entry.signature), "bad_signature");
};

export const statements = {
  "keys/public-keys"(test) {
    const key = PublicKey.read(test.der);
    same(test, "account", key.account);
    same(test, "bits", key.bits);
  },
  "signatures/signatures": (test) => signedBy(test.public_key, decode(test.message), decode(test.signature), "bad_signature"),
  async "entries/entries"(test) {
    const { kind, body } = test.entry;
    same(test, "body_tuple", bodyTuple(kind, body));
    same(test, "body_digest", H(bodyTuple(kind, body)));
    same(test, "entry_tuple", entryTuple(test.entry));
    same(test, "entry_id", entryId(test.entry));
    await signedEntry(test);
  },
  "entries/changed-entries": signedEntry,
  "entries/submitted-entries": (test) => void form.entry(test.entry, true),
  "blocks/block-hashes"(test) {
    const read = readBlock(test.block);
    same(test, "entry_id", read.id);
    same(test, "block_tuple", blockTuple(test.block, decode(read.id)));
    same(test, "block_hash", read.hash);
  },
  async "checkpoints/checkpoints"(test, group) {
    await checkCheckpoint(test.checkpoint, PublicKey.read(group.server_key), group.community);
    same(test, "checkpoint_tuple", checkpointTuple(test.checkpoint));
  },
  async "joins/proofs"(test) {
    const signed = joinTuple({ ...test, account: PublicKey.read(test.public_key).account }, test.expires_at);
    await signedBy(test.public_key, signed, decode(test.signature), "bad_proof");
    same(test, "join_tuple", signed);
  },
  async "joins/welcomes"(test) {
    await checkWelcome(test, test.welcome, test.token, PublicKey.read(test.server_key));
    same(test, "welcome_tuple", welcomeTuple(test, test.welcome, test.token));
  },
  async "evidence/evidence"(test) {
    same(test, "community", (await verifyEvidence(JSON.stringify(test.evidence))).community);
  },
};

async function wholeChain(test, group) {
  const chain = new Chain(test.pinned);
  const held = [];
  const kept = test.kept ?? null;
  let at = null;
  try {
    for (const frame of test.frames) {
      at = "from";
      if (frame.from !== chain.size) throw new DispatchError("bad_index", "`from`");
      for (const name of frame.blocks) {
        at = name;
        await chain.take([form.block(group.blocks[name], false)], (read) => held.push({ hash: encode(read.hash), id: read.id }));
      }
    }
    if (test.welcome) {
      at = "welcome";
      checkSize(test.welcome.size, test.have ?? 0, kept);
      checkHead(chain, test.welcome);
    }
    if (test.checkpoint) {
      at = "checkpoint";
      await checkAgainst(chain, test.checkpoint, kept);
    }
    if (test.accepted) {
      at = "accepted";
      checkReceipt(test.accepted, test.accepted.entry_id, held[test.accepted.index]);
    }
    at = "end";
    checkGaps(chain);
  } catch (error) {
    if (error instanceof DispatchError) same(test, "at", at);
    throw error;
  }
  same(test, "size", chain.size);
  same(test, "head", chain.head);
  same(test, "root", chain.tree.root());
}

/** The same blocks in one call, as they come in a frame: the code and the number of blocks taken must be those of one by one. */
async function inOneBatch(test, group) {
  await wholeChain(test, group);
  const one = new Chain(test.pinned);
  for (const frame of test.frames) await one.take(frame.blocks.map((name) => form.block(group.blocks[name], false)));
  same(test, "root", one.tree.root());
}

export const chains = {
  "merkle/roots"(test, group) {
    const tree = new Tree();
    for (const hash of group.block_hashes) tree.append(decode(hash));
    same(test, "root", tree.root(test.size));
  },
  "merkle/inclusion": (test) =>
    checkInclusion(
      test.index,
      test.size,
      decode(test.block_hash),
      test.path.map((hash) => decode(hash)),
      decode(test.root),
    ),
  "merkle/consistency": (test) =>
    checkConsistency(
      test.from,
      test.to,
      decode(test.from_root),
      decode(test.to_root),
      test.path.map((hash) => decode(hash)),
    ),
  "chains/chains": inOneBatch,
  "chains/views": wholeChain,
  async "chains/writing"(test, group) {
    const chain = new Chain();
    try {
      for (const frame of test.frames) await chain.take(frame.blocks.map((name) => form.block(group.blocks[name], false)));
    } catch (error) {
      throw new Error(`the chain was refused with ${error.code}`);
    }
    checkWritable(chain, chain.epochs.get(test.epoch));
  },
  "conversation/conversation": (test, group, { accounts, state }) => readConversation(test, group, accounts, state),
};

const pairOf = async (secret) => {
  const key = await cardKey(decode(secret));
  return { publicKey: await crypto.subtle.importKey("raw", decode(key.x25519), "X25519", true, []), privateKey: key.privateKey };
};

const sealed = async (test) => {
  const wrap = await sealWrap(decode(test.secret), test, await pairOf(test.ephemeral));
  same(test, "info", wrapInfo(test));
  same(test, "wrap", wrap);
};

export const cards = { "cards/cards": (test) => checkCard(test.x25519) };

/** What a device keeps and hands on; these groups are newer than the others, and stand in files of their own. */
export const handedOn = {
  "invitations/invitations"(test) {
    const invitation = Invitation.parse(test.text);
    same(test, "origin", invitation.origin);
    same(test, "community", invitation.community);
    same(test, "text", invitation.text);
  },
  "backups/files"(test) {
    const file = readBackupFile(decode(test.backup));
    for (const name of ["salt", "iterations", "sealed"]) same(test, name, file[name]);
  },
  async "backups/backups"(test) {
    const plain = await openBackup(decode(test.backup), test.passphrase);
    const { publicKey } = await readContents(plain);
    const { salt, iterations, sealed } = readBackupFile(decode(test.backup));
    same(test, "contents", plain);
    same(test, "account", publicKey.account);
    same(test, "okm", await backupKey(test.passphrase, decode(salt), iterations));
    same(test, "aad", backupAad(decode(salt), iterations));
    same({ sealed }, "sealed", readBackupFile(await sealBackup(plain, test.passphrase, decode(salt), iterations)).sealed);
  },
  "backups/contents": async (test) => same(test, "account", (await readContents(decode(test.contents))).publicKey.account),
};

export const encryption = {
  "wraps/commitments": (test) => same(test, "commitment", commitmentOf(decode(test.secret))),
  "wraps/sealed": sealed,
  "wraps/not-sealed": sealed,
  async "wraps/opened"(test) {
    // The info's card is the test's, which may be another than the key's.
    const key = { ...(await cardKey(decode(test.x25519_private))) };
    if (key.x25519 !== test.x25519) key.x25519 = test.x25519;
    same(test, "secret", await openWrap(test.wrap, key, test));
  },
  async "wraps/several-wraps"(test) {
    const wraps = await Promise.all(
      test.wraps.map(async (each) => ({ wrap: each.wrap, key: await cardKey(decode(each.x25519_private)), place: { ...test, ...each } })),
    );
    same(test, "secret", await openFirst(wraps));
  },
  async "messages/message-keys"(test) {
    same(test, "info", messageKeyInfo(test));
    same(test, "okm", await messageKey(decode(test.secret), decode(test.salt), test));
  },
  async "messages/messages"(test) {
    const [secret, salt] = [decode(test.secret), decode(test.salt)];
    const padded = await open(decode(test.ciphertext), secret, salt, test);
    const plaintext = unpad(padded);
    same(test, "aad", messageAad(test));
    same(test, "padded", padded);
    same(test, "plaintext", plaintext);
    same(test, "ciphertext", await seal(plaintext, secret, salt, test));
  },
  "messages/padding"(test) {
    const plaintext = unpad(decode(test.padded));
    same(test, "plaintext", plaintext);
    same(test, "padded", pad(plaintext));
  },
  "messages/plaintexts": (test) => same(test, "text", readPlaintext(decode(test.plaintext)).text),
};

/** The frames of one conversation, read one after the other with one state. */
async function readConversation(test, group, accounts, held) {
  const { frame, said_by } = test;
  held.chain ??= new Chain();
  held.at ??= [];
  const data = JSON.stringify(frame);
  if (said_by === "client") readClientFrame(data);
  if (said_by === "server" && readServerFrame(data) === null) throw new Error("an unknown frame");
  switch (said_by === "client" || said_by === "server" ? frame.type : said_by) {
    case "document": {
      const document = readDiscovery(data);
      const chain = new Chain(document.community);
      await chain.take([document.genesis]);
      held.serverKey = chain.serverKey;
      return;
    }
    case "hello":
      same(frame, "origin", group.origin);
      held.key = frame.public_key;
      held.exchange = { origin: frame.origin, account: PublicKey.read(frame.public_key).account, client_nonce: frame.client_nonce };
      return;
    case "challenge":
      Object.assign(held.exchange, { community: frame.community, server_nonce: frame.server_nonce });
      held.expires_at = frame.expires_at;
      return;
    case "prove":
      same(frame, "server_nonce", held.exchange.server_nonce);
      held.token = frame.signature;
      return signedBy(held.key, joinTuple(held.exchange, held.expires_at), decode(frame.signature), "bad_proof");
    case "welcome":
      held.welcome = frame;
      return checkWelcome(held.exchange, frame, held.token, held.serverKey);
    case "blocks":
      same(frame, "from", held.chain.size);
      await held.chain.take(
        frame.blocks.map((each) => form.block(each, false)),
        ({ block, id, hash }) => {
          held[`last_${block.entry.kind}`] = block.entry;
          held.at[block.index] = { id, hash: encode(hash) };
        },
      );
      if (frame.from === 0) {
        checkSize(held.welcome.size, 0, null);
        checkHead(held.chain, held.welcome);
        await checkAgainst(held.chain, held.welcome.checkpoint, null);
      } else {
        checkReceipt(held.receipt.frame, held.receipt.entry, held.at[held.receipt.frame.index]);
      }
      return;
    case "submit":
      same(frame, "token", held.token);
      held.submitted = frame;
      return signedBy(held.key, entryTuple(frame.entry), decode(frame.entry.signature), "bad_signature");
    case "accepted":
      held.receipt = { frame, entry: entryId(held.submitted.entry) };
      return same(frame, "ref", held.submitted.ref);
    case "refused":
      same(frame, "ref", held.submitted.ref);
      return same(frame, "code", "bad_seq");
    case "checkpoint":
      await checkAgainst(held.chain, frame.checkpoint, held.welcome.checkpoint);
      return same(frame.checkpoint, "size", held.chain.size);
    case "plaintext": {
      const { last_epoch: epoch, last_message: message } = held;
      const bob = accounts.find(({ name }) => name === "m02");
      const place = {
        community: message.community,
        author: epoch.author,
        recipient: bob.id,
        x25519: bob.x25519_public,
        commitment: epoch.body.commitment,
      };
      const { wrap } = epoch.body.wraps.find(({ member }) => member === bob.id);
      const secret = await openWrap(wrap, await cardKey(decode(bob.x25519_private)), place);
      const opened = await open(decode(message.body.ciphertext), secret, decode(message.body.salt), { ...message, epoch: entryId(epoch) });
      const read = readPlaintext(unpad(opened));
      if (JSON.stringify(read) !== JSON.stringify(frame)) throw new Error(`Bob reads ${JSON.stringify(read)}`);
      return;
    }
    case "file":
      return same({ community: (await verifyEvidence(data)).community }, "community", held.chain.community);
    case "bye":
      return same(frame, "code", "shutting_down");
    default:
      throw new Error(`nobody reads ${said_by} ${frame.type}`);
  }
}
