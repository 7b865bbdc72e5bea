// The log's tree: RFC 6962 hashes, C2SP tiles of 256, one pass from the leaves to the signed root.
import { sha256 } from "./vendor/sha2.js";
import { concat, hex, refuse } from "./bytes.js";

export const WIDTH = 256;
const LEAF = Uint8Array.of(0);
const NODE = Uint8Array.of(1);

export const leafHash = (entry) => sha256(concat(LEAF, entry));
const nodeHash = (left, right) => sha256(concat(NODE, left, right));

/** The path of a tile below the log's folder; `level` is a number or "entries". */
export function tilePath(level, index, width) {
  let path = String(index % 1000).padStart(3, "0");
  for (let rest = Math.floor(index / 1000); rest; rest = Math.floor(rest / 1000)) {
    path = `x${String(rest % 1000).padStart(3, "0")}/${path}`;
  }
  return `tile/${level}/${path}${width === WIDTH ? "" : `.p/${width}`}`;
}

/** Every tile of a log of `size` entries. */
export function* tilesOf(size) {
  for (let index = 0; index * WIDTH < size; index++) yield tilePath("entries", index, Math.min(WIDTH, size - index * WIDTH));
  for (let level = 0, row = size; row; level++, row = Math.floor(row / WIDTH)) {
    for (let index = 0; index * WIDTH < row; index++) yield tilePath(level, index, Math.min(WIDTH, row - index * WIDTH));
  }
}

export function unpackEntries(data, width, path) {
  const entries = [];
  for (let at = 0; at < data.length; ) {
    const begin = at + 2;
    const end = begin + ((data[at] << 8) | (data[at + 1] ?? 0));
    if (begin > data.length || end > data.length) refuse("MALFORMED", path, "the entries are cut short");
    entries.push(data.subarray(begin, end));
    at = end;
  }
  if (entries.length !== width) refuse("SIZE_MISMATCH", path, `not ${width} entries`);
  return entries;
}

/** The root of a perfect tree: a power of two of hashes, or none at all. */
export function rootOf(hashes) {
  let row = hashes;
  while (row.length > 1) {
    const next = [];
    for (let at = 0; at < row.length; at += 2) next.push(nodeHash(row[at], row[at + 1]));
    row = next;
  }
  return row[0] ?? sha256(new Uint8Array(0));
}

/** The root over any number of leaves' hashes. */
export function treeRoot(leaves) {
  const [last, ...rest] = edge(leaves);
  return rest.reduce((right, left) => nodeHash(left, right), last ?? rootOf([]));
}

/** The root of the first `size` leaves of a log of `whole`, from its tiles, which were verified. */
export async function rootAt(archive, folder, size, whole) {
  let right = null;
  for (let level = 0, row = size, all = whole; row; level++, row = Math.floor(row / WIDTH), all = Math.floor(all / WIDTH)) {
    const [index, open] = [Math.floor(row / WIDTH), row % WIDTH];
    if (!open) continue;
    const tile = await archive.read(folder + tilePath(level, index, Math.min(WIDTH, all - index * WIDTH)), WIDTH * 32);
    for (const hash of edge(Array.from({ length: open }, (_, at) => tile.subarray(at * 32, at * 32 + 32)))) right = right ? nodeHash(hash, right) : hash;
  }
  return right ?? rootOf([]);
}

/** Compares hash tiles level by level as their hashes become known, holding one open tile a level. */
export class HashTiles {
  constructor(archive, folder) {
    this.archive = archive;
    this.folder = folder;
    this.rows = [];
    this.done = [];
    this.size = 0;
  }

  async push(level, hashes) {
    if (level === this.rows.length) {
      this.rows.push([]);
      this.done.push(0);
    }
    if (level === 0) this.size += hashes.length;
    const row = this.rows[level];
    row.push(...hashes);
    while (row.length >= WIDTH) {
      const tile = row.splice(0, WIDTH);
      await this.compare(level, tile);
      await this.push(level + 1, [rootOf(tile)]);
    }
  }

  async finish(root, path) {
    for (let level = 0; level < this.rows.length; level++) if (this.rows[level].length) await this.compare(level, this.rows[level]);
    let right = null;
    for (const row of this.rows) {
      // each level's open row lies left of what came from below
      const here = row.length ? edge(row) : [];
      for (const hash of here) right = right ? nodeHash(hash, right) : hash;
    }
    if (hex(right ?? rootOf([])) !== root) refuse("ROOT_MISMATCH", path, "the entries do not lead to the signed root");
  }

  async compare(level, hashes) {
    const path = this.folder + tilePath(level, this.done[level], hashes.length);
    const kept = await this.archive.read(path, WIDTH * 32);
    if (hex(kept) !== hex(concat(...hashes))) refuse("ROOT_MISMATCH", path, "the hashes are not those of the entries");
    this.done[level] += 1;
  }
}

/** The perfect subtrees of an open row, the smallest (rightmost) first. */
function edge(row) {
  const found = [];
  for (let rest = row.length, end = row.length; rest; ) {
    const width = rest & -rest;
    found.push(rootOf(row.slice(end - width, end)));
    end -= width;
    rest -= width;
  }
  return found;
}
