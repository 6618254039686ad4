/**
 * A refusal, a finding or a failure, named by its code: the specification's (`spec/errors.md`) or the library's own (README, Errors).
 * [ERR-5] Go by `code`; `message` is a sentence for people.
 */
export class DispatchError extends Error {
  /**
   * @param {string} code
   * @param {string} [message] a sentence that says what is wrong and what to do
   * @param {{ cause?: unknown, retryAfter?: number }} [more] `retryAfter` in milliseconds
   */
  constructor(code, message = code, more = {}) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = "DispatchError";
    /** @readonly */
    this.code = code;
    /** @readonly milliseconds after which trying again makes sense, where the server said so */
    this.retryAfter = more.retryAfter;
  }
}

/** What a server said, as apart from what was found out about it: a code that it sends accuses nobody. */
export class Said extends DispatchError {
  /** @param {{ code: string, detail: string, retry_after?: number }} frame a `refused` or `bye` */
  constructor({ code, detail, retry_after }) {
    super(code, detail, { retryAfter: retry_after });
  }
}

/**
 * Gives a failure another code: what is `malformed` inside a plaintext is a `bad_plaintext`.
 *
 * @template T
 * @param {string} code
 * @param {string} sentence for people; what exactly was wrong is the error's cause
 * @param {() => T} work
 * @returns {T}
 */
export function refusedAs(code, sentence, work) {
  try {
    return work();
  } catch (error) {
    if (error instanceof DispatchError) throw new DispatchError(code, sentence, { cause: error });
    throw error;
  }
}
