// Pictures and tables saved as files. A file carries its title, line, time, coverage and source, and whether it is simulated.
import { copyButton, h, icon, s } from "../dom.js";
import { dateTime, number } from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { cut } from "../network.js";
import { token } from "../theme.js";

export const FONT = 'Roboto, "Segoe UI", "Helvetica Neue", Arial, sans-serif';
const SIDE = 20;
const HEAD = 64;
const FOOT = 34;
const NARROW = 640;

/** Return the warning that a file of data must carry, null for captured data. */
export const originWarning = () => (live.simulated === true ? t("simulated.title") : live.simulated === false ? null : t("unsure.title"));

/** The source of another city's data, which the server names. */
const { source: elsewhere } = document.documentElement.dataset;

const source = () => {
  if (live.simulated === true) return t("export.simulated");
  if (live.simulated !== false) return t("export.unsure");
  return elsewhere ? t("export.elsewhere", { source: elsewhere }) : t("export.source");
};

/** Return the share of a time (ms) that was captured, 0 to 1; `gaps` are {de, ate}. */
export function coveredShare(from, to, gaps) {
  const lost = gaps.reduce((all, { de, ate }) => all + Math.max(0, Math.min(to, Date.parse(ate)) - Math.max(from, Date.parse(de))), 0);
  return to > from ? 1 - lost / (to - from) : 0;
}

/** Return the words for a coverage, 0 to 1; null when the database that knows it is away. */
export const coverageWords = (share) => (share === null ? t("export.away") : t("export.coverage", { share: number(Math.floor(share * 1000) / 10, share < 1 ? 1 : 0) }));

/** Return a copy of a drawing in a frame: `about` has title, subtitle and coverage (words). */
export function framed(svg, about) {
  const inner = svg.cloneNode(true);
  const [width, height] = [Math.max(NARROW, svg.width.baseVal.value), svg.height.baseVal.value];
  const warning = originWarning();
  inner.setAttribute("x", (width - svg.width.baseVal.value) / 2);
  inner.setAttribute("y", HEAD);
  const text = (value, properties) => s("text", { fill: token("ink"), ...properties }, value);
  const badge = Math.max(170, (warning ?? "").length * 9.5 + 20);
  return s("svg", { xmlns: "http://www.w3.org/2000/svg", viewBox: `0 0 ${width} ${HEAD + height + FOOT}`, width, height: HEAD + height + FOOT, "font-family": FONT, "font-size": 12 },
    s("title", {}, [warning, about.title, about.subtitle].filter(Boolean).join(" · ")),
    s("defs", {}, s("pattern", { id: "watermark", width: 420, height: 150, patternUnits: "userSpaceOnUse", patternTransform: "rotate(-24)" },
      text(warning ?? "", { x: 20, y: 80, "font-size": 34, "font-weight": 700, fill: token("poor"), "fill-opacity": 0.2 }))),
    s("rect", { width, height: HEAD + height + FOOT, fill: token("surface") }),
    text(about.title, { x: SIDE, y: 28, "font-size": 18, "font-weight": 700 }), text(about.subtitle, { x: SIDE, y: 49, fill: token("soft") }),
    warning && s("g", { class: "origin" }, s("rect", { x: width - SIDE - badge, y: 12, width: badge, height: 28, fill: "#ffe9b8", stroke: "#6b4200", "stroke-width": 2 }),
      s("text", { x: width - SIDE - badge / 2, y: 31, "text-anchor": "middle", "font-weight": 700, "font-size": 14, fill: "#3d2600" }, warning)),
    inner, warning && s("rect", { y: HEAD, width, height, fill: "url(#watermark)", "pointer-events": "none" }),
    text([source(), about.coverage, t("export.made", { time: dateTime(Date.now()) })].filter(Boolean).join(" · "), { x: SIDE, y: HEAD + height + 21, fill: token("soft"), "font-size": 11 }));
}

/** Return a table as a drawing: `heads` are texts, `rows` lists of texts; the first column is the widest. */
export function tableSvg(heads, rows, width = 900) {
  const [line, first] = [22, Math.max(0.22, 1.6 / (heads.length + 0.6))];
  const left = (i) => SIDE + (i === 0 ? 0 : (width - 2 * SIDE) * (first + ((1 - first) * (i - 1)) / Math.max(1, heads.length - 1)));
  const room = (i) => ((left(i + 1) || width) - left(i)) / 6.4;
  const cell = (value, i, y, bold) => s("text", { x: left(i), y, fill: token(bold ? "soft" : "ink"), "font-size": 12, "font-weight": bold ? 700 : 400 }, cut(String(value ?? "–"), Math.max(6, Math.floor(room(i)))));
  return s("svg", { viewBox: `0 0 ${width} ${(rows.length + 1) * line + 10}`, width, height: (rows.length + 1) * line + 10 },
    heads.map((head, i) => cell(head, i, 16, true)),
    rows.map((row, number) => [s("line", { x1: SIDE, x2: width - SIDE, y1: (number + 1) * line, y2: (number + 1) * line, stroke: token("rule") }), row.map((value, i) => cell(value, i, (number + 1) * line + 15))]));
}

function download(blob, name) {
  const url = URL.createObjectURL(blob);
  h("a", { href: url, download: (originWarning() ? `${live.simulated ? "simulado" : "nao-confirmado"}-` : "") + name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
}

const text = (svg) => new XMLSerializer().serializeToString(svg);

export function saveSvg(svg, name) {
  download(new Blob([text(svg)], { type: "image/svg+xml" }), `${name}.svg`);
}

/** Save at twice the size of the screen. */
export async function savePng(svg, name) {
  const url = URL.createObjectURL(new Blob([text(svg)], { type: "image/svg+xml" }));
  const image = new Image();
  image.src = url;
  await image.decode();
  const canvas = h("canvas", { width: svg.width.baseVal.value * 2, height: svg.height.baseVal.value * 2 });
  canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
  URL.revokeObjectURL(url);
  canvas.toBlob((blob) => download(blob, `${name}.png`), "image/png");
}

/** Return a cell of CSV; a text that a spreadsheet would run as a formula is escaped. */
function csvCell(value) {
  if (value === null || value === undefined) return "";
  const words = typeof value === "string" && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value);
  return /[",\n\r]/.test(words) ? `"${words.replaceAll('"', '""')}"` : words;
}

/** Save rows (objects with the same keys) as CSV; each row says whether it is simulated. */
export function saveCsv(rows, name) {
  const marked = rows.map((row) => ({ ...row, simulado: live.simulated ?? "" }));
  const lines = [Object.keys(marked[0] ?? { simulado: "" }), ...marked.map((row) => Object.values(row))];
  download(new Blob([lines.map((line) => line.map(csvCell).join(",")).join("\r\n") + "\r\n"], { type: "text/csv" }), `${name}.csv`);
}

/** Return the buttons that every view has. `view` has drawing() and about() for the pictures, rows() for the CSV, name(), and link(). */
export function exportBar(view) {
  const button = (words, act) => h("button", { class: "button", type: "button", onclick: act }, icon("down"), words);
  const picture = (save) => () => {
    const drawing = view.drawing();
    if (drawing) save(framed(drawing, view.about()), view.name());
  };
  return h("div", { class: "row start exports", role: "group", "aria-label": t("export.label") },
    button("PNG", picture(savePng)), button("SVG", picture(saveSvg)), view.rows && button("CSV", () => saveCsv(view.rows(), view.name())),
    copyButton(t("copy"), t("copied"), () => view.link?.() ?? location.href),
    h("button", { class: "button", type: "button", onclick: () => print() }, t("export.print")));
}
