/** A way to a server that can go dead without a word, as a network does: what is sent is lost, and nobody hears of an end. */

import { once } from "node:events";
import { connect, createServer } from "node:net";

export class Proxy {
  /** Of the server behind it. */
  port = 0;
  #isDead = false;
  #ways = new Set();

  static async start() {
    const proxy = new Proxy();
    proxy.server = createServer((near) => proxy.#carry(near));
    proxy.server.listen(0, "127.0.0.1");
    await once(proxy.server, "listening");
    return proxy;
  }

  get origin() {
    return `http://127.0.0.1:${this.server.address().port}`;
  }

  #carry(near) {
    const way = { near, far: this.#isDead ? null : connect(this.port, "127.0.0.1"), isDead: this.#isDead };
    this.#ways.add(way);
    const between = (from, to) => {
      from?.on("data", (data) => way.isDead || to?.write(data));
      from?.on("error", () => {});
      from?.on("close", () => way.isDead || to?.destroy());
    };
    between(near, way.far);
    between(way.far, near);
  }

  /** All ways that there are go dead for ever, and new ones too while it lasts. */
  die() {
    this.#isDead = true;
    for (const way of this.#ways) way.isDead = true;
  }

  revive() {
    this.#isDead = false;
  }

  async end() {
    for (const { near, far } of this.#ways) {
      near.destroy();
      far?.destroy();
    }
    await new Promise((resolve) => this.server.close(resolve));
  }
}
