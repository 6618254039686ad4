/** The part without I/O: no clock, no network, no store. What random bytes it makes, it makes by the platform's `crypto`. */

export { backupAad, backupKey, openBackup, readBackupFile, readContents, sealBackup, writeContents } from "./backup.js";
export { decode, encode } from "./bytes.js";
export { cardKey } from "./card-key.js";
export { checkCard } from "./card.js";
export { agrees, checkAgainst, checkGaps, checkHead, checkReceipt, checkSize, checkWritable } from "./chain-view.js";
export { Chain } from "./chain.js";
export { checkCheckpoint, checkpointTuple, checkWelcome, joinTuple, welcomeTuple } from "./checkpoint.js";
export { DispatchError } from "./dispatch-error.js";
export { blockTuple, bodyTuple, entryId, entryTuple, readBlock } from "./entry.js";
export { evidenceFile, verifyEvidence } from "./evidence.js";
export * as form from "./form.js";
export { readClientFrame, readDiscovery, readServerFrame } from "./frame.js";
export { Invitation } from "./invitation.js";
export { CLIENT_FRAME, readJson, SERVER_FRAME } from "./json.js";
export { checkConsistency, checkInclusion, Tree } from "./merkle.js";
export { messageAad, messageKey, messageKeyInfo, newSalt, open, pad, readPlaintext, seal, unpad, writePlaintext } from "./message.js";
export { PublicKey, sign } from "./public-key.js";
export { H, tuple } from "./tuple.js";
export { commitmentOf, openFirst, openWrap, sealWrap, wrapInfo } from "./wrap.js";
