// DER (ITU-T X.690), as much of it as certificates and time stamps need: one reading, definite lengths in their shortest form.
import { refuse } from "./bytes.js";

export const INTEGER = 0x02;
export const OCTETS = 0x04;
export const SEQUENCE = 0x30;
export const SET = 0x31;
const OID = 0x06, UTC_TIME = 0x17, GENERAL_TIME = 0x18, TEXT_BMP = 0x1e, TEXT_UTF8 = 0x0c;

/** Read the element at the start of `bytes`: its tag, its content, and all of it with its head. */
function element(bytes, path) {
  const broken = () => refuse("MALFORMED", path, "not DER");
  if (bytes.length < 2 || (bytes[0] & 0x1f) === 0x1f) broken();
  let [length, at] = [bytes[1], 2];
  if (length >= 0x80) {
    const count = length & 0x7f;
    if (!count || count > 3 || bytes.length < 2 + count || !bytes[2]) broken();
    length = bytes.subarray(2, 2 + count).reduce((sum, byte) => sum * 256 + byte, 0);
    if (length < 0x80) broken();
    at += count;
  }
  if (at + length > bytes.length) broken();
  return { tag: bytes[0], content: bytes.subarray(at, at + length), whole: bytes.subarray(0, at + length) };
}

/** Read one element that must have `tag` and fill `bytes`. */
export function only(bytes, tag, path) {
  const [one, ...more] = every(bytes, path);
  if (more.length || one?.tag !== tag) refuse("MALFORMED", path, "not the element that belongs here");
  return one;
}

/** Read the elements that stand one behind the other in `bytes`. */
export function every(bytes, path) {
  const found = [];
  for (let at = 0; at < bytes.length; at += found.at(-1).whole.length) found.push(element(bytes.subarray(at), path));
  return found;
}

/** The content of an element of this tag; `MALFORMED` for another or none. */
export function content(one, tag, path) {
  return one?.tag === tag ? one.content : refuse("MALFORMED", path, "not the element that belongs here");
}

export const parts = (one, tag, path) => every(content(one, tag, path), path);

/** An object identifier in dots. */
export function oid(one, path) {
  const numbers = [0];
  for (const byte of content(one, OID, path)) {
    numbers.push(numbers.pop() * 128 + (byte & 0x7f));
    if (!(byte & 0x80)) numbers.push(0);
  }
  numbers.pop();
  const first = Math.min(2, Math.floor(numbers[0] / 40));
  return [first, numbers[0] - first * 40, ...numbers.slice(1)].join(".");
}

/** A time in UTC, RFC 3339 in whole seconds. */
export function time(one, path) {
  const said = String.fromCharCode(...(one?.content ?? []));
  const [year, rest] = one?.tag === UTC_TIME ? [2, /^\d{12}Z$/] : [4, /^\d{14}(\.\d+)?Z$/];
  if (![UTC_TIME, GENERAL_TIME].includes(one?.tag) || !rest.test(said)) refuse("MALFORMED", path, "not a time");
  const century = year === 4 ? "" : said < "50" ? "20" : "19"; // RFC 5280, section 4.1.2.5.1
  const [month, day, hour, minute, second] = said.slice(year).match(/\d\d/g);
  return `${century}${said.slice(0, year)}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

/** A text of a name. */
export function string(one) {
  const kind = { [TEXT_UTF8]: "utf-8", [TEXT_BMP]: "utf-16be" }[one.tag] ?? "latin1";
  return new TextDecoder(kind).decode(one.content);
}
