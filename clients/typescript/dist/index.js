export { TrustmarkClient } from "./client.js";
export { Denied, LeaseUnverified, LeaveEnded, LicenceEnded, ReceiptsRefused, ServerRefused, ServerUnreachable, TrustmarkError, } from "./errors.js";
export { renderFrames } from "./frames.js";
export { pixelSha256, rendered, sha256 } from "./hashing.js";
export { ProofKey } from "./keys.js";
