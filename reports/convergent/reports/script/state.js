// What is chosen. It lives in the page's fragment (#variant=torch&op=conv&verdict=differs), so that
// a link to this page can hold it.
const FACETS = ["backend", "variant", "op", "method", "dims", "dtype", "stride", "dilation", "groups",
  "padding", "verdict", "diagnosis", "finding"];
const CHOICES = [...FACETS, "q"];
let state = {};
let later = 0;

const chosen = () => CHOICES.filter((name) => state[name]);
const fragment = () => {
  const kept = Object.entries(state).filter(([, value]) => value);
  return kept.length ? "#" + new URLSearchParams(kept) : "";
};

const keep = () => history.replaceState(null, "", location.pathname + location.search + fragment());

function change(changes) {
  state = { ...state, ...changes };
  redraw();
  clearTimeout(later); // browsers limit how often the address may change
  later = setTimeout(keep, 150);
}

const choose = (changes) => change({ ...changes, page: "" });
const clear = () => choose(Object.fromEntries(CHOICES.map((name) => [name, ""])));
