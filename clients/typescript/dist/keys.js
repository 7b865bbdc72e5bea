/**
 * The farm's proof key, to which tokens are bound (RFC 9449, `cnf.jkt`).
 *
 * The private half never leaves the machine that renders; the server is told the public half when the API key is made.
 * Ed25519 alone: the server takes proofs of no other kind.
 */
import { canonical, signCompact, toBase64url } from "./compact.js";
const ED25519 = { name: "Ed25519" };
export class ProofKey {
    jwk;
    thumbprint;
    privateKey;
    constructor(jwk, 
    /** RFC 7638 thumbprint of the public half, as tokens name it. */
    thumbprint, privateKey) {
        this.jwk = jwk;
        this.thumbprint = thumbprint;
        this.privateKey = privateKey;
    }
    /** A new random pair. */
    static async generate() {
        const pair = (await crypto.subtle.generateKey(ED25519, true, ["sign", "verify"]));
        return ProofKey.#of(pair.privateKey);
    }
    /**
     * The pair in a PKCS#8 PEM text.
     *
     * @throws TypeError it holds another kind of key, or none.
     */
    static async fromPem(pem) {
        const body = /-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----/.exec(pem)?.[1];
        if (!body)
            throw new TypeError("not a PKCS#8 private key in PEM");
        const der = Uint8Array.from(atob(body.replaceAll(/\s/g, "")), (one) => one.charCodeAt(0));
        try {
            return await ProofKey.#of(await crypto.subtle.importKey("pkcs8", der, ED25519, true, ["sign"]));
        }
        catch (error) {
            throw new TypeError("the proof key must be Ed25519", { cause: error });
        }
    }
    /** The pair as PKCS#8 PEM: write it where its owner alone may read. */
    async toPem() {
        const der = new Uint8Array(await crypto.subtle.exportKey("pkcs8", this.privateKey));
        const body = btoa(String.fromCharCode(...der)).replaceAll(/.{64}/g, "$&\n").trimEnd();
        return `-----BEGIN PRIVATE KEY-----\n${body}\n-----END PRIVATE KEY-----\n`;
    }
    /** A fresh proof for one request; `token` is the one that is sent along. */
    async proof(method, url, token) {
        const payload = {
            htm: method,
            htu: url.origin + url.pathname,
            iat: Math.floor(Date.now() / 1000),
            jti: crypto.randomUUID(),
        };
        if (token !== undefined)
            payload["ath"] = await digest(token);
        return signCompact({ alg: "EdDSA", jwk: this.jwk, typ: "dpop+jwt" }, payload, this.privateKey);
    }
    static async #of(privateKey) {
        const { x } = await crypto.subtle.exportKey("jwk", privateKey);
        if (!x)
            throw new TypeError("the key has no public half");
        const jwk = { crv: "Ed25519", kty: "OKP", x };
        return new ProofKey(jwk, await digest(canonical(jwk)), privateKey);
    }
}
async function digest(text) {
    return toBase64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}
