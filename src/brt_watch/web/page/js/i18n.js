// Every sentence of the page in both languages, side by side.
import { remember, remembered } from "./settings.js";
import { WORDS } from "./words.js";

let chosen = "pt";

export const language = () => chosen;

/** Take up what was chosen before; `wished` comes from the address. Portuguese unless something else is wished. */
export function startLanguage(wished) {
  setLanguage(wished ?? remembered("language") ?? "pt", false);
}

export function setLanguage(name, keep = true) {
  chosen = name === "en" ? "en" : "pt";
  document.documentElement.lang = chosen === "pt" ? "pt-BR" : "en";
  if (keep) remember("language", chosen);
}

/** Return a sentence, with {names} filled in. */
export function t(key, values = {}) {
  const pair = WORDS[key];
  const text = pair ? pair[chosen === "pt" ? 0 : 1] : key;
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
