// The colours of lines and states, adjusted for contrast with the background.
import { isDark } from "./theme.js";

/** The states of a bus in the city's words, in the order of the legend; distinct for eyes that confuse red and green. */
export const STATUSES = {
  "Em operação": ["#0b6fa4", "#56b4e9"],
  "Operando fora trajeto": ["#c2410c", "#ff9a56"],
  "Parado trajeto correto": ["#a17a00", "#f0c75e"],
  "Parado fora trajeto": ["#a4133c", "#ff7d94"],
  "Parado terminal": ["#5b4bb7", "#b3a7ff"],
  "Parado garagem": ["#5f6b76", "#93a1ad"],
  "": ["#80878e", "#77818b"],
};

export const statusColor = (status) => (STATUSES[status ?? ""] ?? STATUSES[""])[isDark() ? 1 : 0];

/** Return red, green and blue (0 to 1) of a #rrggbb. */
export function rgb(hex) {
  const value = parseInt(hex.slice(1), 16);
  return [(value >> 16) / 255, ((value >> 8) & 255) / 255, (value & 255) / 255];
}

const linear = (part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);

export function luminance(hex) {
  const [red, green, blue] = rgb(hex).map(linear);
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** Return black or white, whichever reads better on a colour. */
export const inkOn = (hex) => (luminance(hex) > 0.195 ? "#101418" : "#ffffff");

const readable = new Map();

/** Return a line's colour, lightened or darkened until text on it and its contrast with the background are readable (about 4.5 to 1). */
export function lineColor(hex) {
  if (!/^#[0-9a-f]{6}$/i.test(hex ?? "")) return statusColor("");
  const key = `${hex}${isDark()}`;
  if (!readable.has(key)) readable.set(key, adjust(hex));
  return readable.get(key);
}

function adjust(hex) {
  const ground = isDark() ? 0.012 : 0.88;
  const goal = isDark() ? 1 : 0;
  let color = rgb(hex);
  for (let step = 0; step < 20; step++) {
    const own = 0.2126 * linear(color[0]) + 0.7152 * linear(color[1]) + 0.0722 * linear(color[2]);
    const contrast = (Math.max(own, ground) + 0.05) / (Math.min(own, ground) + 0.05);
    if (contrast >= (isDark() ? 4.3 : 4.1)) break;
    color = color.map((part) => part + (goal - part) * 0.08);
  }
  return `#${color.map((part) => Math.round(part * 255).toString(16).padStart(2, "0")).join("")}`;
}
