/**
 * A member that answers what is said to it, under Node:
 *
 *     node examples/echo.js INVITATION BACKUP-FILE
 *
 * The passphrase of the backup is read from the environment, PASSPHRASE. It verifies the whole chain at each start and keeps nothing; the
 * backup's checkpoint is what a server that forgets is measured by.
 */

import { readFile } from "node:fs/promises";
import { Client, DispatchError, Invitation, MemoryStore } from "dispatch-d-client";

const [link, file] = process.argv.slice(2);
try {
  const client = await Client.open({ store: new MemoryStore() });
  await client.restoreBackup(await readFile(file, "utf8"), process.env.PASSPHRASE ?? "");
  const community = await client.join(Invitation.parse(link));

  community.on("state", (state) => {
    console.log(state.name);
    if (state.name === "stopped") end(state.finding.text, state.finding.evidence);
  });
  community.on("message", ({ conversation, message }) => {
    const isNews = message.number >= conversation.read && message.author !== client.identity.account;
    if (!isNews || community.state.name !== "open" || !message.content) return;
    conversation.markRead(message.number + 1);
    conversation.send(`You said: ${message.content.text}`, { replyTo: message.id });
  });
  community.connect();
  process.once("SIGTERM", () => client.close());
} catch (error) {
  if (!(error instanceof DispatchError)) throw error;
  end(error.message);
}

/** What does not verify is for a person to look at, so this program does not go on. */
function end(sentence, evidence) {
  console.error(sentence);
  if (evidence) console.error(evidence);
  process.exit(1);
}
