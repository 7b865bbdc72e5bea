/**
 * Whether work may go on without the server: the signed lease, a clock that only goes forward, and a count.
 *
 * The time is the server's: that of the lease's signing, plus what has passed here since we asked, by the longer of the
 * monotonic and the wall clock: neither a clock set back nor a machine that slept extends the grace.
 */
import type { LeaseTerms } from "./leases.js";
export type Outcome = "RENDERED" | "DISCARDED" | "FAILED";
/** When a question was sent, by both clocks: what was signed in answer is no older than this. */
export interface Asked {
    readonly wall: number;
    readonly monotonic: number;
}
export declare function asked(): Asked;
/** One lease's bounds: the heartbeat renews them, the renderer is held to them. */
export declare class Bounds {
    #private;
    terms: LeaseTerms;
    private since;
    constructor(terms: LeaseTerms, since: Asked);
    /** The server was reached: a newer lease, and a grace that has not begun. */
    renew(terms: LeaseTerms, since: Asked): void;
    /** Why nothing may be begun any more, or nothing while something may. */
    whyOver(): string | undefined;
    /** The same by the time alone: frames that were promised may all have been rendered. */
    whyOverInTime(): string | undefined;
    /** The outcome to report of a frame that was made between two moments of our wall clock, in seconds. */
    outcomeOf(startedAt: number, finishedAt: number): Outcome;
}
