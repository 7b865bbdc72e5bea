export { type Ask, type ClientOptions, type Decision, type Receipt, TrustmarkClient } from "./client.js";
export {
  Denied,
  LeaseUnverified,
  LeaveEnded,
  LicenceEnded,
  ReceiptsRefused,
  ServerRefused,
  ServerUnreachable,
  TrustmarkError,
} from "./errors.js";
export { type Frame, type Job, type LoopOptions, type Outbox, type Render, renderFrames } from "./frames.js";
export { type Picture, type Rendered, pixelSha256, rendered, sha256 } from "./hashing.js";
export type { Lease, LeaseKeeper } from "./keeper.js";
export { ProofKey, type PublicJwk } from "./keys.js";
export type { Became, FrameFiles } from "./names.js";
export type { AnswerOf, BodyOf, Method, PathOf, Schemas, Told } from "./schema.js";
export type { Patience } from "./transport.js";
