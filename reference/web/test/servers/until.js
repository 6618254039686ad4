/** Waiting for what is due instead of sleeping; in Node and in a page. */

const PATIENCE_MS = 20_000;

/**
 * Waits until a condition holds, looking again at each of the events.
 *
 * @param {any} community
 * @param {string} what is due, for the failure's text
 * @param {() => unknown} condition
 */
export function until(community, what, condition) {
  return new Promise((resolve, reject) => {
    const offs = [];
    const done = (end, value) => {
      clearTimeout(timer);
      offs.forEach((off) => off());
      end(value);
    };
    const timer = setTimeout(() => done(reject, new Error(`still waiting: ${what}; the state is ${JSON.stringify(community.state)}`)), PATIENCE_MS);
    const look = async () => {
      try {
        const value = await condition();
        if (value) done(resolve, value);
      } catch (error) {
        done(reject, error);
      }
    };
    for (const name of ["state", "blocks", "checkpoint", "roster", "card", "conversation", "message", "changed", "pending", "finding", "notice", "early"])
      offs.push(community.on(name, look));
    look();
  });
}

export const open = (community) => until(community, "open", () => community.state.name === "open");

/** All words of a conversation, or why they are closed. */
export const words = async (conversation) =>
  (await conversation.messages(0, conversation.count)).map(({ content, closed }) => content?.text ?? `(${closed})`);
