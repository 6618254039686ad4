// Opens what the browser keeps, or says why it cannot; and remembers the little that is the app's own and no secret.

import { Client, IndexedDbStore, Invitation } from '../../src/index.js';

/* global READER: where the worker is that reads for the page; the build names it */
const KEEPER = '/worker.js';
const STORE = 'dispatch-d';
const BACKUP_KEPT = 'dispatch-d backup kept';
const LAST = 'dispatch-d last community';

/** The client of this browser. Rejects with a code that `words.js` has a sentence for. */
export async function open() {
  if (!globalThis.isSecureContext || !globalThis.crypto?.subtle) throw coded('no_webcrypto');
  if (!globalThis.indexedDB) throw coded('no_storage');
  let store;
  try {
    store = await IndexedDbStore.open(STORE);
  } catch (problem) {
    // A private window, or a setting, takes storage away; browsers have several names for it.
    if (['SecurityError', 'InvalidStateError'].includes(problem?.name)) throw coded('no_storage');
    throw problem;
  }
  // What cannot be a worker here, the page does itself.
  return Client.open({ store, worker: () => new Worker(scriptUrl(READER), { type: 'module' }) });
}

/** [ENC-10] The only scripts that the page ever names by a text are two of its own; the policy refuses all others. */
const policy = globalThis.trustedTypes?.createPolicy('dispatch-d', {
  createScriptURL: (path) => {
    if (path === READER || path === KEEPER) return path;
    throw new TypeError(`${path} is no script of this page`);
  },
});

function scriptUrl(path) {
  return policy ? policy.createScriptURL(path) : path;
}

function coded(code) {
  return Object.assign(new Error(code), { code });
}

/** The invitation in the page's fragment: `null` if there is none, and `{ problem }` if it is not whole. */
export function invitationIn(fragment) {
  if (!fragment.startsWith('#dispatch-d')) return null;
  try {
    return Invitation.parse(`${location.origin}/${fragment}`);
  } catch (problem) {
    return { problem };
  }
}

/** Whether the person has saved the backup that there is, on this device. */
export function backupIsKept(client) {
  return !client.backup || localStorage.getItem(BACKUP_KEPT) === String(client.backup.made_at);
}

/** Remembers that they have, or that they will do so later. */
export function rememberBackup(client) {
  localStorage.setItem(BACKUP_KEPT, String(client.backup?.made_at));
}

/**
 * The community to begin with: the one that was looked at last. Where that is gone, rather one that was verified than one that is
 * merely known, and rather one of this address than one that the page cannot reach.
 */
export function lastCommunity(client) {
  const id = localStorage.getItem(LAST);
  const better = (one) => 2 * Number(one.origin === location.origin) + Number(one.name !== null);
  const [first = null] = client.communities.toReversed().sort((one, two) => better(two) - better(one));
  return client.communities.find((one) => one.id === id) ?? first;
}

/** Remembers a community as the one to begin with: only one whose block 0 was verified, since any link can name any other. */
export function rememberCommunity(community) {
  if (community.name !== null) localStorage.setItem(LAST, community.id);
}

/** Has the browser keep the page's files for when there is no network. That it cannot is no harm. */
export async function keepPage() {
  if (!navigator.serviceWorker) return;
  await navigator.serviceWorker.register(scriptUrl(KEEPER)).catch(() => {});
}
