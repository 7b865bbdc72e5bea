// Small comforts only: every page reads and every form submits without this file.
// Keys: J K move, Enter opens, A approve, C counter, Q asks, D decline, / finds, ? tells all keys. Copy buttons. Focus after a swap.
"use strict";
(() => {
  const page = document.documentElement;
  page.classList.add("js");

  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    await navigator.clipboard.writeText(button.dataset.copy);
    say("Copied");
  });

  function say(words) {
    const region = document.getElementById("said");
    if (!region) return;
    const line = document.createElement("p");
    line.className = "vh";
    line.textContent = words;
    region.replaceChildren(...[...region.children].filter((one) => !one.classList.contains("vh")), line);
  }

  function move(step) {
    const rows = [...document.querySelectorAll("[data-row]")];
    if (!rows.length) return;
    const here = rows.findIndex((row) => row.contains(document.activeElement));
    const selected = rows.findIndex((row) => row.classList.contains("selected"));
    const from = here >= 0 ? here : selected;
    const next = rows[Math.min(rows.length - 1, Math.max(0, from + step))];
    next.querySelector("a")?.focus();
    if (next.dataset.pane) select(next);
  }

  function select(row) {
    for (const one of document.querySelectorAll("[data-row].selected")) one.classList.remove("selected");
    row.classList.add("selected");
    if (window.htmx && document.getElementById("pane")) {
      window.htmx.ajax("GET", row.dataset.pane, { target: "#pane", select: "#pane", swap: "outerHTML" });
    }
  }

  const acts = { a: "approve", c: "counter", d: "decline", q: "ask" };
  document.addEventListener("keydown", (event) => {
    if (page.dataset.keys === "off" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const key = event.key.toLowerCase();
    if (key === "j" || key === "k") {
      const next = document.querySelector(key === "j" ? "[data-next]" : "[data-previous]");
      if (next) next.click();
      else move(key === "j" ? 1 : -1);
    } else if (acts[key]) {
      document.querySelector(`[data-act="${acts[key]}"]`)?.click();
    } else if (key === "?") {
      const sheet = document.getElementById("keysheet");
      if (!sheet) return;
      if (sheet.open) sheet.close();
      else sheet.showModal();
    } else if (key === "enter" && event.target === document.body) {
      const link = document.querySelector("[data-row].selected a");
      if (!link) return;
      link.click();
    } else if (key === "/") {
      const find = document.querySelector("[data-find]");
      if (!find) return;
      find.focus();
    } else {
      return;
    }
    event.preventDefault();
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const wanted = event.target.querySelector?.("[data-focus]");
    if (wanted) wanted.focus();
  });
  document.querySelector(".summary")?.focus();
})();
