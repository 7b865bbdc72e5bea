// What people signed with their own passkeys (W3C Web Authentication, trustcore.passkey): the challenge is the hash of
// the terms, the device verified who was there, and the log knows of each.
import { sha256 } from "./vendor/sha2.js";
import { base64url, canonical, concat, encode, hashHex, refuse, same, text, unbase64url } from "./bytes.js";
import { isSigned } from "./signing.js";

const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
const MEMBERS = { EC: ["crv", "kty", "x", "y"], OKP: ["crv", "kty", "x"], RSA: ["e", "kty", "n"] };

/** Verify every signed act of the histories against the terms and the log; give how many hold. */
export async function verifyPeople(histories, grants, issuer) {
  const known = new Map();
  let count = 0;
  for (const [jti, { path, acts }] of histories) {
    for (const act of acts) {
      if (!act?.passkey) continue;
      await verifyAct(act, issuer, path);
      known.set(`${jti}/${await digestOf(act.passkey, path)}`, act);
      count += 1;
    }
  }
  for (const grant of grants) {
    for (const party of grant.approvals) {
      if (party.method !== "PASSKEY" && !party.proof) continue;
      const { path } = histories.get(grant.jti);
      const act = known.get(`${grant.jti}/${party.proof}`) ?? refuse("MISSING_SIGNATURE", path, "the log says a passkey signed");
      if (act.person !== party.actor || act.at !== party.at || act.terms_hash !== grant.terms_hash) {
        refuse("ENTRY_MISMATCH", path, "the signature and the log name different acts");
      }
    }
  }
  return count;
}

async function verifyAct(act, issuer, path) {
  if (act.terms && `sha256:${hashHex(encode(canonical(act.terms)))}` !== act.terms_hash) {
    refuse("TERMS_MISMATCH", path, "the terms shown are not the ones signed");
  }
  const kept = act.passkey;
  const address = new URL(issuer);
  const local = /^(127\..*|\[::1\])$/.test(address.hostname);
  const host = local ? "localhost" : address.hostname;
  const origin = `${address.protocol}//${host}${address.port ? `:${address.port}` : ""}`;
  const [client, device, signature] = ["client_data", "authenticator_data", "signature"].map(
    (name) => unbase64url(kept[name]) ?? refuse("MALFORMED", path, "a signature by passkey"),
  );
  let said;
  try {
    said = JSON.parse(text(client, path));
  } catch {
    refuse("MALFORMED", path, "the client's data");
  }
  if (said.type !== "webauthn.get") refuse("MALFORMED", path, "not of a signature");
  const challenge = Uint8Array.from(act.terms_hash.slice(7).match(/../g) ?? [], (pair) => parseInt(pair, 16));
  if (said.challenge !== base64url(challenge)) refuse("CHALLENGE_MISMATCH", path, "signed for other terms");
  if (said.origin !== origin || kept.origin !== origin || (said.crossOrigin ?? false) || "topOrigin" in said) refuse("ORIGIN_MISMATCH", path, "signed elsewhere");
  if (kept.rp_id !== host || !same(device.subarray(0, 32), sha256(encode(host)))) refuse("RELYING_PARTY_MISMATCH", path, "another server's passkey");
  if ((device[32] & 5) !== 5) refuse("USER_NOT_VERIFIED", path, "the device did not verify who was there");
  if (!(await holds(kept.public_key, signature, concat(device, sha256(client)), path))) refuse("SIGNATURE_INVALID", path, "not the signature of this passkey");
}

async function holds(jwk, signature, message, path) {
  const { kty, crv } = jwk;
  if (kty === "OKP" && crv === "Ed25519") return isSigned(signature, message, unbase64url(jwk.x) ?? new Uint8Array(0));
  const bare = Object.fromEntries((MEMBERS[kty] ?? refuse("UNSUPPORTED", path, "not a key of a passkey")).map((name) => [name, jwk[name]]));
  const kind = kty === "EC" ? { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } : { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  try {
    const key = await crypto.subtle.importKey("jwk", bare, kind, false, ["verify"]);
    const [r, s] = kty === "EC" ? readDer(signature) : [];
    const raw = kty === "EC" ? concat(number(r, 32), number(s, 32)) : signature;
    return await crypto.subtle.verify(kind, key, raw, message);
  } catch {
    return refuse("SIGNATURE_INVALID", path, "the passkey's signature cannot be read");
  }
}

/** The digest of one use of a key that the log holds; the lower of the two spellings of an ECDSA signature. */
async function digestOf(kept, path) {
  let signature = kept.signature;
  if (kept.public_key.kty === "EC") {
    const [r, s] = readDer(unbase64url(signature)) ?? refuse("MALFORMED", path, "not an ECDSA signature");
    signature = base64url(concat(number(r, 66), number(s < ORDER - s ? s : ORDER - s, 66)));
  }
  const parts = { authenticator_data: kept.authenticator_data, client_data: kept.client_data, credential_id: kept.credential_id, signature };
  return hashHex(encode(`trustmark passkey use\0${canonical(parts)}`));
}

function readDer(bytes) {
  const value = (begin, size) => bytes.subarray(begin, begin + size).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  if (bytes[0] !== 0x30 || bytes[2] !== 2) return null;
  const second = 4 + bytes[3];
  return bytes[second] === 2 ? [value(4, bytes[3]), value(second + 2, bytes[second + 1])] : null;
}

function number(value, size) {
  const bytes = new Uint8Array(size);
  for (let at = size - 1, rest = value; at >= 0; at--, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return bytes;
}
