"use strict";
// Point at a result, or move to it by the arrow keys: what it reads lights up, its sum is written out.
for (const figure of document.querySelectorAll(".picture .window")) {
  const numbers = (name) => figure.dataset[name].split(",").map(Number);
  const start = numbers("start"), stride = numbers("stride"), dilation = numbers("dilation");
  const dims = Number(figure.dataset.dims), most = Number(figure.dataset.most);
  const places = (role) => new Map(
    [...figure.querySelectorAll(`.${role} .place`)].map((place) => [place.dataset.at, place]));
  const source = places("source"), taps = places("taps"), results = places("result");
  const isFilter = figure.classList.contains("backprop_filter");
  const said = figure.querySelector(".sum");
  const colour = (place) => place.firstElementChild.getAttribute("fill");
  const factor = (text) => text.startsWith("−") ? `(${text})` : text;

  function tint(place, fill) {
    place.classList.toggle("tinted", Boolean(fill));
    if (fill) place.firstElementChild.setAttribute("fill", fill);
    else place.firstElementChild.removeAttribute("fill");
  }

  function sum(result) {
    const at = result.dataset.at.split(",").slice(1).map(Number), products = [], read = [];
    for (const [key, tap] of taps) {
      const [channel, ...offset] = key.split(",").map(Number);
      const where = at.map((r, axis) => start[axis] + r * stride[axis] + offset[axis] * dilation[axis]);
      const place = source.get([channel, ...where].join(","));
      if (!place) continue;
      read.push([tap, place]);
      if (place.classList.contains("data")) products.push(`${factor(place.dataset.v)} · ${factor(tap.dataset.v)}`);
    }
    if (products.length > most) products.splice(most, Infinity, `… (${products.length - most} more)`);
    const index = at.slice(3 - dims).join(", ");
    return [read, `${figure.dataset.name}[${index}] = ${products.join(" + ") || "no product"} = ${result.dataset.v}`];
  }

  // On a page of one case: the row of the matrix that makes this result.
  function frame(result) {
    const kind = isFilter ? null : figure.classList.contains("conv") ? "straight" : "transposed";
    const matrix = kind && figure.closest(".cards") && figure.closest(".cards").querySelector(`svg.${kind}`);
    if (!matrix) return;
    const steps = numbers("row"), at = result.dataset.at.split(",").slice(1).map(Number);
    const row = at.reduce((sum, n, axis) => sum + n * steps[axis], 0), side = Number(matrix.dataset.side);
    const band = matrix.querySelector(".band"), isDrawn = row < Number(matrix.dataset.rows);
    band.classList.toggle("on", isDrawn);
    if (isDrawn) band.setAttribute("y", String(1 + row * side));
  }

  function choose(result) {
    const [read, text] = sum(result);
    for (const place of source.values()) tint(place, null);
    if (isFilter) for (const tap of taps.values()) tint(tap, null);
    for (const place of results.values()) { place.classList.remove("marked"); place.setAttribute("tabindex", "-1"); }
    for (const [tap, place] of read) {
      const fill = colour(isFilter ? result : tap);
      tint(place, fill);
      if (isFilter) tint(tap, fill);
    }
    result.classList.add("marked");
    result.setAttribute("tabindex", "0");
    said.textContent = text;
    frame(result);
  }

  for (const place of results.values()) {
    place.setAttribute("role", "button");
    place.setAttribute("tabindex", place.classList.contains("marked") ? "0" : "-1");
    place.setAttribute("aria-label", sum(place)[1]);
    if (place.classList.contains("marked")) frame(place);
    // A page that scrolls under a pointer at rest makes it enter places; it moves over none.
    place.addEventListener("pointermove", () => { if (!place.classList.contains("marked")) choose(place); });
    place.addEventListener("focus", () => choose(place));
  }
  figure.querySelector(".result svg").setAttribute("role", "group");
  const steps = { ArrowLeft: [3, -1], ArrowRight: [3, 1], ArrowUp: [2, -1], ArrowDown: [2, 1], PageUp: [1, -1], PageDown: [1, 1] };
  figure.querySelector(".result svg").addEventListener("keydown", (event) => {
    const step = steps[event.key], place = event.target.closest(".place");
    if (!step || !place) return;
    const at = place.dataset.at.split(",").map(Number);
    at[step[0]] += step[1];
    const next = results.get(at.join(","));
    event.preventDefault();
    if (next) next.focus();
  });
}
