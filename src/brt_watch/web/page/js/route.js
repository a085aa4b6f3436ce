// Where one is, in the address: #/view?key=value. What is in it can be shared.

export const VIEWS = ["mapa", "reproducao", "linhas", "diagrama", "captura"];

const listeners = new Set();

/** Return the view and its parameters as the address says them. */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { view: VIEWS.includes(path) ? path : "mapa", params: new URLSearchParams(query) };
}

/** Return the address of a view. */
export function address(view, values = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== "") query.set(key, value);
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `#/${view}${text ? `?${text}` : ""}`;
}

/** Change some parameters of the address without leaving the view; empty ones go away. */
export function amend(values) {
  const { view, params } = here();
  const all = { ...Object.fromEntries(params), ...values };
  history.replaceState(null, "", address(view, all));
}

/** Go to a view. */
export function go(view, values) {
  location.hash = address(view, values);
}

/** Call back whenever the address changes by a link, the history or a hand. */
export function onMove(listener) {
  listeners.add(listener);
}

addEventListener("hashchange", () => listeners.forEach((listener) => listener(here())));
