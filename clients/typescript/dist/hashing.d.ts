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
export declare function rendered(file: Uint8Array<ArrayBuffer>, picture: Picture): Promise<Rendered>;
/** SHA-256, hex. */
export declare function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string>;
/**
 * The pixel hash, hex.
 *
 * @throws RangeError there are more or fewer samples than the size says.
 */
export declare function pixelSha256({ height, width, channels, samples }: Picture): Promise<string>;
