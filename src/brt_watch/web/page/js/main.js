// The frame around the views: navigation, what is live, language, theme.
import { entitle, fill, h, icon, segments } from "./dom.js";
import { age } from "./format.js";
import { language, setLanguage, startLanguage, t } from "./i18n.js";
import { QUIET, live } from "./live.js";
import { loadNetwork } from "./network.js";
import { notice } from "./notice.js";
import { address, here, onMove, SECTIONS, sectionOf } from "./route.js";
import { isDark, onTheme, startTheme, switchTheme } from "./theme.js";

const ICONS = { mapa: "map", estacao: "stop", linhas: "board", controle: "beads", diagrama: "diagram", regularidade: "report", reproducao: "replay", captura: "pulse" };
const MODULES = {
  mapa: () => import("./views/live-map.js"),
  estacao: () => import("./views/station.js"),
  controle: () => import("./views/control.js"),
  regularidade: () => import("./views/report-regularity.js"),
  viagens: () => import("./views/report-trips.js"),
  velocidade: () => import("./views/report-speed.js"),
  plano: () => import("./views/report-plan.js"),
  dia: () => import("./views/report-day.js"),
  reproducao: () => import("./views/playback.js"),
  linhas: () => import("./views/board.js"),
  diagrama: () => import("./views/stringline.js"),
  captura: () => import("./views/health.js"),
  acerto: () => import("./views/score.js"),
  fonte: () => import("./views/feed-map.js"),
};

const by = (id) => document.getElementById(id);
let shown = null;
let turn = 0;

/** Announce something to screen readers. */
export function announce(text) {
  by("announce").textContent = text;
}

async function show({ view, params }, again = false) {
  frame(view);
  by("nav").querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  entitle(t(`nav.${sectionOf(view)}`));
  if (shown?.view === view && !again) {
    shown.update(params);
    return;
  }
  const mine = ++turn;
  shown?.leave?.();
  shown = null;
  const root = by("principal");
  fill(root, h("p", { class: "loading" }, t("loading")));
  const { enter } = await MODULES[view]();
  await ready;
  if (mine !== turn) return;
  root.className = `view-${view}`;
  shown = { view, ...enter(fill(root), params) };
  if (mine > 1 && !again) {
    root.focus({ preventScroll: true });
    announce(t(`nav.${sectionOf(view)}`));
  }
}

function frame(view) {
  by("skip").textContent = t("skip");
  const { city, source } = document.documentElement.dataset;
  by("tagline").textContent = city ?? t("tagline");
  // For the page on paper.
  if (source) document.documentElement.style.setProperty("--source", JSON.stringify(t("export.elsewhere", { source })));
  by("nav").setAttribute("aria-label", t("nav.label"));
  fill(by("nav"), SECTIONS.map((name) =>
    h("a", { href: address(name), "aria-current": name === sectionOf(view) ? "page" : null, title: t(`nav.${name}`) }, icon(ICONS[name]), h("span", {}, t(`nav.${name}`)))));
  const languages = segments(t("language"), [["pt", "PT"], ["en", "EN"]], language(), (value) => {
    setLanguage(value);
    show(here(), true);
  });
  languages.classList.add("languages");
  fill(by("tools"), h("span", { class: "pulse", id: "pulse" }, h("i"), h("span", {})), languages,
    h("a", { class: "button quiet api", href: "/api/docs", title: t("api") }, "API"),
    h("button", { class: "button quiet icon", type: "button", onclick: switchTheme, "aria-label": t(isDark() ? "theme.light" : "theme.dark"), title: t(isDark() ? "theme.light" : "theme.dark") }, icon(isDark() ? "sun" : "moon")));
  beat();
}

/** Show how live the data are: in the bar, in the ribbon of simulated data, in the notice. */
function beat() {
  const pulse = by("pulse");
  if (!pulse) return;
  const quiet = live.quietFor;
  const isQuiet = quiet * 1000 > QUIET;
  const state = live.failure && isQuiet ? "lost" : isQuiet || live.failure ? "late" : "live";
  const text = !live.started ? t(live.failure ? "pulse.unreached" : "pulse.waiting") : state === "live" ? t("pulse.live", { age: age(quiet) }) : t("pulse.quiet", { age: age(quiet) });
  pulse.dataset.state = live.started || live.failure ? state : "late";
  pulse.lastChild.textContent = text;
  const ribbon = by("ribbon");
  if (ribbon.hidden !== !live.simulated || ribbon.lang !== document.documentElement.lang) {
    ribbon.hidden = !live.simulated;
    ribbon.lang = document.documentElement.lang;
    ribbon.setAttribute("aria-label", t("simulated.title"));
    fill(ribbon, h("b", {}, t("simulated.title")), h("span", {}, t("simulated.text")));
  }
  const said = notice();
  by("notice").hidden = !said;
  by("notice").className = said?.mild ? "notice mild" : "notice";
  if (by("notice").textContent !== (said?.text ?? "")) by("notice").textContent = said?.text ?? "";
}

by("skip").addEventListener("click", (event) => {
  event.preventDefault();
  by("principal").focus();
});
startTheme(here().params.get("tema"));
startLanguage(here().params.get("lang"));
onTheme(() => frame(here().view));
onMove((place) => show(place));
live.addEventListener("state", beat);
setInterval(beat, 1000);
const ready = Promise.all([loadNetwork().catch((error) => { live.failure = error.message; }), live.start()]);
show(here());
