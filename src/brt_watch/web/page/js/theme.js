// Light or dark: the system's choice until the switch says otherwise.
import { remember, remembered } from "./settings.js";

const dark = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

export const isDark = () => (document.documentElement.dataset.theme ?? (dark.matches ? "dark" : "light")) === "dark";

/** Use the theme of the address, or the one chosen before. */
export function startTheme(wished) {
  const theme = wished ?? remembered("theme");
  if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  dark.addEventListener("change", tell);
  addEventListener("beforeprint", onPaper);
}

/** Draw in the colours of paper until it is printed. */
function onPaper() {
  const { theme } = document.documentElement.dataset;
  document.documentElement.dataset.theme = "light";
  tell();
  addEventListener("afterprint", () => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
    tell();
  }, { once: true });
}

export function switchTheme() {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  remember("theme", theme);
  tell();
}

export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Return the value of a colour token now. */
export const token = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

function tell() {
  listeners.forEach((listener) => listener());
}
