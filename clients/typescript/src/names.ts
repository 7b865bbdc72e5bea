/**
 * What a frame's file is called: a name without an ending of ours says that the frame may be used.
 *
 * `frame.0007.png` was rendered under its leave and has its receipt; `frame.0007.png.discarded` was given up. The endings are
 * those of the Python client. The files themselves are somebody else's: `frameFiles` of `trustmark-client/node` has a disk.
 */

import type { Outcome } from "./bounds.js";

/**
 * What became of a frame: what its receipt says, or what the server says of its receipt; `UNRECEIPTED` where it did not take
 * it.
 */
export type Became = Outcome | "UNAUTHORISED" | "UNRECEIPTED";

/** Where frames lie. Both are one step: whoever looks for frames sees the old name or the new one. */
export interface FrameFiles {
  /** The draft at `path` gets the name of a frame that may be used. */
  rename(path: string, place: string): Promise<void>;
  /**
   * The file at `path` loses its name and becomes `place` with `became` behind it; one that is gone stays gone.
   *
   * @throws TrustmarkError `FILE_NOT_GIVEN_UP`: it can be neither renamed nor removed, and keeps its name.
   */
  giveUp(path: string, place: string, became: Became): Promise<void>;
}

/** The name of the file that was to be at `place`: the same for a frame that was rendered under its leave. */
export function withOutcome(place: string, became: Became): string {
  return became === "RENDERED" ? place : `${place}.${became.toLowerCase()}`;
}
