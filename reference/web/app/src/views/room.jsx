// What every view of a community needs: the client, the community, how things are called here, and ways to other views.

import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { listed, shortId } from '../format.js';

/** Provided by `chat.jsx`. */
export const Room = createContext(null);

/** The room of the view that asks. */
export function useRoom() {
  return useContext(Room);
}

/** What a conversation is called: the community, or the others in it. */
export function titleOf(conversation, client, community) {
  if (!conversation.isPrivate) return community.name ?? 'Everyone';
  const others = conversation.members.filter((account) => account !== client.identity.account);
  return others.length === 0 ? 'Notes to yourself' : listed(others.map((account) => client.nameOf(account) ?? shortId(account)));
}

/** The heading of a part of the right side: one level below that side's own, which on a phone is the screen's. */
export function Part({ children }) {
  const { narrow } = useRoom();
  const Level = narrow ? 'h2' : 'h3';
  return <Level class="part">{children}</Level>;
}
