/** What can go wrong between a farm and its licence server, by whose fault it is. `code` is stable, the sentence is not. */
/** The one base. */
export class TrustmarkError extends Error {
    code;
    detail;
    name = "TrustmarkError";
    /** Receipts that the server has not acknowledged, as rows of a batch: keep them, and send them again. */
    unsent = [];
    constructor(code, detail, options) {
        super(`${code}: ${detail}`, options);
        this.code = code;
        this.detail = detail;
    }
    /** Every reason, the primary one first. */
    get reasonCodes() {
        return [this.code];
    }
    /** What a farm's screen shows. */
    get line() {
        return `trustmark: denied: ${this.reasonCodes.join(" ")} (${this.detail})`;
    }
}
/** No answer in time, or none that is worth one (`OFFLINE`): treat it as no. */
export class ServerUnreachable extends TrustmarkError {
    name = "ServerUnreachable";
    constructor(detail, options) {
        super("OFFLINE", detail, options);
    }
}
/** The server answered with an RFC 9457 problem; repeating the request would not help. */
export class ServerRefused extends TrustmarkError {
    status;
    name = "ServerRefused";
    constructor(status, code, detail) {
        super(code, detail);
        this.status = status;
    }
}
/** Nothing may be rendered. */
export class Denied extends TrustmarkError {
    name = "Denied";
    #reasonCodes;
    constructor(reasonCodes, detail) {
        super(reasonCodes[0] ?? "DENIED", detail);
        this.#reasonCodes = reasonCodes.length ? reasonCodes : ["DENIED"];
    }
    get reasonCodes() {
        return this.#reasonCodes;
    }
}
/** The leave ended in mid-job: revoked, expired, or without the server for longer than the signed lease allows. */
export class LeaveEnded extends Denied {
    name = "LeaveEnded";
}
/** The licence gives no tokens any more; the code is its state (`REVOKED`, `EXPIRED`, `SUPERSEDED` ...). */
export class LicenceEnded extends Denied {
    licence;
    state;
    name = "LicenceEnded";
    constructor(licence, state) {
        super([state], `licence ${licence} is ${state}`);
        this.licence = licence;
        this.state = state;
    }
}
/** A permit without a lease that the server signed for this key: nothing may be rendered under it. */
export class LeaseUnverified extends TrustmarkError {
    reason;
    name = "LeaseUnverified";
    constructor(reason, detail) {
        super("LEASE_UNVERIFIED", `${reason}: ${detail}`);
        this.reason = reason;
    }
}
/** The server did not accept every receipt as rendered; `codes` say why. */
export class ReceiptsRefused extends TrustmarkError {
    codes;
    name = "ReceiptsRefused";
    constructor(codes) {
        super("RECEIPTS_REFUSED", `receipts were not accepted: ${codes.join(" ")}`);
        this.codes = codes;
    }
}
