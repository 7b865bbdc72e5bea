/**
 * Keeping a lease alive while a frame takes its time, and knowing when it is over without the server.
 *
 * A server that cannot be reached does not end the leave at once: work goes on under the lease as it was last signed, for its
 * grace in seconds and frames, and not a second longer. A renderer that never yields to the event loop is asked to wait for
 * its heartbeat between two frames.
 */
import { type Asked, type Outcome } from "./bounds.js";
import { LeaveEnded } from "./errors.js";
import type { LeaseTerms } from "./leases.js";
/** Frames reserved for one worker, as the server signed it. */
export interface Lease {
    readonly id: string;
    readonly token: string;
    readonly heartbeatSeconds: number;
    readonly terms: LeaseTerms;
    readonly asked: Asked;
}
/** Asks the server for one heartbeat. */
export interface Beating {
    /** Within so many seconds: the lease as it was signed anew, or why it is over. */
    beat(lease: Lease, seconds: number): Promise<{
        terms: LeaseTerms | undefined;
        reasonCodes: readonly string[];
    }>;
}
export declare class LeaseKeeper {
    #private;
    readonly lease: Lease;
    /** Whether the server answered when it was last asked. */
    isOnline: boolean;
    /** Begins to beat; `stop` ends that. */
    constructor(client: Beating, lease: Lease);
    /** Aborted, with the error as its reason, as soon as nothing more may be rendered. */
    get signal(): AbortSignal;
    /** Why it is over, if it is. */
    get ended(): LeaveEnded | undefined;
    /**
     * Before each frame.
     *
     * @throws LeaveEnded revoked, expired, or out of the bounds of the signed lease.
     */
    mayBegin(): Promise<void>;
    /** The outcome to report of a frame made between two moments, in seconds since 1970. */
    outcomeOf(startedAt: number, finishedAt: number): Outcome;
    /** Nothing more may be rendered; the first reason stands. */
    end(reasonCodes: readonly string[], detail: string): void;
    /** Beat no more. */
    stop(): void;
}
