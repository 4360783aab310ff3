"use strict";
// The list of checks, and the filter that the matrix, the findings and the list share.
// The filter lives in the page's fragment (#variant=torch&key=conv/native&verdict=differs).
// Texts of the run enter the page as text alone: textContent, never markup.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const { words, rows } = data;
  const count = rows.case.length;
  const PAGE = 50;
  const FIELDS = ["verdict", "variant", "key", "q"];
  const SIGNS = { agrees: "✓", degraded: "≈", differs: "✗", unsupported: "-", raised: "!",
    crashed: "†", timed_out: "…", mistrusted: "?", known: "◇" };
  const at = (id) => document.getElementById(id);
  const list = at("list"), choose = at("choose"), pages = at("pages");
  let state = {}, shown = [], texts = null;

  const marked = (link, here) => String(new URLSearchParams(link.hash.slice(1))) === here;
  const verdict = (i) => rows.known[i] < 0 ? words.verdict[rows.verdict[i]] : "known";
  const word = (name, i) => rows[name][i] < 0 ? "" : words[name][rows[name][i]];
  const number = (v) => v === null ? -1 : v === "inf" || v === "nan" ? Infinity : Number(v);
  const show = (v) => v === null ? "" : v === "inf" ? "∞" : v === "nan" ? "NaN"
    : v === 0 ? "0" : v >= 1e4 || v < 1e-3 ? v.toExponential(1).replace("e+", "e") : String(v);
  const quote = (text) => // for a shell, as Python's shlex does it
    /^[\w@%+=:,./-]+$/.test(text) ? text : "'" + text.replaceAll("'", "'\"'\"'") + "'";
  const isFinding = (v) => !["agrees", "known", "unsupported"].includes(v);

  function make(name, text, className) {
    const element = document.createElement(name);
    if (text) element.textContent = text;
    if (className) element.className = className;
    return element;
  }

  function matches(found) {
    const chosen = state.verdict;
    return (!chosen || found.verdict === chosen || (chosen === "findings" && isFinding(found.verdict)))
      && (!state.variant || found.variant === state.variant)
      && (!state.key || found.key.split(" ").some(
        (key) => key === state.key || key.startsWith(state.key + "/")));
  }

  function select() {
    const wanted = (state.q || "").toLowerCase().split(/\s+/).filter(Boolean);
    if (wanted.length && !texts) {
      texts = rows.case.map((_, i) =>
        ["variant", "key", "case", "said", "known", "kernel"].map((name) => word(name, i)).join(" ").toLowerCase());
    }
    shown = [];
    for (let i = 0; i < count; i++) {
      const found = { verdict: verdict(i), variant: word("variant", i), key: word("key", i) };
      if (matches(found) && wanted.every((part) => texts[i].includes(part))) shown.push(i);
    }
    const down = (state.sort || "").startsWith("-"), by = (state.sort || "").replace("-", "");
    if (!Object.hasOwn(rows, by)) return;
    const value = by === "verdict" ? (i) => data.order.indexOf(verdict(i))
      : words[by] ? (i) => word(by, i) : (i) => number(rows[by][i]);
    const keys = new Map(shown.map((i) => [i, value(i)]));
    shown.sort((a, b) => {
      const x = keys.get(a), y = keys.get(b);
      return x === y ? a - b : (x < y ? -1 : 1) * (down ? -1 : 1);
    });
  }

  function line(i) {
    const row = make("tr", "", "row"), said = verdict(i);
    const open = make("button");
    open.type = "button";
    open.setAttribute("aria-expanded", "false");
    open.append(make("span", SIGNS[said] + " " + said.replace("_", " "), "tag " + said));
    const first = make("td");
    first.append(open);
    row.append(first);
    for (const name of ["variant", "key", "case"]) row.append(make("td", word(name, i)));
    for (const name of ["ratio", "ulp", "ms"]) row.append(make("td", show(rows[name][i])));
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
    const explained = words.explained[rows.case[i]];
    const said = word("said", i), known = word("known", i);
    if (said) inside.append(make("p", said));
    const kernel = word("kernel", i);
    if (kernel) inside.append(make("p", "Kernel: " + kernel));
    if (known) inside.append(make("p", "Known: " + known));
    inside.append(make("p", explained || "This text names no case."));
    const command = make("div", "", "command");
    const parts = ["variant", "key", "case"].map((name) => quote(word(name, i)));
    command.append(make("code", "convergent repro " + parts.join(" ")), make("button", "Copy", "copy"));
    inside.append(command);
    cell.append(inside);
    row.append(cell);
    return row;
  }

  function drawList() {
    const last = Math.max(0, Math.ceil(shown.length / PAGE) - 1);
    const page = Math.min(Math.max(0, (Number(state.page) || 1) - 1), last);
    const part = shown.slice(page * PAGE, (page + 1) * PAGE);
    list.tBodies[0].replaceChildren(...part.map(line));
    if (!part.length) list.tBodies[0].insertRow().append(make("td", "No check matches."));
    const from = part.length ? page * PAGE + 1 : 0;
    const [low, high, all] = [from, page * PAGE + part.length, shown.length]
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

  function drawFindings() {
    const cards = [...document.querySelectorAll("#findings ~ .card")];
    for (const card of cards) card.hidden = !matches(card.dataset);
    const hidden = cards.filter((card) => card.hidden).length;
    if (at("hidden")) {
      at("hidden").hidden = !hidden;
      at("hidden").textContent = `${hidden} of ${cards.length} hidden by the filter.`;
    }
    return cards.length - hidden;
  }

  function drawFilter() {
    const said = FIELDS.map((name) => state[name]).filter(Boolean).join(" · ");
    const clear = make("button", "Show all");
    clear.type = "button";
    clear.addEventListener("click", () => change({ verdict: "", variant: "", key: "", q: "", page: "" }));
    at("filter").hidden = !said;
    at("filter").replaceChildren("Only ", make("b", said), clear);
    for (const name of FIELDS) {
      const field = choose.elements[name];
      if (field.value !== (state[name] || "")) field.value = state[name] || "";
    }
    const here = String(new URLSearchParams({ variant: state.variant || "", key: state.key || "" }));
    for (const link of document.querySelectorAll(".cell a")) {
      if (marked(link, here)) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  }

  function draw() {
    select();
    drawList();
    drawFilter();
    return drawFindings();
  }

  let later = 0;
  function change(changes) {
    state = { ...state, ...changes };
    draw();
    clearTimeout(later); // browsers limit how often the address may change
    later = setTimeout(() => {
      const kept = Object.entries(state).filter(([, value]) => value);
      const hash = kept.length ? "#" + new URLSearchParams(kept) : "";
      history.replaceState(null, "", location.pathname + location.search + hash);
    }, 150);
  }

  function read() { // a fragment without "=" is a place on the page
    if (!location.hash.includes("=")) {
      const target = at(location.hash.slice(1));
      if (target && target.matches("details")) target.open = true;
      return;
    }
    state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
    const target = draw() ? at("findings") : at("checks");
    target.scrollIntoView();
    target.focus({ preventScroll: true });
  }

  async function copy(button) {
    const code = button.previousElementSibling;
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch { // no permission: select it, so that Ctrl+C does it
      getSelection().selectAllChildren(code);
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  }

  document.addEventListener("click", (event) => {
    if (event.target.matches(".copy")) { event.stopPropagation(); copy(event.target); }
  }, true);
  choose.addEventListener("input", (event) => change({ [event.target.name]: event.target.value, page: "" }));
  choose.addEventListener("submit", (event) => event.preventDefault());
  pages.addEventListener("click", (event) => {
    const step = Number(event.target.dataset.step);
    if (step) change({ page: String((Number(state.page) || 1) + step) });
  });
  list.tHead.addEventListener("click", (event) => {
    const by = event.target.closest("th").dataset.sort;
    const first = ["ratio", "ulp", "ms"].includes(by) ? "-" : "", second = first ? "" : "-";
    const next = { [first + by]: second + by, [second + by]: "" }[state.sort] ?? first + by;
    change({ sort: next, page: "" });
  });
  addEventListener("hashchange", read);
  addEventListener("beforeprint", () => {
    for (const card of document.querySelectorAll(".card")) card.open = true;
  });
  for (const element of [list, choose, pages]) element.hidden = false;
  draw();
  read();
})();
