// The guests, and what they count and measure themselves: a few numbers in
// view, many behind a click.

import { byId, count, element, facts, item, keyed, measure, rate, setFacts, setText } from "./dom.js";

const fewMetrics = 8; // in view without a click; the host lets a guest have 64

export function showGuests(state, before, passed) {
  const guests = (state.guests || []).map((g, i) => ({ ...g, i, was: before && (before.guests || [])[i] }));
  keyed(byId("guests"), guests, (g) => `${g.i}`,
    () => item({ beside: element("span", { class: "quiet" }), below: [
      facts(["could not transform", "faults"]),
      element("p", {}, element("span", { class: "quiet" }, "SHA-256 "), element("code")),
      element("details", { hidden: true }, element("summary"), facts([])),
    ] }),
    (e, g) => {
      const [head, figures, hash, own] = e.children;
      setText(head.firstChild, g.file.split("/").pop());
      setText(head.lastChild, [g.name, g.version, g.flow && `in ${g.flow}`].filter(Boolean).join(" "));
      setFacts(figures, [count(g.refused), count(g.faults)]);
      setText(hash.lastChild, g.sha256);
      showMetrics(own, g, passed);
    });
  byId("guests-none").hidden = guests.length > 0;
}

function showMetrics(own, guest, passed) {
  const all = guest.metrics || [];
  if (own.hidden && all.length) own.open = all.length <= fewMetrics; // later it is the reader's
  own.hidden = all.length === 0;
  const [title, list] = own.children;
  const some = (kind) => {
    const n = all.filter((m) => m.kind === kind).length;
    return n && `${n} ${kind}${n > 1 ? "s" : ""}`;
  };
  setText(title, `${[some("counter"), some("gauge")].filter(Boolean).join(" and ")} of its own`);
  const old = new Map(((guest.was && guest.was.metrics) || []).map((m) => [m.name, m.value]));
  keyed(list, all, (m) => m.name, (m) => element("div", {}, element("dt", {}, m.name), element("dd")), (e, m) => {
    const grows = m.kind === "counter" && old.has(m.name);
    setText(e.lastElementChild, measure(m.value) + (grows ? ` (${rate(Math.max(0, m.value - old.get(m.name)) / passed)}/s)` : ""));
  });
}
