// What the speed report draws of a stretch: its speed, the change against another time, or the dwell at its end.
import { number } from "../format.js";
import { t } from "../i18n.js";

/** From bad to good, safe for colour-blind eyes (parts of viridis and plasma). */
const SPEEDS = ["#7a0403", "#c42503", "#f1741c", "#e1c431", "#9fcf52", "#3b9a8f", "#30648e"];
const CHANGES = ["#7a0403", "#c42503", "#f1741c", "#e0cd82", "#7fb7d6", "#3b86b5", "#1f4e79"];
const DWELLS = [...SPEEDS].reverse();

/** Return the colour of a value whose colours change at `edges`. */
const banded = (colors, edges) => (value) => colors[edges.filter((edge) => value >= edge).length];

/** Return a legend: [colour, words] of each band. */
function legend(colors, edges, words, unit) {
  const band = (i) => {
    if (i === 0) return t("speed.key.below", { high: words(edges[0]) });
    return i === edges.length ? t("speed.key.last", { low: words(edges.at(-1)) }) : t("speed.key.between", { low: words(edges[i - 1]), high: words(edges[i]) });
  };
  return colors.map((color, i) => [color, `${band(i)} ${unit}`]);
}

const signed = (value) => `${Math.round(value) > 0 ? "+" : ""}${number(Math.round(value) || 0)}`.replace("-", "\u2212");

function mode(name, { colors, edges, unit, of, tick = number, isHighBad = false, ...rest }) {
  return {
    name, unit, of, tick, color: banded(colors, edges), keys: () => legend(colors, edges, tick, unit), words: (value) => `${tick(value)} ${unit}`,
    worst: colors.at(isHighBad ? -1 : 0), order: isHighBad ? (one) => -of(one) : of, ...rest,
  };
}

/** `of` gives the value of a stretch, null where it is unknown; `order` sorts the worst first, whose colour is `worst`; bad values are hatched. */
export const MODES = {
  velocidade: mode("velocidade", { colors: SPEEDS, edges: [8, 16, 24, 32, 40, 48], unit: "km/h", ticks: [0, 20, 40, 60], of: ({ p50 }) => p50, isBad: (value) => value < 10 }),
  diferenca: mode("diferenca", { colors: CHANGES, edges: [-12, -8, -4, 4, 8, 12], unit: "km/h", tick: signed, ticks: [-20, -10, 0, 10, 20], of: ({ change }) => change, isBad: (value) => value < -12 }),
  parada: mode("parada", { colors: DWELLS, edges: [10, 20, 30, 45, 60, 90], unit: "s", ticks: [0, 30, 60, 90, 120], of: ({ dwell }) => dwell, isHighBad: true, isBad: (value) => value >= 90 }),
};

export const modeOf = (name) => MODES[name] ?? MODES.velocidade;
