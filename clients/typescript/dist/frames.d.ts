/**
 * A renderer's own loop, gated: leave for each block of frames, a receipt for each frame, and an end that is heard.
 *
 * 1. Ask for the next block. No, or no answer within six seconds: an error with the reason code, and nothing is rendered.
 * 2. Before each frame: does the leave still stand? After it: its receipt, kept on disk before the next frame begins where
 *    there is an outbox. A frame whose leave ended while it was rendered is reported as discarded, and its file loses the
 *    frame's name before that.
 * 3. After each block, and on every way out: the receipts are sent, and what was reserved and not used is given back.
 *    Receipts that could not be sent stay in the outbox, and on the error as `unsent`. What the server calls unauthorised
 *    or refuses loses its name.
 */
import type { Ask, TrustmarkClient } from "./client.js";
import type { Rendered } from "./hashing.js";
import type { FrameFiles } from "./names.js";
/** Keeps rows until the server has acknowledged them; `FileOutbox` of `trustmark-client/node` keeps them on disk. */
export interface Outbox {
    /** Keep a row of `lease`; it is safe when this returns. */
    add(lease: string, row: string): Promise<void>;
    /** The server has acknowledged every row of `lease`. */
    done(lease: string): Promise<void>;
    /** The run is over; what is left waits for a flush. */
    close(): Promise<void>;
}
/** What to render: the question without its frames, the licence, and the frames. */
export type Job = Omit<Ask, "token" | "frame_range"> & {
    /** Id of the licence: a fresh token is asked for before every block. */
    readonly licence: string;
    readonly first: number;
    readonly last: number;
    readonly take?: number;
};
export interface LoopOptions {
    /** Frames that one check asks for. */
    readonly block?: number;
    readonly outbox?: Outbox;
    /** Renames what a frame's `path` names: `frameFiles` of `trustmark-client/node`. */
    readonly files?: FrameFiles;
}
/** A frame that was rendered: its hashes, and where its file lies. */
export interface Frame extends Rendered {
    /** Its file; without one, no name changes. */
    readonly path?: string | undefined;
    /** The name that the file gets once its receipt as rendered is kept: `path` is a draft until then. */
    readonly place?: string | undefined;
}
/** Renders one frame, and says what it is; `signal` is aborted as soon as its leave is over. */
export type Render = (frame: number, leave: {
    signal: AbortSignal;
    lease: string;
}) => Promise<Frame> | Frame;
/**
 * Render `job` under its licence. Resolves to how many receipts are in the log.
 *
 * @throws Denied nothing may be rendered (`LicenceEnded` among them); LeaveEnded not any longer.
 * @throws ServerUnreachable no answer: before the first frame, between two blocks, or to the receipts.
 * @throws ReceiptsRefused a receipt was not accepted as rendered.
 */
export declare function renderFrames(client: TrustmarkClient, job: Job, render: Render, { block, outbox, files }?: LoopOptions): Promise<number>;
