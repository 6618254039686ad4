/** Waiting that can be cut short. */

/** Whatever a server asks for. A timer of more than 2^31 ms would be over at once. */
export const LONGEST_PAUSE_MS = 60 * 60 * 1000;

/**
 * @param {number} ms
 * @param {AbortSignal} signal
 * @returns {Promise<void>}
 */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, LONGEST_PAUSE_MS));
    signal.addEventListener("abort", done);
    if (signal.aborted) done();
  });
}
