// The wall display: the view alone, in large type; tela=1 in the address.
import { h } from "../dom.js";
import { t } from "../i18n.js";
import { amend, here } from "../route.js";

/** Show or leave the wall display, as the address asks. */
export function applyScreen() {
  document.body.classList.toggle("screen", here().params.get("tela") === "1");
}

/** Return the button that shows or leaves the wall display. */
export function screenButton() {
  const button = h("button", { class: "button", type: "button", onclick: () => {
    const on = here().params.get("tela") !== "1";
    amend({ tela: on ? "1" : null });
    if (on) document.documentElement.requestFullscreen?.().catch(() => {});
    else if (document.fullscreenElement) document.exitFullscreen();
    applyScreen();
    button.textContent = t(on ? "screen.close" : "screen.open");
  } }, t(here().params.get("tela") === "1" ? "screen.close" : "screen.open"));
  return button;
}

export const leaveScreen = () => document.body.classList.remove("screen");
