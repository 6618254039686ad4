/** [CHAIN-12] What a community is stopped over: told, kept, and not gone on from before its person decides, be it after a new start. */

/** @typedef {import("./community.js").Finding} Finding */
/** @typedef {import("./dispatch-error.js").DispatchError} DispatchError */
/** @typedef {import("./form.js").Checkpoint} Checkpoint */
/** @typedef {import("./investigation.js").Found} Found */
/** @typedef {import("./investigation.js").Investigation} Investigation */

export class Stop {
  /** Until the person decides. @type {Finding | null} */
  finding = null;
  /** Whether the store says that the community is stopped. */
  #isKept = false;
  /** The last finding as it was told first. @type {Found | undefined} */
  #first;

  /** @param {import("./community.js").Community} community */
  constructor(community) {
    this.community = community;
  }

  async open() {
    const { findings, host, id } = this.community;
    const key = await host.store.get("facts", [id, "stopped"]);
    const kept = key && (await host.store.get("findings", [id, key]));
    if (!kept) return;
    this.finding = findings.find(({ code, text, time }) => code === kept.code && text === kept.text && time === kept.time) ?? kept;
    this.#isKept = true;
  }

  /** The person has decided, and that outlives the program as well. */
  async end() {
    const { host, id } = this.community;
    if (this.#isKept) await host.store.commit([{ table: "facts", key: [id, "stopped"] }]);
    this.#isKept = false;
  }

  /**
   * What did not verify is kept and told at once; then, with what can be proven of it. The same again is told once.
   *
   * @param {DispatchError & { checkpoint?: Checkpoint }} error
   * @param {Investigation} investigation
   * @param {(finding: Finding) => void} say
   */
  async begin(error, investigation, say) {
    const found = await investigation.atHand(error);
    const at = await this.#tell(found, undefined, say);
    if (found.evidence !== null) return this.community.ledger.settle().catch(() => {});
    const further = await investigation.further(error);
    if (further && !investigation.signal.aborted) await this.#tell(further, at, say);
  }

  /**
   * @param {Found} found
   * @param {number | undefined} place of the finding that it makes more exact
   * @param {(finding: Finding) => void} say
   * @returns {Promise<number>} its place among the findings
   */
  async #tell(found, place, say) {
    const { community } = this;
    const last = community.findings.length - 1;
    const isSame = ({ code, text } = /** @type {Found} */ ({})) => code === found.code && text === found.text;
    const isKnown = found.evidence === null && (isSame(community.findings[last]) || (place === undefined && isSame(this.#first)));
    if (place === undefined) this.#first = found;
    const at = place ?? (isKnown ? last : last + 1);
    const finding = isKnown ? community.findings[at] : { ...found, time: community.findings[at]?.time ?? community.host.now() };
    community.findings = community.findings.toSpliced(at, 1, finding);
    this.finding = finding;
    this.#isKept = true;
    await community.host.store
      .commit([
        { table: "findings", key: [community.id, at + 1], value: finding },
        { table: "facts", key: [community.id, "stopped"], value: at + 1 },
      ])
      .catch(() => {}); // it is told all the same
    if (!isKnown) community.emit("finding", finding);
    say(finding);
    return at;
  }
}
