// The picture of a lineage: larger, smaller, fit, and drag to move. Without this file it scrolls as it is.
"use strict";
(() => {
  const frame = document.querySelector("[data-graph]");
  const acts = document.querySelector("[data-graph-acts]");
  const svg = frame?.querySelector("svg");
  if (!svg || !acts) return;
  acts.hidden = false;
  const width = svg.viewBox.baseVal.width;
  const height = svg.viewBox.baseVal.height;
  let scale = 1;

  function set(to) {
    scale = Math.min(3, Math.max(0.2, to));
    svg.setAttribute("width", Math.round(width * scale));
    svg.setAttribute("height", Math.round(height * scale));
  }

  acts.addEventListener("click", (event) => {
    const button = event.target.closest("[data-zoom]");
    if (!button) return;
    const way = Number(button.dataset.zoom);
    set(way === 0 ? (frame.clientWidth - 2) / width : scale * (way > 0 ? 1.25 : 0.8));
  });

  let from = null;
  frame.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "mouse" && !event.target.closest("a")) from = [event.clientX, event.clientY];
  });
  frame.addEventListener("pointermove", (event) => {
    if (!from) return;
    frame.scrollBy(from[0] - event.clientX, from[1] - event.clientY);
    from = [event.clientX, event.clientY];
  });
  for (const end of ["pointerup", "pointerleave"]) frame.addEventListener(end, () => { from = null; });
  // the version asked for is in view at first
  const start = frame.querySelector(".box.start")?.getBoundingClientRect();
  if (start) frame.scrollTo(start.right - frame.getBoundingClientRect().right + 40, 0);
})();
