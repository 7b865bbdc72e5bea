// The steps of `trustmark bundle verify` (trustcore.bundle.verify has their list), told one by one to whoever looks on.
import { Archive } from "./zip.js";
import { sha256 } from "./vendor/sha2.js";
import { canonical, hashHex, hex, readCanonical, readObject, refuse, text } from "./bytes.js";
import { Ledger, COLUMNS, csvLine, ndjsonLine } from "./ledger.js";
import { verifyPeople } from "./people.js";
import { verifyEvents } from "./provenance.js";
import { TOKEN_BYTES_MAX, verifyStamp } from "./stamp.js";
import { fingerprint, isBefore, isEarlier, judgeRevoked, readKeys, readVkey, verifyCheckpoint, verifyGrant, verifyStatement } from "./signing.js";
import { verifyWitnesses } from "./witnesses.js";
import { HashTiles, leafHash, tilePath, tilesOf, unpackEntries, WIDTH } from "./tlog.js";

const SIGNATURE = "signature.dsse.json";
const TAGS = ["bag-info.txt", "bagit.txt", "manifest-sha256.txt", SIGNATURE];
const STAMP = "signature.dsse.json.tsr";
const BAGIT = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
const LOG = "data/log/";
const MANY = 128 * 1024 * 1024;
const SAMPLE = 64;
const PIECE = 8 * 1024 * 1024;

/**
 * Verify a bundle.
 *
 * `trust` holds what the auditor knew before: `keys` (by id), `vkey`, `witnesses`, `fingerprints`, `roots` of timestamp authorities (DER). `sampled`: read the entries of some
 * tiles only; the tree is still built from every leaf's hash. `later`: a later bundle of the same production, verified
 * first: its log may show that this one was there before its key was revoked. `tell(step, share)` is called as the work goes on.
 */
export async function verifyBundle(file, trust, { sampled = false, later = null, tell = () => {} } = {}) {
  const exported = later ? await exportOf(file, trust, later, tell) : null;
  const work = new Work(tell);
  work.step(1);
  const archive = await Archive.open(file);
  work.step(2);
  const own = readKeys(readObject(await archive.read("data/keys/jwks.json"), "data/keys/jwks.json"), "data/keys/jwks.json");
  const revoked = trust.revoked ?? new Map();
  const keys = new Map([...(trust.keys ?? own)].filter(([kid]) => !revoked.has(kid)));
  const ended = new Map([...revoked].map(([kid, one]) => [kid, one.raw]));
  work.step(3);
  const signed = await verifySignature(archive, new Map([...keys, ...ended]));
  if (trust.fingerprints && !trust.fingerprints.has(hashHex(signed.key))) refuse("KEY_UNTRUSTED", "signature.dsse.json", "not the key you gave");
  work.step(4);
  await verifyFiles(archive, signed.digests, work);
  work.step(5);
  await verifyBag(archive);
  const stamp = archive.members.has(STAMP) ? await verifyStamp(await archive.read(STAMP, TOKEN_BYTES_MAX), await archive.read(SIGNATURE, MANY), trust.roots ?? [], STAMP) : null;
  const stamped = stamp?.trusted ? stamp.at : "";
  work.step(6);
  const summary = readObject(await archive.read("data/bundle.json"), "data/bundle.json");
  if (summary.schema !== "trustmark.bundle/1") refuse("UNSUPPORTED", "data/bundle.json", "another version of the format");
  const stands = revoked.has(signed.kid) ? judgeRevoked(signed.kid, revoked.get(signed.kid), { madeAt: summary.created_at, stamped, hasStamp: Boolean(stamp), exported }, SIGNATURE) : null;
  for (const [kid, one] of revoked) if (stamped ? isEarlier(stamped, one) : exported && isBefore(exported, kid, one)) keys.set(kid, one.raw);
  work.step(7);
  const vkey = readVkey(text(await archive.read(`${LOG}vkey`), `${LOG}vkey`), `${LOG}vkey`);
  if (trust.vkey && trust.vkey.line !== vkey.line) refuse("KEY_UNTRUSTED", `${LOG}vkey`, "not the log's key you gave");
  const checkpoint = await verifyCheckpoint(await archive.read(`${LOG}checkpoint`), vkey, `${LOG}checkpoint`);
  if (canonical(summary.log) !== canonical(checkpoint)) refuse("ROOT_MISMATCH", "data/bundle.json", "another state of the log");
  work.step(8);
  const { ledger, read } = await verifyLog(archive, checkpoint, sampled, work);
  const witnesses = await verifyWitnesses(archive, LOG, vkey, checkpoint, trust.witnesses ?? []);
  let people = null;
  let withheld = [];
  let events = null;
  if (ledger) {
    const end = ledger.keyEnds.get(signed.kid);
    if (end) refuse("SIGNED_AFTER_REVOCATION", SIGNATURE, `the log inside says that key ${signed.kid} was revoked at ${end.at}; this was signed after`);
    work.step(9);
    withheld = await verifyWithheld(archive, ledger);
    const shown = [...ledger.grants.values()].filter((entry) => !withheld.includes(entry.jti));
    const histories = await verifyTokens(archive, ledger, shown, withheld, { keys, ended }, summary);
    work.step(10);
    await verifyMarks(archive, ledger, withheld);
    events = await verifyEvents(archive, ledger.recorded, work);
    work.step(11);
    if (canonical(ledger.finish(`${LOG}checkpoint`)) !== canonical(summary.counts)) refuse("COUNT_MISMATCH", "data/bundle.json", "the log counts otherwise");
    work.step(12);
    people = await verifyPeople(histories, shown, summary.issuer);
  }
  return {
    summary,
    checkpoint,
    people,
    events,
    withheld: withheld.length,
    read,
    stands,
    stamp,
    witnesses,
    ledger,
    whole: Boolean(ledger),
    files: archive.members.size,
    trusted: Boolean(trust.keys || trust.fingerprints),
    logTrusted: Boolean(trust.vkey),
    signer: { kid: signed.kid, fingerprint: fingerprint(signed.key) },
    vkey: vkey.line,
  };
}

/** What the log of a later bundle says of this file: its place there, its time, and the ends of keys; `null`: nothing. */
async function exportOf(file, trust, later, tell) {
  const { ledger } = await verifyBundle(later, trust, { tell });
  const digest = sha256.create();
  for (let at = 0; at < file.size; at += PIECE) digest.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
  const found = ledger.exports.get(hex(digest.digest()));
  return found ? { ...found, keyEnds: ledger.keyEnds } : null;
}

class Work {
  constructor(tell) {
    this.tell = tell;
    this.last = performance.now();
  }

  step(number) {
    this.number = number;
    this.tell(number, 0);
  }

  /** Let the page breathe now and then. */
  async share(done, all) {
    if (performance.now() - this.last < 50) return;
    this.tell(this.number, all ? done / all : 1);
    await new Promise((resume) => setTimeout(resume));
    this.last = performance.now();
  }
}

async function verifySignature(archive, keys) {
  try {
    return await verifyStatement(await archive.read("signature.dsse.json", MANY), keys, "signature.dsse.json");
  } catch (error) {
    // the signature or the key may be the damaged one: the manifest's digest of the keys tells
    const manifest = readManifest(await archive.read("manifest-sha256.txt", MANY), "manifest-sha256.txt");
    const path = "data/keys/jwks.json";
    if (manifest.get(path) !== (await archive.digest(path))) refuse("HASH_MISMATCH", path, "the keys were changed");
    throw error;
  }
}

async function verifyFiles(archive, signed, work) {
  const sizes = [...archive.members.values()].reduce((sum, one) => sum + one.size, 0);
  let done = 0;
  for (const [path, member] of archive.members) {
    for await (const chunk of archive.chunks(path)) await work.share((done += chunk.length), sizes);
    if (!member.size) await work.share(done, sizes);
  }
  for (const path of [...signed.keys()].sort()) {
    if (!archive.members.has(path)) refuse("MISSING_FILE", path, "the file was removed");
    if (archive.digests.get(path) !== signed.get(path)) refuse("HASH_MISMATCH", path, "the file was changed");
  }
  for (const path of archive.members.keys()) {
    if (!signed.has(path) && !["signature.dsse.json", STAMP, "tagmanifest-sha256.txt"].includes(path)) refuse("UNLISTED_FILE", path, "the file was added");
  }
}

function readManifest(bytes, path) {
  const lines = text(bytes, path).split("\n");
  if (lines.pop() !== "") refuse("MALFORMED", path, "cut short");
  const listed = new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
  const written = [...listed.keys()].sort().map((name) => `${listed.get(name)}  ${name}`);
  if (written.join("\n") !== lines.join("\n")) refuse("MALFORMED", path, "not a sorted manifest");
  return listed;
}

async function verifyBag(archive) {
  if (text(await archive.read("bagit.txt"), "bagit.txt") !== BAGIT) refuse("UNSUPPORTED", "bagit.txt", "not a BagIt 1.0 bag");
  const payload = [...archive.members.keys()].filter((path) => path.startsWith("data/"));
  const tags = archive.members.has(STAMP) ? [...TAGS, STAMP] : TAGS;
  for (const [path, wanted] of [["manifest-sha256.txt", payload], ["tagmanifest-sha256.txt", tags]]) {
    const listed = readManifest(await archive.read(path, MANY), path);
    if (listed.size !== wanted.length) refuse("HASH_MISMATCH", path, "lists other files");
    for (const name of wanted) if (listed.get(name) !== archive.digests.get(name)) refuse("HASH_MISMATCH", path, `its line for ${name}`);
  }
  const own = [...tags, "tagmanifest-sha256.txt"];
  for (const path of archive.members.keys()) if (!path.startsWith("data/") && !own.includes(path)) refuse("UNLISTED_FILE", path, "not a file of a bag");
  const size = payload.reduce((sum, path) => sum + archive.members.get(path).size, 0);
  const info = text(await archive.read("bag-info.txt"), "bag-info.txt").split("\n");
  if (!info.includes(`Payload-Oxum: ${size}.${payload.length}`)) refuse("SIZE_MISMATCH", "bag-info.txt", "not the size stated");
}

async function verifyLog(archive, checkpoint, sampled, work) {
  const wanted = new Set([...tilesOf(checkpoint.size)].map((path) => LOG + path).concat(`${LOG}checkpoint`, `${LOG}vkey`));
  for (const path of wanted) if (!archive.members.has(path)) refuse("MISSING_FILE", path, "the log is not complete");
  for (const path of archive.members.keys()) if (path.startsWith(LOG) && !wanted.has(path)) refuse("UNLISTED_FILE", path, "not a file of this log");
  const count = Math.ceil(checkpoint.size / WIDTH);
  const chosen = sampled && count > SAMPLE ? someOf(count) : null;
  const tiles = new HashTiles(archive, LOG);
  const ledger = chosen ? null : new Ledger();
  const rows = ledger && (await receiptFiles(archive));
  for (let tile = 0; tile < count; tile++) {
    const width = Math.min(WIDTH, checkpoint.size - tile * WIDTH);
    await tiles.push(0, await leavesOf(archive, tile, width, chosen, ledger, rows));
    await work.share(tile, count);
  }
  await tiles.finish(checkpoint.root, `${LOG}checkpoint`);
  for (const lines of rows ? rows.files : []) if ((await lines.take(1)).length) refuse("ENTRY_MISMATCH", lines.path, "holds more than the log");
  return { ledger, read: chosen ? { tiles: chosen.size, of: count } : null };
}

function someOf(count) {
  const chosen = new Set([0, count - 1]);
  while (chosen.size < SAMPLE) chosen.add(crypto.getRandomValues(new Uint32Array(1))[0] % count);
  return chosen;
}

async function leavesOf(archive, tile, width, chosen, ledger, rows) {
  const path = LOG + tilePath("entries", tile, width);
  if (chosen && !chosen.has(tile)) {
    const hashes = await archive.read(LOG + tilePath(0, tile, width), WIDTH * 32);
    if (hashes.length !== width * 32) refuse("SIZE_MISMATCH", path, `not ${width} hashes`);
    return Array.from({ length: width }, (_, at) => hashes.subarray(at * 32, at * 32 + 32));
  }
  const entries = unpackEntries(await archive.read(path, WIDTH * 65537), width, path);
  if (ledger) {
    const taken = entries.map((entry, at) => ledger.take(tile * WIDTH + at, readCanonical(entry, path), path));
    await rows.expect(taken.filter(Boolean));
  }
  return entries.map(leafHash);
}

async function receiptFiles(archive) {
  const open = (path) => Object.assign(archive.lines(path), { path });
  const [ndjson, csv] = [open("data/receipts/receipts.ndjson"), open("data/receipts/receipts.csv")];
  if ((await csv.take(1))[0] !== `${COLUMNS.join(",")}\r`) refuse("ENTRY_MISMATCH", csv.path, "other columns");
  const compare = async (lines, rows, write) => {
    const found = await lines.take(rows.length);
    rows.forEach((row, at) => {
      if (found[at] !== write(row)) refuse("ENTRY_MISMATCH", lines.path, `does not say what the log says of entry ${row.leaf_index}`);
    });
  };
  return {
    files: [ndjson, csv],
    async expect(rows) {
      await compare(ndjson, rows, ndjsonLine);
      await compare(csv, rows, csvLine);
    },
  };
}

async function verifyWithheld(archive, ledger) {
  const path = (jti) => `data/tokens/${jti}/withheld.json`;
  const jtis = new Set([...ledger.grants.values()].map((entry) => entry.jti));
  const withheld = [...jtis].filter((jti) => archive.members.has(path(jti)));
  for (const jti of withheld) await sameLog(archive, path(jti), "trustmark.withheld/1", ledger.life(jti));
  return withheld;
}

async function verifyTokens(archive, ledger, shown, withheld, { keys, ended }, summary) {
  const expected = new Set(withheld.map((jti) => `data/tokens/${jti}/withheld.json`));
  const histories = new Map();
  for (const entry of shown) {
    const folder = `data/tokens/${entry.jti}/`;
    const [terms, grant] = [`${folder}v${entry.terms_version}.terms.json`, `${folder}v${entry.terms_version}.grant.jwt`];
    for (const path of [terms, grant, `${folder}history.json`]) expected.add(path);
    if (`sha256:${hashHex(await archive.read(terms))}` !== entry.terms_hash) refuse("TERMS_MISMATCH", terms, "not the terms that were approved");
    const claims = await verifyGrant(text(await archive.read(grant), grant).trim(), { keys, ended }, summary.issuer, grant);
    const granted = [claims.jti, claims.ver, claims.terms_hash, claims.tal, claims.prj, [...claims.ut].sort()];
    const logged = [entry.jti, entry.terms_version, entry.terms_hash, entry.talent, summary.production, [...entry.use_types].sort()];
    if (canonical(granted) !== canonical(logged)) refuse("TERMS_MISMATCH", grant, "the grant and the log disagree");
    if (histories.has(entry.jti)) continue;
    const path = `${folder}history.json`;
    const document = await sameLog(archive, path, "trustmark.history/1", ledger.life(entry.jti));
    histories.set(entry.jti, { path, acts: document.actions ?? [] });
  }
  for (const path of archive.members.keys()) if (path.startsWith("data/tokens/") && !expected.has(path)) refuse("UNLISTED_FILE", path, "the log knows nothing of it");
  return histories;
}

async function sameLog(archive, path, schema, logged) {
  const document = readObject(await archive.read(path), path);
  if (document.schema !== schema) refuse("UNSUPPORTED", path, "another version of this document");
  if (canonical(document.log) !== canonical(logged)) refuse("ENTRY_MISMATCH", path, "does not say what the log says");
  return document;
}

async function verifyMarks(archive, ledger, withheld) {
  await sameLog(archive, "data/marks/report.json", "trustmark.marks/1", ledger.marks);
  const latest = new Map(ledger.marks.filter((one) => one.entry.t === "verified").map((one) => [one.entry.asset, one.entry.manifest_sha256]));
  const cited = new Map();
  for (const { entry } of ledger.marks) if (entry.t === "marked") cited.set(entry.asset, [...(cited.get(entry.asset) ?? []), ...entry.jtis]);
  for (const [asset, wanted] of latest) {
    const path = `data/manifests/${asset}.c2pa`;
    const jtis = cited.get(asset) ?? [];
    // of licences that this reader may not see; its hash is in the log
    if (jtis.length && jtis.every((jti) => withheld.includes(jti)) && !archive.members.has(path)) continue;
    if (wanted && archive.digests.get(path) !== wanted) refuse(archive.members.has(path) ? "HASH_MISMATCH" : "MISSING_FILE", path, "not the manifest store that was verified");
  }
}
