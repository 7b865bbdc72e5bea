/**
 * A signed lease: what a node may rely on while the server is away.
 *
 * Token and lease are verified with two kinds of keys, neither of which stands for the other; they belong together, and to the
 * key that this node holds. The server judges receipts by the same bounds when they come in.
 */

import { NotTrusted, canonical, readCompact } from "./compact.js";
import { LeaseUnverified } from "./errors.js";

/** The server's public keys by `kid`: those of tokens, and apart from them those of leases. */
export interface Trust {
  readonly tokenKeys: ReadonlyMap<string, CryptoKey>;
  readonly decisionKeys: ReadonlyMap<string, CryptoKey>;
}

/** What a verified lease says; times are the server's, in seconds since 1970. */
export interface LeaseTerms {
  readonly id: string;
  readonly first: number;
  readonly last: number;
  readonly signedAt: number;
  readonly expiresAt: number;
  /** From this second on nothing may be begun: the lease's end and grace, and never past the licence's window. */
  readonly endsAt: number;
  readonly windowEndsAt: number;
  readonly graceFrames: number;
}

/**
 * Verify a token and the lease that was given for it.
 *
 * @throws LeaseUnverified they are not the server's, do not belong together, or are bound to another key.
 */
export async function openLease(
  token: string,
  lease: string,
  { trust, issuer, thumbprint, id }: { trust: Trust; issuer: string; thumbprint: string; id: string },
): Promise<LeaseTerms> {
  try {
    const licence = await readCompact(token, "likeness-license+jwt", trust.tokenKeys);
    const granted = await readCompact(lease, "render-lease+jwt", trust.decisionKeys);
    belongTogether(licence, granted, issuer);
    const bound = objectOf(granted["cnf"]);
    if (Object.keys(bound).join() !== "jkt" || bound["jkt"] !== thumbprint) {
      throw new NotTrusted("SENDER_MISMATCH", "the token is bound to something other than this node's key");
    }
    if (granted["jti"] !== id) throw new NotTrusted("TOKEN_UNKNOWN", "the lease is another one");
    return termsOf(licence, granted);
  } catch (error) {
    if (error instanceof NotTrusted) throw new LeaseUnverified(error.reason, error.message);
    throw new LeaseUnverified("TOKEN_MALFORMED", String(error));
  }
}

function belongTogether(licence: Record<string, unknown>, granted: Record<string, unknown>, issuer: string): void {
  const pairs: [boolean, string, string][] = [
    [licence["iss"] === issuer && granted["iss"] === issuer, "KEY_UNTRUSTED", "iss"],
    [granted["aud"] === licence["aud"], "AUDIENCE_MISMATCH", "aud"],
    [granted["tok"] === licence["jti"], "TOKEN_UNKNOWN", "tok"],
    [granted["prj"] === licence["prj"], "PROJECT_MISMATCH", "prj"],
    [listOf(licence["ut"]).includes(granted["ut"]), "USE_TYPE_NOT_GRANTED", "ut"],
    [listOf(licence["cst"]).includes(granted["cst"]), "CONSTRUCT_NOT_GRANTED", "cst"],
    [canonical(granted["cnf"]) === canonical(licence["cnf"]), "SENDER_MISMATCH", "cnf"],
  ];
  for (const [fits, reason, claim] of pairs) {
    if (!fits) throw new NotTrusted(reason, `token and lease do not belong together: ${claim}`);
  }
}

function termsOf(licence: Record<string, unknown>, granted: Record<string, unknown>): LeaseTerms {
  const off = granted["off"] === undefined ? {} : objectOf(granted["off"]);
  const expiresAt = whole(granted["exp"]);
  const windowEndsAt = whole(objectOf(licence["win"])["na"]);
  return {
    id: String(granted["jti"]),
    first: whole(granted["first"]),
    last: whole(granted["last"]),
    signedAt: whole(granted["iat"]),
    expiresAt,
    endsAt: Math.min(expiresAt + whole(off["seconds"] ?? 0), windowEndsAt),
    windowEndsAt,
    graceFrames: whole(off["frames"] ?? 0),
  };
}

function objectOf(value: unknown): Record<string, unknown> {
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    throw new NotTrusted("TOKEN_MALFORMED", "a claim is not an object");
  }
  return value as Record<string, unknown>;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function whole(value: unknown): number {
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < 0) {
    throw new NotTrusted("TOKEN_MALFORMED", "a claim is not a whole number");
  }
  return value;
}
