// Time as bars: the minutes of a day, and an hour in detail; gaps of the capture are hatched.
import { s } from "../dom.js";
import { clock, rioMoment } from "../format.js";
import { t } from "../i18n.js";
import { stateOf } from "./minutes.js";

const HOUR = 3600000;
const LOST = ["lost", "fail"];

const hatch = (id) => s("pattern", { id, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
  s("rect", { width: 6, height: 6, class: "hatch-ground" }), s("line", { x1: 0, x2: 0, y1: 0, y2: 6, class: "hatch-line" }));

/** Return runs of minutes in the same state as [first ms, end ms, lost]; minutes between two without a record are lost,
 * unless the database that would know is away. */
function runs({ minutes, away }) {
  const found = [];
  for (const minute of minutes) {
    const at = Date.parse(minute.minuto);
    const lost = LOST.includes(stateOf(minute));
    let last = found.at(-1);
    if (last && last[1] < at && !away) found.push((last = [last[1], at, true]));
    if (last && last[2] === lost && last[1] === at) last[1] = at + 60000;
    else found.push([at, at + 60000, lost]);
  }
  return found;
}

export function dayBar(covered, hour) {
  const start = rioMoment(covered.day);
  const x = (moment) => ((moment - start) / (24 * HOUR)) * 1440;
  return s("svg", { viewBox: "0 0 1440 18", preserveAspectRatio: "none", role: "img", "aria-label": covered.away ? t("away.short") : t("play.day.words") }, s("defs", {}, hatch("lost-day")),
    s("rect", { width: 1440, y: 5, height: 8, class: "bar-ground" }),
    runs(covered).map(([from, to, lost]) => s("rect", { x: x(from), y: 5, width: Math.max(1, x(to) - x(from)), height: 8, class: lost ? "bar-lost" : "bar-good", fill: lost ? "url(#lost-day)" : null })),
    s("rect", { x: x(hour), y: 1, width: 60, height: 16, class: "bar-window" }));
}

/** Return the bar of an hour; `gaps` are those that the reel knows. */
export function hourBar(coverage, start, gaps) {
  const x = (moment) => ((moment - start) / HOUR) * 1000;
  const inside = ([from, to]) => to > start && from < start + HOUR;
  const covered = runs(coverage).filter(inside);
  const lost = [...covered.filter((run) => run[2]), ...gaps.filter(inside)];
  const bar = (from, to, properties) => {
    const [left, right] = [Math.max(0, x(from)), Math.min(1000, x(to))];
    return s("rect", { x: left, y: 8, width: Math.max(0, right - left), height: 14, ...properties });
  };
  const svg = s("svg", { viewBox: "0 0 1000 46", preserveAspectRatio: "none", "aria-hidden": "true" }, s("defs", {}, hatch("lost-hour")),
    s("rect", { width: 1000, y: 8, height: 14, class: "bar-ground" }),
    covered.filter((run) => !run[2]).map(([from, to]) => bar(from, to, { class: "bar-good" })),
    lost.map(([from, to]) => bar(from, to, { class: "bar-lost capture-gap", fill: "url(#lost-hour)" }, s("title", {}, t("play.gaps")))),
    s("g", { class: "head" }, s("line", { y1: 2, y2: 28, class: "bar-head" })));
  const labels = Array.from({ length: 7 }, (_, i) => {
    const label = document.createElement("span");
    label.textContent = clock(start + i * 600000);
    label.className = "hour-label";
    label.style.left = `${(i / 6) * 100}%`;
    return label;
  });
  return [svg, labels];
}
