// How the error ratios of the chosen checks are spread, for each variant, backend, op or method.
const WIDTH = 12, HEIGHT = 56, MOST = 40;

const between = (b) => b === 0 ? `up to ${show(data.bins[0])}` : b === BINS - 1 ? `above ${show(data.bins[b - 1])}`
  : `${show(data.bins[b - 1])} to ${show(data.bins[b])}`;

function median(bar) { // as exactly as the bins tell
  let left = 0;
  for (let b = 0; b < BINS; b++) left += figures.bins[bar * BINS + b];
  if (!left) return null;
  let half = left / 2, b = 0;
  while ((half -= figures.bins[bar * BINS + b]) > 0) b++;
  return between(b);
}

function spread(bar) {
  const { bins, exact, group } = figures, limit = data.bins.indexOf(1);
  const counted = [...bins.subarray(bar * BINS, (bar + 1) * BINS)], tallest = Math.max(...counted);
  const above = counted.slice(limit + 1).reduce((a, b) => a + b, 0), middle = median(bar);
  const figure = make("figure"), caption = make("figcaption"), told = make("span");
  caption.append(make("b", group.names[bar]), told);
  told.append(`${exact[bar].toLocaleString("en")} exact${middle ? ` · median of the others ${middle}` : ""}`);
  if (above) told.append(" · ", make("b", `${above.toLocaleString("en")} beyond the limit`, "beyond"));
  const svg = draw("svg", { viewBox: `0 0 ${BINS * WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img",
    "aria-label": `${group.names[bar]}: ${told.textContent}` });
  counted.forEach((n, b) => {
    if (!n) return;
    const height = Math.max(2, (HEIGHT - 2) * n / tallest);
    svg.append(draw("rect", { class: b > limit ? "beyond" : "within", x: b * WIDTH + 0.5, y: HEIGHT - height,
      width: WIDTH - 1, height }, `${between(b)}: ${n.toLocaleString("en")}`));
  });
  const x = (limit + 1) * WIDTH;
  svg.append(draw("line", { class: "limit", x1: x, x2: x, y1: 0, y2: HEIGHT }));
  const axis = make("div", "", "axis");
  axis.setAttribute("aria-hidden", "true");
  axis.append(...["1e-4", "0.01", "1", "100", "1e4"].map((text) => make("span", text)));
  figure.append(caption, svg, axis);
  return figure;
}

function drawSpread() {
  const box = at("spread");
  if (!box) return;
  const { group, exact, bins } = figures;
  const beyond = (bar) => { // the last bin that holds something
    for (let b = BINS - 1; b >= 0; b--) if (bins[bar * BINS + b]) return b;
    return exact[bar] ? -1 : -2;
  };
  let bars = group.names.map((_, bar) => bar).filter((bar) => beyond(bar) > -2);
  const left = bars.length - MOST;
  if (left > 0) bars = bars.sort((a, b) => beyond(b) - beyond(a) || a - b).slice(0, MOST).sort((a, b) => a - b);
  box.replaceChildren(...bars.map(spread));
  at("spread-note").textContent = left > 0 ? `The ${MOST} with the largest ratios; ${left} more have smaller ones.`
    : bars.length ? "" : "No chosen check has an error ratio.";
  at("by").value = group.names === data.facets.variant.words ? "variant" : state.by;
}
