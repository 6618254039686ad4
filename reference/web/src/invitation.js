/** Invitations: a link that names a community and where it is dialled. */

import { decode } from "./bytes.js";
import { DispatchError } from "./dispatch-error.js";

const MARK = "/#dispatch-d/1/";
const LABEL = "[a-z0-9-]{1,63}";
const NUMBER = "(?:0|[1-9][0-9]{0,2})";
const NAME = new RegExp(`^(?:${LABEL}\\.)*(?=[a-z])${LABEL}$`);
const IPV4 = new RegExp(`^${NUMBER}(?:\\.${NUMBER}){3}$`);
const ORIGIN = /^(https?):\/\/(\[[0-9a-f:]+\]|[a-z0-9.-]+)(?::([1-9][0-9]{0,4}))?$/;
const DEFAULT_PORTS = { http: "80", https: "443" };

/** @param {string} why */
function bad(why) {
  return new DispatchError("bad_invitation", `This is not an invitation: ${why}. Ask for the link again, and take all of it.`);
}

/** @param {string} host */
function isHost(host) {
  if (host.startsWith("[")) {
    try {
      return new URL(`http://${host}`).hostname === host; // URLs write an address as RFC 5952 does, but for dotted decimals
    } catch {
      return false;
    }
  }
  if (IPV4.test(host)) return host.split(".").every((number) => Number(number) <= 255);
  return NAME.test(host);
}

export class Invitation {
  /**
   * @param {string} origin
   * @param {string} community
   */
  constructor(origin, community) {
    /** @readonly */
    this.origin = origin;
    /** @readonly */
    this.community = community;
  }

  /** The link. */
  get text() {
    return this.origin + MARK + this.community;
  }

  /**
   * [INV-1]
   *
   * @param {string} text
   * @returns {Invitation} throws `bad_invitation`
   */
  static parse(text) {
    const at = String(text).indexOf(MARK);
    if (at < 0) throw bad("a link to a community holds /#dispatch-d/1/");
    return Invitation.of(text.slice(0, at), text.slice(at + MARK.length));
  }

  /**
   * @param {string} origin such as `https://chat.example.org`
   * @param {string} community
   * @returns {Invitation} throws `bad_invitation`
   */
  static of(origin, community) {
    const found = origin.length <= 255 ? ORIGIN.exec(origin) : null;
    const [, scheme, host, port] = found ?? [];
    if (!found || !isHost(host)) throw bad("it does not begin with an origin such as https://chat.example.org");
    if (port !== undefined && (Number(port) > 65535 || port === DEFAULT_PORTS[/** @type {"http" | "https"} */ (scheme)]))
      throw bad("its port is none, or need not be said");
    try {
      decode(community, 32);
    } catch {
      throw bad("it does not end in a community's id");
    }
    return new Invitation(origin, community);
  }
}
