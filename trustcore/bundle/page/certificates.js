// Certificates (RFC 5280), as much of them as authorities of time stamps need, and what was signed by their keys.
import { verifyAsync } from "./vendor/noble-ed25519.js";
import { concat, refuse, same } from "./bytes.js";
import { content, every, INTEGER, OCTETS, oid, only, parts, SEQUENCE, SET, string, time } from "./der.js";

const HASHES = {
  "1.3.14.3.2.26": "SHA-1",
  "2.16.840.1.101.3.4.2.1": "SHA-256",
  "2.16.840.1.101.3.4.2.2": "SHA-384",
  "2.16.840.1.101.3.4.2.3": "SHA-512",
};
const RSA = "1.2.840.113549.1.1.", ECDSA = "1.2.840.10045.4.3.", ED25519 = "1.3.101.112";
const BY_NUMBER = {
  [`${RSA}11`]: "SHA-256",
  [`${RSA}12`]: "SHA-384",
  [`${RSA}13`]: "SHA-512",
  [`${ECDSA}2`]: "SHA-256",
  [`${ECDSA}3`]: "SHA-384",
  [`${ECDSA}4`]: "SHA-512",
};
const CURVES = {
  "1.2.840.10045.3.1.7": ["P-256", 32],
  "1.3.132.0.34": ["P-384", 48],
  "1.3.132.0.35": ["P-521", 66],
};
const BASIC = "2.5.29.19", USAGE = "2.5.29.15", PURPOSES = "2.5.29.37", SUBJECT_KEY = "2.5.29.14";
const UNDERSTOOD = [BASIC, USAGE, PURPOSES, "2.5.29.32"];
const COMMON_NAME = "2.5.4.3", ORGANISATION = "2.5.4.10";
const DEPTH = 8;
const STEPS = 200;

/** The name by which WebCrypto knows a hash; `UNSUPPORTED` for another. */
export function hashOf(algorithm, path) {
  const name = HASHES[oid(parts(algorithm, SEQUENCE, path)[0], path)];
  return name ?? refuse("UNSUPPORTED", path, "a hash that this page does not know");
}

export const digest = async (hash, bytes) => new Uint8Array(await crypto.subtle.digest(hash, bytes));

/** Read a certificate. */
export function readCertificate(der, path) {
  const [body, algorithm, signature] = parts(only(der, SEQUENCE, path), SEQUENCE, path);
  const fields = parts(body, SEQUENCE, path);
  if (fields[0]?.tag === 0xa0) fields.shift();
  const [serial, , issuer, validity, subject, key] = fields;
  const [from, until] = parts(validity, SEQUENCE, path).map((one) => time(one, path));
  const held = fields.find((one) => one.tag === 0xa3);
  const extensions = new Map();
  for (const one of held ? parts(only(held.content, SEQUENCE, path), SEQUENCE, path) : []) {
    const [name, ...rest] = parts(one, SEQUENCE, path);
    const known = oid(name, path);
    if (extensions.has(known)) refuse("MALFORMED", path, "an extension stands twice"); // RFC 5280, section 4.2
    const critical = rest.length > 1 && rest[0].tag === 0x01 && rest[0].content[0] === 0xff;
    extensions.set(known, { critical, value: content(rest.at(-1), OCTETS, path) });
  }
  const bits = content(signature, 0x03, path);
  content(serial, INTEGER, path);
  return { der, body: body.whole, algorithm, signature: bits.subarray(1), serial, issuer, subject, key, from, until, extensions };
}

/** The names in a subject that a person reads. */
export function nameOf(certificate, path) {
  const said = {};
  for (const set of parts(certificate.subject, SEQUENCE, path)) {
    for (const one of parts(set, SET, path)) {
      const [kind, value] = parts(one, SEQUENCE, path);
      said[oid(kind, path)] = string(value);
    }
  }
  return [said[COMMON_NAME], said[ORGANISATION]].filter(Boolean).join(", ");
}

/** The identifier of a certificate's key, where it has one. */
export function keyIdOf(certificate, path) {
  const found = certificate.extensions.get(SUBJECT_KEY);
  return found ? content(only(found.value, OCTETS, path), OCTETS, path) : null;
}

/** Whether the one purpose of a certificate is `purpose`, and nobody may overlook it (RFC 3161, section 2.3). */
export function isOnlyFor(certificate, purpose, path) {
  const found = certificate.extensions.get(PURPOSES);
  const named = found ? parts(only(found.value, SEQUENCE, path), SEQUENCE, path).map((one) => oid(one, path)) : [];
  return Boolean(found?.critical) && named.length === 1 && named[0] === purpose && allows(certificate, 0, path);
}

/** Whether a certificate's key may be put to a use, by its number; one that names no uses may be put to each. */
function allows(certificate, number, path) {
  const found = certificate.extensions.get(USAGE);
  return !found || Boolean((content(only(found.value, 0x03, path), 0x03, path)[1] ?? 0) & (0x80 >> number));
}

/** How many authorities may stand below this one; `null`: it is none. */
function authorityOver(certificate, path) {
  const found = certificate.extensions.get(BASIC);
  const [is, below] = found ? parts(only(found.value, SEQUENCE, path), SEQUENCE, path) : [];
  if (is?.tag !== 0x01 || !is.content[0] || !allows(certificate, 5, path)) return null;
  return below ? content(below, INTEGER, path).at(-1) : DEPTH;
}

const isUnderstood = (certificate) => [...certificate.extensions].every(([name, one]) => !one.critical || UNDERSTOOD.includes(name));
const isGoodAt = (certificate, at) => certificate.from <= at && at <= certificate.until && isUnderstood(certificate);

/** Whether a certificate leads to one of `roots`, by others of `known`, each good at the time `at`.
 *
 * Every path is one that no certificate stands in twice, and at most `STEPS` signatures are looked at: a stamp may bring
 * many certificates of one name and key.
 */
export async function leadsTo(certificate, roots, known, at, path, below = 0, passed = [], steps = { left: STEPS }) {
  if (below > DEPTH || !isGoodAt(certificate, at)) return false;
  for (const [above, isRoot] of [...roots.map((one) => [one, true]), ...known.map((one) => [one, false])]) {
    if (!isRoot && [certificate, ...passed].some((one) => same(one.der, above.der))) continue;
    if (!same(above.subject.whole, certificate.issuer.whole) || (authorityOver(above, path) ?? -1) < below) continue;
    if (steps.left-- <= 0) return false;
    if (!(await isSignedBy(above.key, certificate.algorithm, certificate.signature, certificate.body, path))) continue;
    if (isRoot ? isGoodAt(above, at) : await leadsTo(above, roots, known, at, path, below + 1, [certificate, ...passed], steps)) return true;
  }
  return false;
}

/** Whether `signature` over `message` is by the public key `key`; `hash`: where the algorithm does not name one. */
export async function isSignedBy(key, algorithm, signature, message, path, hash = null) {
  const [head, bits] = parts(key, SEQUENCE, path);
  const kind = oid(parts(algorithm, SEQUENCE, path)[0], path);
  const curve = every(head.content, path)[1];
  if (kind === ED25519) return isSignedByEdwards(bits.content.subarray(1), signature, message);
  const [how, means] = kind.startsWith(ECDSA) ? ecdsa(curve, path) : rsa(kind, path);
  const hashed = BY_NUMBER[kind] ?? (kind === `${RSA}1` ? hash : null);
  if (!hashed) return refuse("UNSUPPORTED", path, `an algorithm that this page does not know: ${kind}`);
  try {
    const held = await crypto.subtle.importKey("spki", key.whole, { ...how, hash: hashed }, false, ["verify"]);
    const raw = means.size ? joined(signature, means.size, path) : signature;
    return await crypto.subtle.verify({ ...how, ...means, hash: hashed }, held, raw, message);
  } catch (error) {
    if (error instanceof DOMException) return false; // no key of this kind
    throw error;
  }
}

async function isSignedByEdwards(key, signature, message) {
  try {
    return await verifyAsync(signature, message, key, { zip215: false });
  } catch {
    return false;
  }
}

function ecdsa(curve, path) {
  const [namedCurve, size] = CURVES[oid(curve, path)] ?? refuse("UNSUPPORTED", path, "a curve that this page does not know");
  return [{ name: "ECDSA", namedCurve }, { size }];
}

function rsa(kind, path) {
  if (!kind.startsWith(RSA)) return refuse("UNSUPPORTED", path, `an algorithm that this page does not know: ${kind}`);
  return [{ name: "RSASSA-PKCS1-v1_5" }, {}];
}

/** The two numbers of a signature, of `size` bytes each, as WebCrypto takes them. */
function joined(signature, size, path) {
  const numbers = parts(only(signature, SEQUENCE, path), SEQUENCE, path).map((one) => content(one, INTEGER, path));
  const filled = numbers.map((one) => {
    const bare = one[0] === 0 ? one.subarray(1) : one;
    return concat(new Uint8Array(Math.max(0, size - bare.length)), bare);
  });
  return concat(...filled);
}
