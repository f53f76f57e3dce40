// The tap: logs as they were and as the guests left them. It watches only
// when asked to, holds still while somebody reads, and forgets all but the
// last pairs.

import { byId, clock, count, element, setText } from "./dom.js";

const kept = 40;
const marks = { added: "+ added", changed: "~ changed", removed: "− removed", "": "" };
const words = {
  kept: "kept as it was", edited: "edited", dropped: "dropped by a guest", several: "became several events", failed: "failed",
};
const levels = { kept: "quiet", edited: "good", dropped: "quiet", several: "good", failed: "bad" };

let stream = null;
let waiting = []; // pairs that came while somebody reads
let watched = ""; // the filter that the pairs on the page fit

export function startTap() {
  if (!byId("tap-form")) return; // it is off
  byId("tap-toggle").addEventListener("click", () => (stream ? pause("Paused.") : watch()));
  byId("tap-form").addEventListener("submit", (event) => { // Enter in the topic
    event.preventDefault();
    watch();
  });
  for (const id of ["tap-source", "tap-verdict", "tap-topic"]) {
    byId(id).addEventListener("change", () => { if (stream) watch(); });
  }
  byId("tap-clear").addEventListener("click", clear);
  for (const event of ["mouseleave", "focusout"]) {
    byId("tap-pairs").addEventListener(event, () => requestAnimationFrame(flush));
  }
}

function clear() {
  waiting = [];
  byId("tap-pairs").replaceChildren();
}

// tapSources offers the sources that there are.
export function tapSources(state) {
  const select = byId("tap-source");
  if (!select) return;
  const names = [...new Set((state.sources || []).map((s) => `${s.project}/${s.logstore}`))].sort();
  if (select.options.length === names.length + 1) return;
  const chosen = select.value;
  select.replaceChildren(element("option", { value: "" }, "all"), ...names.map((n) => element("option", { value: n }, n)));
  select.value = names.includes(chosen) ? chosen : "";
}

function watch() {
  const filter = new URLSearchParams({ topic: byId("tap-topic").value.trim(), source: byId("tap-source").value, verdict: byId("tap-verdict").value });
  const url = `/api/tap?${filter}`;
  if (stream && url === watched) return;
  if (stream) stream.close();
  if (url !== watched) clear();
  watched = url;
  stream = new EventSource(url);
  setText(byId("tap-toggle"), "Pause");
  say("Waiting for the next log that fits.");
  stream.addEventListener("pair", (event) => {
    waiting.unshift(JSON.parse(event.data));
    waiting.length = Math.min(waiting.length, kept);
    flush();
  });
  stream.addEventListener("end", () => pause("The program is stopping."));
  stream.addEventListener("error", () => {
    if (stream && stream.readyState === EventSource.CLOSED) refused(url);
    else say("No answer; trying again.");
  });
}

// refused asks once more, for the reason, which an EventSource does not tell.
async function refused(url) {
  pause("");
  const control = new AbortController();
  try {
    const answer = await fetch(url, { signal: control.signal });
    say(answer.ok ? "The tap was interrupted; watch again." : `The tap does not answer: ${(await answer.text()).trim()}`);
  } catch {
    say("The program does not answer.");
  }
  control.abort();
}

function pause(why) {
  if (stream) stream.close();
  stream = null;
  flush(true);
  setText(byId("tap-toggle"), "Continue");
  say(why);
}

function say(text) { setText(byId("tap-state"), text); }

function flush(anyway = false) {
  const list = byId("tap-pairs");
  if (!waiting.length) return;
  if (anyway !== true && list.matches(":hover, :focus-within")) {
    say(`Held while you read: ${count(waiting.length)} more are waiting.`);
    return;
  }
  list.prepend(...waiting.map(pairElement));
  waiting = [];
  while (list.children.length > kept) list.lastElementChild.remove();
  if (stream) say("Watching. The newest is on top.");
}

function pairElement(p) {
  const topic = p.topic || "no topic";
  const article = element("article", { class: "pair", "data-verdict": p.verdict, "data-topic": p.topic },
    element("div", { class: "head" },
      element("h3", {}, topic),
      element("span", { class: "badge", "data-level": levels[p.verdict] || "quiet" }, words[p.verdict] || p.verdict),
      element("span", { class: "quiet" }, `${clock(new Date(p.at))} · ${p.source} shard ${p.shard}${p.flow ? ` · ${p.flow}` : ""}`)));
  if (p.reason) article.append(element("p", { class: "bad" }, `${p.guest ? `${p.guest.split("/").pop()}: ` : ""}${p.reason}`));
  if (p.before.length) {
    article.append(element("details", { open: p.verdict === "failed" }, element("summary", {}, `The log: ${count(p.before.length)} fields`), table(p.before, "Before")));
  }
  p.after.forEach((side, i) => {
    if (p.after.length > 1) article.append(element("p", { class: "quiet" }, `Event ${i + 1} of ${p.after.length + p.more}`));
    article.append(...sideElements(side));
  });
  if (p.more) article.append(element("p", { class: "quiet" }, `${count(p.more)} more events are not shown.`));
  return article;
}

// sideElements shows what has changed; the rest is one click away.
function sideElements(side) {
  const changed = side.rows.filter((r) => r.mark), rest = side.rows.filter((r) => !r.mark);
  const out = [];
  if (changed.length) out.push(table(changed));
  if (rest.length || side.more) {
    const text = `${count(rest.length)} unchanged ${rest.length === 1 ? "field" : "fields"}${side.more ? ` and ${count(side.more)} that are not shown` : ""}`;
    out.push(element("details", {}, element("summary", {}, text), table(rest, "Before and after")));
  }
  return out;
}

// table has before and after side by side, or one column for both.
function table(rows, only) {
  const columns = only ? [only] : ["Before", "After"];
  const head = element("tr", {}, only ? null : element("th", { scope: "col" }, "Change"), element("th", { scope: "col" }, "Field"), ...columns.map((c) => element("th", { scope: "col" }, c)));
  const widths = element("colgroup", {}, ...[...head.children].map(() => element("col")));
  return element("table", { class: only ? "one" : "two" }, widths, element("thead", {}, head), element("tbody", {}, ...rows.flatMap((r) => (only ? oneRow(r) : changedRows(r, "")))));
}

function oneRow(r) {
  return [element("tr", {}, element("th", { scope: "row", class: "field" }, mono(r.key)), element("td", {}, value(r.before)))];
}

// changedRows shows members of nested JSON that differ in place of all of it.
function changedRows(r, path) {
  if (r.within && r.within.length) return r.within.flatMap((w) => changedRows(w, `${path}${r.key} › `));
  const [before, after] = r.mark === "changed" ? difference(r) : [value(r.before), value(r.after)];
  const note = r.beside ? " beside the fields" : r.json ? " as JSON" : "";
  return [element("tr", { "data-mark": r.mark },
    element("td", { class: "mark" }, marks[r.mark] || r.mark),
    element("th", { scope: "row", class: "field" }, mono(path + r.key), note ? element("small", { class: "quiet" }, note) : null),
    element("td", { "data-label": "before" }, before), element("td", { "data-label": "after" }, after))];
}

function mono(...children) { return element("span", { class: "mono" }, ...children); }

function value(text) {
  if (!text) return null;
  return mono(text.text === "" && !text.size ? "(empty)" : text.text, text.size ? ` … ${count(text.size)} bytes in all` : null);
}

// difference marks what lies between the common beginning and end.
function difference(r) {
  const a = r.before.text, b = r.after.text;
  if (a === b && !r.json) return [value(r.before), value(r.after)]; // they differ further on
  if (a === b) return ["as text", "the same, as JSON"].map((t) => element("span", { class: "quiet" }, t));
  let from = 0, to = 0;
  while (from < Math.min(a.length, b.length) && a[from] === b[from]) from++;
  while (to < Math.min(a.length, b.length) - from && a[a.length - 1 - to] === b[b.length - 1 - to]) to++;
  const cut = (text, tag, size) => {
    const middle = text.slice(from, text.length - to);
    return mono(text.slice(0, from), middle ? element(tag, {}, middle) : null, text.slice(text.length - to), size ? ` … ${count(size)} bytes in all` : null);
  };
  return [cut(a, "del", r.before.size), cut(b, "ins", r.after.size)];
}
