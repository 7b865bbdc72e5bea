/** A farm's or production's connection to its licence server: what is asked before, during and after the work. */
import { type Beating, type Lease, LeaseKeeper } from "./keeper.js";
import type { ProofKey } from "./keys.js";
import { type LeaseTerms } from "./leases.js";
import type { AnswerOf, Method, PathOf, Schemas, Told } from "./schema.js";
import { type Patience, Transport } from "./transport.js";
/** May this worker render these frames (or speak these lines) under this token? */
export type Ask = Omit<Schemas["CheckInputRequest"], "requested_at">;
/** One row of a batch of receipts. */
export interface Receipt {
    readonly lease: string;
    readonly frame: number;
    readonly take: number;
    readonly file_sha256: string;
    readonly pixel_sha256: string;
    readonly outcome: "RENDERED" | "DISCARDED" | "FAILED";
    readonly started_at: string;
    readonly finished_at: string;
    readonly mark?: string;
}
/** The answer to a check; `lease` is there only where work is permitted. */
export interface Decision {
    readonly permitted: boolean;
    readonly reasonCodes: readonly string[];
    readonly lease: Lease | undefined;
    readonly raw: Schemas["CheckOutput"];
}
export interface ClientOptions {
    /** Needed to check: tokens are bound to it. */
    readonly proofKey?: ProofKey;
    readonly patience?: Partial<Patience>;
}
export declare class TrustmarkClient implements Beating {
    #private;
    readonly transport: Transport;
    /**
     * Opens nothing yet: the first request connects.
     *
     * @param baseUrl the server's public origin; tokens name it as their issuer.
     * @param apiKey `tm_<prefix>_<secret>`.
     */
    constructor(baseUrl: string, apiKey: string, { proofKey, patience }?: ClientOptions);
    /**
     * Any operation of the API, typed by its OpenAPI document. Writes carry an `Idempotency-Key`, and are repeated under it.
     *
     * @throws ServerRefused, ServerUnreachable
     */
    call<M extends Method, P extends PathOf<M>>(method: M, path: P, told: Told<M, P>): Promise<AnswerOf<M, P>>;
    /**
     * The licence's short-lived token, for this client's next checks.
     *
     * @throws LicenceEnded revoked, expired, suspended or replaced.
     */
    freshToken(licence: string, patience?: Partial<Patience>): Promise<string>;
    /**
     * Ask before rendering. A refusal is an answer with reason codes, not an error.
     *
     * @throws ServerRefused the question itself is malformed, or the API key is not accepted.
     * @throws ServerUnreachable no answer within six seconds: nothing may be rendered.
     * @throws LeaseUnverified a permit that the server did not sign for this key.
     */
    check(ask: Ask, { key, patience }?: {
        key?: string;
        patience?: Partial<Patience>;
    }): Promise<Decision>;
    /** Beat for `lease` until `stop` is called or nothing more may be rendered. */
    keepLease(lease: Lease): LeaseKeeper;
    /** One heartbeat, once, within so many seconds: the lease as it was signed anew, or why it is over. */
    beat(lease: Lease, seconds: number): Promise<{
        terms: LeaseTerms | undefined;
        reasonCodes: readonly string[];
    }>;
    /** Give a lease back; frames it reserved and did not use return to the quota. */
    endLease(lease: Lease, patience?: Partial<Patience>): Promise<void>;
    /** Send receipts as one batch; with the same `key` again it is the same batch. */
    sendReceipts(receipts: readonly Receipt[], options?: {
        key?: string;
        patience?: Partial<Patience>;
    }): Promise<Schemas["BatchOutput"]>;
    /** Send rows that are encoded already, gzipped, in one NDJSON body. */
    sendRows(rows: readonly string[], { key, patience }?: {
        key?: string;
        patience?: Partial<Patience>;
    }): Promise<Schemas["BatchOutput"]>;
}
/** A receipt as a batch has it: members in the order of their names. */
export declare function rowOf(receipt: Receipt): string;
