// A renderer on Node, gated by the TypeScript client as it is built: writes small PNGs, one for each frame, and says how it ended.
//   node typescript.mjs '{"first": 1, "last": 12, ...}'
// Server, keys and licence are in the environment, as a farm sets them.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { crc32, deflateSync } from "node:zlib";

import { ServerUnreachable, TrustmarkClient, TrustmarkError, rendered, renderFrames } from "../../clients/typescript/dist/index.js";
import { FileOutbox, flushFolder, frameFiles, readProofKey } from "../../clients/typescript/dist/node.js";

const told = { block: 5, milliseconds: 0, frames: "frames", territory: "GB", ...JSON.parse(process.argv[2]) };
const env = process.env;
const [width, height] = [16, 9];

function png(samples) {
  const chunk = (kind, data) => {
    const body = Buffer.concat([Buffer.from(kind), data]);
    const [size, check] = [Buffer.alloc(4), Buffer.alloc(4)];
    size.writeUInt32BE(data.length);
    check.writeUInt32BE(crc32(body));
    return Buffer.concat([size, body, check]);
  };
  const head = Buffer.from([0, 0, 0, width, 0, 0, 0, height, 8, 2, 0, 0, 0]);
  const rows = Array.from({ length: height }, (_, y) => [0, ...samples.subarray(y * width * 3, (y + 1) * width * 3)]);
  const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
  return Buffer.concat([signature, chunk("IHDR", head), chunk("IDAT", deflateSync(Buffer.from(rows.flat()))), chunk("IEND", Buffer.alloc(0))]);
}

async function render(frame, { signal }) {
  const until = Date.now() + told.milliseconds;
  if (told.blocks) while (Date.now() < until); // a renderer that lets nothing else run
  else await sleep(told.milliseconds, undefined, told.gives_up ? { signal } : {});
  const samples = new Uint8Array(width * height * 3).map((_, at) => (at * 7 + frame) % 256);
  const file = png(samples);
  const place = `${told.frames}/frame.${String(frame).padStart(4, "0")}.png`;
  const path = told.drafts ? `${place}.draft` : place;
  writeFileSync(path, file);
  console.log(`frame ${frame}`);
  return { ...(await rendered(new Uint8Array(file), { height, width, channels: 3, samples })), path, place };
}

async function main() {
  const proofKey = await readProofKey(env.TRUSTMARK_PROOF_KEY_FILE);
  const apiKey = readFileSync(env.TRUSTMARK_API_KEY_FILE, "utf8").trim();
  const client = new TrustmarkClient(env.TRUSTMARK_URL, apiKey, { proofKey });
  if (told.give_up) return (await frameFiles.giveUp(told.give_up, told.give_up, "DISCARDED")) ?? {};
  if (told.flush) return flushFolder(client, env.TRUSTMARK_OUTBOX);
  if (told.call) return client.call(...told.call);
  mkdirSync(told.frames, { recursive: true });
  const job = {
    licence: env.TRUSTMARK_LICENCE,
    project: env.TRUSTMARK_PROJECT,
    shot: env.TRUSTMARK_SHOT,
    use_type: env.TRUSTMARK_USE_TYPE,
    construct: "FACE_3D",
    render_territory: told.territory,
    first: told.first,
    last: told.last,
  };
  return { accepted: await renderFrames(client, job, render, { block: told.block, outbox: new FileOutbox(env.TRUSTMARK_OUTBOX), files: told.no_files ? undefined : frameFiles }) };
}

try {
  console.log(JSON.stringify(await main()));
} catch (error) {
  if (!(error instanceof TrustmarkError)) throw error;
  console.log(JSON.stringify({ error: error.name, codes: error.reasonCodes, unsent: error.unsent.length, offline: error instanceof ServerUnreachable }));
  console.error(error.line);
  process.exitCode = 3;
}
