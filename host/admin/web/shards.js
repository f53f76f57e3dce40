// The table of shards, which has to stay of use with 256 of them: the worst
// first, a part at a time, and still under the reader's hand.

import { ago, byId, count, duration, element, keyed, rate, setLevel, setText } from "./dom.js";

const shownFirst = 16;
const resort = 5000; // ms: rows that move each second cannot be read
const late = 60, bad = 600; // seconds of lag

const by = {
  name: (a, b) => a.where.localeCompare(b.where) || a.id - b.id,
  lag: (a, b) => a.lag_seconds - b.lag_seconds,
  rate: (a, b) => (a.rate || 0) - (b.rate || 0),
};

let sort = { by: "lag", down: true };
let all = false;
let order = new Map(), orderedAt = 0;
let last = [], now = 0;
let oneProject = true; // then its name is in no row

export const lagLevel = (s) => (s >= bad ? "bad" : s >= late ? "warn" : "");

export function showShards(state, shards) {
  now = Date.parse(state.at);
  last = shards;
  oneProject = new Set((state.sources || []).map((s) => s.project)).size === 1;
  showSources(state);
  summarise(shards);
  draw();
}

// showSources names those whose shards are not in the table, and why.
function showSources(state) {
  const absent = (state.sources || []).filter((s) => s.error || !(s.shards || []).length);
  byId("sources").hidden = absent.length === 0;
  keyed(byId("sources"), absent, (s) => `${s.project}/${s.logstore}/${s.group}`, () => element("li", { class: "item" }), (e, s) => {
    e.classList.toggle("bad", Boolean(s.error));
    setText(e, s.error
      ? `${s.project}/${s.logstore} has not run for ${duration((now - Date.parse(s.error_since)) / 1000)} and is opened again and again: ${s.error}`
      : `${s.project}/${s.logstore} stands by: other members of the group ${s.group} have its shards.`);
  });
}

function summarise(shards) {
  if (!shards.length) return setText(byId("shards-summary"), "This process holds no shard.");
  const behind = shards.filter((s) => s.lag_seconds >= late);
  const worst = shards.reduce((a, b) => (b.lag_seconds > a.lag_seconds ? b : a));
  const words = behind.length
    ? `${count(behind.length)} of them a minute or more behind, the worst by ${duration(worst.lag_seconds)} (${worst.where} ${worst.id}).`
    : "none of them a minute behind.";
  setText(byId("shards-summary"), `${count(shards.length)} ${shards.length === 1 ? "shard" : "shards"}, ${words}`);
}

function draw(again = false) {
  const words = byId("shards-filter").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = last.filter((s) => fits(s, words));
  arrange(again);
  wanted.sort((a, b) => (order.get(a.key) ?? Infinity) - (order.get(b.key) ?? Infinity));
  const shown = all ? wanted : wanted.slice(0, shownFirst);
  const most = Math.max(1, ...last.map((s) => s.lag_seconds));
  keyed(byId("shards-rows"), shown, (s) => s.key, make, (e, s) => update(e, s, most));
  byId("shards-none").hidden = wanted.length > 0 || last.length === 0;
  const more = byId("shards-more");
  more.hidden = wanted.length <= shownFirst;
  more.setAttribute("aria-expanded", String(all));
  setText(more, all ? `Show only the first ${shownFirst}` : `Show all ${count(wanted.length)}`);
}

// fits reports whether a shard has all the words: a number is the shard's,
// everything else a part of what its row says.
function fits(s, words) {
  const text = `${s.where} ${s.owner}${s.readonly ? " read-only" : ""}`.toLowerCase();
  return words.every((w) => (/^\d+$/.test(w) ? String(s.id) === w : text.includes(w)));
}

// arrange sorts anew from time to time, and not while somebody points at the
// rows or is among them.
function arrange(again) {
  const busy = byId("shards-rows").matches(":hover, :focus-within");
  const known = last.length === order.size && last.every((s) => order.has(s.key));
  if (!again && known && (busy || Date.now() - orderedAt < resort)) return;
  orderedAt = Date.now();
  const sign = sort.down ? -1 : 1;
  order = new Map([...last].sort((a, b) => sign * by[sort.by](a, b) || by.name(a, b)).map((s, i) => [s.key, i]));
}

function make() {
  return element("tr", {},
    element("th", { scope: "row" }, element("span"), element("small", { class: "quiet" })),
    element("td", { class: "wide" }),
    element("td", { class: "number lag" }, element("span"), element("span", { class: "bar", "aria-hidden": "true" })),
    element("td", { class: "number" }),
    element("td", { class: "number wide" }));
}

function update(row, s, most) {
  const [name, owner, lag, logs, saved] = row.children;
  setLevel(row, lagLevel(s.lag_seconds));
  setText(name.firstChild, `${oneProject ? s.logstore : s.where} ${s.id}`);
  setText(name.lastChild, s.readonly ? " read-only" : "");
  setText(owner, s.owner);
  setText(lag.firstChild, duration(s.lag_seconds));
  lag.lastChild.style.width = `${Math.round((100 * s.lag_seconds) / most)}%`;
  setText(logs, s.rate === null ? "–" : rate(s.rate));
  setText(saved, ago(s.saved, now));
}

function showSort() {
  for (const th of document.querySelectorAll("th[data-sort]")) {
    if (th.dataset.sort === sort.by) th.setAttribute("aria-sort", sort.down ? "descending" : "ascending");
    else th.removeAttribute("aria-sort");
  }
}

for (const th of document.querySelectorAll("th[data-sort]")) {
  th.querySelector("button").addEventListener("click", () => {
    const name = th.dataset.sort;
    sort = { by: name, down: sort.by === name ? !sort.down : name !== "name" };
    showSort();
    draw(true);
  });
}
byId("shards-filter").addEventListener("input", () => draw());
byId("shards-more").addEventListener("click", () => { all = !all; draw(true); });
showSort();
