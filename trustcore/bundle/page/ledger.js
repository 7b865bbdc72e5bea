// The rules of the log, as trustcore.bundle.ledger has them: every frame that was not refused cites an earlier check
// that allowed it, lies inside what that check reserved, and stands in the log once. Rows are written from the log.
import { canonical, refuse } from "./bytes.js";

const ALLOWING = ["ALLOW", "ALLOW_WITH_OBLIGATIONS"];
const SAID_BY_CHECK = ["jti", "terms_version", "lease", "talent"];
const KINDS = ["authorised", "checked", "frame", "marked", "verified", "revoked", "suspended", "resumed", "exported", "key", "recorded"];
const TALLY = { RENDERED: "rendered", RERENDER_OF: "rendered", FAILED: "failed", DISCARDED: "discarded", UNAUTHORISED: "unauthorised" };
const BLOCK = 1024;
export const COLUMNS = [
  "leaf_index", "id", "outcome", "reason", "frame", "take", "shot", "use_type", "construct", "talent", "jti", "terms_version",
  "check", "lease", "started_at", "finished_at", "file_sha256", "pixel_sha256", "mark",
];

export class Ledger {
  constructor() {
    this.grants = new Map();
    this.checks = new Map();
    this.used = new Map();
    this.seen = new Map();
    this.lives = new Map();
    this.marks = [];
    this.recorded = new Map();
    this.keyEnds = new Map();
    this.exports = new Map();
    this.counts = Object.fromEntries(
      ["checks", "denied", "discarded", "exported", "failed", "marked", "receipts", "rendered", "revoked", "token_versions", "tokens", "unauthorised", "verified"].map((name) => [name, 0]),
    );
  }

  /** Take the next entry; give its receipt row if it is a frame. `judge` is false where earlier entries were skipped. */
  take(index, entry, path) {
    const wrong = (code, detail) => refuse(code, path, `entry ${index}: ${detail}`);
    if (!KINDS.includes(entry?.t)) wrong("MALFORMED", "of an unknown kind");
    if (entry.t === "frame") return this.frame(index, entry, wrong);
    const told = { leaf_index: index, entry };
    if (entry.t === "authorised") this.grant(told, wrong);
    else if (entry.t === "checked") this.check(index, entry, wrong);
    else if (entry.t === "marked" || entry.t === "verified") {
      this.counts[entry.t] += 1;
      this.marks.push(told);
    } else if (entry.t === "exported") {
      this.counts.exported += 1;
      if (entry.bundle_sha256 && !this.exports.has(entry.bundle_sha256)) this.exports.set(entry.bundle_sha256, { index, at: entry.at });
    }
    else if (entry.t === "recorded") {
      if (this.recorded.has(entry.batch)) wrong("ENTRY_MISMATCH", "this batch was logged before");
      this.recorded.set(entry.batch, { count: entry.count, root: entry.root });
    }
    else if (entry.t === "key") {
      if (entry.event === "revoked" && !this.keyEnds.has(entry.kid)) this.keyEnds.set(entry.kid, { index, at: entry.at });
    } else {
      if (entry.t === "revoked") this.counts.revoked += 1;
      this.life(entry.jti).push(told);
    }
    return null;
  }

  life(jti) {
    if (!this.lives.has(jti)) this.lives.set(jti, []);
    return this.lives.get(jti);
  }

  grant(told, wrong) {
    const { entry } = told;
    const key = `${entry.jti}/${entry.terms_version}`;
    if (this.grants.has(key)) wrong("ENTRY_MISMATCH", "this version was granted before");
    this.grants.set(key, entry);
    this.life(entry.jti).push(told);
  }

  check(index, entry, wrong) {
    this.counts.checks += 1;
    if (!ALLOWING.includes(entry.outcome)) {
      this.counts.denied += 1;
      return;
    }
    if (this.checks.has(entry.decision)) wrong("ENTRY_MISMATCH", "this check was logged before");
    if (!entry.jti || !entry.terms_version) wrong("MALFORMED", "an allowance names no licence");
    this.used.set(`${entry.jti}/${entry.terms_version}/${entry.use_type}`, index);
    this.checks.set(entry.decision, entry);
  }

  frame(index, entry, wrong) {
    if (!(entry.outcome in TALLY)) wrong("MALFORMED", "an unknown outcome");
    const check = entry.outcome === "UNAUTHORISED" ? null : this.allowance(entry, wrong);
    this.counts.receipts += 1;
    this.counts[TALLY[entry.outcome]] += 1;
    const row = { leaf_index: index, ...entry, id: entry.id ?? String(index) };
    delete row.t;
    for (const name of check ? [...SAID_BY_CHECK, "shot", "use_type", "construct"] : []) {
      if (check[name] === undefined) delete row[name];
      else row[name] = check[name];
    }
    return row;
  }

  allowance(entry, wrong) {
    const check = this.checks.get(entry.check);
    if (!check) wrong("UNAUTHORISED_FRAME", "the frame cites no check that allowed it");
    if (SAID_BY_CHECK.some((name) => entry[name] !== undefined && entry[name] !== check[name])) {
      wrong("ENTRY_MISMATCH", "the frame and its check disagree");
    }
    if (!(check.first <= entry.frame && entry.frame <= check.last)) wrong("UNAUTHORISED_FRAME", "outside what its check reserved");
    const key = `${check.lease ?? check.decision}/${entry.take}/${Math.floor(entry.frame / BLOCK)}`;
    if (!this.seen.has(key)) this.seen.set(key, new Uint32Array(BLOCK / 32));
    const mask = this.seen.get(key);
    const bit = entry.frame % BLOCK;
    if (mask[bit >> 5] & (1 << (bit & 31))) wrong("DUPLICATE_FRAME", `frame ${entry.frame} has a receipt already`);
    mask[bit >> 5] |= 1 << (bit & 31);
    return check;
  }

  /** What only the whole log can show. */
  finish(path) {
    for (const [key, index] of this.used) {
      const [jti, version, use] = key.split("/");
      const grant = this.grants.get(`${jti}/${version}`);
      if (!grant) refuse("UNAUTHORISED_FRAME", path, `entry ${index}: licence ${jti} version ${version} was never granted`);
      if (!grant.use_types.includes(use)) refuse("UNAUTHORISED_FRAME", path, `entry ${index}: licence ${jti} does not grant ${use}`);
    }
    this.counts.tokens = new Set([...this.grants.values()].map((one) => one.jti)).size;
    this.counts.token_versions = this.grants.size;
    return this.counts;
  }
}

export const ndjsonLine = (row) => canonical(row);
export const csvLine = (row) => COLUMNS.map((name) => cell(String(row[name] ?? ""))).join(",") + "\r";

function cell(value) {
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[,"\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
