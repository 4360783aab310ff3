// The matrix: its cells show the chosen checks alone; one of them can be reached by Tab, the others
// from there by arrow keys.
const matrix = at("cells");
const bodies = matrix ? [...matrix.tBodies] : [];
const variantPlace = new Map(words.variant.map((name, i) => [name, i]));
const keyPlace = new Map(words.key.map((name, i) => [name, i]));
const heads = matrix ? [...matrix.tHead.rows[0].cells].slice(1).map((head) => head.dataset.variant) : [];
let current = null;

function shade(ratio) {
  if (ratio < 0) return "rx";
  const place = data.shades.findIndex((edge) => ratio <= edge);
  return "r" + (place < 0 ? data.shades.length : place);
}

function sum(places) {
  const { cell } = figures;
  const found = { agrees: 0, checked: 0, unsupported: 0, worst: 255, ratio: -1 };
  for (const place of places) {
    found.agrees += cell.agrees[place];
    found.checked += cell.checked[place];
    found.unsupported += cell.unsupported[place];
    found.worst = Math.min(found.worst, cell.worst[place]);
    found.ratio = Math.max(found.ratio, cell.ratio[place]);
  }
  return found;
}

function fill(td, found) {
  if (found.worst === 255) { td.className = td.dataset.was ? "c none" : ""; td.textContent = ""; return; }
  const verdict = data.order[found.worst];
  td.className = found.checked ? `c ${shade(found.ratio)} ${verdict}` : "c gap";
  td.textContent = found.checked ? `${data.signs[verdict]} ${found.agrees}/${found.checked}` : "";
  if (found.unsupported) td.append(" ", make("i", found.unsupported + " n/a"));
}

function placesOf(row, variant) { // of a method's cell, or of all cells of an op
  const { op, method } = row.dataset, v = variantPlace.get(variant);
  const names = method === undefined ? words.key.filter((key) => key.split("/", 1)[0] === op) : [`${op}/${method}`];
  return names.map((name) => cells.get(v * keyCount + keyPlace.get(name))).filter((place) => place !== undefined);
}

const known = new Map(); // the places of each cell, found once
function cellPlaces(td) {
  if (!known.has(td)) known.set(td, placesOf(td.parentNode, heads[td.cellIndex - 1]));
  return known.get(td);
}

function drawMatrix() {
  const narrow = at("only") && at("only").checked;
  for (const body of bodies) {
    const [opRow, ...methods] = body.rows;
    const open = opRow.querySelector("button").getAttribute("aria-expanded") === "true" || narrow;
    for (const row of body.rows) {
      const hidden = row !== opRow && !open;
      let bad = false;
      if (!hidden) {
        for (const td of [...row.cells].slice(1)) {
          const found = sum(cellPlaces(td));
          fill(td, found);
          bad ||= found.worst < KNOWN;
        }
      }
      row.hidden = hidden || (narrow && !bad);
    }
    body.hidden = methods.length > 0 && narrow && opRow.hidden;
  }
  if (!current || current.parentNode.hidden) reach(matrix && matrix.querySelector("td.c"), false);
  drawReadout();
}

function reach(td, focus = true) {
  if (!td) return;
  if (current) current.tabIndex = -1;
  current = td;
  td.tabIndex = 0;
  if (focus) td.focus();
}

function readout(td) {
  const found = sum(cellPlaces(td)), row = td.parentNode.dataset;
  const name = `${heads[td.cellIndex - 1]} ${row.op}${row.method === undefined ? "" : "/" + row.method}`;
  if (found.worst === 255) return `${name}: no check`;
  const parts = [`${found.agrees} of ${found.checked} agree`];
  if (found.ratio >= 0) parts.push(`worst error ratio ${show(found.ratio)}`);
  if (found.worst < AGREES) parts.push(`worst verdict: ${said(data.order[found.worst])}`);
  if (found.unsupported) parts.push(`${found.unsupported} unsupported`);
  return `${name}: ${parts.join(", ")}`;
}

function drawReadout(td) {
  if (at("readout")) at("readout").textContent = td ? readout(td) : "Point at a cell for its figures; choose it to see its checks.";
}

function pick(td) {
  const row = td.parentNode.dataset;
  const wanted = { variant: heads[td.cellIndex - 1], op: row.op, method: row.method ?? "" };
  const again = Object.entries(wanted).every(([name, value]) => (state[name] || "") === value);
  choose(again ? { variant: "", op: "", method: "" } : wanted);
}

function listenMatrix() {
  if (!matrix) return;
  matrix.setAttribute("role", "grid");
  const cell = (event) => event.target.closest("td.c");
  matrix.addEventListener("click", (event) => {
    const button = event.target.closest("button"), td = cell(event);
    if (button) {
      button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
      drawMatrix();
    } else if (td) { reach(td, false); pick(td); }
  });
  matrix.addEventListener("mousemove", (event) => { // not where the page moves below a mouse at rest
    if (event.movementX || event.movementY) drawReadout(cell(event));
  });
  matrix.addEventListener("focusin", (event) => {
    const td = cell(event);
    if (td) { td.setAttribute("aria-label", readout(td)); drawReadout(td); }
  });
  matrix.addEventListener("keydown", (event) => {
    const td = cell(event);
    if (!td) return;
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(td); return; }
    const rows = [...matrix.querySelectorAll("tbody tr")].filter((row) => !row.hidden && !row.parentNode.hidden);
    let [y, x] = [rows.indexOf(td.parentNode), td.cellIndex];
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    if (!step) return;
    event.preventDefault();
    do { y += step[0]; x += step[1]; } while (rows[y] && rows[y].cells[x] && !rows[y].cells[x].matches("td.c"));
    reach(rows[y] && rows[y].cells[x]);
  });
  at("only")?.addEventListener("change", drawMatrix);
  for (const td of matrix.querySelectorAll("td.c")) td.dataset.was = "1";
}
