/** A farm's or production's connection to its licence server: what is asked before, during and after the work. */

import { asked } from "./bounds.js";
import { keysOf } from "./compact.js";
import { LeaseUnverified, LicenceEnded, ServerUnreachable } from "./errors.js";
import { type Beating, type Lease, LeaseKeeper } from "./keeper.js";
import type { ProofKey } from "./keys.js";
import { type LeaseTerms, type Trust, openLease } from "./leases.js";
import type { AnswerOf, Method, PathOf, Schemas, Told } from "./schema.js";
import { ASK_SECONDS, type Patience, Transport, within } from "./transport.js";

const CHECKS = "/api/v1/render/checks";
const RECEIPTS = "/api/v1/render/receipts";

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

export class TrustmarkClient implements Beating {
  readonly transport: Transport;
  readonly #proofKey: ProofKey | undefined;
  #trust: Trust | undefined;

  /**
   * Opens nothing yet: the first request connects.
   *
   * @param baseUrl the server's public origin; tokens name it as their issuer.
   * @param apiKey `tm_<prefix>_<secret>`.
   */
  constructor(baseUrl: string, apiKey: string, { proofKey, patience }: ClientOptions = {}) {
    this.transport = new Transport(baseUrl.replace(/\/+$/, ""), apiKey, patience);
    this.#proofKey = proofKey;
  }

  /**
   * Any operation of the API, typed by its OpenAPI document. Writes carry an `Idempotency-Key`, and are repeated under it.
   *
   * @throws ServerRefused, ServerUnreachable
   */
  async call<M extends Method, P extends PathOf<M>>(method: M, path: P, told: Told<M, P>): Promise<AnswerOf<M, P>> {
    const { path: inPath, query, body, idempotencyKey } = told as {
      path?: Record<string, unknown>;
      query?: Record<string, unknown>;
      body?: unknown;
      idempotencyKey?: string;
    };
    const filled = path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
      if (inPath?.[name] === undefined) throw new TypeError(`${path}: ${name} is not named`);
      return encodeURIComponent(String(inPath[name]));
    });
    const asked = new URLSearchParams(
      Object.entries(query ?? {}).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
    );
    const headers: Record<string, string> =
      method === "get" ? {} : { "Idempotency-Key": idempotencyKey ?? crypto.randomUUID() };
    const answer = await this.transport.send({
      method: method.toUpperCase(),
      path: asked.size ? `${filled}?${asked}` : filled,
      headers: async () => headers,
      repeatable: true,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return (answer.text ? answer.json() : undefined) as AnswerOf<M, P>;
  }

  /**
   * The licence's short-lived token, for this client's next checks.
   *
   * @throws LicenceEnded revoked, expired, suspended or replaced.
   */
  async freshToken(licence: string, patience = within(ASK_SECONDS)): Promise<string> {
    const path = `/api/v1/tokens/${encodeURIComponent(licence)}/heartbeat`;
    const answer = await this.transport.send({ method: "POST", path, repeatable: true, body: "{}", patience });
    const { token, state } = answer.json() as Partial<Schemas["HeartbeatOutput"]>;
    if (typeof token === "string") return token;
    throw new LicenceEnded(licence, String(state));
  }

  /**
   * Ask before rendering. A refusal is an answer with reason codes, not an error.
   *
   * @throws ServerRefused the question itself is malformed, or the API key is not accepted.
   * @throws ServerUnreachable no answer within six seconds: nothing may be rendered.
   * @throws LeaseUnverified a permit that the server did not sign for this key.
   */
  async check(
    ask: Ask,
    { key = crypto.randomUUID(), patience = within(ASK_SECONDS) }: { key?: string; patience?: Partial<Patience> } = {},
  ): Promise<Decision> {
    const proofKey = this.#proofKey;
    if (!proofKey) throw new TypeError("a check needs the proof key that the token is bound to");
    const since = asked();
    const body: Schemas["CheckInputRequest"] = { ...ask, requested_at: new Date().toISOString() };
    const answer = await this.transport.send({
      method: "POST",
      path: CHECKS,
      headers: async (url) => ({ DPoP: await proofKey.proof("POST", url, ask.token), "Idempotency-Key": key }),
      repeatable: true,
      body: JSON.stringify(body),
      patience,
    });
    const raw = answer.json() as unknown as Schemas["CheckOutput"];
    // only these two words mean yes; anything else, unknown words included, means no
    const permitted = raw.decision === "ALLOW" || raw.decision === "ALLOW_WITH_OBLIGATIONS";
    const reasonCodes = Array.isArray(raw.reason_codes) ? raw.reason_codes.map(String) : [];
    if (!permitted) return { permitted, reasonCodes, lease: undefined, raw };
    if (!raw.lease) return { permitted: false, reasonCodes: ["NO_LEASE"], lease: undefined, raw };
    const terms = await this.#open(raw.lease.id, ask.token, raw.signature, patience);
    const lease = { id: terms.id, token: ask.token, heartbeatSeconds: raw.lease.heartbeat_seconds, terms, asked: since };
    if (!(lease.heartbeatSeconds > 0)) throw new ServerUnreachable("the lease says nothing of its heartbeat");
    return { permitted, reasonCodes, lease, raw };
  }

  /** Beat for `lease` until `stop` is called or nothing more may be rendered. */
  keepLease(lease: Lease): LeaseKeeper {
    return new LeaseKeeper(this, lease);
  }

  /** One heartbeat, once, within so many seconds: the lease as it was signed anew, or why it is over. */
  async beat(lease: Lease, seconds: number): Promise<{ terms: LeaseTerms | undefined; reasonCodes: readonly string[] }> {
    const patience = within(seconds);
    const answer = await this.#onLease(lease.id, "heartbeat", { ...patience, attempts: 1 });
    const state = answer.json() as Partial<Schemas["LeaseStateOutput"]>;
    const reasonCodes = Array.isArray(state.reason_codes) ? state.reason_codes.map(String) : [];
    if (state.state !== "ACTIVE") return { terms: undefined, reasonCodes };
    return { terms: await this.#open(lease.id, lease.token, String(state.signature), patience), reasonCodes };
  }

  /** Give a lease back; frames it reserved and did not use return to the quota. */
  async endLease(lease: Lease, patience = within(ASK_SECONDS)): Promise<void> {
    await this.#onLease(lease.id, "end", patience);
  }

  /** Send receipts as one batch; with the same `key` again it is the same batch. */
  async sendReceipts(
    receipts: readonly Receipt[],
    options: { key?: string; patience?: Partial<Patience> } = {},
  ): Promise<Schemas["BatchOutput"]> {
    return this.sendRows(receipts.map(rowOf), options);
  }

  /** Send rows that are encoded already, gzipped, in one NDJSON body. */
  async sendRows(
    rows: readonly string[],
    { key = crypto.randomUUID(), patience = {} }: { key?: string; patience?: Partial<Patience> } = {},
  ): Promise<Schemas["BatchOutput"]> {
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
    const batch = answer.json() as unknown as Schemas["BatchOutput"];
    const counts = [batch.accepted, batch.unauthorised, batch.refused];
    if (!counts.every(Number.isInteger) || !Array.isArray(batch.runs) || counts.reduce((a, b) => a + b) !== rows.length) {
      throw new ServerUnreachable("the answer does not say what became of every row");
    }
    return batch;
  }

  async #onLease(id: string, verb: "heartbeat" | "end", patience: Partial<Patience>) {
    const path = `/api/v1/render/leases/${encodeURIComponent(id)}/${verb}`;
    const headers = (url: URL): Promise<Record<string, string>> => this.#proof(url);
    return this.transport.send({ method: "POST", path, headers, repeatable: true, body: "{}", patience });
  }

  async #proof(url: URL): Promise<Record<string, string>> {
    return this.#proofKey ? { DPoP: await this.#proofKey.proof("POST", url) } : {};
  }

  async #open(id: string, token: string, lease: string, patience: Partial<Patience>): Promise<LeaseTerms> {
    const thumbprint = this.#proofKey?.thumbprint ?? "";
    const known = this.#trust;
    const trust = known ?? (await this.#fetchTrust(patience));
    const issuer = this.transport.baseUrl;
    try {
      return await openLease(token, lease, { trust, issuer, thumbprint, id });
    } catch (error) {
      if (!(error instanceof LeaseUnverified) || error.reason !== "KEY_UNTRUSTED" || !known) throw error;
    }
    // signed with a key that we have not seen: it may be rotated
    return openLease(token, lease, { trust: await this.#fetchTrust(patience), issuer, thumbprint, id });
  }

  async #fetchTrust(patience: Partial<Patience>): Promise<Trust> {
    const keys = async (name: string): Promise<Map<string, CryptoKey>> => {
      const path = `/.well-known/${name}`;
      const found = (await this.transport.send({ method: "GET", path, patience })).json();
      return keysOf(found).catch((cause: unknown) => {
        throw new ServerUnreachable(`the server's keys cannot be read: ${String(cause)}`, { cause });
      });
    };
    this.#trust = { tokenKeys: await keys("jwks.json"), decisionKeys: await keys("decision-jwks.json") };
    return this.#trust;
  }
}

/** A receipt as a batch has it: members in the order of their names. */
export function rowOf(receipt: Receipt): string {
  return JSON.stringify(Object.fromEntries(Object.entries(receipt).sort(([one], [other]) => (one < other ? -1 : 1))));
}

async function gzip(text: string): Promise<Uint8Array<ArrayBuffer>> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
