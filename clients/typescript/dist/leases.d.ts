/**
 * A signed lease: what a node may rely on while the server is away.
 *
 * Token and lease are verified with two kinds of keys, neither of which stands for the other; they belong together, and to the
 * key that this node holds. The server judges receipts by the same bounds when they come in.
 */
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
export declare function openLease(token: string, lease: string, { trust, issuer, thumbprint, id }: {
    trust: Trust;
    issuer: string;
    thumbprint: string;
    id: string;
}): Promise<LeaseTerms>;
