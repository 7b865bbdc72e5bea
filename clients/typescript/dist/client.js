/** A farm's or production's connection to its licence server: what is asked before, during and after the work. */
import { asked } from "./bounds.js";
import { keysOf } from "./compact.js";
import { LeaseUnverified, LicenceEnded, ServerUnreachable } from "./errors.js";
import { LeaseKeeper } from "./keeper.js";
import { openLease } from "./leases.js";
import { ASK_SECONDS, Transport, within } from "./transport.js";
const CHECKS = "/api/v1/render/checks";
const RECEIPTS = "/api/v1/render/receipts";
export class TrustmarkClient {
    transport;
    #proofKey;
    #trust;
    /**
     * Opens nothing yet: the first request connects.
     *
     * @param baseUrl the server's public origin; tokens name it as their issuer.
     * @param apiKey `tm_<prefix>_<secret>`.
     */
    constructor(baseUrl, apiKey, { proofKey, patience } = {}) {
        this.transport = new Transport(baseUrl.replace(/\/+$/, ""), apiKey, patience);
        this.#proofKey = proofKey;
    }
    /**
     * Any operation of the API, typed by its OpenAPI document. Writes carry an `Idempotency-Key`, and are repeated under it.
     *
     * @throws ServerRefused, ServerUnreachable
     */
    async call(method, path, told) {
        const { path: inPath, query, body, idempotencyKey } = told;
        const filled = path.replaceAll(/\{(\w+)\}/g, (_, name) => {
            if (inPath?.[name] === undefined)
                throw new TypeError(`${path}: ${name} is not named`);
            return encodeURIComponent(String(inPath[name]));
        });
        const asked = new URLSearchParams(Object.entries(query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])));
        const headers = method === "get" ? {} : { "Idempotency-Key": idempotencyKey ?? crypto.randomUUID() };
        const answer = await this.transport.send({
            method: method.toUpperCase(),
            path: asked.size ? `${filled}?${asked}` : filled,
            headers: async () => headers,
            repeatable: true,
            body: body === undefined ? undefined : JSON.stringify(body),
        });
        return (answer.text ? answer.json() : undefined);
    }
    /**
     * The licence's short-lived token, for this client's next checks.
     *
     * @throws LicenceEnded revoked, expired, suspended or replaced.
     */
    async freshToken(licence, patience = within(ASK_SECONDS)) {
        const path = `/api/v1/tokens/${encodeURIComponent(licence)}/heartbeat`;
        const answer = await this.transport.send({ method: "POST", path, repeatable: true, body: "{}", patience });
        const { token, state } = answer.json();
        if (typeof token === "string")
            return token;
        throw new LicenceEnded(licence, String(state));
    }
    /**
     * Ask before rendering. A refusal is an answer with reason codes, not an error.
     *
     * @throws ServerRefused the question itself is malformed, or the API key is not accepted.
     * @throws ServerUnreachable no answer within six seconds: nothing may be rendered.
     * @throws LeaseUnverified a permit that the server did not sign for this key.
     */
    async check(ask, { key = crypto.randomUUID(), patience = within(ASK_SECONDS) } = {}) {
        const proofKey = this.#proofKey;
        if (!proofKey)
            throw new TypeError("a check needs the proof key that the token is bound to");
        const since = asked();
        const body = { ...ask, requested_at: new Date().toISOString() };
        const answer = await this.transport.send({
            method: "POST",
            path: CHECKS,
            headers: async (url) => ({ DPoP: await proofKey.proof("POST", url, ask.token), "Idempotency-Key": key }),
            repeatable: true,
            body: JSON.stringify(body),
            patience,
        });
        const raw = answer.json();
        // only these two words mean yes; anything else, unknown words included, means no
        const permitted = raw.decision === "ALLOW" || raw.decision === "ALLOW_WITH_OBLIGATIONS";
        const reasonCodes = Array.isArray(raw.reason_codes) ? raw.reason_codes.map(String) : [];
        if (!permitted)
            return { permitted, reasonCodes, lease: undefined, raw };
        if (!raw.lease)
            return { permitted: false, reasonCodes: ["NO_LEASE"], lease: undefined, raw };
        const terms = await this.#open(raw.lease.id, ask.token, raw.signature, patience);
        const lease = { id: terms.id, token: ask.token, heartbeatSeconds: raw.lease.heartbeat_seconds, terms, asked: since };
        if (!(lease.heartbeatSeconds > 0))
            throw new ServerUnreachable("the lease says nothing of its heartbeat");
        return { permitted, reasonCodes, lease, raw };
    }
    /** Beat for `lease` until `stop` is called or nothing more may be rendered. */
    keepLease(lease) {
        return new LeaseKeeper(this, lease);
    }
    /** One heartbeat, once, within so many seconds: the lease as it was signed anew, or why it is over. */
    async beat(lease, seconds) {
        const patience = within(seconds);
        const answer = await this.#onLease(lease.id, "heartbeat", { ...patience, attempts: 1 });
        const state = answer.json();
        const reasonCodes = Array.isArray(state.reason_codes) ? state.reason_codes.map(String) : [];
        if (state.state !== "ACTIVE")
            return { terms: undefined, reasonCodes };
        return { terms: await this.#open(lease.id, lease.token, String(state.signature), patience), reasonCodes };
    }
    /** Give a lease back; frames it reserved and did not use return to the quota. */
    async endLease(lease, patience = within(ASK_SECONDS)) {
        await this.#onLease(lease.id, "end", patience);
    }
    /** Send receipts as one batch; with the same `key` again it is the same batch. */
    async sendReceipts(receipts, options = {}) {
        return this.sendRows(receipts.map(rowOf), options);
    }
    /** Send rows that are encoded already, gzipped, in one NDJSON body. */
    async sendRows(rows, { key = crypto.randomUUID(), patience = {} } = {}) {
        const answer = await this.transport.send({
            method: "POST",
            path: RECEIPTS,
            headers: async (url) => ({
                ...(await this.#proof(url)),
                "Content-Type": "application/x-ndjson",
                "Content-Encoding": "gzip",
                "Idempotency-Key": key,
                Prefer: "return=minimal",
            }),
            repeatable: true,
            body: await gzip(rows.map((row) => `${row}\n`).join("")),
            patience,
        });
        const batch = answer.json();
        const counts = [batch.accepted, batch.unauthorised, batch.refused];
        if (!counts.every(Number.isInteger) || !Array.isArray(batch.runs) || counts.reduce((a, b) => a + b) !== rows.length) {
            throw new ServerUnreachable("the answer does not say what became of every row");
        }
        return batch;
    }
    async #onLease(id, verb, patience) {
        const path = `/api/v1/render/leases/${encodeURIComponent(id)}/${verb}`;
        const headers = (url) => this.#proof(url);
        return this.transport.send({ method: "POST", path, headers, repeatable: true, body: "{}", patience });
    }
    async #proof(url) {
        return this.#proofKey ? { DPoP: await this.#proofKey.proof("POST", url) } : {};
    }
    async #open(id, token, lease, patience) {
        const thumbprint = this.#proofKey?.thumbprint ?? "";
        const known = this.#trust;
        const trust = known ?? (await this.#fetchTrust(patience));
        const issuer = this.transport.baseUrl;
        try {
            return await openLease(token, lease, { trust, issuer, thumbprint, id });
        }
        catch (error) {
            if (!(error instanceof LeaseUnverified) || error.reason !== "KEY_UNTRUSTED" || !known)
                throw error;
        }
        // signed with a key that we have not seen: it may be rotated
        return openLease(token, lease, { trust: await this.#fetchTrust(patience), issuer, thumbprint, id });
    }
    async #fetchTrust(patience) {
        const keys = async (name) => {
            const path = `/.well-known/${name}`;
            const found = (await this.transport.send({ method: "GET", path, patience })).json();
            return keysOf(found).catch((cause) => {
                throw new ServerUnreachable(`the server's keys cannot be read: ${String(cause)}`, { cause });
            });
        };
        this.#trust = { tokenKeys: await keys("jwks.json"), decisionKeys: await keys("decision-jwks.json") };
        return this.#trust;
    }
}
/** A receipt as a batch has it: members in the order of their names. */
export function rowOf(receipt) {
    return JSON.stringify(Object.fromEntries(Object.entries(receipt).sort(([one], [other]) => (one < other ? -1 : 1))));
}
async function gzip(text) {
    const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
    return new Uint8Array(await new Response(stream).arrayBuffer());
}
