/**
 * A renderer's own loop, gated: leave for each block of frames, a receipt for each frame, and an end that is heard.
 *
 * 1. Ask for the next block. No, or no answer within six seconds: an error with the reason code, and nothing is rendered.
 * 2. Before each frame: does the leave still stand? After it: its receipt, kept on disk before the next frame begins where
 *    there is an outbox. A frame whose leave ended while it was rendered is reported as discarded, and its file loses the
 *    frame's name before that.
 * 3. After each block, and on every way out: the receipts are sent, and what was reserved and not used is given back.
 *    Receipts that could not be sent stay in the outbox, and on the error as `unsent`. What the server calls unauthorised
 *    or refuses loses its name.
 */

import type { Ask, Receipt, TrustmarkClient } from "./client.js";
import { rowOf } from "./client.js";
import { Denied, ReceiptsRefused, TrustmarkError } from "./errors.js";
import type { Rendered } from "./hashing.js";
import type { Lease, LeaseKeeper } from "./keeper.js";
import type { Became, FrameFiles } from "./names.js";
import type { Schemas } from "./schema.js";
import { ASK_SECONDS, within } from "./transport.js";

const BLOCK = 25;
const SEND_SECONDS = 9;
const LAST_SEND_SECONDS = 3;
/** Our clock and the server's disagree: the row is not at fault for ever. */
const OUT_OF_STEP = "CLOCK_SKEW";

/** Keeps rows until the server has acknowledged them; `FileOutbox` of `trustmark-client/node` keeps them on disk. */
export interface Outbox {
  /** Keep a row of `lease`; it is safe when this returns. */
  add(lease: string, row: string): Promise<void>;
  /** The server has acknowledged every row of `lease`. */
  done(lease: string): Promise<void>;
  /** The run is over; what is left waits for a flush. */
  close(): Promise<void>;
}

/** What to render: the question without its frames, the licence, and the frames. */
export type Job = Omit<Ask, "token" | "frame_range"> & {
  /** Id of the licence: a fresh token is asked for before every block. */
  readonly licence: string;
  readonly first: number;
  readonly last: number;
  readonly take?: number;
};

export interface LoopOptions {
  /** Frames that one check asks for. */
  readonly block?: number;
  readonly outbox?: Outbox;
  /** Renames what a frame's `path` names: `frameFiles` of `trustmark-client/node`. */
  readonly files?: FrameFiles;
}

/** A frame that was rendered: its hashes, and where its file lies. */
export interface Frame extends Rendered {
  /** Its file; without one, no name changes. */
  readonly path?: string | undefined;
  /** The name that the file gets once its receipt as rendered is kept: `path` is a draft until then. */
  readonly place?: string | undefined;
}

/** Renders one frame, and says what it is; `signal` is aborted as soon as its leave is over. */
export type Render = (frame: number, leave: { signal: AbortSignal; lease: string }) => Promise<Frame> | Frame;

/**
 * Render `job` under its licence. Resolves to how many receipts are in the log.
 *
 * @throws Denied nothing may be rendered (`LicenceEnded` among them); LeaveEnded not any longer.
 * @throws ServerUnreachable no answer: before the first frame, between two blocks, or to the receipts.
 * @throws ReceiptsRefused a receipt was not accepted as rendered.
 */
export async function renderFrames(
  client: TrustmarkClient,
  job: Job,
  render: Render,
  { block = BLOCK, outbox, files }: LoopOptions = {},
): Promise<number> {
  const { licence, first, last, take = 1, ...ask } = job;
  if (![first, last, block].every(Number.isSafeInteger) || last < first || block < 1) {
    throw new RangeError("the last frame comes after the first, in blocks of one at least");
  }
  let accepted = 0;
  try {
    for (let begin = first; begin <= last; begin += block) {
      const frames = { first: begin, last: Math.min(begin + block - 1, last) };
      const lease = await obtain(client, licence, { ...ask, frame_range: frames });
      accepted += await renderBlock(client, lease, { ...frames, take }, render, { outbox, files });
    }
  } finally {
    await outbox?.close();
  }
  return accepted;
}

async function obtain(client: TrustmarkClient, licence: string, ask: Omit<Ask, "token">): Promise<Lease> {
  const patience = within(ASK_SECONDS);
  const decision = await client.check({ ...ask, token: await client.freshToken(licence, patience) }, { patience });
  if (!decision.lease) throw new Denied(decision.reasonCodes, `decision ${decision.raw.decision_id}`);
  return decision.lease;
}

interface Kept {
  readonly outbox: Outbox | undefined;
  readonly files: FrameFiles | undefined;
}

/** A row of the block, and the name that its file has got. */
interface Row {
  readonly text: string;
  readonly name: string | undefined;
}

async function renderBlock(
  client: TrustmarkClient,
  lease: Lease,
  { first, last, take }: { first: number; last: number; take: number },
  render: Render,
  kept: Kept,
): Promise<number> {
  const keeper = client.keepLease(lease);
  const rows: Row[] = [];
  let failure: unknown;
  try {
    for (let frame = first; frame <= last; frame += 1) {
      await keeper.mayBegin();
      const [made, receipt] = await receiptOf(keeper, frame, take, render);
      await keep(lease, made, receipt, rows, kept);
      keeper.signal.throwIfAborted();
    }
  } catch (error) {
    failure = error;
  } finally {
    keeper.stop();
  }
  return settle(client, lease, rows, failure, kept);
}

async function receiptOf(keeper: LeaseKeeper, frame: number, take: number, render: Render): Promise<[Frame, Receipt]> {
  const startedAt = Date.now();
  const { signal, lease } = keeper;
  let made: Frame;
  try {
    made = await render(frame, { signal, lease: lease.id });
  } catch (error) {
    throw keeper.ended ?? error; // a frame given up because its leave is over
  }
  const finishedAt = Date.now();
  return [
    made,
    {
      lease: lease.id,
      frame,
      take,
      file_sha256: made.fileSha256,
      pixel_sha256: made.pixelSha256,
      outcome: keeper.outcomeOf(startedAt / 1000, finishedAt / 1000),
      started_at: new Date(startedAt).toISOString(),
      finished_at: new Date(finishedAt).toISOString(),
    },
  ];
}

/**
 * Keep the receipt, and name the file by it: a kill in between leaves nothing that looks like a frame without a receipt,
 * for a name is lost before the receipt is kept, and got after.
 */
async function keep(lease: Lease, { path, place }: Frame, receipt: Receipt, rows: Row[], { outbox, files }: Kept): Promise<void> {
  if (path !== undefined && !files) throw new TypeError("a frame names its file, and nobody was given who renames files");
  let failure: unknown;
  if (path !== undefined && receipt.outcome !== "RENDERED") {
    // its receipt is kept all the same
    await files?.giveUp(path, place ?? path, receipt.outcome).catch((error: unknown) => (failure = error));
  }
  const text = rowOf(receipt);
  const name = receipt.outcome === "RENDERED" ? (place ?? path) : undefined;
  rows.push({ text, name });
  await outbox?.add(lease.id, text);
  if (path !== undefined && place !== undefined && name === place && path !== place) await files?.rename(path, place);
  if (failure) throw failure;
}

/** Send the block's receipts and give its lease back; what stopped the block is said before what came after it. */
async function settle(
  client: TrustmarkClient,
  lease: Lease,
  rows: readonly Row[],
  failure: unknown,
  { outbox, files }: Kept,
): Promise<number> {
  let answer: Schemas["BatchOutput"] | undefined;
  const texts = rows.map(({ text }) => text);
  try {
    if (rows.length) answer = await client.sendRows(texts, { patience: within(failure ? LAST_SEND_SECONDS : SEND_SECONDS) });
  } catch (error) {
    // their lease is not given back before they are reconciled
    const said = failure ?? error;
    if (said instanceof TrustmarkError) said.unsent = texts;
    throw said;
  }
  const codes = answer ? codesOf(answer) : [];
  for (const [name, became] of answer && files ? givenUp(rows, answer) : []) {
    await files?.giveUp(name, name, became).catch((error: unknown) => (failure ??= error));
  }
  if (!codes.includes(OUT_OF_STEP)) await outbox?.done(lease.id);
  // one that has ended, or whose server has gone since, ends by itself
  await client.endLease(lease, within(LAST_SEND_SECONDS)).catch(() => undefined);
  if (failure) throw failure;
  if (answer && (answer.refused || answer.unauthorised)) throw new ReceiptsRefused(codes);
  return answer?.accepted ?? 0;
}

function codesOf(answer: Schemas["BatchOutput"]): string[] {
  return [...new Set(answer.runs.flatMap(({ code }) => (code ? [code] : [])))].sort();
}

/** The files whose frames the server did not take as rendered under leave; what is out of step waits, and keeps its name. */
function givenUp(rows: readonly Row[], { runs }: Schemas["BatchOutput"]): [string, Became][] {
  return runs.flatMap(({ status, code, row, count }) => {
    if (status === "accepted" || code === OUT_OF_STEP) return [];
    const became = status === "unauthorised" ? "UNAUTHORISED" : "UNRECEIPTED";
    return rows.slice(row, row + count).flatMap(({ name }): [string, Became][] => (name === undefined ? [] : [[name, became]]));
  });
}
