// One pass over all rows: which are chosen, and every figure of those that are.
// A row has a bit for each facet that rules it out; one that a single facet rules out counts for
// that facet's other values alone.
const SOURCES = ["variant", "key", "case", "shown", "diagnosis", "card"];
const TEXTS = ["variant", "key", "case", "said", "known", "kernel"];
const BINS = data.bins.length + 1;
const binOf = Uint8Array.from(numbers.ratio, (v) => {
  if (!(v > 0)) return 255; // none, or exact
  let place = 0;
  while (place < data.bins.length && data.bins[place] < v) place++;
  return place;
});
const lowered = {};
const kept = new Uint32Array(count);
const figures = { kept: 0 };

function masks() {
  const found = Object.fromEntries(SOURCES.map((of) => [of, new Uint16Array(words[of].length)]));
  FACETS.forEach((name, bit) => {
    if (!state[name]) return;
    const facet = data.facets[name], mask = found[facet.of];
    const wanted = name === "verdict" && state.verdict === "findings"
      ? (place) => place < KNOWN : (place) => facet.words[place] === state[name];
    facet.at.forEach((place, word) => { if (!wanted(place)) mask[word] |= 1 << bit; });
  });
  return found;
}

function needles() { // for each word of the text, in which words of each column it stands
  return (state.q || "").toLowerCase().split(/\s+/).filter(Boolean).map((part) => TEXTS.map((name) => {
    lowered[name] ??= words[name].map((text) => text.toLowerCase());
    return Uint8Array.from(lowered[name], (text) => text.includes(part));
  }));
}

function select() {
  const { variant, key, case: cases, shown, diagnosis, card } = masks();
  const parts = needles(), texts = TEXTS.map((name) => rows[name]);
  const v = rows.variant, k = rows.key, c = rows.case, d = rows.diagnosis, f = rows.card;
  const size = cells.size, all = {}, only = FACETS.map((name) => new Uint32Array(words[data.facets[name].of].length));
  for (const of of SOURCES) all[of] = new Uint32Array(words[of].length);
  const cell = { agrees: new Uint32Array(size), checked: new Uint32Array(size), unsupported: new Uint32Array(size),
    worst: new Uint8Array(size).fill(255), ratio: new Float64Array(size).fill(-1) };
  const group = grouping(), bins = new Uint32Array(group.names.length * BINS);
  const exact = new Uint32Array(group.names.length), verdicts = new Uint32Array(data.order.length);
  const ofFacet = FACETS.map((name) => rows[data.facets[name].of]);
  let n = 0;
  next: for (let i = 0; i < count; i++) {
    const bits = variant[v[i]] | key[k[i]] | cases[c[i]] | shown[severity[i]] | diagnosis[d[i]] | card[f[i]];
    if (bits & (bits - 1)) continue;
    for (const part of parts) {
      let here = false;
      for (let t = 0; t < texts.length && !here; t++) here = part[t][texts[t][i]] === 1;
      if (!here) continue next;
    }
    if (bits) {
      const facet = 31 - Math.clz32(bits);
      only[facet][ofFacet[facet][i]]++;
      continue;
    }
    kept[n++] = i;
    all.variant[v[i]]++; all.key[k[i]]++; all.case[c[i]]++; all.diagnosis[d[i]]++; all.card[f[i]]++;
    const came = severity[i], place = cellOf[i];
    verdicts[came]++;
    if (came < cell.worst[place]) cell.worst[place] = came;
    if (came === UNSUPPORTED) { cell.unsupported[place]++; continue; }
    cell.checked[place]++;
    if (came === AGREES) cell.agrees[place]++;
    const ratio = numbers.ratio[rows.ratio[i]];
    if (ratio < 0) continue;
    if (ratio > cell.ratio[place]) cell.ratio[place] = ratio;
    const bar = group.of(i), bin = binOf[rows.ratio[i]];
    if (bin === 255) exact[bar]++; else bins[bar * BINS + bin]++;
  }
  all.shown = verdicts;
  Object.assign(figures, { kept: n, all, only, cell, group, bins, exact, verdicts });
}

function grouping() { // what the distribution is drawn of
  const facet = data.facets[state.by] && ["variant", "key"].includes(data.facets[state.by].of)
    ? data.facets[state.by] : data.facets.variant;
  const source = rows[facet.of], places = facet.at;
  return { names: facet.words, of: (i) => places[source[i]] };
}

function counts(name) { // of each value of a facet, were it chosen in place of the present one
  const facet = data.facets[name], found = new Uint32Array(facet.words.length);
  const all = figures.all[facet.of], only = figures.only[FACETS.indexOf(name)];
  facet.at.forEach((place, word) => { found[place] += all[word] + only[word]; });
  return found;
}
