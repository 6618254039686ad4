// What people are told: for each code what is wrong and what to do. A code that is not here is told by its own sentence.

import { counted, lasting } from './format.js';

/** How far a clock may be off before it is worth a word. */
const CLOCK = 5 * 60_000;

/** A sentence of ours: a server may say any code, `constructor` among them. */
const own = (sentences, code) => (Object.hasOwn(sentences, code) ? sentences[code] : undefined);

const PROBLEMS = {
  bad_passphrase: 'This passphrase does not open the backup. Check capital letters and spaces, and try again; nothing was lost.',
  bad_backup: 'This file is not a dispatch-d backup, or a part of it is missing. Choose the file that the app gave you, named dispatch-d-backup.json.',
  bad_key: 'The key in this backup is not one that a community accepts. Use another backup, or make a new key.',
  bad_invitation: 'This is not a whole invitation. It looks like https://chat.example.org/#dispatch-d/1/ and 43 letters behind it. Copy the whole link again.',
  bad_name: 'A name is 1 to 255 bytes long. Choose a shorter one.',
  bad_recipient: 'One of them cannot be written to yet: they have to open the community once. Try again when they have been here.',
  too_large: 'This is too long for one message. Send it in parts.',
  store_full: 'This device has no room left. Free some space (or let this site use more), then try again. Nothing was lost.',
  store_damaged: 'What this browser kept cannot be read any more. Restore your backup; the history comes back from the server and is verified again.',
  store_in_use: 'The app is open in another tab or window of this browser. Close it there, then try again.',
  identity_exists: 'There is a key on this device already, and it is not the one in this backup. Use another browser profile for the other key.',
  no_backup: 'This key was made without a backup, and nothing can read it any more. To have a backup, make a new key and have the owner add it.',
  clock_skew: 'This device’s clock is off. Set it to the right time, then send again.',
  not_authority: 'Only its author and the community’s owner can remove a message.',
  bad_redaction: 'This message was removed already.',
  removed: 'Somebody who reads this conversation was removed from the community. Begin a new one without them.',
  not_private: 'These are all the members who can read here by now, so it would not be private. Write to everyone.',
  not_joined: 'The community has not let this device in yet. What you wrote can be sent once it has.',
  unreachable: 'The server cannot be reached.',
};

/** A sentence for an error or a code, with the library's own words where there are none here. */
export function sentence(problem) {
  const code = typeof problem === 'string' ? problem : problem?.code;
  return own(PROBLEMS, code) ?? (typeof problem === 'object' && (problem.detail || problem.text || problem.message)) ?? `Something went wrong (${code}).`;
}

/** What a page is told that cannot work here at all. */
export const UNABLE = {
  no_webcrypto: {
    title: 'This address is not private',
    text: 'Browsers only encrypt on pages that came over TLS, and this one came over plain http. Open the community by an address that begins with https://. If there is none, tell its owner: a community needs TLS from the first day.',
  },
  no_storage: {
    title: 'This browser keeps nothing',
    text: 'The app keeps your key in the browser, and this browser does not let it: a private window, or a setting that blocks site data. Open the link in an ordinary window, or allow this site to keep data.',
  },
  store_in_use: {
    title: 'The app is open already',
    text: 'One tab at a time works with your key. Close the other tab or window, then try again.',
  },
  store_full: {
    title: 'No room left',
    text: 'This device has no room left for the app. Free some space, then try again. Nothing was lost.',
  },
  store_damaged: {
    title: 'What this browser kept is damaged',
    text: 'Your key and history on this device cannot be read any more. Nothing was deleted. Try again after a restart of the browser; if that does not help, open the app in another browser profile and restore your backup there. The history comes back from the server and is verified again.',
  },
};

/** While the store is read. */
export const OPENING = 'Opening…';

/** What is asked before a community is joined: any page can hold a link to any community. */
export const JOINING = {
  title: 'Join this community?',
  moved: 'Has this community moved?',
  lead: 'A link asks you to join a community.',
  movedFrom: (before) => `You know it at ${before} so far. The link says that it is at another address now. What you have of it stays, and is compared with what is there.`,
  community: 'Community',
  at: 'At',
  means: 'If you join, its server learns your key and that you are here, and its owner decides whether you are let in. What you say there, all its members can read. Nothing is sent before.',
  compare: 'Join if you know who sent you the link. If you want to be sure, compare the letters with them, by another way.',
  yes: 'Join',
  no: 'Not now',
};

/** Where the page cannot go: its policy lets it reach its own address alone. */
export const ELSEWHERE = {
  where: (origin) => `This invitation is for ${origin}. This page cannot go there: it reaches its own address alone.`,
  how: 'Open the link itself. Your key here is not there, since each address has its own: make one there, or restore your backup.',
  open: 'Open the link',
  copy: 'Copy the link',
};

/** Where somebody was about to write whom the owner removed. */
export const NO_MEMBER = 'You are no longer a member, so you cannot write here. The owner can add you again.';

/** What the strip above the conversation says, or `null` while all is well. `tone`: `calm`, `wait` or `bad`. */
export function stripOf(state, { online, now, name }) {
  if (state.name === 'waiting' && !online) {
    return { tone: 'wait', text: 'You are offline. You can read and write; what you write is sent when you are back.', action: null };
  }
  switch (state.name) {
    case 'waiting': {
      const wait = Math.max(0, state.retryAt - now);
      const again = wait < 1000 ? 'Trying again now.' : `Trying again in ${lasting(wait)}.`;
      const why = state.code && state.code !== 'unreachable' ? (own(waitings, state.code) ?? state.detail) : 'The server cannot be reached.';
      return { tone: 'wait', text: `${why} What you write is kept and sent later. ${again}`, action: 'Try now' };
    }
    case 'connecting':
      return state.attempt > 1 ? { tone: 'wait', text: 'Connecting…', action: null } : null;
    case 'syncing': {
      const left = state.target - state.verified;
      return left > 200 ? { tone: 'calm', text: `Verifying the history: ${percent(state)}`, action: null } : null;
    }
    case 'refused':
      return refused(state, name);
    default:
      return null;
  }
}

const waitings = {
  shutting_down: 'The server is restarting.',
  rate_limited: 'The server asks for a little patience.',
  unavailable: 'The server cannot take anything now.',
  session_expired: 'The session is over; a new one is being made.',
};

function refused(state, name) {
  switch (state.code) {
    case 'removed':
    case 'not_allowed':
      return { tone: 'bad', text: `You are no longer a member of ${name}. What you have read stays; the owner can add you again.`, action: 'Ask again' };
    case 'wrong_origin':
      return { tone: 'bad', text: 'The server does not know the address by which you opened it. Open the link of your invitation; if it is this one, tell the owner that `origins` in dispatchd.toml lacks it.', action: 'Try again' };
    case 'store_full':
      return { tone: 'bad', text: PROBLEMS.store_full, action: 'Try again' };
    case 'unknown_version':
      return { tone: 'bad', text: 'The server speaks another version of the protocol. Reload this page; if that does not help, tell the owner.', action: 'Try again' };
    default:
      return { tone: 'bad', text: sentence(state), action: 'Try again' };
  }
}

function percent({ verified, target }) {
  return `${Math.floor((100 * verified) / Math.max(1, target))} %`;
}

/** What is said of the newest messages while the history up to them is still being verified. [CHECK-21] */
export const EARLY = {
  title: 'The newest messages, not yet verified whole.',
  text: (checked, all) => `${checked.toLocaleString('en')} of ${counted(all, 'block')} checked; what was said in between follows.`,
  more: (count) => `${counted(count, 'more block')} of the newest cannot be checked by this device yet.`,
  mark: 'Not yet verified whole: signed by its author, and part of what the server has signed for; what comes before it is still being checked',
  word: 'Not yet verified whole',
};

/** What is said of a clock that differs from the server's, or `null`. */
export function clockSentence(offset, limit = CLOCK) {
  if (offset === null || offset === undefined || Math.abs(offset) < Math.min(CLOCK, limit)) return null;
  const way = offset > 0 ? 'behind' : 'ahead of';
  const then = Math.abs(offset) >= limit ? 'Your messages are refused until it is right.' : 'Times may look odd.';
  return `This device’s clock is ${lasting(Math.abs(offset))} ${way} the server’s. ${then} Let your system set it by itself.`;
}

/** What a finding means to a person. */
export function findingSentence(code) {
  switch (code) {
    case 'fork':
      return 'The server has shown two different histories. That is no accident of the network: it, or somebody who has its key, has changed what was said or kept it from somebody.';
    case 'rollback':
    case 'unknown_have':
      return 'The server shows an older history than it showed before. It was set back, for example to an old backup, or it hides something.';
    case 'bad_consistency':
      return 'The server has signed for a history, and cannot show that it goes on from the one that you hold. It, or somebody who has its key, may have changed what was said.';
    case 'wrong_genesis':
      return 'This server does not hold the community of your invitation. Somebody has founded it anew, or your link leads to the wrong place.';
    case 'bad_welcome':
    case 'bad_checkpoint':
      return 'The server could not prove that it is the one that this community named. Somebody else may be answering in its place.';
    case 'unredacted_gap':
      return 'Words are missing from the history that nobody removed.';
    default:
      return 'The server sent something that is not signed or linked as it must be. It may be damaged, or somebody has changed it.';
  }
}

/** Why a message has no words to show. */
export function closedSentence(closed) {
  switch (closed) {
    case 'no_wrap':
      return 'Written before you could read this conversation';
    case 'redacted':
      return 'Removed';
    default:
      return `This message does not open (${closed}). Its author’s device may be at fault.`;
  }
}

/** The marks behind one's own message. */
export const MARKS = {
  waiting: { word: 'Waiting', text: 'Kept on this device; not sent yet' },
  pending: { word: 'Sending', text: 'Signed and on its way; the server has not answered yet' },
  failed: { word: 'Not sent', text: 'The server refused it' },
  accepted: { word: 'Sent', text: 'Durable: the server has it safely in its store' },
  checkpointed: { word: 'Signed for', text: 'Checkpointed: the server has signed that it is part of the history' },
};
