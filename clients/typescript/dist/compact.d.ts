/**
 * Compact JWS with Ed25519, and nothing else: signing of proofs, strict reading of tokens and leases.
 *
 * Read is only what the server writes: a header of exactly `alg`, `kid` and `typ`, canonical base64url, and a payload in
 * its one canonical spelling (RFC 8785), so that a repeated name or a second spelling is refused.
 *
 * Source: RFC 7515, RFC 8037, RFC 8725.
 */
/** Not a token of the type asked for, or not signed by a key that is trusted; `reason` is the server's own code for it. */
export declare class NotTrusted extends Error {
    readonly reason: string;
    constructor(reason: string, detail: string);
}
export declare function toBase64url(bytes: Uint8Array): string;
/** The bytes of canonical base64url; anything else is refused. */
export declare function fromBase64url(text: string): Uint8Array<ArrayBuffer>;
/** RFC 8785 for what stands in tokens: objects, lists, text, whole numbers, truth. */
export declare function canonical(value: unknown): string;
/** Header and payload, signed with `key`. */
export declare function signCompact(header: object, payload: object, key: CryptoKey): Promise<string>;
/**
 * The payload of a compact JWS of type `typ`, signed by the key that its `kid` names among `keys`.
 *
 * @throws NotTrusted `TOKEN_MALFORMED`, `KEY_UNTRUSTED`, `SIGNATURE_INVALID`.
 */
export declare function readCompact(text: string, typ: string, keys: ReadonlyMap<string, CryptoKey>): Promise<Record<string, unknown>>;
/** The Ed25519 keys of a JWK set by their `kid`; a set with anything else in it is refused. */
export declare function keysOf(jwks: unknown): Promise<Map<string, CryptoKey>>;
