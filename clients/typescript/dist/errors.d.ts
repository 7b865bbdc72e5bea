/** What can go wrong between a farm and its licence server, by whose fault it is. `code` is stable, the sentence is not. */
/** The one base. */
export declare class TrustmarkError extends Error {
    readonly code: string;
    readonly detail: string;
    readonly name: string;
    /** Receipts that the server has not acknowledged, as rows of a batch: keep them, and send them again. */
    unsent: readonly string[];
    constructor(code: string, detail: string, options?: ErrorOptions);
    /** Every reason, the primary one first. */
    get reasonCodes(): readonly string[];
    /** What a farm's screen shows. */
    get line(): string;
}
/** No answer in time, or none that is worth one (`OFFLINE`): treat it as no. */
export declare class ServerUnreachable extends TrustmarkError {
    readonly name: string;
    constructor(detail: string, options?: ErrorOptions);
}
/** The server answered with an RFC 9457 problem; repeating the request would not help. */
export declare class ServerRefused extends TrustmarkError {
    readonly status: number;
    readonly name: string;
    constructor(status: number, code: string, detail: string);
}
/** Nothing may be rendered. */
export declare class Denied extends TrustmarkError {
    #private;
    readonly name: string;
    constructor(reasonCodes: readonly string[], detail: string);
    get reasonCodes(): readonly string[];
}
/** The leave ended in mid-job: revoked, expired, or without the server for longer than the signed lease allows. */
export declare class LeaveEnded extends Denied {
    readonly name = "LeaveEnded";
}
/** The licence gives no tokens any more; the code is its state (`REVOKED`, `EXPIRED`, `SUPERSEDED` ...). */
export declare class LicenceEnded extends Denied {
    readonly licence: string;
    readonly state: string;
    readonly name = "LicenceEnded";
    constructor(licence: string, state: string);
}
/** A permit without a lease that the server signed for this key: nothing may be rendered under it. */
export declare class LeaseUnverified extends TrustmarkError {
    readonly reason: string;
    readonly name = "LeaseUnverified";
    constructor(reason: string, detail: string);
}
/** The server did not accept every receipt as rendered; `codes` say why. */
export declare class ReceiptsRefused extends TrustmarkError {
    readonly codes: readonly string[];
    readonly name = "ReceiptsRefused";
    constructor(codes: readonly string[]);
}
