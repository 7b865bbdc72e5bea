/**
 * Whether work may go on without the server: the signed lease, a clock that only goes forward, and a count.
 *
 * The time is the server's: that of the lease's signing, plus what has passed here since we asked, by the longer of the
 * monotonic and the wall clock: neither a clock set back nor a machine that slept extends the grace.
 */
export function asked() {
    return { wall: Date.now() / 1000, monotonic: performance.now() / 1000 };
}
/** One lease's bounds: the heartbeat renews them, the renderer is held to them. */
export class Bounds {
    terms;
    since;
    #elapsed = 0;
    #afterEnd = 0;
    constructor(terms, since) {
        this.terms = terms;
        this.since = since;
    }
    /** The server was reached: a newer lease, and a grace that has not begun. */
    renew(terms, since) {
        this.terms = terms;
        this.since = since;
        this.#elapsed = 0;
        this.#afterEnd = 0;
    }
    /** Why nothing may be begun any more, or nothing while something may. */
    whyOver() {
        return this.#judge(this.#afterEnd);
    }
    /** The same by the time alone: frames that were promised may all have been rendered. */
    whyOverInTime() {
        return this.#judge(Math.min(this.#afterEnd, Math.max(0, this.terms.graceFrames - 1)));
    }
    /** The outcome to report of a frame that was made between two moments of our wall clock, in seconds. */
    outcomeOf(startedAt, finishedAt) {
        const { expiresAt, endsAt, graceFrames, signedAt } = this.terms;
        const serverTime = (moment) => signedAt + moment - this.since.wall;
        if (serverTime(finishedAt) <= expiresAt)
            return "RENDERED";
        if (serverTime(startedAt) < endsAt && this.#afterEnd < graceFrames) {
            this.#afterEnd += 1;
            return "RENDERED";
        }
        return "DISCARDED";
    }
    #judge(afterEnd) {
        const { signedAt, expiresAt, endsAt, windowEndsAt, graceFrames } = this.terms;
        const now = asked();
        this.#elapsed = Math.max(this.#elapsed, now.monotonic - this.since.monotonic, now.wall - this.since.wall);
        const time = signedAt + Math.ceil(this.#elapsed);
        if (time >= windowEndsAt)
            return "EXPIRED";
        return time >= expiresAt && (time >= endsAt || afterEnd >= graceFrames) ? "OFFLINE_GRACE_EXCEEDED" : undefined;
    }
}
