// Numbers, times and ages as people read them; times are those of the city.
import { language, t } from "./i18n.js";

/** The zone of the city's clocks; the server names one that is not Rio's. */
const ZONE = document.documentElement.dataset.zone ?? "America/Sao_Paulo";
const locale = () => (language() === "pt" ? "pt-BR" : "en-GB");

export const number = (value, digits = 0) =>
  value === null || value === undefined ? "–" : value.toLocaleString(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Return a share (0 to 1) in per cent. */
export const percent = (share, digits = 0) => (share === null || share === undefined ? "–" : `${number(100 * share, digits)}%`);

export const speed = (value) => (value === null || value === undefined ? "–" : `${number(value)} km/h`);

export const distance = (metres) =>
  metres === null || metres === undefined ? "–" : metres < 950 ? `${number(Math.round(metres / 10) * 10)} m` : `${number(metres / 1000, 1)} km`;

/** Return an age in words: 12 s, 4 min, 2 h 05, 3 d. */
export function age(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 100) return `${whole} s`;
  if (whole < 5400) return `${Math.round(whole / 60)} min`;
  if (whole < 172800) return `${Math.floor(whole / 3600)} h ${String(Math.floor((whole % 3600) / 60)).padStart(2, "0")}`;
  return `${Math.round(whole / 86400)} d`;
}

/** Return a headway or a wait in words: its seconds matter up to ten minutes (95 s, 2 min 10 s, 12 min). */
export function headwayWords(seconds) {
  if (seconds === null || seconds === undefined || seconds < 100 || seconds >= 600) return age(seconds);
  const whole = Math.round(seconds);
  const [minutes, rest] = [Math.floor(whole / 60), whole % 60];
  // A narrow cell breaks between the minutes and the seconds only.
  return rest ? `${minutes}\u00a0min ${String(rest).padStart(2, "0")}\u00a0s` : `${minutes}\u00a0min`;
}

/** Return a wait less another in words: it is negative where buses come more often than planned. */
export const signed = (seconds) => (seconds === null ? "–" : (seconds < 0 ? "−" : "") + headwayWords(Math.abs(seconds)));

/** Return a headway as a mark of a picture: 85s, 12′. */
export const headwayMark = (seconds) => (seconds < 90 ? `${Math.round(seconds)}s` : `${Math.round(seconds / 60)}′`);

export const ago = (seconds) => t("ago", { age: age(seconds) });

export const clock = (moment, seconds = false) =>
  new Date(moment).toLocaleTimeString(locale(), { timeZone: ZONE, hour: "2-digit", minute: "2-digit", second: seconds ? "2-digit" : undefined });

export const dayName = (moment, long = false) =>
  new Date(moment).toLocaleDateString(locale(), { timeZone: ZONE, day: "numeric", month: long ? "long" : "short", weekday: long ? "long" : undefined, year: long ? "numeric" : undefined });

export const dateTime = (moment, seconds = false) => `${dayName(moment)}, ${clock(moment, seconds)}`;

/** Return the day in the city as YYYY-MM-DD. */
export const rioDay = (moment) => new Date(moment).toLocaleDateString("en-CA", { timeZone: ZONE });

/** Return the service day of a moment, which turns at 03:00 in the city. */
export const serviceDay = (moment) => rioDay(moment - 3 * 3600000);

/** Return how far the city's clocks are ahead of UTC at a moment (ms). */
function ahead(moment) {
  const text = new Date(moment).toLocaleString("sv-SE", { timeZone: ZONE });
  return Date.parse(`${text.replace(" ", "T")}Z`) - Math.floor(moment / 1000) * 1000;
}

/** Return the moment (ms) at which the city's clocks show a time of day. */
export function rioMoment(day, hour = 0, minute = 0) {
  const there = Date.parse(`${day}T00:00:00Z`) + hour * 3600000 + minute * 60000;
  // The second look is for a time just after the clocks have changed.
  return there - ahead(there - ahead(there));
}

export function bytes(value) {
  if (value === null || value === undefined) return "–";
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, value)) / 3));
  const scaled = value / 1000 ** step;
  return `${number(scaled, scaled < 10 && step ? 1 : 0)} ${units[step]}`;
}
