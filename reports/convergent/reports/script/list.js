// The list of the chosen checks, a page at a time: what is not seen is not in the document.
const PAGE = 50;
const list = at("list"), pages = at("pages");
const quote = (text) => // for a shell, as Python's shlex does it
  /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\"'\"'") + "'";
const ranks = {};
let ordered = kept, orderedBy = "";

function rank(name) { // of each word of a column among its words
  if (ranks[name]) return ranks[name];
  const values = name === "shown" ? words.shown.map((_, i) => i) : numbers[name] || words[name];
  const places = values.map((_, i) => i).sort((a, b) => values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : a - b);
  ranks[name] = new Uint32Array(values.length);
  let last = -1;
  places.forEach((place, i) => {
    if (i === 0 || values[place] !== values[places[i - 1]]) last++;
    ranks[name][place] = last;
  });
  return ranks[name];
}

function sort() { // by counting: as many ranks as words
  const down = (state.sort || "").startsWith("-");
  let by = (state.sort || "").replace("-", "");
  if (by === "verdict") by = "shown";
  if (!Object.hasOwn(rows, by)) { ordered = kept; return; }
  const of = rank(by), column = rows[by], n = figures.kept;
  const starts = new Uint32Array(words[by].length + 1);
  const place = down ? (i) => words[by].length - 1 - of[column[i]] : (i) => of[column[i]];
  for (let j = 0; j < n; j++) starts[place(kept[j]) + 1]++;
  for (let r = 1; r < starts.length; r++) starts[r] += starts[r - 1];
  ordered = new Uint32Array(n);
  for (let j = 0; j < n; j++) ordered[starts[place(kept[j])]++] = kept[j];
}

function line(i) {
  const row = make("tr", "", "row"), verdict = data.order[severity[i]], open = make("button");
  open.type = "button";
  open.setAttribute("aria-expanded", "false");
  open.append(make("span", `${data.signs[verdict]} ${said(verdict)}`, "tag " + verdict));
  const first = make("td");
  first.append(open);
  row.append(first);
  for (const name of ["variant", "key", "case"]) row.append(make("td", word(name, i)));
  for (const name of ["ratio", "ulp", "ms"]) row.append(make("td", show(words[name][rows[name][i]])));
  row.addEventListener("click", () => {
    if (String(getSelection())) return;
    const expanded = open.getAttribute("aria-expanded") === "true";
    open.setAttribute("aria-expanded", String(!expanded));
    if (expanded) row.nextSibling.remove(); else row.after(detail(i));
  });
  return row;
}

function detail(i) {
  const row = make("tr"), cell = make("td", "", "detail"), inside = make("div");
  cell.colSpan = 7;
  const explained = data.explained[rows.case[i]];
  const features = Object.entries(data.facets).filter(([, facet]) => facet.of === "case")
    .map(([name, facet]) => [name, facet.words[facet.at[rows.case[i]]]]).filter(([, value]) => value);
  const told = explained || features.map((pair) => pair.join(" ")).join(", ") || "This text names no case.";
  for (const [label, name] of [["", "said"], ["Kernel: ", "kernel"], ["Known: ", "known"]]) {
    if (word(name, i)) inside.append(make("p", label + word(name, i)));
  }
  inside.append(make("p", told));
  const command = make("div", "", "command");
  const parts = ["variant", "key", "case"].map((name) => quote(word(name, i)));
  const button = make("button", "Copy", "copy");
  button.type = "button";
  command.append(make("code", "convergent repro " + parts.join(" ")), button);
  inside.append(command);
  cell.append(inside);
  row.append(cell);
  return row;
}

function drawList() {
  sort();
  const last = Math.max(0, Math.ceil(figures.kept / PAGE) - 1);
  const page = Math.min(Math.max(0, Math.trunc(Number(state.page) || 1) - 1), last);
  if (state.page) state.page = String(page + 1); // what an address says may lie beyond the list
  const part = ordered.subarray(page * PAGE, Math.min(figures.kept, (page + 1) * PAGE));
  list.tBodies[0].replaceChildren(...Array.from(part, line));
  if (!part.length) list.tBodies[0].insertRow().append(Object.assign(make("td", "No check matches."), { colSpan: 7 }));
  const [low, high, all] = [part.length ? page * PAGE + 1 : 0, page * PAGE + part.length, figures.kept]
    .map((n) => n.toLocaleString("en"));
  pages.querySelector("span").textContent = `${low}–${high} of ${all}`;
  const [back, forth] = pages.querySelectorAll("button");
  back.disabled = page === 0;
  forth.disabled = page === last;
  for (const head of list.tHead.rows[0].cells) {
    const by = (state.sort || "").replace("-", "") === head.dataset.sort;
    if (by) head.setAttribute("aria-sort", state.sort.startsWith("-") ? "descending" : "ascending");
    else head.removeAttribute("aria-sort");
  }
}

function listenList() {
  pages.addEventListener("click", (event) => {
    const step = Number(event.target.dataset.step);
    if (step) change({ page: String((Number(state.page) || 1) + step) });
  });
  list.tHead.addEventListener("click", (event) => {
    const by = event.target.closest("th").dataset.sort;
    const first = ["ratio", "ulp", "ms"].includes(by) ? "-" : "", second = first ? "" : "-";
    const next = { [first + by]: second + by, [second + by]: "" }[state.sort] ?? first + by;
    choose({ sort: next });
  });
  list.tBodies[0].addEventListener("keydown", (event) => { // up and down the rows, over the page's end
    const buttons = [...list.tBodies[0].querySelectorAll(".row button")];
    const here = buttons.indexOf(event.target), step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (here < 0 || !step) return;
    event.preventDefault();
    if (buttons[here + step]) { buttons[here + step].focus(); return; }
    const turn = [...pages.querySelectorAll("button")].find((b) => Number(b.dataset.step) === step && !b.disabled);
    if (!turn) return;
    turn.click();
    const turned = list.tBodies[0].querySelectorAll(".row button");
    turned[step > 0 ? 0 : turned.length - 1].focus();
  });
}
