// What witnesses cosigned of the log (C2SP tlog-cosignature): each is an earlier state of the same log, or nothing is believed.
import { hex, refuse, text } from "./bytes.js";
import { readVkey, verifyCheckpoint, verifyCosignature } from "./signing.js";
import { rootAt } from "./tlog.js";

const FOLDER = "data/witnesses/";
const NOTE_BYTES_MAX = 1_000_000;
const VKEY_BYTES_MAX = 1024;

/**
 * Check every cosigned checkpoint; give who cosigned, up to which entry, and when. The tiles below `log` were verified;
 * `known`: witnesses that the reader relies on, each of which must have cosigned.
 */
export async function verifyWitnesses(archive, log, vkey, checkpoint, known) {
  const found = new Map();
  for (const path of [...archive.members.keys()].sort()) {
    if (!path.startsWith(FOLDER) || !path.endsWith(".note")) continue;
    const beside = path.replace(/\.note$/, ".vkey");
    const witness = readVkey(text(await archive.read(beside, VKEY_BYTES_MAX), path), path, "witness");
    const note = await archive.read(path, NOTE_BYTES_MAX);
    const seen = await verifyCheckpoint(note, vkey, path);
    const at = await verifyCosignature(note, witness, path);
    const isEarlier = seen.size <= checkpoint.size && hex(await rootAt(archive, log, seen.size, checkpoint.size)) === seen.root;
    if (!isEarlier) refuse("ROOT_MISMATCH", path, `${witness.name} saw another history of this log`);
    found.set(witness.line, { name: witness.name, size: seen.size, at });
  }
  for (const one of known) if (!found.has(one.line)) refuse("MISSING_SIGNATURE", FOLDER, `${one.name} did not cosign this log`);
  return [...found.values()];
}
