// Signatures: the DSSE envelope of the bundle, the signed note of the log, signed grants. All are Ed25519.
import { verifyAsync } from "./vendor/noble-ed25519.js";
import { canonical, concat, encode, hashHex, hex, readObject, refuse, same, text, unbase64, unbase64url } from "./bytes.js";
import { sha256 } from "./vendor/sha2.js";

const PAYLOAD_TYPE = "application/vnd.in-toto+json";
const STATEMENT = "https://in-toto.io/Statement/v1";
const PREDICATE = "urn:trustmark:predicate:bundle:v1";
const GRANT = "license-grant+jwt";

export async function isSigned(signature, message, key) {
  try {
    return signature.length === 64 && (await verifyAsync(signature, message, key, { zip215: false }));
  } catch {
    return false;
  }
}

/** Read a JWK set: raw Ed25519 keys by id. */
export function readKeys(document, path) {
  const keys = new Map();
  for (const jwk of Array.isArray(document?.keys) ? document.keys : refuse("MALFORMED", path, "not a key set")) {
    const raw = jwk?.kty === "OKP" && jwk.crv === "Ed25519" ? unbase64url(jwk.x) : null;
    if (raw?.length !== 32 || typeof jwk.kid !== "string" || "d" in jwk || keys.has(jwk.kid)) {
      refuse("MALFORMED", path, "a key of the set cannot be used");
    }
    keys.set(jwk.kid, raw);
  }
  return keys;
}

/** Read the keys that a key set says were revoked: raw key and times, by id. */
export function readRevoked(document, path) {
  const members = document?.revoked ?? [];
  const keys = readKeys({ keys: members }, path);
  const trusted = readKeys(document, path);
  const ended = new Map();
  for (const jwk of members) {
    const times = [jwk.revoked_at, jwk.compromised_at ?? jwk.revoked_at];
    const usable = times.every((at) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/.test(at));
    if (!usable || trusted.has(jwk.kid)) refuse("MALFORMED", path, "a revoked key of the set cannot be used");
    ended.set(jwk.kid, { raw: keys.get(jwk.kid), revokedAt: times[0], compromisedAt: jwk.compromised_at ?? "", endedAt: times.sort()[0] });
  }
  return ended;
}

/**
 * Judge a signature by a key that was revoked since: give why it stands, or refuse it. That it is older than the key's end
 * shows the stamp of an authority whose root the reader gave (`stamped`, its time), or the log of a later bundle
 * (`exported`: its place, its time and `keyEnds` of that log); what the bundle says of itself (`madeAt`) can show that it is later.
 */
export function judgeRevoked(kid, ended, { madeAt, stamped, hasStamp, exported }, path) {
  const since = ended.compromisedAt ? `, and others may have signed with it since ${ended.compromisedAt}` : "";
  const told = `key ${kid} was revoked at ${ended.revokedAt}${since}`;
  const by = stamped ? "its stamp says" : "it says itself";
  if (!isEarlier(stamped || madeAt, ended)) refuse("SIGNED_AFTER_REVOCATION", path, `${told}; this was signed after, ${by}: ${stamped || madeAt}`);
  if (stamped) return { kid, endedAt: ended.endedAt, stamped };
  if (exported) {
    if (isBefore(exported, kid, ended)) return { kid, endedAt: ended.endedAt, at: exported.at };
    refuse("SIGNED_AFTER_REVOCATION", path, `${told}; the log of the later bundle tells of this file after that: ${exported.at}`);
  }
  const how = hasStamp ? "a stamp is there: give its authority's root" : "no authority stamped it";
  return refuse("KEY_REVOKED", path, `${told}; nothing shows that this was signed before (${how})`);
}

/** Whether a time is before a key's end; a stamp has whole seconds, so the second of the end is no longer before it. */
export const isEarlier = (at, ended) => at.slice(0, 19) < ended.endedAt.slice(0, 19);

/** Whether a log tells of a bundle before it tells of a key's end, and with an earlier time. */
export function isBefore(exported, kid, ended) {
  const end = exported.keyEnds.get(kid);
  return (!end || exported.index < end.index) && isEarlier(exported.at, ended);
}

const KINDS = { 1: "log", 4: "witness" };

/** Read a verifier key of a log, or of a witness where `kind` says so or is null: name, key id, raw key, kind. */
export function readVkey(line, path, kind = "log") {
  const [, name, id, key] = /^([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/]+={0,2})$/.exec(line.trim()) ?? [];
  const data = key ? unbase64(key) : null;
  if (!data || data.length !== 33 || !KINDS[data[0]] || (kind && KINDS[data[0]] !== kind)) refuse("MALFORMED", path, "not a verifier key");
  const computed = sha256(concat(encode(`${name}\n`), data)).subarray(0, 4);
  if (hex(computed) !== id) refuse("MALFORMED", path, "the key's id is not that of the key");
  return { name, id: computed, raw: data.subarray(1), line: line.trim(), kind: KINDS[data[0]] };
}

/** Verify the envelope; give what was signed: digests by path, the predicate, the key's id. */
export async function verifyStatement(bytes, keys, path) {
  const envelope = readObject(bytes, path);
  const [one] = envelope.signatures?.length === 1 ? envelope.signatures : [];
  const [payload, signature] = [unbase64(envelope.payload), unbase64(one?.sig)];
  if (!payload || !signature) refuse("MALFORMED", path, "not an envelope with one signature");
  if (envelope.payloadType !== PAYLOAD_TYPE) refuse("UNSUPPORTED", path, "no in-toto statement");
  const key = keys.get(one.keyid);
  if (!key) refuse("KEY_UNTRUSTED", path, `signed with a key that is not known: ${one.keyid}`);
  const head = encode(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `);
  if (!(await isSigned(signature, concat(head, payload), key))) refuse("SIGNATURE_INVALID", path, "the signature is not valid");
  const statement = readObject(payload, path);
  if (statement._type !== STATEMENT || statement.predicateType !== PREDICATE) refuse("UNSUPPORTED", path, "another statement");
  const digests = new Map(statement.subject.map((item) => [item.name, item.digest.sha256]));
  if (digests.size !== statement.subject.length) refuse("MALFORMED", path, "a file is named twice");
  return { digests, predicate: statement.predicate, kid: one.keyid, key };
}

/** Take a signed note apart: its body, and what is behind the key's id in each line by `vkey`. */
function openNote(bytes, vkey, path) {
  const note = text(bytes, path);
  const cut = note.lastIndexOf("\n\n");
  const lines = note.slice(cut + 2).split("\n");
  if (cut < 0 || lines.pop() !== "" || !lines.length || lines.length > 100) refuse("MALFORMED", path, "not a signed note");
  const signatures = [];
  for (const line of lines) {
    const [, name, data] = /^— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})$/.exec(line) ?? refuse("MALFORMED", path, "not a signature line");
    const raw = unbase64(data) ?? refuse("MALFORMED", path, "not a signature line");
    if (name === vkey.name && same(raw.subarray(0, 4), vkey.id)) signatures.push(raw.subarray(4));
  }
  return { body: note.slice(0, cut + 1), signatures };
}

/** Verify a witness's line under a checkpoint; give when it saw it (RFC 3339 UTC). */
export async function verifyCosignature(bytes, witness, path) {
  const { body, signatures: [line] } = openNote(bytes, witness, path);
  const seconds = line?.length === 72 ? new DataView(line.buffer, line.byteOffset).getBigUint64(0) : null;
  const message = encode(`cosignature/v1\ntime ${seconds}\n${body}`);
  if (seconds === null || !(await isSigned(line.subarray(8), message, witness.raw))) refuse("SIGNATURE_INVALID", path, `no cosignature by ${witness.name}`);
  const at = new Date(Number(seconds) * 1000);
  if (Number.isNaN(at.valueOf())) refuse("SIGNATURE_INVALID", path, `${witness.name}: not a time`);
  return at.toISOString().replace(".000Z", "Z");
}

/** Verify the log's checkpoint under its key. */
export async function verifyCheckpoint(bytes, vkey, path) {
  const { body, signatures } = openNote(bytes, vkey, path);
  for (const signature of signatures) {
    if (!(await isSigned(signature, encode(body), vkey.raw))) refuse("SIGNATURE_INVALID", path, "the log's signature is not valid");
  }
  if (!signatures.length) refuse("SIGNATURE_INVALID", path, "no signature by the log's key");
  const [origin, size, root] = body.split("\n");
  const hash = unbase64(root ?? "");
  if (!/^(0|[1-9][0-9]{0,14})$/.test(size) || hash?.length !== 32) refuse("MALFORMED", path, "not a checkpoint");
  if (origin !== vkey.name) refuse("KEY_UNTRUSTED", path, "the key belongs to another log");
  return { origin, size: Number(size), root: hex(hash) };
}

/** Verify a signed grant; give its claims. */
export async function verifyGrant(token, { keys, ended }, issuer, path) {
  const parts = token.split(".");
  const [head, claims, signature] = parts.map(unbase64url);
  if (parts.length !== 3 || !head || !claims || !signature) refuse("SIGNATURE_INVALID", path, "not a signed grant");
  let header;
  let said;
  try {
    [header, said] = [JSON.parse(text(head, path)), JSON.parse(text(claims, path))];
  } catch {
    refuse("SIGNATURE_INVALID", path, "not a signed grant");
  }
  if (header.alg !== "EdDSA" || header.typ !== GRANT || said.iss !== issuer) refuse("SIGNATURE_INVALID", path, "not a grant of this server");
  const key = keys.get(header.kid) ?? ended.get(header.kid) ?? refuse("SIGNATURE_INVALID", path, `signed with a key that is not known: ${header.kid}`);
  if (!(await isSigned(signature, encode(`${parts[0]}.${parts[1]}`), key))) refuse("SIGNATURE_INVALID", path, "the grant's signature is not valid");
  if (!keys.has(header.kid)) refuse("KEY_REVOKED", path, "the grant is signed with a key that was revoked");
  return said;
}

/** What a person compares: SHA-256 of the raw key in groups of four. */
export const fingerprint = (raw) => hashHex(raw).match(/.{4}/g).join(" ");

export { canonical };
