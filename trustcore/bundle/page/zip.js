// The zip file around a bag, read with the strictness of trustcore.bundle.archive and .headers: local headers,
// directory and end must agree to the byte, paths are plain and below one folder, nothing unpacks without bound.
import { sha256 } from "./vendor/sha2.js";
import { concat, hex, refuse, text } from "./bytes.js";

const SAFE = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}(?:\/[A-Za-z0-9][A-Za-z0-9._-]{0,127}){0,15}$/;
const FULL = 0xffffffff;
const EPOCH_DATE = 33;
const MODES = [(0o644 << 16) >>> 0, (0o100644 << 16) >>> 0];
const FREE_BYTES = 64 * 1024 * 1024;
const MAX_RATIO = 200;
const MAX_FILES = 1_000_000;
const CRC = Uint32Array.from({ length: 256 }, (_, byte) => {
  let rest = byte;
  for (let bit = 0; bit < 8; bit++) rest = rest & 1 ? (rest >>> 1) ^ 0xedb88320 : rest >>> 1;
  return rest;
});

export class Archive {
  constructor(file, name, members) {
    this.file = file;
    this.name = name;
    this.members = members;
    this.digests = new Map();
  }

  static async open(file) {
    const label = file.name;
    const end = await endRecord(file, label);
    if (!(end.count > 0 && end.count <= MAX_FILES)) refuse("TOO_LARGE", label, `${end.count} files`);
    const directory = await slice(file, end.offset, end.offset + end.size);
    const entries = readDirectory(directory, end, label);
    const unpacked = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (unpacked > FREE_BYTES + MAX_RATIO * file.size) refuse("TOO_LARGE", label, "unpacks to far more than it is");
    const name = entries[0].full.split("/", 1)[0];
    const members = new Map();
    for (const entry of entries) {
      const [top] = entry.full.split("/", 1);
      entry.path = entry.full.slice(top.length + 1);
      if (top !== name || !SAFE.test(entry.full) || !entry.path) refuse("MALFORMED", entry.full, "not a plain path");
      if (members.has(entry.path)) refuse("MALFORMED", entry.path, "two entries have this name");
      if (entry.flags || ![0, 8].includes(entry.method)) refuse("UNSUPPORTED", entry.path, "packed in an unusual way");
      if (!MODES.includes(entry.mode) || !entry.plain) refuse("MALFORMED", entry.path, "the entry is not plain");
      members.set(entry.path, entry);
    }
    await checkLocals(file, entries, end.offset);
    return new Archive(file, name, members);
  }

  member(path) {
    return this.members.get(path) ?? refuse("MISSING_FILE", path, "not in the bundle");
  }

  /** Read a whole file of at most `most` bytes. */
  async read(path, most = FREE_BYTES) {
    if (this.member(path).size > most) refuse("TOO_LARGE", path, `longer than ${most} bytes`);
    const parts = [];
    for await (const chunk of this.chunks(path)) parts.push(chunk);
    return concat(...parts);
  }

  /** Give a file's bytes in pieces, and note its SHA-256 when the end is reached. */
  async *chunks(path) {
    const member = this.member(path);
    const packed = this.file.slice(member.start, member.start + member.packed);
    const stream = member.method
      ? packed.stream().pipeThrough(new DecompressionStream("deflate-raw"))
      : packed.stream();
    const reader = stream.getReader();
    const digest = this.digests.has(path) ? null : sha256.create();
    let size = 0;
    let checksum = -1;
    for (;;) {
      const { done, value } = await reader.read().catch(() => refuse("MALFORMED", path, "damaged in the archive"));
      if (done) break;
      size += value.length;
      if (size > member.size) {
        await reader.cancel();
        break;
      }
      checksum = crc(value, checksum);
      digest?.update(value);
      yield value;
    }
    if (size !== member.size || ~checksum >>> 0 !== member.crc) refuse("MALFORMED", path, "damaged in the archive");
    if (digest) this.digests.set(path, hex(digest.digest()));
  }

  async digest(path) {
    if (!this.digests.has(path)) for await (const _ of this.chunks(path));
    return this.digests.get(path);
  }

  /** A reader of whole lines of `path`; `take(n)` gives the next n, fewer at the end. */
  lines(path) {
    const chunks = this.chunks(path)[Symbol.asyncIterator]();
    let waiting = [];
    let at = 0;
    let rest = new Uint8Array(0);
    let ended = false;
    return {
      async take(count) {
        while (waiting.length - at < count && !ended) {
          const { done, value } = await chunks.next();
          if (done) {
            ended = true;
            if (rest.length) refuse("ENTRY_MISMATCH", path, "the last line is cut short");
            break;
          }
          const joined = rest.length ? concat(rest, value) : value;
          const cut = joined.lastIndexOf(10) + 1;
          rest = joined.slice(cut);
          if (rest.length > FREE_BYTES) refuse("TOO_LARGE", path, "a line is too long");
          if (!cut) continue;
          const found = text(joined.subarray(0, cut), path).split("\n");
          found.pop();
          waiting = at < waiting.length ? waiting.slice(at).concat(found) : found;
          at = 0;
        }
        const taken = waiting.slice(at, at + count);
        at += taken.length;
        return taken;
      },
    };
  }
}

async function slice(file, begin, end) {
  return new Uint8Array(await file.slice(begin, end).arrayBuffer());
}

const view = (bytes) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

function wide(data, at, label) {
  const value = data.getBigUint64(at, true);
  if (value > BigInt(Number.MAX_SAFE_INTEGER)) refuse("MALFORMED", label, "a size is out of range");
  return Number(value);
}

async function endRecord(file, label) {
  const tail = await slice(file, Math.max(0, file.size - 98), file.size);
  const data = view(tail);
  const at = tail.length - 22;
  if (at < 0 || data.getUint32(at, true) !== 0x06054b50 || data.getUint16(at + 20, true)) {
    refuse("MALFORMED", label, "not a whole zip file");
  }
  let end = {
    count: data.getUint16(at + 10, true),
    size: data.getUint32(at + 12, true),
    offset: data.getUint32(at + 16, true),
    bytes: 22,
  };
  if (end.count === 0xffff || end.size === FULL || end.offset === FULL) {
    const record = at - 76;
    if (record < 0 || data.getUint32(record, true) !== 0x06064b50 || data.getUint32(at - 20, true) !== 0x07064b50) {
      refuse("MALFORMED", label, "not a whole zip file");
    }
    end = { count: wide(data, record + 32, label), size: wide(data, record + 40, label), offset: wide(data, record + 48, label), bytes: 98 };
  }
  if (end.offset + end.size + end.bytes !== file.size) refuse("MALFORMED", label, "holds more than its entries");
  return end;
}

function readDirectory(bytes, end, label) {
  const data = view(bytes);
  const entries = [];
  let at = 0;
  while (entries.length < end.count) {
    if (at + 46 > bytes.length || data.getUint32(at, true) !== 0x02014b50) refuse("MALFORMED", label, "the directory is damaged");
    const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((step) => data.getUint16(at + step, true));
    const entry = {
      version: data.getUint16(at + 6, true),
      flags: data.getUint16(at + 8, true),
      method: data.getUint16(at + 10, true),
      crc: data.getUint32(at + 16, true),
      packed: data.getUint32(at + 20, true),
      size: data.getUint32(at + 24, true),
      mode: data.getUint32(at + 38, true),
      offset: data.getUint32(at + 42, true),
      full: text(bytes.subarray(at + 46, at + 46 + nameBytes), label),
    };
    const times = data.getUint32(at + 12, true) === EPOCH_DATE << 16;
    const made = data.getUint16(at + 4, true);
    const rest = commentBytes || data.getUint32(at + 34, true);
    entry.plain = times && !rest && made === (0x300 | entry.version) && [20, 45].includes(entry.version);
    takeWide(entry, bytes.subarray(at + 46 + nameBytes, at + 46 + nameBytes + extraBytes), label);
    entries.push(entry);
    at += 46 + nameBytes + extraBytes + commentBytes;
  }
  if (at !== bytes.length) refuse("MALFORMED", label, "the directory is damaged");
  return entries;
}

function takeWide(entry, extra, label) {
  const fields = ["size", "packed", "offset"].filter((name) => entry[name] === FULL);
  if (extra.length !== (fields.length ? 4 + 8 * fields.length : 0)) refuse("MALFORMED", label, "the entry is not plain");
  if (!fields.length) return;
  const data = view(extra);
  if (data.getUint16(0, true) !== 1 || data.getUint16(2, true) !== 8 * fields.length) refuse("MALFORMED", label, "the entry is not plain");
  fields.forEach((name, place) => (entry[name] = wide(data, 4 + 8 * place, label)));
}

async function checkLocals(file, entries, directory) {
  let at = 0;
  for (const entry of [...entries].sort((one, other) => one.offset - other.offset)) {
    if (entry.offset !== at) refuse("MALFORMED", entry.path, "entries overlap, or something lies between them");
    const bytes = await slice(file, at, at + 30 + entry.full.length + 20);
    if (bytes.length < 30) refuse("MALFORMED", entry.path, "the archive is cut short");
    const data = view(bytes);
    const [nameBytes, extraBytes] = [data.getUint16(26, true), data.getUint16(28, true)];
    let [packed, size] = [data.getUint32(18, true), data.getUint32(22, true)];
    if (extraBytes === 20 && data.getUint32(30 + nameBytes, true) === 0x00100001) {
      const said = [wide(data, 34 + nameBytes, entry.path), wide(data, 42 + nameBytes, entry.path)];
      if (!(packed === FULL && size === FULL) && !(said[0] === size && said[1] === packed)) refuse("MALFORMED", entry.path, "the entry is not plain");
      [size, packed] = said;
    } else if (extraBytes) refuse("MALFORMED", entry.path, "the entry is not plain");
    const agrees =
      data.getUint32(0, true) === 0x04034b50 &&
      data.getUint16(4, true) === entry.version &&
      data.getUint16(6, true) === entry.flags &&
      data.getUint16(8, true) === entry.method &&
      data.getUint32(10, true) === EPOCH_DATE << 16 &&
      data.getUint32(14, true) === entry.crc &&
      packed === entry.packed &&
      size === entry.size &&
      text(bytes.subarray(30, 30 + nameBytes), entry.path) === entry.full;
    if (!agrees) refuse("MALFORMED", entry.path, "the archive's two headers of this file differ");
    entry.start = at + 30 + nameBytes + extraBytes;
    at = entry.start + entry.packed;
  }
  if (at !== directory) refuse("MALFORMED", file.name, "holds more than its entries");
}

function crc(bytes, checksum) {
  for (let at = 0; at < bytes.length; at++) checksum = CRC[(checksum ^ bytes[at]) & 255] ^ (checksum >>> 8);
  return checksum;
}
