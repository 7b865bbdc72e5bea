/**
 * Compact JWS with Ed25519, and nothing else: signing of proofs, strict reading of tokens and leases.
 *
 * Read is only what the server writes: a header of exactly `alg`, `kid` and `typ`, canonical base64url, and a payload in
 * its one canonical spelling (RFC 8785), so that a repeated name or a second spelling is refused.
 *
 * Source: RFC 7515, RFC 8037, RFC 8725.
 */

const ED25519 = { name: "Ed25519" } as const;
const PUBLIC_X = /^[A-Za-z0-9_-]{43}$/;

/** Not a token of the type asked for, or not signed by a key that is trusted; `reason` is the server's own code for it. */
export class NotTrusted extends Error {
  constructor(
    readonly reason: string,
    detail: string,
  ) {
    super(detail);
  }
}

export function toBase64url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes of canonical base64url; anything else is refused. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (!/^[A-Za-z0-9_-]*$/.test(text) || text.length % 4 === 1) throw malformed("a part is not base64url");
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (one) => one.charCodeAt(0));
  if (toBase64url(bytes) !== text) throw malformed("a part is not canonical base64url");
  return bytes;
}

/** RFC 8785 for what stands in tokens: objects, lists, text, whole numbers, truth. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${canonical(member)}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

/** Header and payload, signed with `key`. */
export async function signCompact(header: object, payload: object, key: CryptoKey): Promise<string> {
  const encoder = new TextEncoder();
  const signed = [header, payload].map((part) => toBase64url(encoder.encode(canonical(part)))).join(".");
  const signature = await crypto.subtle.sign(ED25519, key, encoder.encode(signed));
  return `${signed}.${toBase64url(new Uint8Array(signature))}`;
}

/**
 * The payload of a compact JWS of type `typ`, signed by the key that its `kid` names among `keys`.
 *
 * @throws NotTrusted `TOKEN_MALFORMED`, `KEY_UNTRUSTED`, `SIGNATURE_INVALID`.
 */
export async function readCompact(
  text: string,
  typ: string,
  keys: ReadonlyMap<string, CryptoKey>,
): Promise<Record<string, unknown>> {
  const parts = text.split(".");
  const [head, body, mark] = parts;
  if (parts.length !== 3 || !head || !body || !mark) throw malformed("a compact JWS has exactly three parts");
  const header = canonicalObject(fromBase64url(head));
  if (Object.keys(header).sort().join() !== "alg,kid,typ") throw malformed("the header holds exactly alg, kid, typ");
  if (header["typ"] !== typ || header["alg"] !== "EdDSA") throw malformed(`not a ${typ} signed with EdDSA`);
  const key = typeof header["kid"] === "string" ? keys.get(header["kid"]) : undefined;
  if (!key) throw new NotTrusted("KEY_UNTRUSTED", "no key of this id is trusted");
  const signed = new TextEncoder().encode(`${head}.${body}`);
  if (!(await crypto.subtle.verify(ED25519, key, fromBase64url(mark), signed))) {
    throw new NotTrusted("SIGNATURE_INVALID", "the signature does not match");
  }
  return canonicalObject(fromBase64url(body));
}

/** The Ed25519 keys of a JWK set by their `kid`; a set with anything else in it is refused. */
export async function keysOf(jwks: unknown): Promise<Map<string, CryptoKey>> {
  const found = new Map<string, CryptoKey>();
  const listed = (jwks as { keys?: unknown }).keys;
  if (!Array.isArray(listed)) throw malformed("not a set of keys");
  for (const { kid, kty, crv, x } of listed as Record<string, unknown>[]) {
    if (typeof kid !== "string" || kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string" || !PUBLIC_X.test(x)) {
      throw malformed("a key is not an Ed25519 key with an id");
    }
    found.set(kid, await crypto.subtle.importKey("jwk", { kty, crv, x }, ED25519, false, ["verify"]));
  }
  return found;
}

function canonicalObject(bytes: Uint8Array): Record<string, unknown> {
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  const value: unknown = JSON.parse(text);
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw malformed("not an object");
  if (canonical(value) !== text) throw malformed("not in its canonical spelling");
  return value as Record<string, unknown>;
}

function malformed(detail: string): NotTrusted {
  return new NotTrusted("TOKEN_MALFORMED", detail);
}
