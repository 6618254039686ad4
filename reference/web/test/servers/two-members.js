/** A community of two members by a scripted server, and what its server is found out to be. */

import { ChainMaker } from "./chain-maker.js";
import { until } from "./member.js";
import { Scripted } from "./scripted.js";

export async function scripted(work) {
  const chain = await ChainMaker.found(["m01", "m02"]);
  const epoch = await chain.epoch("m02", ["m01", "m02"]);
  await chain.message("m02", epoch, "one");
  const server = await Scripted.start(chain);
  const clients = [];
  const join = async (client) => {
    clients.push(client);
    const community = await client.join(server.invitation);
    community.connect();
    return community;
  };
  try {
    await work({ server, chain, epoch, join });
  } finally {
    for (const client of clients) await client.close();
    await server.end();
  }
}

export const stopped = (community) => until(community, "stopped", () => community.state.name === "stopped" && community.state.finding);
/** The finding is told at once, and told again when there is evidence. */
export const convicted = (community) =>
  until(community, "evidence", () => community.state.name === "stopped" && community.state.finding.evidence && community.state.finding);
