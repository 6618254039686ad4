/** The client library of dispatch-d/1. The README says what may be relied on. */

export { Client } from "./client.js";
export { Community } from "./community.js";
export { Conversation } from "./conversation.js";
export { DispatchError } from "./dispatch-error.js";
export { verifyEvidence } from "./evidence.js";
export { Invitation } from "./invitation.js";
export { IndexedDbStore } from "./store/indexeddb.js";
export { MemoryStore } from "./store/memory.js";
