// Every sentence of the page in both languages, side by side.
import { remember, remembered } from "./settings.js";
import { WORDS } from "./words.js";

let chosen = "pt";

export const language = () => chosen;

/** Use the language of the address, the one chosen before, or Portuguese. */
export function startLanguage(wished) {
  setLanguage(wished ?? remembered("language") ?? "pt", false);
}

export function setLanguage(name, keep = true) {
  chosen = name === "en" ? "en" : "pt";
  document.documentElement.lang = chosen === "pt" ? "pt-BR" : "en";
  if (keep) remember("language", chosen);
}

/** Return a sentence with its {names} filled in; {name:one|many} is the word that goes with that number. */
export function t(key, values = {}) {
  const pair = WORDS[key];
  const text = pair ? pair[chosen === "pt" ? 0 : 1] : key;
  return text.replace(/\{(\w+):([^|}]*)\|((?:[^{}]|\{\w+\})*)\}/g, (_, name, one, many) => (String(values[name]) === "1" ? one : many))
    .replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}
