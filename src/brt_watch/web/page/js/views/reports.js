// The frame of the reports of a line and direction: choice, data, export. Each report draws the same data its own way.
import { get } from "../api.js";
import { entitle, fill, h, segments } from "../dom.js";
import { clock, dateTime, number, rioDay, rioMoment, serviceDay } from "../format.js";
import { t } from "../i18n.js";
import { live } from "../live.js";
import { isAway, missingWords } from "../missing.js";
import { destination, network, pathOf } from "../network.js";
import { address, amend, here } from "../route.js";
import { loadBoards } from "../stops.js";
import { onTheme } from "../theme.js";
import { coveredShare, coverageWords, exportBar } from "./save.js";
import { applyScreen, leaveScreen } from "./screen.js";
import { alertList } from "./wait-alerts.js";

const HOURS = ["2", "6", "12", "24"];
/** The longest span of one request. */
const PIECE = 6 * 3600000;
const ASK_EVERY = 60000;
/** The addresses of the marts that a report shows. */
const MARTS = { regularidade: ["headways", "regularity"], viagens: ["trips"], velocidade: ["speeds"], plano: ["service"] };
const REPORTS = ["dia", "regularidade", "viagens", "velocidade", "plano"];

/** Return the links to all reports: those of a line with the values of its address, that of a day with its own. */
export const reportTabs = (current, ofLine, ofDay) => REPORTS.map((name) =>
  h("a", { href: address(name, name === "dia" ? ofDay : ofLine), "aria-current": name === current ? "page" : null }, t(`report.${name}`)));

/** Return the view of a report. `make(frame)` returns {element, draw, rows, drawing, controls}. */
export const reportView = (name, make) => ({ enter: (root) => {
  const report = new Report(root, name, make);
  return { update: () => report.load(), leave: () => report.leave() };
} });

class Report {
  constructor(root, name, make) {
    this.name = name;
    const lines = [...new Set([...network.paths.values()].map((path) => path.linha))];
    this.title = h("h1");
    this.lede = h("p", { class: "lede", role: "status" });
    this.problem = h("p", { class: "problem", role: "alert", hidden: true });
    this.alerts = h("div");
    this.line = h("select", { class: "field", id: "report-line", onchange: () => this.set({ linha: this.line.value, estacao: null }) }, lines.map((linha) => h("option", { value: linha })));
    this.direction = segments(t("filter.direction"), [["ida", t("direction.ida")], ["volta", t("direction.volta")]], "ida", (sentido) => this.set({ sentido }));
    this.span = segments(t("diagram.span"), HOURS.map((hours) => [hours, t("report.hours", { hours })]), "6", (horas) => this.set({ horas }));
    this.until = h("input", { class: "field", type: "datetime-local", id: "report-until", onchange: () => this.set({ ate: this.until.value || null }) });
    this.part = make(this);
    const field = (label, input) => h("label", { class: "inline" }, h("span", { class: "label" }, label), input);
    const group = (label, part) => h("div", {}, h("span", { class: "label" }, label), part);
    this.tabs = h("nav", { class: "tabs-row", "aria-label": t("report.label") });
    root.append(h("div", { class: "page report" }, this.tabs,
      h("div", { class: "page-head" }, h("div", {}, this.title, this.lede), h("div", { class: "controls" },
        field(t("filter.line"), this.line), group(t("filter.direction"), this.direction), group(t("diagram.span"), this.span), field(t("diagram.until"), this.until), this.part.controls)),
      this.problem, this.alerts, this.part.element,
      exportBar({ drawing: () => this.data && this.part.drawing(), about: () => this.about(), rows: () => this.part.rows(), name: () => this.fileName(), link: () => this.link() })));
    this.onLines = () => this.head();
    document.addEventListener("lines", this.onLines);
    this.stop = onTheme(() => this.data && this.part.draw(this.data));
    this.timer = setInterval(() => !this.ate && this.load(true), ASK_EVERY);
    applyScreen();
    this.load();
  }

  set(values) {
    amend(values);
    this.load();
  }

  /** Fetch what the address asks for, in pieces of six hours, and draw it. */
  async load(refresh = false) {
    const { params } = here();
    this.linha = params.get("linha") ?? this.line.options[0]?.value;
    const wished = params.get("sentido") === "volta" ? "volta" : "ida";
    this.sentido = pathOf(this.linha, wished) ? wished : "ida" === wished ? "volta" : "ida";
    this.hours = HOURS.includes(params.get("horas")) ? params.get("horas") : "6";
    this.ate = params.get("ate");
    this.bus = this.name === "viagens" ? params.get("onibus") : null;
    this.line.value = this.linha;
    this.direction.press(this.sentido);
    this.span.press(this.hours);
    this.until.value = this.ate ?? "";
    const dia = this.ate && serviceDay(rioMoment(this.ate.slice(0, 10), Number(this.ate.slice(11, 13))) - 1);
    fill(this.tabs, reportTabs(this.name, { linha: this.linha, sentido: this.sentido, horas: this.hours, ate: this.ate }, { dia }));
    this.head();
    this.problem.hidden = true;
    if (!pathOf(this.linha, this.sentido)) {
      this.data = null;
      this.fail(t(network.lines.has(this.linha) ? "diagram.nopath" : "diagram.unknown", { line: this.linha }));
      return;
    }
    const end = this.ate ? rioMoment(this.ate.slice(0, 10), Number(this.ate.slice(11, 13)), Number(this.ate.slice(14, 16))) : live.generated || Date.now();
    const from = end - Number(this.hours) * 3600000;
    this.asking?.abort();
    this.asking = new AbortController();
    if (!refresh) this.lede.textContent = t("loading");
    try {
      const [pieces, { primeiro }, model, alerts] = await Promise.all([this.pieces(from, end), get("playback/range", {}, this.asking.signal), this.model(from, end), this.openAlerts(), loadBoards()]);
      fill(this.alerts, alertList(alerts));
      this.take(pieces, from, end, primeiro && Date.parse(primeiro), model);
      this.part.draw(this.data);
    } catch (error) {
      if (error.name !== "AbortError") this.fail(error.message);
    }
  }

  /** Fetch the open alerts of the line and direction; of a period in the past there are none. */
  async openAlerts() {
    if (this.ate) return [];
    const { alertas } = await get("control", {}, this.asking.signal);
    return alertas.filter(({ linha, sentido }) => linha === this.linha && sentido === this.sentido);
  }

  async pieces(from, end) {
    const found = [];
    for (let start = from; start < end; start += PIECE) {
      const values = { sentido: this.sentido, de: new Date(start).toISOString(), ate: new Date(Math.min(end, start + PIECE)).toISOString() };
      found.push(await get(`lines/${encodeURIComponent(this.linha)}/stringline`, values, this.asking.signal));
    }
    return found;
  }

  /** Fetch the rows of the marts that the report shows, and until when (s) they are derived; null where there is nothing of them. */
  async model(from, end) {
    if (live.notice?.code === "banco_ausente") return null;
    const of = this.bus ? { codigo: this.bus } : { linha: this.linha, sentido: this.sentido };
    const values = { ...of, de: new Date(from).toISOString(), ate: new Date(end).toISOString() };
    try {
      const answers = await Promise.all(MARTS[this.name].map((name) => get(name, values, this.asking.signal)));
      const { derivado_ate } = answers[0];
      return derivado_ate && Object.assign({ until: Date.parse(derivado_ate) / 1000 }, ...answers);
    } catch (error) {
      if (error.name === "AbortError") throw error;
      return null;
    }
  }

  take(pieces, from, end, first, model) {
    const gaps = pieces.flatMap(({ lacunas }) => lacunas);
    const incomplete = pieces.find(isAway) ?? pieces.find(({ aviso }) => aviso) ?? null;
    this.data = {
      linha: this.linha, sentido: this.sentido, from, end, first, gaps, model, away: Boolean(incomplete && isAway(incomplete)), partial: incomplete && missingWords(incomplete),
      stops: pieces[0].estacoes, length: pieces[0].comprimento_m, covered: coveredShare(from, end, gaps),
    };
  }

  /** Return the words on how much was captured, for a lede. */
  coverage() {
    const { partial, covered } = this.data;
    return partial ?? (covered <= 0 ? t("report.nothing") : t("report.covered", { share: number(Math.floor(covered * 1000) / 10, covered < 1 ? 1 : 0) }));
  }

  /** Return until when the models have derived the period. */
  modelWords() {
    const { model, end } = this.data;
    return t(model ? "report.model" : "report.nomodel", { time: clock(Math.min(end, (model?.until ?? 0) * 1000)) });
  }

  head() {
    for (const option of this.line.options) option.textContent = [option.value, network.lines.get(option.value)?.nome].filter(Boolean).join(" · ");
    this.title.textContent = this.bus ? t("report.bus", { bus: this.bus }) : t(destination(this.linha, this.sentido) ? "report.line" : "report.plain", { name: t(`report.${this.name}`), line: this.linha, end: destination(this.linha, this.sentido) });
    entitle(this.title.textContent);
  }

  fail(words) {
    this.lede.textContent = "";
    this.problem.hidden = false;
    this.problem.textContent = words;
  }

  about() {
    const { from, end, away, covered } = this.data;
    return { title: this.title.textContent, subtitle: `${dateTime(from)} – ${dateTime(end)}`, coverage: coverageWords(away ? null : covered) };
  }

  minute() {
    const end = Math.ceil((this.data?.end ?? live.generated) / 60000) * 60000;
    return `${rioDay(end)}T${clock(end)}`;
  }

  /** Return a link that shows the same period whenever it is opened. */
  link() {
    const { params } = here();
    return location.href.split("#")[0] + address(this.name, { ...Object.fromEntries(params), linha: this.linha, sentido: this.sentido, horas: this.hours, ate: this.ate ?? this.minute() });
  }

  fileName() {
    return `brt-${this.name}-${this.bus ?? `${this.linha}-${this.sentido}`}-${this.minute().replace("T", "-").replace(":", "h")}`;
  }

  leave() {
    clearInterval(this.timer);
    this.asking?.abort();
    this.stop();
    document.removeEventListener("lines", this.onLines);
    leaveScreen();
  }
}

/** Return when an hour of operation begins (ms): those of a service day go on to the 26th. */
export const hourStart = ({ dia_operacao, hora_operacao }) => rioMoment(dia_operacao, hora_operacao);

/** Return figures in a row: [name, value, note, grade]. */
export const figures = (list) => h("dl", { class: "cards" }, list.map(([name, value, note, grade = ""]) => h("div", { class: `card ${grade}` }, h("dt", {}, name), h("dd", {}, value), h("dd", { class: "muted small" }, note ?? ""))));

/** Return a table: heads are [text, is a number], rows lists of cells. */
export const table = (caption, heads, rows, kind = "") => h("div", { class: `scroll ${kind}`, tabindex: "0", role: "region", "aria-label": caption },
  h("table", { class: "compact" }, h("caption", { class: "unseen" }, caption),
    h("thead", {}, h("tr", {}, heads.map(([text, isNumber]) => (text ? h("th", { scope: "col", class: isNumber ? "number" : null }, text) : h("td", {}))))),
    h("tbody", {}, rows.map((cells) => h("tr", {}, cells.map((cell, i) => h("td", { class: heads[i][1] ? "number nowrap" : null }, cell)))))));
