/**
 * Keeping a lease alive while a frame takes its time, and knowing when it is over without the server.
 *
 * A server that cannot be reached does not end the leave at once: work goes on under the lease as it was last signed, for its
 * grace in seconds and frames, and not a second longer. A renderer that never yields to the event loop is asked to wait for
 * its heartbeat between two frames.
 */
import { Bounds, asked } from "./bounds.js";
import { LeaveEnded, ServerRefused, TrustmarkError } from "./errors.js";
const WATCH_SECONDS = 0.1;
const RETRY_SECONDS = 5;
export class LeaseKeeper {
    lease;
    #client;
    #bounds;
    #over = new AbortController();
    #waitSeconds;
    #triedAt;
    #beating;
    #timer;
    #watch;
    #yieldedAt = performance.now();
    /** Whether the server answered when it was last asked. */
    isOnline = true;
    /** Begins to beat; `stop` ends that. */
    constructor(client, lease) {
        this.lease = lease;
        this.#client = client;
        this.#bounds = new Bounds(lease.terms, lease.asked);
        this.#waitSeconds = lease.heartbeatSeconds;
        this.#triedAt = lease.asked;
        this.#timer = this.#later();
        this.#watch = setInterval(() => this.#judge(this.#bounds.whyOverInTime()), WATCH_SECONDS * 1000);
    }
    /** Aborted, with the error as its reason, as soon as nothing more may be rendered. */
    get signal() {
        return this.#over.signal;
    }
    /** Why it is over, if it is. */
    get ended() {
        return this.#over.signal.reason;
    }
    /**
     * Before each frame.
     *
     * @throws LeaveEnded revoked, expired, or out of the bounds of the signed lease.
     */
    async mayBegin() {
        if (performance.now() - this.#yieldedAt > (WATCH_SECONDS * 1000) / 2)
            await this.#yield();
        if (asked().monotonic - this.#triedAt.monotonic > 2 * this.#waitSeconds)
            await this.#beat();
        this.#judge(this.#bounds.whyOver());
        this.signal.throwIfAborted();
    }
    /** The outcome to report of a frame made between two moments, in seconds since 1970. */
    outcomeOf(startedAt, finishedAt) {
        return this.ended ? "DISCARDED" : this.#bounds.outcomeOf(startedAt, finishedAt);
    }
    /** Nothing more may be rendered; the first reason stands. */
    end(reasonCodes, detail) {
        if (!this.ended)
            this.#over.abort(new LeaveEnded(reasonCodes, detail));
        this.stop();
    }
    /** Beat no more. */
    stop() {
        clearTimeout(this.#timer);
        clearInterval(this.#watch);
        this.#timer = undefined;
    }
    #judge(over) {
        if (over)
            this.end([over], `lease ${this.lease.id}: worked without the server for as long as it may`);
    }
    #later() {
        return setTimeout(() => void this.#beat(), this.#waitSeconds * 1000);
    }
    /** One heartbeat; those that are asked for meanwhile are the same one. Never rejects. */
    #beat() {
        this.#beating ??= this.#ask().finally(() => {
            this.#beating = undefined;
            this.#triedAt = asked();
            if (this.#timer !== undefined) {
                clearTimeout(this.#timer);
                this.#timer = this.#later();
            }
        });
        return this.#beating;
    }
    async #ask() {
        const at = asked();
        try {
            const state = await this.#client.beat(this.lease, Math.max(1, Math.min(this.lease.heartbeatSeconds, 10)));
            this.isOnline = true;
            this.#waitSeconds = this.lease.heartbeatSeconds;
            if (state.terms)
                this.#bounds.renew(state.terms, at);
            else
                this.end(state.reasonCodes.length ? state.reasonCodes : ["LEASE_ENDED"], `lease ${this.lease.id}`);
        }
        catch (error) {
            if (error instanceof ServerRefused)
                return this.end([error.code], error.detail);
            if (!(error instanceof TrustmarkError))
                return this.end(["CLIENT_FAILED"], String(error));
            this.isOnline = false; // no answer, or one that cannot be believed: the bounds go on as they were
            this.#waitSeconds = Math.min(RETRY_SECONDS, this.lease.heartbeatSeconds);
        }
    }
    async #yield() {
        await new Promise((done) => setTimeout(done, 0));
        this.#yieldedAt = performance.now();
    }
}
