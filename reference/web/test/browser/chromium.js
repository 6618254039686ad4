/** Debian's Chromium over playwright-core, and a page of the library on loopback. */

import { existsSync } from "node:fs";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const PROGRAM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export async function launch() {
  if (!existsSync(PROGRAM)) throw new Error(`there is no ${PROGRAM}: run \`apt-get install chromium\`, or name one in CHROMIUM`);
  return chromium.launch({ executablePath: PROGRAM, args: ["--no-sandbox", "--disable-background-networking"] });
}

/** Serves a page with the library's names as globals, under a policy that lets it connect to loopback alone. */
export async function servePage() {
  const entry = fileURLToPath(new URL("page.js", import.meta.url));
  const { outputFiles } = await build({ entryPoints: [entry], bundle: true, format: "esm", target: "es2022", write: false, external: ["ws"] });
  const script = Buffer.from(outputFiles[0].contents);
  const server = createServer((request, response) => {
    if (request.url === "/page.js") return response.writeHead(200, { "content-type": "text/javascript" }).end(script);
    if (request.url !== "/") return response.writeHead(404).end();
    response.writeHead(200, {
      "content-type": "text/html",
      "content-security-policy": "default-src 'self'; connect-src http://127.0.0.1:* ws://127.0.0.1:*",
    });
    response.end("<!doctype html><title>dispatch-d-client</title><script type=module src=/page.js></script>");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => new Promise((resolve) => server.close(resolve)), bytes: script.length };
}

/** A page with the library in it. */
export async function openPage(context, origin) {
  const page = await context.newPage();
  page.on("pageerror", (error) => console.error("in the page:", error));
  await page.goto(origin);
  await page.waitForFunction(() => globalThis.Client !== undefined);
  return page;
}
