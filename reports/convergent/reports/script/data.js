// The checks by columns: a word per distinct value, and the place of each row's word.
const data = JSON.parse(document.getElementById("data").textContent);
const { count, columns } = data;
const at = (id) => document.getElementById(id);

function unpack(column) {
  const raw = atob(column.at), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }[column.bytes](bytes.buffer);
}

const rows = {};
const words = {};
for (const [name, column] of Object.entries(columns)) {
  rows[name] = unpack(column);
  words[name] = column.words;
}
const number = (v) => v === null ? -1 : v === "inf" || v === "nan" ? Infinity : Number(v);
const numbers = { ratio: words.ratio.map(number), ulp: words.ulp.map(number), ms: words.ms.map(number) };

// What a row came to, as a place in data.order: "known" where the ledger allows it.
const KNOWN = data.order.indexOf("known"), AGREES = data.order.indexOf("agrees");
const UNSUPPORTED = data.order.indexOf("unsupported");
const severity = new Uint8Array(count);
{
  const places = words.verdict.map((verdict) => Math.max(0, data.order.indexOf(verdict)));
  for (let i = 0; i < count; i++) {
    severity[i] = words.known[rows.known[i]] ? KNOWN : places[rows.verdict[i]];
  }
}
rows.shown = severity;
words.shown = data.order;
data.facets.verdict = { of: "shown", words: data.order, at: data.order.map((_, i) => i) };

// Cells of the matrix that some check is of; a row's place among them.
const keyCount = words.key.length;
const cells = new Map();
const cellOf = new Uint32Array(count);
for (let i = 0; i < count; i++) {
  const name = rows.variant[i] * keyCount + rows.key[i];
  let place = cells.get(name);
  if (place === undefined) cells.set(name, place = cells.size);
  cellOf[i] = place;
}

const word = (name, i) => words[name][rows[name][i]] ?? "";
const said = (verdict) => verdict.replace("_", " ");
const show = (v) => v === null || v < 0 ? "" : v === "inf" || v === Infinity ? "∞" : v === "nan" ? "NaN"
  : v === 0 ? "0" : v >= 1e4 || v < 1e-3 ? v.toExponential(1).replace("e+", "e") : String(Number(v.toPrecision(3)));
const many = (n, noun) => `${n.toLocaleString("en")} ${noun}${n === 1 ? "" : "s"}`;

function make(name, text, className) {
  const element = document.createElement(name);
  if (text) element.textContent = text;
  if (className) element.className = className;
  return element;
}

function draw(name, attributes, title) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (title) element.append(draw("title", {}));
  if (title) element.lastChild.textContent = title;
  return element;
}
