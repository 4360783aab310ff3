// Everything that follows the filter, and what the keyboard does.
const cards = [...document.querySelectorAll(".card")];
const form = at("choose");
const clicked = (link, here) => String(new URLSearchParams(link.hash.slice(1))) === here;

function drawCards() { // those are shown that tell of a chosen check
  const told = new Set(words.card.filter((_, place) => figures.all.card[place]));
  for (const card of cards) card.hidden = !told.has(card.id);
  for (const note of document.querySelectorAll(".hidden")) {
    const here = cards.filter((card) => card.parentNode === note.parentNode);
    const hidden = here.filter((card) => card.hidden).length;
    note.hidden = !hidden;
    note.textContent = `${hidden} of ${here.length} hidden by the filter.`;
  }
  return document.querySelectorAll("#findings ~ .card:not([hidden])").length;
}

function drawChoices() {
  for (const name of FACETS) {
    const field = form.elements[name], facet = data.facets[name];
    if (!field) continue;
    const found = counts(name), value = state[name] || "";
    const options = facet.words.map((text, i) => [text, i]).filter(([text, i]) => text && (found[i] || text === value));
    if (name !== "verdict") options.sort(([a], [b]) => name === "variant" || name === "backend" ? 0 : a < b ? -1 : 1);
    const made = options.map(([text, i]) => new Option(`${said(text)} (${found[i].toLocaleString("en")})`, text));
    if (name === "verdict" && (data.order.some((_, i) => i < KNOWN && found[i]) || value === "findings")) {
      const n = found.reduce((sum, n, i) => i < KNOWN ? sum + n : sum, 0);
      made.unshift(new Option(`findings (${n.toLocaleString("en")})`, "findings"));
    }
    field.replaceChildren(new Option("all", ""), ...made);
    field.value = value;
  }
  if (form.elements.q.value !== (state.q || "")) form.elements.q.value = state.q || "";
}

const titled = (id) => cards.find((card) => card.id === id)?.querySelector("b").textContent ?? id;

function drawFilter() {
  const now = chosen(), bar = at("filter");
  bar.hidden = !now.length;
  const { verdicts, kept: n } = figures;
  const checked = n - verdicts[UNSUPPORTED];
  const figure = `${verdicts[AGREES].toLocaleString("en")} of ${many(checked, "check")} agree`;
  const rest = data.order.map((name, i) => [name, verdicts[i]]).filter(([name, m]) => m && name !== "agrees")
    .map(([name, m]) => `${m.toLocaleString("en")} ${said(name)}`);
  const drop = now.map((name) => {
    const value = name === "finding" ? titled(state.finding) : state[name];
    const button = make("button", `${name === "q" ? "text" : name}: ${value} ×`);
    button.type = "button";
    button.setAttribute("aria-label", `No longer choose ${name === "q" ? "text" : name} ${value}`);
    button.addEventListener("click", () => choose({ [name]: "" }));
    return button;
  });
  const all = make("button", "Show all", "all");
  all.type = "button";
  all.addEventListener("click", clear);
  at("counts").textContent = [figure, ...rest].join(" · ");
  at("drop").replaceChildren(...drop, all);
  // What is scrolled to lies below the bar, which has several lines on a narrow screen.
  document.documentElement.style.scrollPaddingTop = now.length ? `${bar.offsetHeight + 10}px` : "";
  for (const link of document.querySelectorAll(".chip")) {
    if (now.length === 1 && clicked(link, String(new URLSearchParams({ [now[0]]: state[now[0]] })))) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
  for (const td of document.querySelectorAll("td[aria-selected]")) td.removeAttribute("aria-selected");
  if (!state.variant || !state.op || !matrix) return;
  for (const row of matrix.querySelectorAll("tbody tr")) {
    if (row.dataset.op !== state.op || (row.dataset.method ?? "") !== (state.method || "")) continue;
    row.cells[heads.indexOf(state.variant) + 1]?.setAttribute("aria-selected", "true");
  }
}

function redraw() {
  const start = performance.now();
  select();
  drawFilter();
  drawChoices();
  drawMatrix();
  drawSpread();
  drawList();
  const shown = drawCards();
  document.documentElement.dataset.ms = (performance.now() - start).toFixed(1);
  return shown;
}

function read() { // a fragment without "=" is a place on the page, and leaves the choice as it is
  const place = location.hash.slice(1);
  if (!place.includes("=")) {
    const target = at(place);
    if (target ? target.hidden : !place && fragment()) clear(); // a hidden finding; back to no choice
    if (target && target.matches("details")) { target.open = true; target.scrollIntoView(); }
    if (fragment()) keep();
    return;
  }
  state = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));
  const found = redraw(), isOfList = state.finding || state.sort || state.page;
  const target = found && !isOfList ? at("findings") : at("checks");
  target.scrollIntoView();
  target.focus({ preventScroll: true });
}

async function copy(button) {
  const code = button.parentNode.querySelector("code");
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
document.addEventListener("keydown", (event) => {
  const typing = event.target.matches("input, select, textarea");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    form.elements.q.focus();
    form.elements.q.select();
  } else if (event.key === "Escape" && chosen().length) { clear(); event.preventDefault(); }
});
let typed = 0;
form.addEventListener("input", (event) => {
  clearTimeout(typed);
  const { name, value } = event.target;
  if (name === "q") typed = setTimeout(() => choose({ q: value }), 80); else choose({ [name]: value });
});
form.addEventListener("submit", (event) => event.preventDefault());
at("by")?.addEventListener("change", (event) => change({ by: event.target.value === "variant" ? "" : event.target.value }));
document.addEventListener("toggle", (event) => { if (event.target.open) openCard(event.target); }, true);
addEventListener("hashchange", read);
addEventListener("beforeprint", () => { for (const card of cards) card.open = true; });
at("more").open = matchMedia("(min-width: 40rem)").matches || FACETS.some((name) => new URLSearchParams(location.hash.slice(1)).has(name));
listenMatrix();
listenList();
for (const element of document.querySelectorAll("[data-script]")) element.hidden = false;
if (!location.hash.includes("=")) redraw();
read();
requestAnimationFrame(() => setTimeout(() => { document.documentElement.dataset.ready = performance.now().toFixed(0); }));
