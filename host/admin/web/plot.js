// Small plots that move: lines over the last minutes, each with its name, its
// value now, a dash of its own and a text that says the same.

import { drawing, element, setText } from "./dom.js";

const width = 300, height = 92, top = 4;
export const span = 300; // seconds that are kept
const young = 60;        // seconds that are shown while there are no more

// plot makes one; lines are the names of what it shows, and format writes a value.
export function plot(title, lines, format) {
  const name = drawing("title");
  const paths = lines.map((_, i) => drawing("path", { class: `line-${i}` }));
  const grid = [0, 0.5, 1].map((part) => drawing("path", { class: "grid", d: `M0 ${level(part)}H${width}` }));
  const picture = drawing("svg", { class: "plot", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", role: "img" }, name, ...grid, ...paths);
  const values = lines.map((line) => element("span"));
  const most = element("span"), first = element("span");
  const legends = lines.map((line, i) => element("span", { class: "legend" },
    drawing("svg", { viewBox: "0 0 22 8", "aria-hidden": "true" }, drawing("path", { class: `line-${i}`, d: "M0 4H22" })), `${line} `, values[i]));
  const figure = element("figure", {},
    element("figcaption", {}, element("strong", {}, title), ...legends), picture,
    element("div", { class: "axis", "aria-hidden": "true" }, first, most, element("span", {}, "now")));

  // draw shows points of {at, values}, at in seconds, oldest first; a value
  // that is not known is null, and its line has a gap.
  function draw(points, now) {
    const all = points.flatMap((p) => p.values).filter((v) => v !== null && v !== undefined);
    const shown = points.length && now - points[0].at > young ? span : young;
    const ceiling = nice(Math.max(...all, 0));
    const texts = lines.map((line, i) => {
      let d = "", pen = "M";
      for (const p of points) {
        const v = p.values[i];
        if (v === null || v === undefined) { pen = "M"; continue; }
        d += `${pen}${((1 - (now - p.at) / shown) * width).toFixed(1)} ${level(v / ceiling).toFixed(1)}`;
        pen = "L";
      }
      paths[i].setAttribute("d", d);
      const known = points.map((p) => p.values[i]).filter((v) => v !== null && v !== undefined);
      const last = points.length ? points[points.length - 1].values[i] : null;
      const is = last === null || last === undefined ? "–" : format(last);
      setText(values[i], is);
      return known.length ? `${line}: now ${is}, least ${format(Math.min(...known))}, most ${format(Math.max(...known))}` : `${line}: nothing yet`;
    });
    const ago = `${shown / 60} min ago`;
    setText(first, ago);
    setText(most, `top line: ${format(ceiling)}`);
    setText(name, `${title}, from ${ago} until now. ${texts.join(". ")}.`);
  }
  return { figure, draw };
}

const level = (part) => height - 1 - part * (height - 1 - top);

// nice is the next of 1, 2 and 5 times a power of ten.
function nice(v) {
  if (!(v > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 5, 10].map((n) => n * power).find((n) => n >= v * 0.999);
}
