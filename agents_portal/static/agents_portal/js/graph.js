// The picture of a lineage, drawn by Cytoscape.js and laid out by dagre: drag to move, buttons or + and - for size, a
// click opens a thing. Without this file the list on the same page says it all.
"use strict";
(() => {
  const frame = document.querySelector("[data-graph]");
  const section = frame?.closest("[data-graph-section]");
  if (!section || !window.cytoscape) return;
  section.hidden = false;

  const colour = (name) => {
    // the canvas knows no custom properties: ask the page what each comes to in this light
    const probe = document.createElement("span");
    probe.hidden = true;
    frame.append(probe);
    probe.style.color = `var(${name})`;
    const found = getComputedStyle(probe).color;
    probe.remove();
    const [red, green, blue] = painted(found);
    return `rgb(${red}, ${green}, ${blue})`;
  };
  const TEXT = 166;
  const dot = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const painted = (css) => {
    dot.fillStyle = css;
    dot.fillRect(0, 0, 1, 1);
    return dot.getImageData(0, 0, 1, 1).data;
  };
  const style = () => [
    { selector: "node", style: {
      shape: "round-rectangle", "corner-radius": 8, width: 190, height: 60,
      label: (node) => `${cut(node.data("kind"))}\n${cut(node.data("name"))}`,
      "text-wrap": "wrap", "text-max-width": 400, "line-height": 1.4,
      "text-halign": "center", "text-valign": "center", "font-size": 13, "font-family": getComputedStyle(frame).fontFamily,
      color: colour("--ink"), "background-color": colour("--surface"),
      "border-width": 1, "border-color": colour("--line-2"),
    } },
    { selector: "node[?lacks]", style: {
      "background-color": colour("--unsure-tint"), "border-color": colour("--unsure"), "border-style": "dashed", "border-width": 2,
    } },
    { selector: "node[?start]", style: {
      "background-color": colour("--accent-tint"), "border-color": colour("--accent"), "border-style": "solid", "border-width": 3,
    } },
    { selector: "edge", style: {
      width: 1.5, "curve-style": "round-taxi", "taxi-direction": "rightward", "line-color": colour("--ink-3"),
      "target-arrow-shape": "triangle", "target-arrow-color": colour("--ink-3"), "arrow-scale": 0.9,
    } },
    { selector: "edge[?lacks]", style: { "line-style": "dashed", "line-color": colour("--unsure") } },
  ];
  // each of the two lines of a box is as long as the box: the list has the rest
  const cut = (text) => {
    dot.font = `13px ${getComputedStyle(frame).fontFamily}`;
    let letters = [...text];
    if (dot.measureText(text).width <= TEXT) return text;
    while (letters.length && dot.measureText(`${letters.join("")}…`).width > TEXT) letters = letters.slice(0, -1);
    return `${letters.join("")}…`;
  };
  const elements = JSON.parse(frame.dataset.graph);
  const cy = window.cytoscape({
    container: frame,
    elements,
    style: style(),
    layout: { name: "dagre", rankDir: "LR", nodeSep: 18, rankSep: 60, fit: false },
    autoungrabify: true,
    boxSelectionEnabled: false,
    autounselectify: true,
    minZoom: 0.1,
    maxZoom: 3,
  });
  // as large as the letters of the page where that fits, smaller where it does not; what was asked for is in view
  const fit = () => {
    cy.fit(undefined, 16);
    if (cy.zoom() > 1) cy.zoom(1);
    cy.center();
  };
  fit();
  if (cy.zoom() < 0.55) {
    cy.zoom(0.8);
    cy.center(cy.nodes("[?start]").closedNeighborhood());
  } else {
    // a small graph needs no tall frame
    frame.style.blockSize = `${Math.min(frame.clientHeight, cy.elements().renderedBoundingBox().h + 64)}px`;
    cy.resize();
    cy.center();
  }
  const zoom = (by) => cy.zoom({ level: cy.zoom() * by, renderedPosition: { x: frame.clientWidth / 2, y: frame.clientHeight / 2 } });
  document.fonts.ready.then(() => cy.style(style()));
  frame.dataset.drawn = String(cy.nodes().length);

  section.querySelector("[data-graph-acts]").addEventListener("click", (event) => {
    const way = event.target.closest("[data-zoom]")?.dataset.zoom;
    if (way === "0") fit();
    else if (way) zoom(Number(way) > 0 ? 1.25 : 0.8);
  });
  const KEYS = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] };
  frame.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (KEYS[event.key]) cy.panBy({ x: KEYS[event.key][0], y: KEYS[event.key][1] });
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });
  // the wheel scrolls the page, as everywhere; with Ctrl it makes the picture larger
  frame.addEventListener("wheel", (event) => cy.userZoomingEnabled(event.ctrlKey), { capture: true, passive: true });
  cy.on("tap", "node", (event) => {
    const href = event.target.data("href");
    if (href.startsWith("/")) location.assign(href);
  });
  cy.on("mouseover", "node", (event) => frame.classList.toggle("leads", Boolean(event.target.data("href"))));
  cy.on("mouseout", "node", () => frame.classList.remove("leads"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => cy.style(style()));
})();
