// Bytes, texts and the one form of JSON that is hashed and signed (RFC 8785). Everything is refused by one class.
import { sha256 } from "./vendor/sha2.js";

/** What does not hold: a stable code, the file at fault, and a detail for whoever wants it. */
export class Refusal extends Error {
  constructor(code, path, detail = "") {
    super(`${code} ${path} ${detail}`);
    this.code = code;
    this.path = path;
    this.detail = detail;
  }
}

export function refuse(code, path, detail) {
  throw new Refusal(code, path, detail);
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
export const encode = (text) => new TextEncoder().encode(text);

export function text(bytes, path) {
  try {
    return utf8.decode(bytes);
  } catch {
    return refuse("MALFORMED", path, "not UTF-8");
  }
}

export const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

export function base64(bytes) {
  let binary = "";
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary);
}

/** Decode base64 in its one spelling; `null` for anything else. */
export function unbase64(value) {
  try {
    const binary = atob(value);
    if (btoa(binary) !== value) return null;
    return Uint8Array.from(binary, (character) => character.charCodeAt(0));
  } catch {
    return null;
  }
}

/** Decode base64url without padding in its one spelling; `null` for anything else. */
export function unbase64url(value) {
  if (typeof value !== "string" || !/^[A-Za-z0-9_-]*$/.test(value)) return null;
  const padded = value.replaceAll("-", "+").replaceAll("_", "/");
  return unbase64(padded + "=".repeat((4 - (padded.length % 4)) % 4));
}

export const base64url = (bytes) =>
  base64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");

export function concat(...parts) {
  const whole = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function same(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

export const hashHex = (bytes) => hex(sha256(bytes));

/** The canonical form of a value: keys sorted, no blanks, whole numbers only. */
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value && typeof value === "object") {
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(",")}}`;
  }
  if (typeof value === "number" && !Number.isSafeInteger(value)) throw new RangeError("no canonical form");
  return JSON.stringify(value);
}

/** Read JSON that must be canonical, so that it has one reading: no key twice, no odd number, no other spelling. */
export function readCanonical(bytes, path) {
  const said = typeof bytes === "string" ? bytes : text(bytes, path);
  let value;
  try {
    value = JSON.parse(said);
    if (canonical(value) !== said) throw new RangeError("not canonical");
  } catch (error) {
    refuse(error instanceof SyntaxError ? "JSON_INVALID" : "NOT_CANONICAL", path, error.message);
  }
  return value;
}

export function readObject(bytes, path) {
  const value = readCanonical(bytes, path);
  if (!value || typeof value !== "object" || Array.isArray(value)) refuse("MALFORMED", path, "not an object");
  return value;
}
