/**
 * The two hashes of a frame: of the file as it lies there, and of the picture in it.
 *
 * Renderers write times into metadata, so two equal renders differ as files and agree as pixels. The pixel hash is SHA-256
 * over `trustmark-pixels/1 <height> <width> <channels> <uint8|uint16|float32>\n` and the samples, row by row, interleaved,
 * little-endian: the same as the Python client's, which reads them out of the file.
 */

/** A picture's samples, as the file stores them. */
export interface Picture {
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  readonly samples: Uint8Array<ArrayBuffer> | Uint8ClampedArray<ArrayBuffer> | Uint16Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
}

/** What a receipt says of a frame. */
export interface Rendered {
  readonly fileSha256: string;
  readonly pixelSha256: string;
}

/** Both hashes of a frame: the bytes of its file, and the samples that were written into it. */
export async function rendered(file: Uint8Array<ArrayBuffer>, picture: Picture): Promise<Rendered> {
  return { fileSha256: await sha256(file), pixelSha256: await pixelSha256(picture) };
}

/** SHA-256, hex. */
export async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const found = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...found].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The pixel hash, hex.
 *
 * @throws RangeError there are more or fewer samples than the size says.
 */
export async function pixelSha256({ height, width, channels, samples }: Picture): Promise<string> {
  if (samples.length !== height * width * channels) {
    throw new RangeError(`${samples.length} samples are not ${height} x ${width} x ${channels}`);
  }
  const kind = samples instanceof Float32Array ? "float32" : samples instanceof Uint16Array ? "uint16" : "uint8";
  const header = new TextEncoder().encode(`trustmark-pixels/1 ${height} ${width} ${channels} ${kind}\n`);
  const whole = new Uint8Array(header.length + samples.byteLength);
  whole.set(header);
  whole.set(littleEndian(samples), header.length);
  return sha256(whole);
}

function littleEndian(samples: Picture["samples"]): Uint8Array {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, samples.byteLength);
  if (new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 || samples.BYTES_PER_ELEMENT === 1) return bytes;
  const turned = bytes.slice();
  const size = samples.BYTES_PER_ELEMENT;
  for (let at = 0; at < turned.length; at += size) turned.subarray(at, at + size).reverse();
  return turned;
}
