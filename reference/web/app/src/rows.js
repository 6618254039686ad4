// What a message's row shows besides the message: a new day, where unread begins, who came and went since the message before.
// Pure, so that rows can be made for any window of a long history.

const TOGETHER = 5 * 60_000;

/**
 * @typedef {{ index: number, time: number, what: 'added' | 'removed', account: string, by: string }} Change
 * @typedef {{ message: any, day: number | null, unreadBegins: boolean, changes: Change[], first: boolean, last: boolean }} Row
 */

/**
 * Rows for the messages of a window.
 * @param {any[]} messages in order, with one more at each end where there is one
 * @param {{ from: number, to: number, unreadFrom: number | null, changes: Change[], clock: { dayKey(at: number): string } }} about
 * @returns {Row[]}
 */
export function rowsOf(messages, { from, to, unreadFrom, changes, clock }) {
  const byNumber = new Map(messages.map((message) => [message.number, message]));
  // Of all who ever came and went, those between the first message here and the last.
  const near = changes.filter((change) => change.index > (messages[0]?.index ?? 0) && change.index < (messages.at(-1)?.index ?? 0));
  const rows = [];
  for (let number = from; number < to; number += 1) {
    const message = byNumber.get(number);
    if (!message) continue;
    const before = byNumber.get(number - 1);
    const after = byNumber.get(number + 1);
    const newDay = number === 0 || (before !== undefined && clock.dayKey(before.time) !== clock.dayKey(message.time));
    const since = near.filter((change) => before !== undefined && change.index > before.index && change.index < message.index);
    const unreadBegins = unreadFrom === number;
    rows.push({
      message,
      day: newDay ? message.time : null,
      unreadBegins,
      changes: since,
      first: newDay || unreadBegins || since.length > 0 || !together(before, message),
      last: !together(message, after) || unreadFrom === number + 1
        || near.some((change) => change.index > message.index && change.index < after.index),
    });
  }
  return rows;
}

/** Whether two messages stand together under one name. */
function together(one, two) {
  return one !== undefined && two !== undefined && one.author === two.author && two.time - one.time < TOGETHER;
}

/** Who came and went, in the order of the chain. */
export function changesOf(members) {
  return members
    .flatMap((member) => member.history.map(({ what, by, index, time }) => ({ what, by, index, time, account: member.account })))
    .filter((change) => change.index > 0)
    .sort((one, two) => one.index - two.index);
}
