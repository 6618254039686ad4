/** What the chain says of an epoch: who can read it, and whether it may still be written under. Its secret is not here. */

export class Epoch {
  /** @type {Set<number>} ordinals of those who can read it, shares included */
  recipients = new Set();
  /** @type {Set<string>} who wrapped it for whom, for the card of which block */
  wraps = new Set();
  /** [MSG-3] */
  stale = false;
  messages = 0;
  /** Key of the conversation that its messages belong to, from the first of them on. @type {string | null} */
  conversation = null;
  /** Ordinals of those who could have been its recipients and are not; null once `conversation` is known. @type {number[] | null} */
  missing = [];

  /**
   * @param {string} id
   * @param {number} index of its block
   * @param {number} time of its block
   * @param {number} author ordinal
   * @param {string} commitment
   */
  constructor(id, index, time, author, commitment) {
    this.id = id;
    this.index = index;
    this.time = time;
    this.author = author;
    this.commitment = commitment;
  }

  /**
   * @param {number} author ordinal
   * @param {number} recipient ordinal
   * @param {number} card index of its block
   */
  wrapped(author, recipient, card) {
    this.recipients.add(recipient);
    this.wraps.add(`${author} ${recipient} ${card}`);
  }

  /**
   * @param {number} author
   * @param {number} recipient
   * @param {number} card
   */
  hasWrapped(author, recipient, card) {
    return this.wraps.has(`${author} ${recipient} ${card}`);
  }
}
