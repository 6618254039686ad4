/** A community of two members by a scripted server, and what its server is found out to be. */

import { ChainMaker } from "./chain-maker.js";
import { guests, until } from "./member.js";
import { Scripted } from "./scripted.js";

export async function scripted(work) {
  const chain = await ChainMaker.found(["m01", "m02"]);
  const epoch = await chain.epoch("m02", ["m01", "m02"]);
  await chain.message("m02", epoch, "one");
  const server = await Scripted.start(chain);
  const { join, leave } = guests(server);
  try {
    await work({ server, chain, epoch, join });
  } finally {
    await leave();
    await server.end();
  }
}

export const stopped = (community) => until(community, "stopped", () => community.state.name === "stopped" && community.state.finding);
/** The finding is told at once, and told again when there is evidence. */
export const convicted = (community) =>
  until(community, "evidence", () => community.state.name === "stopped" && community.state.finding.evidence && community.state.finding);
