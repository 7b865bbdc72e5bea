/** What can go wrong between a farm and its licence server, by whose fault it is. `code` is stable, the sentence is not. */

/** The one base. */
export class TrustmarkError extends Error {
  override readonly name: string = "TrustmarkError";
  /** Receipts that the server has not acknowledged, as rows of a batch: keep them, and send them again. */
  unsent: readonly string[] = [];

  constructor(
    readonly code: string,
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
  }

  /** Every reason, the primary one first. */
  get reasonCodes(): readonly string[] {
    return [this.code];
  }

  /** What a farm's screen shows. */
  get line(): string {
    return `trustmark: denied: ${this.reasonCodes.join(" ")} (${this.detail})`;
  }
}

/** No answer in time, or none that is worth one (`OFFLINE`): treat it as no. */
export class ServerUnreachable extends TrustmarkError {
  override readonly name: string = "ServerUnreachable";

  constructor(detail: string, options?: ErrorOptions) {
    super("OFFLINE", detail, options);
  }
}

/** The server answered with an RFC 9457 problem; repeating the request would not help. */
export class ServerRefused extends TrustmarkError {
  override readonly name: string = "ServerRefused";

  constructor(
    readonly status: number,
    code: string,
    detail: string,
  ) {
    super(code, detail);
  }
}

/** Nothing may be rendered. */
export class Denied extends TrustmarkError {
  override readonly name: string = "Denied";
  readonly #reasonCodes: readonly string[];

  constructor(reasonCodes: readonly string[], detail: string) {
    super(reasonCodes[0] ?? "DENIED", detail);
    this.#reasonCodes = reasonCodes.length ? reasonCodes : ["DENIED"];
  }

  override get reasonCodes(): readonly string[] {
    return this.#reasonCodes;
  }
}

/** The leave ended in mid-job: revoked, expired, or without the server for longer than the signed lease allows. */
export class LeaveEnded extends Denied {
  override readonly name = "LeaveEnded";
}

/** The licence gives no tokens any more; the code is its state (`REVOKED`, `EXPIRED`, `SUPERSEDED` ...). */
export class LicenceEnded extends Denied {
  override readonly name = "LicenceEnded";

  constructor(
    readonly licence: string,
    readonly state: string,
  ) {
    super([state], `licence ${licence} is ${state}`);
  }
}

/** A permit without a lease that the server signed for this key: nothing may be rendered under it. */
export class LeaseUnverified extends TrustmarkError {
  override readonly name = "LeaseUnverified";

  constructor(
    readonly reason: string,
    detail: string,
  ) {
    super("LEASE_UNVERIFIED", `${reason}: ${detail}`);
  }
}

/** The server did not accept every receipt as rendered; `codes` say why. */
export class ReceiptsRefused extends TrustmarkError {
  override readonly name = "ReceiptsRefused";

  constructor(readonly codes: readonly string[]) {
    super("RECEIPTS_REFUSED", `receipts were not accepted: ${codes.join(" ")}`);
  }
}
