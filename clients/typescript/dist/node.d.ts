/** What needs a disk: keys in files, and receipts that outlive the process that made them. */
import type { TrustmarkClient } from "./client.js";
import type { Outbox } from "./frames.js";
import { ProofKey } from "./keys.js";
import { type FrameFiles } from "./names.js";
/** Read a proof key from a PKCS#8 PEM file. */
export declare function readProofKey(path: string): Promise<ProofKey>;
/** Write a proof key to a new file, readable by its owner alone. */
export declare function writeProofKey(key: ProofKey, path: string): Promise<void>;
/**
 * Frames on this machine's disk. Where the new name is taken by something that cannot be replaced (a folder, say) a number
 * goes behind it, and a file that cannot be renamed is removed; a link loses its own name, what it points to is left alone.
 */
export declare const frameFiles: FrameFiles;
/**
 * Receipts on disk until the server has acknowledged them: one file for each lease, a row and its checksum on each line, each
 * row synced before the next frame begins.
 *
 * While a process writes a file it is named `<lease>.<host>.<pid>.<run>.held`; what waits is `<lease>.ndjson`, as the Python
 * client has it. `flushFolder` sends both, a killed process's on its own host; `trustmark gate flush` sends what waits.
 */
export declare class FileOutbox implements Outbox {
    #private;
    readonly folder: string;
    constructor(folder: string);
    /** @throws TrustmarkError `OUTBOX_FULL`: the disk takes no more; who cannot keep a receipt may not render. */
    add(lease: string, row: string): Promise<void>;
    done(lease: string): Promise<void>;
    close(): Promise<void>;
}
/** What became of the rows that had waited. */
export interface Flushed {
    accepted: number;
    unauthorised: number;
    refused: number;
    /** Rows that do not bear their checksum; their file is kept as `.damaged`. */
    damaged: number;
    /** Files that a living process writes, or one on another host: of that nobody here knows whether it lives. */
    passedOver: string[];
}
/**
 * Send what earlier runs left in `folder`, those that were killed included; files of processes that live are passed over.
 * A row that is refused is counted, and its file is kept as `.refused`.
 *
 * @throws TrustmarkError the server did not take a batch; what was not sent is still there.
 */
export declare function flushFolder(client: TrustmarkClient, folder: string): Promise<Flushed>;
