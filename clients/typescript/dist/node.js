/** What needs a disk: keys in files, and receipts that outlive the process that made them. */
import { createHash, randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { lstat, mkdir, open, readFile, readdir, rename, rm, unlink, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { TrustmarkError } from "./errors.js";
import { ProofKey } from "./keys.js";
import { withOutcome } from "./names.js";
const BATCH_ROWS = 2000;
const SPARE = Array.from({ length: 98 }, (_, at) => at + 2);
const HELD = /^(.+)\.([^.]+)\.(\d+)\.([0-9a-f]{8})\.held$/;
const HOST = hostname().replace(/[^0-9A-Za-z-]/g, "-") || "host";
/** Of this run of this process: a container's next one has the same number. */
const RUN = randomBytes(4).toString("hex");
/** Read a proof key from a PKCS#8 PEM file. */
export async function readProofKey(path) {
    return ProofKey.fromPem(await readFile(path, "utf8"));
}
/** Write a proof key to a new file, readable by its owner alone. */
export async function writeProofKey(key, path) {
    await writeFile(path, await key.toPem(), { mode: 0o600, flag: "wx" });
}
/**
 * Frames on this machine's disk. Where the new name is taken by something that cannot be replaced (a folder, say) a number
 * goes behind it, and a file that cannot be renamed is removed; a link loses its own name, what it points to is left alone.
 */
export const frameFiles = {
    rename,
    async giveUp(path, place, became) {
        const name = withOutcome(place, became);
        for (const each of [name, ...SPARE.map((number) => `${name}.${number}`)]) {
            if (each !== name && (await lstat(each).catch(() => undefined)))
                continue;
            const failed = await rename(path, each).then(() => undefined, codeOf);
            if (failed === undefined || failed === "ENOENT")
                return; // gone, or renamed by somebody else
            if (each !== name)
                break;
        }
        await unlink(path).catch((cause) => {
            throw new TrustmarkError("FILE_NOT_GIVEN_UP", `${path} is ${became.toLowerCase()} and keeps its name: ${String(cause)}`, { cause });
        });
    },
};
/**
 * Receipts on disk until the server has acknowledged them: one file for each lease, a row and its checksum on each line, each
 * row synced before the next frame begins.
 *
 * While a process writes a file it is named `<lease>.<host>.<pid>.<run>.held`; what waits is `<lease>.ndjson`, as the Python
 * client has it. `flushFolder` sends both, a killed process's on its own host; `trustmark gate flush` sends what waits.
 */
export class FileOutbox {
    folder;
    #open = new Map();
    constructor(folder) {
        this.folder = folder;
    }
    /** @throws TrustmarkError `OUTBOX_FULL`: the disk takes no more; who cannot keep a receipt may not render. */
    async add(lease, row) {
        try {
            const file = this.#open.get(lease) ?? (await this.#begin(lease));
            await file.appendFile(lineOf(row));
            await file.datasync();
        }
        catch (cause) {
            throw new TrustmarkError("OUTBOX_FULL", `${this.folder}: ${String(cause)}`, { cause });
        }
    }
    async done(lease) {
        const file = this.#open.get(lease);
        if (!file)
            return;
        this.#open.delete(lease);
        await file.close();
        await rm(this.#held(lease));
    }
    async close() {
        for (const [lease, file] of this.#open) {
            this.#open.delete(lease);
            await file.close();
            await rename(this.#held(lease), join(this.folder, `${lease}.ndjson`));
        }
    }
    async #begin(lease) {
        await mkdir(this.folder, { recursive: true });
        const file = await open(this.#held(lease), constants.O_CREAT | constants.O_WRONLY | constants.O_APPEND, 0o600);
        this.#open.set(lease, file);
        return file;
    }
    #held(lease) {
        return join(this.folder, `${lease}.${HOST}.${process.pid}.${RUN}.held`);
    }
}
/**
 * Send what earlier runs left in `folder`, those that were killed included; files of processes that live are passed over.
 * A row that is refused is counted, and its file is kept as `.refused`.
 *
 * @throws TrustmarkError the server did not take a batch; what was not sent is still there.
 */
export async function flushFolder(client, folder) {
    const total = { accepted: 0, unauthorised: 0, refused: 0, damaged: 0, passedOver: [] };
    for (const name of (await readdir(folder)).sort()) {
        const path = await waiting(folder, name);
        if (!path) {
            if (name.endsWith(".held"))
                total.passedOver.push(name);
            continue;
        }
        const lines = (await readFile(path, "utf8")).split("\n");
        lines.pop(); // what a crash left of a last write: nobody was told that it is kept
        const rows = lines.flatMap((line) => rowOfLine(line) ?? []);
        const before = total.refused;
        for (let at = 0; at < rows.length; at += BATCH_ROWS) {
            const batch = rows.slice(at, at + BATCH_ROWS);
            const key = createHash("sha256").update(batch.join("\n")).digest("hex");
            const { accepted, unauthorised, refused } = await client.sendRows(batch, { key });
            total.accepted += accepted;
            total.unauthorised += unauthorised;
            total.refused += refused;
        }
        const damaged = lines.length - rows.length;
        total.damaged += damaged;
        if (damaged)
            await rename(path, `${path}.damaged`);
        else if (total.refused > before)
            await rename(path, `${path}.refused`);
        else
            await rm(path);
    }
    return total;
}
/** The path of a file that waits, taken over from a process that is no more; nothing if it is none. */
async function waiting(folder, name) {
    if (name.endsWith(".ndjson"))
        return join(folder, name);
    const held = HELD.exec(name);
    if (!held || held[2] !== HOST || isAlive(Number(held[3]), held[4]))
        return undefined;
    const path = join(folder, `${held[1]}.ndjson`);
    await rename(join(folder, name), path);
    return path;
}
function codeOf(error) {
    return String(error.code);
}
function isAlive(pid, run) {
    if (pid === process.pid)
        return run === RUN;
    try {
        process.kill(pid, 0);
        return true;
    }
    catch (error) {
        return codeOf(error) !== "ESRCH";
    }
}
function lineOf(row) {
    return `${row}\t${crc32(row).toString(16).padStart(8, "0")}\n`;
}
function rowOfLine(line) {
    const at = line.lastIndexOf("\t");
    const row = line.slice(0, at);
    return at > 0 && line.slice(at + 1) === crc32(row).toString(16).padStart(8, "0") ? row : undefined;
}
