// A finding's pictures: expected, actual and difference over two axes of the result, the worst
// element marked, and how many elements are wrong by how many units in the last place.
const floats = (text) => {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) => view.getFloat64(8 * i, true));
};
const nine = (v) => Number.isNaN(v) ? "NaN" : Math.abs(v) === Infinity ? (v > 0 ? "∞" : "-∞")
  : Object.is(v, -0) ? "-0" : String(Number(v.toPrecision(9)));
const SIDE = 280; // pixels of the longer side of a map, at most

function paired(heat) { // which two axes make rows and columns: the longest are spatial, as a rule
  const spatial = heat.names.map((name, i) => [name, i])
    .filter(([name, i]) => /row|column|plane/.test(name) && heat.shape[i] > 1).map(([, i]) => i).slice(-2);
  const others = heat.shape.map((n, i) => [n, i]).filter(([, i]) => !spatial.includes(i))
    .sort((a, b) => b[0] - a[0]).map(([, i]) => i);
  while (spatial.length < 2 && others.length) spatial.unshift(others.shift());
  return spatial.length === 1 ? [-1, spatial[0]] : spatial.sort((a, b) => a - b);
}

// Blue below zero, orange above, pale at zero; grey stripes are NaN or infinite.
function tint(v, most) {
  if (!Number.isFinite(v)) return null;
  const t = most > 0 ? Math.min(1, Math.abs(v) / most) ** 0.6 : 0;
  const [from, to] = [[247, 247, 247], v < 0 ? [5, 90, 160] : [179, 80, 6]];
  return `rgb(${from.map((c, i) => Math.round(c + (to[i] - c) * t)).join(" ")})`;
}

function map(label, values, [high, wide], marked, most) {
  const size = Math.max(1, Math.floor(SIDE / Math.max(high, wide, 4)));
  const figure = make("figure", "", "map"), canvas = make("canvas"), note = make("figcaption", label);
  const scale = Math.min(size, 36);
  canvas.width = wide * scale;
  canvas.height = high * scale;
  const pen = canvas.getContext("2d");
  values.forEach((v, i) => {
    const x = (i % wide) * scale, y = Math.floor(i / wide) * scale, colour = tint(v, most);
    pen.fillStyle = colour ?? "#bbb";
    pen.fillRect(x, y, scale, scale);
    if (colour === null) {
      pen.strokeStyle = "#222";
      pen.beginPath();
      pen.moveTo(x, y + scale);
      pen.lineTo(x + scale, y);
      if (Number.isNaN(v)) { pen.moveTo(x, y); pen.lineTo(x + scale, y + scale); }
      pen.stroke();
    }
  });
  if (marked >= 0) {
    pen.lineWidth = Math.max(2, scale / 12);
    const [x, y] = [(marked % wide) * scale, Math.floor(marked / wide) * scale], half = pen.lineWidth / 2;
    pen.strokeStyle = "#fff";
    pen.strokeRect(x - half, y - half, scale + 2 * half, scale + 2 * half);
    pen.strokeStyle = "#000";
    pen.strokeRect(x + half, y + half, scale - 2 * half, scale - 2 * half);
  }
  canvas.setAttribute("role", "img");
  const finite = [...values].filter(Number.isFinite);
  const range = finite.length ? `${nine(Math.min(...finite))} to ${nine(Math.max(...finite))}` : "no finite value";
  canvas.setAttribute("aria-label", `${label}, ${high} by ${wide}: ${range}`
    + (marked >= 0 ? `; the worst element is ${nine(values[marked])}` : ""));
  canvas.addEventListener("mousemove", (event) => {
    const box = canvas.getBoundingClientRect();
    const x = Math.floor((event.clientX - box.left) / box.width * wide), y = Math.floor((event.clientY - box.top) / box.height * high);
    const v = values[y * wide + x];
    if (v !== undefined) note.lastChild.textContent = ` [${y}, ${x}] = ${nine(v)}`;
  });
  canvas.addEventListener("mouseleave", () => { note.lastChild.textContent = " " + range; });
  note.append(make("span", " " + range));
  figure.append(note, canvas);
  return figure;
}

const power = (n) => (n < 4 ? String(10 ** n) : `1e${n}`);

function ulps(heat) {
  const most = Math.max(...heat.ulps), table = make("table", "", "ulps");
  table.append(make("caption", "Elements by the size of their error, in ulp"));
  heat.ulps.forEach((n, i) => {
    if (!n) return;
    const name = i === 0 ? "exact" : i === 1 ? "below 1" : i === heat.ulps.length - 1 ? `${power(i - 2)} and more, or not finite`
      : `${power(i - 2)} to ${power(i - 1)}`;
    const row = table.insertRow(), head = make("th", name), bar = make("td"), svg = draw("svg", { viewBox: "0 0 100 8", preserveAspectRatio: "none", "aria-hidden": "true" });
    head.scope = "row";
    svg.append(draw("rect", { class: i > 1 ? "beyond" : "within", width: Math.max(1, 100 * n / most), height: 8 }));
    bar.append(svg);
    row.append(head, bar, make("td", n.toLocaleString("en")));
  });
  return table;
}

function drawHeat(box) {
  const heat = data.heats[box.dataset.heat], expected = floats(heat.expected), actual = floats(heat.actual);
  const [down, across] = paired(heat), rank = heat.shape.length;
  const worst = heat.worst.map((at, i) => at - heat.origin[i]), picked = [...worst];
  const strides = heat.shape.map((_, i) => heat.shape.slice(i + 1).reduce((a, b) => a * b, 1));
  const form = make("p", "", "slices"), maps = make("div", "", "maps");
  const high = down < 0 ? 1 : heat.shape[down], wide = heat.shape[across];
  const slice = (values) => Float64Array.from({ length: high * wide }, (_, i) => {
    const at = [...picked];
    if (down >= 0) at[down] = Math.floor(i / wide);
    at[across] = i % wide;
    return values[at.reduce((sum, n, axis) => sum + n * strides[axis], 0)];
  });
  function redrawMaps() {
    const [wanted, came] = [slice(expected), slice(actual)];
    const off = came.map((v, i) => Object.is(v, wanted[i]) ? 0 : v - wanted[i]);
    const here = picked.every((n, axis) => axis === down || axis === across || n === worst[axis]);
    const marked = here ? (down < 0 ? 0 : worst[down]) * wide + worst[across] : -1;
    const most = Math.max(...[...wanted, ...came].filter(Number.isFinite).map(Math.abs), 0);
    const wrong = Math.max(...[...off].filter(Number.isFinite).map(Math.abs), 0);
    maps.replaceChildren(map("expected", wanted, [high, wide], marked, most), map("actual", came, [high, wide], marked, most),
      map("difference", off, [high, wide], marked, wrong));
  }
  for (let axis = 0; axis < rank; axis++) {
    if (axis === down || axis === across || heat.shape[axis] < 2) continue;
    const label = make("label", heat.names[axis] + " "), field = make("select");
    for (let i = 0; i < heat.shape[axis]; i++) {
      const place = heat.origin[axis] + i;
      field.append(new Option(place + (i === worst[axis] ? " (worst)" : ""), i, false, i === worst[axis]));
    }
    field.addEventListener("change", () => { picked[axis] = Number(field.value); redrawMaps(); });
    label.append(field);
    form.append(label);
  }
  const [rows, cols] = [down < 0 ? "" : `${heat.names[down]} by `, heat.names[across]];
  const part = heat.shape.some((n, i) => n < heat.whole[i])
    ? ` A part of ${heat.shape.join("×")} of ${heat.whole.join("×")} around the worst element, from [${heat.origin.join(", ")}].` : "";
  box.replaceChildren(make("p", `${rows}${cols}; the frame marks the worst element. Orange is above zero, blue below, crossed is not a number.${part}`, "lead"),
    form, maps, ulps(heat));
  redrawMaps();
}

function openCard(card) {
  for (const box of card.querySelectorAll("[data-heat]:empty")) {
    if (Object.hasOwn(data.heats, box.dataset.heat)) drawHeat(box);
  }
}
