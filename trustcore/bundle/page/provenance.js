// The events of the provenance graph, as trustcore.bundle.provenance has them: each batch leads to the root that the log
// recorded for it, whether an event is shown or stands there as its digest.
import { sha256 } from "./vendor/sha2.js";
import { canonical, concat, encode, hex, readObject, refuse } from "./bytes.js";
import { leafHash, treeRoot } from "./tlog.js";

const PATH = "data/provenance/events.ndjson";
const AT_ONCE = 256;
const wrong = (detail, code = "ENTRY_MISMATCH") => refuse(code, PATH, detail);

/** How many events are shown and how many only counted; null where the bundle brings none. */
export async function verifyEvents(archive, recorded, work) {
  if (!archive.members.has(PATH)) return null;
  const left = new Map(recorded);
  const told = { shown: 0, withheld: 0 };
  let [batch, leaves] = [null, []];
  const close = () => {
    if (batch === null) return;
    const wanted = left.get(batch);
    left.delete(batch);
    if (!wanted || wanted.count !== leaves.length || wanted.root !== hex(treeRoot(leaves))) wrong(`batch ${batch} is not the one that the log recorded`);
  };
  const lines = archive.lines(PATH);
  for (let some = await lines.take(AT_ONCE); some.length; some = await lines.take(AT_ONCE)) {
    for (const line of some) {
      const event = readObject(line, PATH);
      if (event.batch !== batch) {
        close();
        [batch, leaves] = [event.batch, []];
      }
      if (!left.has(batch) || event.position !== leaves.length) wrong("not an event that the log has at this place");
      leaves.push(leafHash(digestOf(event)));
      told["head" in event ? "shown" : "withheld"] += 1;
    }
    await work.share(told.shown + told.withheld, 0);
  }
  close();
  if (left.size) wrong(`batch ${[...left.keys()].sort()[0]} of the log is missing`);
  return told;
}

function digestOf(event) {
  const names = Object.keys(event).sort().join();
  if (names === "batch,digest,position" && isHex(event.digest, 64)) return unhex(event.digest);
  const { head, payload, salt } = event;
  const isWhole = names === "batch,head,payload,position,salt" && head && typeof payload === "string" && isHex(salt);
  if (!isWhole || head.batch !== event.batch || head.position !== event.position) wrong("not an event", "MALFORMED");
  return sha256(concat(unhex(salt), encode(`${canonical(head)}\n${payload}`)));
}

const isHex = (value, size) => typeof value === "string" && /^([0-9a-f]{2})*$/.test(value) && (!size || value.length === size);
const unhex = (value) => Uint8Array.from(value.match(/../g) ?? [], (pair) => parseInt(pair, 16));
