/**
 * Keeping a lease alive while a frame takes its time, and knowing when it is over without the server.
 *
 * A server that cannot be reached does not end the leave at once: work goes on under the lease as it was last signed, for its
 * grace in seconds and frames, and not a second longer. A renderer that never yields to the event loop is asked to wait for
 * its heartbeat between two frames.
 */

import { type Asked, Bounds, type Outcome, asked } from "./bounds.js";
import { LeaveEnded, ServerRefused, TrustmarkError } from "./errors.js";
import type { LeaseTerms } from "./leases.js";

const WATCH_SECONDS = 0.1;
const RETRY_SECONDS = 5;

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
  beat(lease: Lease, seconds: number): Promise<{ terms: LeaseTerms | undefined; reasonCodes: readonly string[] }>;
}

export class LeaseKeeper {
  readonly #client: Beating;
  readonly #bounds: Bounds;
  readonly #over = new AbortController();
  #waitSeconds: number;
  #triedAt: Asked;
  #beating: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #watch: ReturnType<typeof setInterval>;
  #yieldedAt = performance.now();
  /** Whether the server answered when it was last asked. */
  isOnline = true;

  /** Begins to beat; `stop` ends that. */
  constructor(
    client: Beating,
    readonly lease: Lease,
  ) {
    this.#client = client;
    this.#bounds = new Bounds(lease.terms, lease.asked);
    this.#waitSeconds = lease.heartbeatSeconds;
    this.#triedAt = lease.asked;
    this.#timer = this.#later();
    this.#watch = setInterval(() => this.#judge(this.#bounds.whyOverInTime()), WATCH_SECONDS * 1000);
  }

  /** Aborted, with the error as its reason, as soon as nothing more may be rendered. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Why it is over, if it is. */
  get ended(): LeaveEnded | undefined {
    return this.#over.signal.reason as LeaveEnded | undefined;
  }

  /**
   * Before each frame.
   *
   * @throws LeaveEnded revoked, expired, or out of the bounds of the signed lease.
   */
  async mayBegin(): Promise<void> {
    if (performance.now() - this.#yieldedAt > (WATCH_SECONDS * 1000) / 2) await this.#yield();
    if (asked().monotonic - this.#triedAt.monotonic > 2 * this.#waitSeconds) await this.#beat();
    this.#judge(this.#bounds.whyOver());
    this.signal.throwIfAborted();
  }

  /** The outcome to report of a frame made between two moments, in seconds since 1970. */
  outcomeOf(startedAt: number, finishedAt: number): Outcome {
    return this.ended ? "DISCARDED" : this.#bounds.outcomeOf(startedAt, finishedAt);
  }

  /** Nothing more may be rendered; the first reason stands. */
  end(reasonCodes: readonly string[], detail: string): void {
    if (!this.ended) this.#over.abort(new LeaveEnded(reasonCodes, detail));
    this.stop();
  }

  /** Beat no more. */
  stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#watch);
    this.#timer = undefined;
  }

  #judge(over: string | undefined): void {
    if (over) this.end([over], `lease ${this.lease.id}: worked without the server for as long as it may`);
  }

  #later(): ReturnType<typeof setTimeout> {
    return setTimeout(() => void this.#beat(), this.#waitSeconds * 1000);
  }

  /** One heartbeat; those that are asked for meanwhile are the same one. Never rejects. */
  #beat(): Promise<void> {
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

  async #ask(): Promise<void> {
    const at = asked();
    try {
      const state = await this.#client.beat(this.lease, Math.max(1, Math.min(this.lease.heartbeatSeconds, 10)));
      this.isOnline = true;
      this.#waitSeconds = this.lease.heartbeatSeconds;
      if (state.terms) this.#bounds.renew(state.terms, at);
      else this.end(state.reasonCodes.length ? state.reasonCodes : ["LEASE_ENDED"], `lease ${this.lease.id}`);
    } catch (error) {
      if (error instanceof ServerRefused) return this.end([error.code], error.detail);
      if (!(error instanceof TrustmarkError)) return this.end(["CLIENT_FAILED"], String(error));
      this.isOnline = false; // no answer, or one that cannot be believed: the bounds go on as they were
      this.#waitSeconds = Math.min(RETRY_SECONDS, this.lease.heartbeatSeconds);
    }
  }

  async #yield(): Promise<void> {
    await new Promise<void>((done) => setTimeout(done, 0));
    this.#yieldedAt = performance.now();
  }
}
