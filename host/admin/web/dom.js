// Making and changing elements, and numbers as people read them. Text only
// ever becomes text: nothing here parses HTML.

export const byId = (id) => document.getElementById(id);

// element makes one; what begins with "data-" or "aria-" and the like are
// attributes, and children are elements or texts.
export function element(name, attributes = {}, ...children) {
  const e = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) e.setAttribute(key, value === true ? "" : value);
  }
  e.append(...children.filter((c) => c !== undefined && c !== null && c !== ""));
  return e;
}

export function drawing(name, attributes = {}, ...children) {
  const e = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) e.setAttribute(key, value);
  e.append(...children);
  return e;
}

// setText leaves alone what is the same: a live region is read out when it is
// written to, and a selection is lost.
export function setText(e, text) {
  if (e.textContent !== text) e.textContent = text;
}

export function setLevel(e, level) {
  if (e.dataset.level !== level) e.dataset.level = level;
}

// keyed makes the children of a parent those of the items, in their order, and
// keeps the element of an item that was there before.
export function keyed(parent, items, key, make, update) {
  const old = new Map([...parent.children].map((e) => [e.dataset.key, e]));
  let at = parent.firstElementChild;
  for (const item of items) {
    const k = key(item);
    let e = old.get(k);
    if (e) old.delete(k);
    else {
      e = make(item);
      e.dataset.key = k;
    }
    update(e, item);
    if (e === at) at = at.nextElementSibling;
    else parent.insertBefore(e, at);
  }
  for (const e of old.values()) e.remove();
}

// facts makes a list of figures; setFacts fills it in.
export function facts(names) {
  return element("dl", { class: "facts" }, ...names.map((name) => element("div", {}, element("dt", {}, name), element("dd"))));
}

export function setFacts(list, values) {
  values.forEach((v, i) => setText(list.children[i].lastElementChild, v));
}

// item makes one of a list of things with names.
export function item(parts) {
  return element("li", { class: "item" }, element("div", { class: "head" }, element("h3"), parts.beside), ...parts.below);
}

const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const some = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });
const small = new Intl.NumberFormat("en", { maximumSignificantDigits: 3 });
const large = new Intl.NumberFormat("en", { notation: "scientific", maximumSignificantDigits: 3 });

export const count = (n) => whole.format(n);
export const rate = (n) => (n < 10 ? some : whole).format(n);

// measure writes a number of which nothing is known.
export const measure = (n) => (Math.abs(n) >= 1e15 ? large : Number.isInteger(n) ? whole : Math.abs(n) < 1 ? small : some).format(n);

export function duration(seconds) {
  const s = Math.max(0, seconds);
  if (s === 0) return "0 s";
  if (s < 0.001) return `${Math.max(1, Math.round(s * 1e6))} µs`;
  if (s < 1) return `${s < 0.01 ? some.format(s * 1000) : Math.round(s * 1000)} ms`;
  if (s < 10) return `${some.format(s)} s`;
  if (s < 120) return `${Math.round(s)} s`;
  if (s < 7200) return `${Math.floor(s / 60)} min`;
  if (s < 172800) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  return `${Math.floor(s / 86400)} d ${Math.floor((s % 86400) / 3600)} h`;
}

export function bytes(n) {
  if (n < 1024) return `${whole.format(n)} B`;
  for (const unit of ["KiB", "MiB", "GiB"]) {
    n /= 1024;
    if (n < 1024 || unit === "GiB") return `${some.format(n)} ${unit}`;
  }
}

export const clock = (date) => date.toLocaleTimeString("en-GB");

// ago says when something was, against the program's own clock.
export function ago(text, now) {
  if (!text) return "never";
  const seconds = Math.round((now - Date.parse(text)) / 1000);
  return seconds < 1 ? "now" : `${duration(seconds)} ago`;
}
