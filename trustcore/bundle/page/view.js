// The page: words, progress, verdict. It puts texts into the document as texts, never as markup.
import { Refusal, unbase64 } from "./bytes.js";
import { readCertificate } from "./certificates.js";
import { readKeys, readRevoked, readVkey } from "./signing.js";
import { verifyBundle } from "./verify.js";
import { WORDS } from "./words.js";

const find = (id) => document.getElementById(id);
let words = WORDS[navigator.language?.startsWith("es") ? "es" : "en"];
let last = null;

function element(name, content, kind) {
  const made = document.createElement(name);
  if (kind) made.className = kind;
  made.append(...[content].flat());
  return made;
}

function speak() {
  document.documentElement.lang = words === WORDS.es ? "es" : "en";
  document.title = words.title;
  for (const place of document.querySelectorAll("[data-word]")) place.textContent = words[place.dataset.word];
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(WORDS[button.dataset.language] === words));
  }
  if (last) show(last);
}

const PEM = /-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g;

/** What the auditor pasted: a key set, the log's key, witnesses' keys, a fingerprint, roots of authorities, in any order; `null` if it is none of them. */
function readTrust(pasted) {
  const trust = {};
  let rest = pasted;
  try {
    for (const [whole, inner] of pasted.matchAll(PEM)) {
      const der = unbase64(inner.replaceAll(/\s/g, "")) ?? new Uint8Array();
      readCertificate(der, "");
      (trust.roots ??= []).push(der);
      rest = rest.replace(whole, "");
    }
    const set = /\{[\s\S]*\}/.exec(rest);
    if (set) {
      trust.keys = readKeys(JSON.parse(set[0]), "");
      trust.revoked = readRevoked(JSON.parse(set[0]), "");
      rest = rest.replace(set[0], "");
    }
    for (const line of rest.split("\n").map((one) => one.trim()).filter(Boolean)) {
      const digits = line.replaceAll(/[\s:]/g, "").toLowerCase();
      if (/^[0-9a-f]{64}$/.test(digits)) (trust.fingerprints ??= new Set()).add(digits);
      else {
        const key = readVkey(line, "", null);
        if (key.kind === "witness") (trust.witnesses ??= []).push(key);
        else trust.vkey = key;
      }
    }
  } catch {
    return null;
  }
  return trust;
}

function facts(pairs) {
  const list = element("dl", []);
  for (const [name, value, note] of pairs) {
    list.append(element("dt", words.facts[name]), element("dd", note ? [String(value), element("small", ` (${note})`)] : String(value)));
  }
  return list;
}

function show(outcome) {
  const place = find("verdict");
  place.replaceChildren();
  place.className = outcome.kind;
  place.hidden = false;
  const say = (...parts) => place.append(...parts);
  if (outcome.kind === "misuse") return say(element("p", words[outcome.word]));
  if (outcome.kind === "bad") {
    const { refusal } = outcome;
    say(element("h2", words.bad), element("p", words.codes[refusal.code] ?? words.unread));
    return say(facts([["path", refusal.path], ["code", refusal.code], ["detail", refusal.detail]].filter(([, value]) => value)));
  }
  const { report } = outcome;
  const { summary, checkpoint } = report;
  say(element("h2", outcome.kind === "good" ? words.good : words.whole));
  if (outcome.kind !== "good") say(element("p", words.wholeWhy));
  say(element("p", report.whole ? words.counts(summary.counts) : words.sample(report.read)));
  if (report.stands) say(element("p", words.stands(report.stands)));
  if (report.witnesses.length) say(element("p", words.witnesses(report.witnesses)));
  if (report.stamp) say(element("p", words.stamp(report.stamp)));
  if (report.withheld) say(element("p", words.withheld(report.withheld)));
  if (report.events) say(element("p", words.events(report.events)));
  if (report.people) say(element("p", words.people(report.people)));
  say(facts([
    ["production", `${summary.title} · ${summary.production}`],
    ["purpose", summary.purpose],
    ["created", summary.created_at],
    ["files", report.files],
    ["origin", checkpoint.origin],
    ["size", checkpoint.size],
    ["root", checkpoint.root],
    ["signer", report.signer.kid, report.trusted ? words.given : words.own],
    ["fingerprint", report.signer.fingerprint],
    ["logKey", report.vkey, report.logTrusted ? words.given : words.own],
  ]));
  return say(element("p", words.notChecked, "quiet"));
}

function progress(step, share) {
  const items = find("steps").children;
  if (!items.length) find("steps").append(...words.steps.map((title) => element("li", title)));
  Array.from(items).forEach((item, at) => (item.className = at + 1 < step ? "done" : at + 1 === step ? "now" : ""));
  const done = (step - 1 + Math.min(1, share)) / words.steps.length;
  find("bar").value = done;
  find("status").textContent = step > words.steps.length ? "" : words.working(words.steps[step - 1]);
}

async function run(event) {
  event.preventDefault();
  const [file] = find("file").files;
  const trust = readTrust(find("trust").value);
  find("steps").replaceChildren();
  find("verdict").hidden = true;
  if (!trust) return finish({ kind: "misuse", word: "badTrust" });
  if (typeof DecompressionStream === "undefined" || !crypto.subtle) return finish({ kind: "misuse", word: "unsupported" });
  find("start").disabled = true;
  find("work").hidden = false;
  try {
    const report = await verifyBundle(file, trust, { sampled: find("sampled").checked, later: find("later").files[0] ?? null, tell: progress });
    progress(words.steps.length + 1, 0);
    finish({ kind: report.trusted ? "good" : "whole", report });
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal("UNREADABLE", file.name, String(error));
    for (const item of find("steps").children) if (item.className === "now") item.className = "failed";
    finish({ kind: "bad", refusal });
  }
  return undefined;
}

function finish(outcome) {
  last = outcome;
  find("start").disabled = false;
  find("status").textContent = "";
  show(outcome);
  find("verdict").focus();
}

for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => {
    words = WORDS[button.dataset.language];
    Array.from(find("steps").children).forEach((item, at) => (item.textContent = words.steps[at]));
    speak();
  });
}
find("form").addEventListener("submit", run);
speak();
