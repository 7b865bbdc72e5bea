// Time stamps (RFC 3161, RFC 5816): what an authority signed, over which digest, when, and whether its root was given.
import { concat, refuse, same } from "./bytes.js";
import { digest, hashOf, isOnlyFor, isSignedBy, keyIdOf, leadsTo, nameOf, readCertificate } from "./certificates.js";
import { content, every, INTEGER, OCTETS, oid, only, parts, SEQUENCE, SET, time } from "./der.js";

const SIGNED_DATA = "1.2.840.113549.1.7.2", STAMP_INFO = "1.2.840.113549.1.9.16.1.4", STAMPING = "1.3.6.1.5.5.7.3.8";
const CONTENT_TYPE = "1.2.840.113549.1.9.3", MESSAGE_DIGEST = "1.2.840.113549.1.9.4";
const SIGNER_V1 = "1.2.840.113549.1.9.16.2.12", SIGNER_V2 = "1.2.840.113549.1.9.16.2.47";
export const TOKEN_BYTES_MAX = 64 * 1024;

/**
 * Verify a stamp over `message`: its imprint, the authority's signature, and that the key is for time stamps alone.
 *
 * `roots`: certificates (DER) that the reader trusts; where there are some, the authority's must lead to one of them.
 * Gives `at` (RFC 3339 UTC, whole seconds), `who`, and whether they are `trusted`; without roots that is the reader's to judge.
 */
export async function verifyStamp(token, message, roots, path) {
  const { data, certificates, signers } = openToken(token, path);
  const info = parts(only(data, SEQUENCE, path), SEQUENCE, path);
  const [algorithm, imprint] = parts(info[2], SEQUENCE, path);
  if (hashOf(algorithm, path) !== "SHA-256") refuse("UNSUPPORTED", path, "another hash than SHA-256 was stamped");
  if (!same(content(imprint, OCTETS, path), await digest("SHA-256", message))) refuse("HASH_MISMATCH", path, "something else was stamped");
  const at = time(info[4], path);
  if (signers.length !== 1) refuse("MALFORMED", path, "not signed once");
  const signer = readSigner(signers[0], certificates, path);
  await verifySigned(signer, data, path);
  const known = certificates.filter((one) => one !== signer.certificate);
  const anchors = roots.map((der) => readCertificate(der, path));
  const isStamper = isOnlyFor(signer.certificate, STAMPING, path);
  const isLed = anchors.length === 0 || (await leadsTo(signer.certificate, anchors, known, at, path));
  if (!isStamper || !isLed) refuse("KEY_UNTRUSTED", path, isStamper ? "no authority whose root you gave signed this stamp" : "its certificate is not one for time stamps");
  if (at < signer.certificate.from || at > signer.certificate.until) refuse("KEY_UNTRUSTED", path, "its certificate was not valid at that time");
  return { at, who: nameOf(signer.certificate, path), trusted: anchors.length > 0 };
}

/** Open the response: what was stamped, the certificates, who signed. */
function openToken(token, path) {
  const [status, held] = parts(only(token, SEQUENCE, path), SEQUENCE, path);
  const answer = content(parts(status, SEQUENCE, path)[0], INTEGER, path);
  if (answer.length !== 1 || answer[0] !== 0) refuse("UNSUPPORTED", path, "the authority refused");
  const [kind, wrapped] = parts(held, SEQUENCE, path);
  if (oid(kind, path) !== SIGNED_DATA) refuse("MALFORMED", path, "not signed data");
  const [, , inner, ...rest] = parts(only(content(wrapped, 0xa0, path), SEQUENCE, path), SEQUENCE, path);
  const [what, octets] = parts(inner, SEQUENCE, path);
  if (oid(what, path) !== STAMP_INFO) refuse("MALFORMED", path, "no time stamp was signed");
  const certificates = rest.filter((one) => one.tag === 0xa0).flatMap((one) => every(one.content, path));
  return {
    data: content(only(content(octets, 0xa0, path), OCTETS, path), OCTETS, path),
    certificates: certificates.map((one) => readCertificate(one.whole, path)),
    signers: parts(rest.at(-1), SET, path),
  };
}

function readSigner(one, certificates, path) {
  const [, named, hash, attributes, algorithm, signature] = parts(one, SEQUENCE, path);
  const certificate = certificates.find((each) => isNamed(named, each, path));
  if (!certificate) refuse("SIGNATURE_INVALID", path, "the authority's certificate is not in the stamp");
  const said = new Map();
  for (const each of parts(attributes, 0xa0, path)) {
    const [kind, values] = parts(each, SEQUENCE, path);
    if (said.has(oid(kind, path))) refuse("MALFORMED", path, "an attribute stands twice");
    said.set(oid(kind, path), parts(values, SET, path)[0]);
  }
  // what is signed are the attributes as a set (RFC 5652, section 5.4)
  const signed = concat(Uint8Array.of(SET), attributes.whole.subarray(1));
  return { certificate, hash: hashOf(hash, path), said, signed, algorithm, signature: content(signature, OCTETS, path) };
}

function isNamed(named, certificate, path) {
  if (named?.tag === 0x80) return same(named.content, keyIdOf(certificate, path) ?? []);
  const [issuer, serial] = parts(named, SEQUENCE, path);
  return same(issuer.whole, certificate.issuer.whole) && same(serial.whole, certificate.serial.whole);
}

async function verifySigned({ certificate, hash, said, signed, algorithm, signature }, data, path) {
  const invalid = (why) => refuse("SIGNATURE_INVALID", path, why);
  if (hash === "SHA-1") invalid("signed over a hash that is too weak");
  if (!said.has(CONTENT_TYPE) || oid(said.get(CONTENT_TYPE), path) !== STAMP_INFO) invalid("signed for something else");
  if (!said.has(MESSAGE_DIGEST) || !same(content(said.get(MESSAGE_DIGEST), OCTETS, path), await digest(hash, data))) invalid("the stamp was changed");
  if (!(await isMeant(said, certificate, path))) invalid("signed under another certificate");
  if (!(await isSignedBy(certificate.key, algorithm, signature, signed, path, hash))) invalid("the authority's signature is not valid");
}

/** Whether the signer named this very certificate among what it signed (RFC 5816, section 2.2.1). */
async function isMeant(said, certificate, path) {
  const named = said.get(SIGNER_V2) ?? said.get(SIGNER_V1);
  if (!named) return false;
  const first = parts(parts(named, SEQUENCE, path)[0], SEQUENCE, path)[0];
  const [head, ...rest] = parts(first, SEQUENCE, path);
  if (!said.has(SIGNER_V2)) return same(content(head, OCTETS, path), await digest("SHA-1", certificate.der));
  const hash = head.tag === SEQUENCE ? hashOf(head, path) : "SHA-256";
  return same(content(head.tag === SEQUENCE ? rest[0] : head, OCTETS, path), await digest(hash, certificate.der));
}
