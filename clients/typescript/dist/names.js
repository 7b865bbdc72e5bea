/**
 * What a frame's file is called: a name without an ending of ours says that the frame may be used.
 *
 * `frame.0007.png` was rendered under its leave and has its receipt; `frame.0007.png.discarded` was given up. The endings are
 * those of the Python client. The files themselves are somebody else's: `frameFiles` of `trustmark-client/node` has a disk.
 */
/** The name of the file that was to be at `place`: the same for a frame that was rendered under its leave. */
export function withOutcome(place, became) {
    return became === "RENDERED" ? place : `${place}.${became.toLowerCase()}`;
}
