// Playback of any captured hour at 1 to 120 times its speed; gaps of the capture are hatched and empty.
import { get } from "../api.js";
import { lineColor } from "../colors.js";
import { fill, h, icon } from "../dom.js";
import { clock, dateTime, dayName, number, rioDay, rioMoment } from "../format.js";
import { t } from "../i18n.js";
import { addTip, addZoomButtons } from "../map/controls.js";
import { makeStage } from "../map/stage.js";
import { network } from "../network.js";
import { amend } from "../route.js";
import { onTheme } from "../theme.js";
import { Reel } from "./reel.js";
import { dayBar, hourBar } from "./timebar.js";

const SPEEDS = [1, 5, 10, 30, 60, 120];
const HOUR = 3600000;
const SHOWN_FOR = 600;

export function enter(root, params) {
  const view = new Playback(root, params);
  return { update: (next) => view.update(next), leave: () => view.leave() };
}

/** Return the moment (ms) of the address, null without one. */
function momentOf(params) {
  const moment = Date.parse(params.get("t") ?? "");
  return Number.isNaN(moment) ? null : moment;
}

class Playback {
  constructor(root, params) {
    this.reel = new Reel();
    this.speed = SPEEDS.includes(Number(params.get("x"))) ? Number(params.get("x")) : 30;
    this.mapBox = h("div", { class: "map" });
    this.veil = h("div", { class: "veil", role: "status", hidden: true });
    this.mapBox.append(this.veil);
    this.button = h("button", { class: "button main", type: "button", id: "play", onclick: () => this.play(!this.playing) });
    this.moment = h("output", { class: "moment", "aria-live": "off" });
    this.count = h("span", { class: "count" });
    this.day = h("input", { class: "field", type: "date", id: "play-day", onchange: () => this.day.value && this.go(rioMoment(this.day.value, this.hourNow())) });
    this.hour = h("select", { class: "field", id: "play-hour", onchange: () => this.go(rioMoment(this.day.value, Number(this.hour.value))) },
      Array.from({ length: 24 }, (_, i) => h("option", { value: i }, `${i}h`)));
    this.rate = h("select", { class: "field", id: "play-speed", onchange: () => { this.speed = Number(this.rate.value); amend({ x: this.speed }); } },
      SPEEDS.map((x) => h("option", { value: x, selected: x === this.speed }, `${x}×`)));
    this.slider = h("input", {
      type: "range", min: 0, max: 3600, step: 10, id: "play-position", "aria-label": t("play.position"),
      oninput: () => this.go(this.start + Number(this.slider.value) * 1000, false),
    });
    this.hourBox = h("div", { class: "timebar" });
    this.dayBox = h("div", { class: "daybar", onclick: (event) => this.pickDay(event) });
    const label = (name, input) => h("label", {}, h("span", { class: "label" }, name), input);
    root.append(this.mapBox, h("section", { class: "transport", "aria-label": t("play.title") },
      h("h1", { class: "unseen" }, t("play.title")),
      h("div", { class: "controls" }, this.button, this.moment, label(t("play.day"), this.day), label(t("play.hour"), this.hour), label(t("play.speed"), this.rate), this.count),
      this.dayBox, this.hourBox));
    this.press();
    this.stopTheme = onTheme(() => { this.itemsFor = null; this.bars(); });
    this.onKey = (event) => {
      if (event.key !== " " || event.target.closest?.("input, select, button, a")) return;
      event.preventDefault();
      this.play(!this.playing);
    };
    document.addEventListener("keydown", this.onKey);
    this.open(params);
  }

  async open(params) {
    try {
      this.range = await get("playback/range");
    } catch (error) {
      this.say(error.message);
      return;
    }
    if (!this.range.ultimo) {
      this.say(t(this.range.aviso ? "away.short" : "play.none"));
      setTimeout(() => !this.left && this.open(params), 5000);
      return;
    }
    this.say(null);
    this.first = Date.parse(this.range.primeiro);
    this.last = Date.parse(this.range.ultimo);
    if (!this.range.aviso) {
      this.day.min = rioDay(this.first);
      this.day.max = rioDay(this.last);
    }
    const wished = momentOf(params);
    this.go(wished ?? Math.max(this.first, this.last - HOUR));
    try {
      const stage = await makeStage(this.mapBox, this, {});
      if (this.left) stage.remove();
      else {
        this.stage = stage;
        addTip(this.mapBox, stage, (codigo) => `${this.reel.tracks.get(codigo)?.linha ?? t("line.none")} · ${codigo}`);
        addZoomButtons(this.mapBox, stage.map);
      }
    } catch (error) {
      this.say(t("map.missing", { why: error.message }));
    }
    this.before = performance.now();
    const turn = () => {
      this.turn = requestAnimationFrame(turn);
      this.step();
    };
    turn();
  }

  /** Show what another link in an open tab asks for. */
  update(params) {
    const [speed, wished] = [Number(params.get("x")), momentOf(params)];
    if (SPEEDS.includes(speed)) {
      this.speed = speed;
      this.rate.value = String(speed);
    }
    if (wished !== null) this.go(wished);
  }

  hourNow() {
    return Number(clock(this.now).slice(0, 2));
  }

  say(text) {
    this.veil.textContent = text ?? "";
    this.veil.hidden = !text;
  }

  press() {
    fill(this.button, icon(this.playing ? "pause" : "play"), h("span", {}, t(this.playing ? "play.pause" : "play.start")));
  }

  play(on) {
    if (!this.last) return;
    this.playing = on;
    if (on && this.now >= this.last) this.go(Math.max(this.first, this.last - HOUR));
    if (!on) amend({ t: new Date(this.now).toISOString().slice(0, 19) + "Z" });
    this.press();
  }

  /** Go to a moment, also one that was not captured: a link never shows another time than its own. `settle` writes it into the address. */
  go(moment, settle = true) {
    if (!this.last) return;
    this.now = moment;
    const start = Math.floor(this.now / HOUR) * HOUR;
    if (start !== this.start) {
      this.start = start;
      this.takeDay();
    }
    if (settle) amend({ t: new Date(this.now).toISOString().slice(0, 19) + "Z" });
    this.showTime();
  }

  async takeDay() {
    const day = rioDay(this.now);
    this.day.value = day;
    this.hour.value = String(this.hourNow());
    if (this.covered?.day !== day) {
      this.covered = { day, minutes: [] };
      try {
        const { minutos, aviso } = await get("coverage", { dia: day });
        Object.assign(this.covered, { minutes: minutos, away: aviso });
      } catch {
        // Without the coverage the bars show only the gaps that the reel itself knows.
      }
    }
    this.bars();
  }

  bars() {
    if (!this.start || !this.covered) return;
    fill(this.dayBox, dayBar(this.covered, this.start));
    // Time before the first capture is not a gap.
    const gaps = this.reel.gaps.filter(([, to]) => to > this.first).map(([from, to]) => [Math.max(from, this.first), to]);
    fill(this.hourBox, hourBar(this.covered, this.start, gaps), this.slider);
    this.shownSecond = null;
    this.showTime();
  }

  pickDay(event) {
    const box = this.dayBox.getBoundingClientRect();
    this.go(rioMoment(this.day.value) + ((event.clientX - box.left) / box.width) * 24 * HOUR);
  }

  step() {
    const now = performance.now();
    const passed = now - this.before;
    this.before = now;
    const ready = this.reel.has(this.now);
    this.reel.want(this.now, this.last, () => this.bars());
    if (this.playing && ready) {
      this.go(this.now + Math.min(passed, 250) * this.speed, false);
      if (this.now >= this.last) this.play(false);
    }
    this.showTime();
  }

  showTime() {
    const second = Math.floor(this.now / 1000);
    if (second !== this.shownSecond) {
      this.shownSecond = second;
      if (!this.playing) this.stage?.fleet.draw();
      fill(this.moment, clock(this.now, true), h("small", {}, dayName(this.now)));
      this.slider.value = String((this.now - this.start) / 1000);
      this.slider.setAttribute("aria-valuetext", `${dayName(this.now)} ${clock(this.now, true)}`);
      this.hourBox.querySelector(".head")?.setAttribute("transform", `translate(${((this.now - this.start) / HOUR) * 1000} 0)`);
      this.say(this.veilWords());
    }
    if (this.stage && this.itemsFor !== this.reel.version) this.showItems();
  }

  /** Return why there may be nothing to see at the moment shown, null when there is nothing to say. */
  veilWords() {
    const { now, reel } = this;
    if (now >= this.last) return t("play.end");
    if (!reel.has(now)) return reel.failure ?? t("loading");
    if (reel.away(now) && !this.heard) return t("away.short");
    if (reel.pending(now) && !this.heard) return t("pending.short");
    if (now < this.first) return this.range.aviso ? t("away.short") : t("play.before", { time: dateTime(this.first) });
    return reel.inGap(now) ? t("play.gap") : null;
  }

  showItems() {
    this.itemsFor = this.reel.version;
    this.stage.fleet.show([...this.reel.tracks].map(([codigo, track]) => ({ codigo, label: track.linha, color: lineColor(network.lines.get(track.linha)?.cor) })));
  }

  /** Write where the buses were at the moment that is shown. */
  write(_now, items, positions) {
    let heard = 0;
    const second = this.now / 1000;
    for (let i = 0; i < items.length; i++) {
      const age = this.reel.place(items[i].codigo, second, positions, i * 4);
      if (age <= SHOWN_FOR) heard += 1;
      else positions[i * 4] = 1000;
    }
    const known = this.reel.has(this.now);
    if (this.heard !== heard || this.known !== known) {
      Object.assign(this, { heard, known });
      this.count.textContent = known ? t("play.buses", { count: number(heard) }) : "";
    }
    return this.playing;
  }

  leave() {
    this.left = true;
    cancelAnimationFrame(this.turn);
    document.removeEventListener("keydown", this.onKey);
    this.stopTheme();
    this.stage?.remove();
  }
}
