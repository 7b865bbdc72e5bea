/**
 * One server, one API key: requests, their repetition, what an answer means.
 *
 * A request is repeated only where that is harmless: reads, and writes that carry an `Idempotency-Key`. Waits are drawn from
 * [0, base * 2**attempt], capped ("full jitter"). Redirects are not followed, and no answer is believed that cannot be read.
 */
import { ServerRefused, ServerUnreachable } from "./errors.js";
export const PATIENCE = {
    attempts: 5,
    baseSeconds: 0.25,
    capSeconds: 8,
    timeoutSeconds: 30,
    allSeconds: 120,
};
/** What a task may spend on hearing yes or no: a job that waits for ever looks like one that runs. */
export const ASK_SECONDS = 6;
/** All calls that are given this take no longer than so many seconds from now, together. */
export function within(seconds) {
    return { timeoutSeconds: seconds, endsAt: performance.now() + seconds * 1000 };
}
export class Transport {
    baseUrl;
    #apiKey;
    #patience;
    constructor(baseUrl, apiKey, patience = {}) {
        this.baseUrl = baseUrl;
        this.#apiKey = apiKey;
        this.#patience = { ...PATIENCE, ...patience };
    }
    /**
     * Send, repeat where safe, and return the answer of a success.
     *
     * @throws ServerRefused a 4xx that repeating would not change.
     * @throws ServerUnreachable no answer in time, or only 5xx.
     */
    async send(call) {
        const patience = { ...this.#patience, ...call.patience };
        const endsAt = Math.min(performance.now() + patience.allSeconds * 1000, patience.endsAt ?? Infinity);
        const attempts = call.repeatable || call.method === "GET" ? patience.attempts : 1;
        let failure = "not tried";
        let cause;
        for (let attempt = 0; attempt < attempts; attempt += 1) {
            if (attempt)
                await sleep(wait(patience, attempt - 1), endsAt);
            const left = endsAt - performance.now();
            if (left <= 0)
                break;
            try {
                const answer = await this.#once(call, Math.min(left, patience.timeoutSeconds * 1000));
                if (answer.ok)
                    return answer;
                if (answer.status !== 429 && answer.status < 500)
                    throw refusal(answer);
                failure = `status ${answer.status}`;
            }
            catch (error) {
                if (error instanceof ServerRefused)
                    throw error;
                cause = error;
                failure = String(error.cause ?? error);
            }
        }
        throw new ServerUnreachable(`${call.method} ${this.baseUrl}${call.path}: ${failure}`, { cause });
    }
    async #once(call, milliseconds) {
        const url = new URL(this.baseUrl + call.path);
        const headers = {
            Authorization: `Bearer ${this.#apiKey}`,
            "User-Agent": "trustmark-client-js/0.1",
            ...(typeof call.body === "string" ? { "Content-Type": "application/json" } : {}),
            ...(await call.headers?.(url)),
        };
        const signal = AbortSignal.timeout(Math.max(1, Math.ceil(milliseconds)));
        const answer = await fetch(url, {
            method: call.method,
            headers,
            redirect: "manual",
            signal,
            ...(call.body === undefined ? {} : { body: call.body }),
        });
        return new Answer(answer.status, await answer.text());
    }
}
/** Status and body; the body was read to its end. */
export class Answer {
    status;
    text;
    constructor(status, text) {
        this.status = status;
        this.text = text;
    }
    get ok() {
        return this.status >= 200 && this.status < 300;
    }
    /**
     * The body as an object.
     *
     * @throws ServerUnreachable it is none: an answer that cannot be read is no answer.
     */
    json() {
        try {
            const value = JSON.parse(this.text);
            if (value !== null && typeof value === "object" && !Array.isArray(value))
                return value;
        }
        catch {
            // said below
        }
        throw new ServerUnreachable("the answer is not a JSON object");
    }
}
function refusal(answer) {
    try {
        const problem = answer.json();
        if (typeof problem["code"] === "string") {
            return new ServerRefused(answer.status, problem["code"], String(problem["detail"] ?? problem["title"] ?? ""));
        }
    }
    catch {
        // no problem document: the status is all that is known
    }
    return new ServerRefused(answer.status, `HTTP_${answer.status}`, "");
}
function wait({ capSeconds, baseSeconds }, attempt) {
    return Math.random() * Math.min(capSeconds, baseSeconds * 2 ** attempt) * 1000;
}
function sleep(milliseconds, endsAt) {
    const most = Math.max(0, endsAt - performance.now());
    return new Promise((done) => setTimeout(done, Math.min(milliseconds, most)));
}
