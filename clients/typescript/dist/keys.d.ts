/**
 * The farm's proof key, to which tokens are bound (RFC 9449, `cnf.jkt`).
 *
 * The private half never leaves the machine that renders; the server is told the public half when the API key is made.
 * Ed25519 alone: the server takes proofs of no other kind.
 */
/** The public half, as the server registers it with an API key. */
export interface PublicJwk {
    readonly crv: "Ed25519";
    readonly kty: "OKP";
    readonly x: string;
}
export declare class ProofKey {
    #private;
    readonly jwk: PublicJwk;
    /** RFC 7638 thumbprint of the public half, as tokens name it. */
    readonly thumbprint: string;
    readonly privateKey: CryptoKey;
    private constructor();
    /** A new random pair. */
    static generate(): Promise<ProofKey>;
    /**
     * The pair in a PKCS#8 PEM text.
     *
     * @throws TypeError it holds another kind of key, or none.
     */
    static fromPem(pem: string): Promise<ProofKey>;
    /** The pair as PKCS#8 PEM: write it where its owner alone may read. */
    toPem(): Promise<string>;
    /** A fresh proof for one request; `token` is the one that is sent along. */
    proof(method: string, url: URL, token?: string): Promise<string>;
}
