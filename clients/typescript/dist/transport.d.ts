/**
 * One server, one API key: requests, their repetition, what an answer means.
 *
 * A request is repeated only where that is harmless: reads, and writes that carry an `Idempotency-Key`. Waits are drawn from
 * [0, base * 2**attempt], capped ("full jitter"). Redirects are not followed, and no answer is believed that cannot be read.
 */
/** How long to try: `allSeconds` bounds attempts and waits together, `endsAt` (of `performance.now()`) several calls. */
export interface Patience {
    readonly attempts: number;
    readonly baseSeconds: number;
    readonly capSeconds: number;
    readonly timeoutSeconds: number;
    readonly allSeconds: number;
    readonly endsAt?: number;
}
export declare const PATIENCE: Patience;
/** What a task may spend on hearing yes or no: a job that waits for ever looks like one that runs. */
export declare const ASK_SECONDS = 6;
/** All calls that are given this take no longer than so many seconds from now, together. */
export declare function within(seconds: number): Partial<Patience>;
export interface Call {
    readonly method: string;
    /** Path and query on the server. */
    readonly path: string;
    /** Called for every attempt, since a proof may be used once only. */
    readonly headers?: (url: URL) => Promise<Record<string, string>>;
    /** Whether sending it twice is harmless; GET always is. */
    readonly repeatable?: boolean;
    readonly body?: string | Uint8Array<ArrayBuffer> | undefined;
    readonly patience?: Partial<Patience>;
}
export declare class Transport {
    #private;
    readonly baseUrl: string;
    constructor(baseUrl: string, apiKey: string, patience?: Partial<Patience>);
    /**
     * Send, repeat where safe, and return the answer of a success.
     *
     * @throws ServerRefused a 4xx that repeating would not change.
     * @throws ServerUnreachable no answer in time, or only 5xx.
     */
    send(call: Call): Promise<Answer>;
}
/** Status and body; the body was read to its end. */
export declare class Answer {
    readonly status: number;
    readonly text: string;
    constructor(status: number, text: string);
    get ok(): boolean;
    /**
     * The body as an object.
     *
     * @throws ServerUnreachable it is none: an answer that cannot be read is no answer.
     */
    json(): Record<string, unknown>;
}
