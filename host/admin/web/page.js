// Asks for the state each second and shows it. When nobody answers it says so,
// and since when, and leaves what was last known in grey.

import { byId, bytes, clock, count, duration, element, facts, item, keyed, rate, setFacts, setLevel, setText } from "./dom.js";
import { showGuests } from "./guests.js";
import { plot, span } from "./plot.js";
import { lagLevel, showShards } from "./shards.js";
import { startTap, tapSources } from "./tap.js";

const rateSpan = 5;    // seconds over which rates are taken
const patience = 4000; // ms for an answer

const still = matchMedia("(prefers-reduced-motion: reduce)");
const history = []; // {at, state}, of the last seconds, for rates
const points = { rate: [], lag: [], step: [] };
const plots = {
  rate: plot("Throughput, per second", ["logs in", "events out"], rate),
  lag: plot("Lag", ["worst shard", "median"], duration),
  step: plot("Time for one batch", ["pull", "transform", "send", "commit"], duration),
};
for (const p of Object.values(plots)) byId("plots").append(p.figure);

let answered = null; // when, by this browser's clock
let drawn = 0;

async function ask(path) {
  const answer = await fetch(path, { signal: AbortSignal.timeout(patience), cache: "no-store" });
  if (answer.status === 401) location.reload(); // the form to log in is there
  return answer;
}

async function poll() {
  const began = performance.now();
  try {
    const [ready, state] = await Promise.all([ask("/readyz"), ask("/api/state")]);
    const words = (await ready.text()).trim().split("\n");
    answered = new Date();
    document.body.classList.remove("stale");
    showHealth(ready.ok, words.slice(1));
    if (state.ok) show(await state.json());
  } catch {
    gone();
  }
  setTimeout(poll, Math.max(200, 1000 - (performance.now() - began)));
}

function showHealth(ok, reasons) {
  const starting = reasons.length === 1 && reasons[0] === "starting";
  const health = byId("health");
  setText(health, ok ? "Ready" : starting ? "Starting" : reasons.length > 1 ? `Not ready: ${reasons.length} reasons` : "Not ready");
  setLevel(health, ok ? "good" : starting ? "warn" : "bad");
  document.title = `${ok ? "Ready" : "Not ready"} · slswasm`;
  const list = byId("reasons");
  list.hidden = ok || starting;
  keyed(list, ok ? [] : reasons, (r) => r, () => element("li"), setText);
}

function gone() {
  document.body.classList.add("stale");
  const health = byId("health");
  setText(health, answered ? `No answer since ${clock(answered)}. What is below was true then.` : "No answer yet");
  setLevel(health, "bad");
  document.title = "No answer · slswasm";
}

function show(state) {
  const at = Date.parse(state.at) / 1000;
  const last = history[history.length - 1];
  if (last && (last.state.started_at !== state.started_at || last.at >= at)) history.length = 0; // it was started again
  history.push({ at, state });
  while (history.length > 2 && at - history[1].at >= rateSpan) history.shift();
  const before = history[0].at < at ? history[0] : null;
  const passed = before ? at - before.at : 0;

  const shards = flatten(state, before && flatten(before.state), passed);
  const per = (pick) => (before ? Math.max(0, pick(state) - pick(before.state)) / passed : null);
  const logsIn = per((s) => s.counts.pulled), eventsOut = per((s) => s.counts.delivered);
  const lags = shards.map((s) => s.lag_seconds).sort((a, b) => b - a);
  remember("rate", at, [logsIn, eventsOut]);
  remember("lag", at, lags.length ? [lags[0], lags[Math.floor(lags.length / 2)]] : [null, null]);
  remember("step", at, stepTimes(state, before && before.state));
  if (!still.matches || at - drawn >= 10) {
    drawn = at;
    for (const name of Object.keys(plots)) plots[name].draw(points[name], at);
  }
  showFigures(state, logsIn, eventsOut, lags, per((s) => s.counts.pulled_bytes));
  showShards(state, shards);
  tapSources(state);
  showSinks(state, before && before.state, passed);
  showGuests(state, before && before.state, passed);
  showLetters(state);
  setText(byId("uptime"), state.started_at ? `· running for ${duration(at - Date.parse(state.started_at) / 1000)}` : "");
}

function remember(name, at, values) {
  points[name].push({ at, values });
  while (points[name][0].at < at - span) points[name].shift();
}

// flatten makes one list of all sources' shards, with what passed of each.
function flatten(state, before, passed) {
  const old = new Map((before || []).map((s) => [s.key, s]));
  return (state.sources || []).flatMap((source) => (source.shards || []).map((shard) => {
    const where = `${source.project}/${source.logstore}`;
    const key = `${source.flow || ""} ${where} ${source.group} ${shard.id}`;
    const was = old.get(key);
    const moved = was && was.since === shard.since ? Math.max(0, shard.logs - was.logs) / passed : null;
    return { ...shard, key, where, logstore: source.logstore, owner: source.consumer, rate: moved };
  }));
}

// stepTimes is how long the steps of a batch took in the last seconds, on
// average; null where there was none.
function stepTimes(state, before) {
  if (!before) return [null, null, null, null];
  const sum = (s, step) => latencies(s, step).reduce((a, l) => ({ count: a.count + l.count, seconds: a.seconds + l.seconds }), { count: 0, seconds: 0 });
  return ["pull", "transform", "send", "commit"].map((step) => {
    const a = sum(before, step), b = sum(state, step);
    return b.count > a.count ? Math.max(0, b.seconds - a.seconds) / (b.count - a.count) : null;
  });
}

function latencies(state, step) {
  const holders = [...(state.sources || []).flatMap((s) => s.shards || []), ...(state.flows || []), ...(state.guests || []), ...(state.sinks || []), state];
  return holders.map((h) => h[step]).filter((l) => l && typeof l.count === "number");
}

function showFigures(state, logsIn, eventsOut, lags, moved) {
  const set = (id, value, unit, level = "") => {
    const e = byId(id);
    setText(e, unit ? `${value} ${unit}` : value);
    if (unit) e.replaceChildren(value, element("small", {}, ` ${unit}`));
    setLevel(e, level);
  };
  set("f-in", logsIn === null ? "–" : rate(logsIn), moved === null ? "logs/s" : `logs/s, ${bytes(moved)}/s`);
  set("f-out", eventsOut === null ? "–" : rate(eventsOut), "events/s");
  const lag = lags.length ? lags[0] : null;
  set("f-lag", lag === null ? "–" : duration(lag), "", lag === null ? "" : lagLevel(lag));
  set("f-flight", bytes(state.in_flight_bytes), `of ${bytes(state.budget_bytes)}`);
  set("f-letters", count(state.counts.dead_letters), "", state.counts.dead_letters ? "warn" : "");
}

function showSinks(state, before, passed) {
  const now = Date.parse(state.at);
  keyed(byId("sinks"), state.sinks || [], (s) => s.name,
    () => item({ beside: element("span", { class: "badge" }), below: [element("p"), facts(["events/s", "delivered", "refused for good", "retries", "holds", "reasons"])] }),
    (e, s) => {
      const [head, why, figures] = e.children;
      const was = before && (before.sinks || []).find((b) => b.name === s.name);
      const since = s.waiting_since ? ` since ${clock(new Date(s.waiting_since))}, for ${duration((now - Date.parse(s.waiting_since)) / 1000)}` : "";
      const [level, words] = !s.waiting ? ["good", "delivering"] : s.held ? ["bad", `held${since}`] : ["warn", `retrying${since}`];
      setText(head.firstChild, s.name);
      setText(head.lastChild, words);
      setLevel(head.lastChild, level);
      setText(why, s.waiting ? (s.held ? `Nothing is lost; it goes on when this is mended: ${s.waiting}` : s.waiting) : "");
      why.hidden = !s.waiting;
      setFacts(figures, [was ? rate(Math.max(0, s.delivered - was.delivered) / passed) : "–", count(s.delivered), count(s.rejected), count(s.retries), count(s.holds), codes(s)]);
      figures.lastElementChild.hidden = !codes(s);
    });
}

// What the network says is counted in one word, of which "refused" has another
// meaning beside events.
const causes = { refused: "connection refused", reset: "connection reset", timeout: "no answer in time", dns: "DNS", tls: "TLS", setting: "a setting" };

const codes = (s) => (s.codes || []).map((c) => (c.kind === "rejected" ? `refused for good: ${c.code}` : causes[c.code] || c.code) + ` ${count(c.n)}×`).join(", ");

function showLetters(state) {
  const trouble = byId("letters-trouble"), waits = state.letters || {};
  trouble.hidden = !waits.since;
  if (waits.since) {
    setText(trouble, `They cannot be written since ${clock(new Date(waits.since))}: ${waits.error || "the reason is in the log"}. ${count(waits.waiting)} wait, and so do their shards; nothing is skipped.`);
  }
  const all = state.dead_letters || [];
  byId("letters-none").hidden = all.length > 0;
  byId("letters").hidden = all.length === 0;
  keyed(byId("letters-rows"), all, (l) => `${l.stage} ${l.name} ${l.reason}`, (l) => element("tr", {},
    element("td", { class: "number" }),
    element("td", {}, element("span", { class: "quiet" }, `${l.stage} ${l.name.split("/").pop()}: `), l.reason)),
  (e, l) => setText(e.firstElementChild, count(l.n)));
}

startTap();
poll();
