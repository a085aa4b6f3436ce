// The place in the page, in the address: #/view?key=value, or #/view/id?key=value. It can be shared.

export const VIEWS = ["mapa", "estacao", "linhas", "controle", "diagrama", "regularidade", "viagens", "velocidade", "plano", "dia", "reproducao", "captura", "acerto", "fonte"];

/** The views that the navigation does not list, and those from which they are reached. */
const WITHIN = { viagens: "regularidade", velocidade: "regularidade", plano: "regularidade", dia: "regularidade", acerto: "estacao", fonte: "mapa" };

export const SECTIONS = VIEWS.filter((view) => !(view in WITHIN));

export const sectionOf = (view) => WITHIN[view] ?? view;

const listeners = new Set();

/** Return the view and its parameters, as in the address; an id in the path is the parameter `id`. */
export function here() {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, id] = path.split("/");
  const params = new URLSearchParams(query);
  if (id) params.set("id", decoded(id));
  return { view: VIEWS.includes(view) ? view : "mapa", params };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Return the address of a view. */
export function address(view, { id, ...values } = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) if (value !== null && value !== undefined && value !== "") query.set(key, value);
  const text = query.toString().replaceAll("%2C", ",").replaceAll("%2F", "/").replaceAll("%3A", ":");
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${text ? `?${text}` : ""}`;
}

/** Change some parameters of the address without leaving the view; empty ones are removed. */
export function amend(values) {
  const { view, params } = here();
  const all = { ...Object.fromEntries(params), ...values };
  history.replaceState(null, "", address(view, all));
}

/** Go to a view. */
export function go(view, values) {
  location.hash = address(view, values);
}

/** Call back whenever a link, the history or a hand changes the address. */
export function onMove(listener) {
  listeners.add(listener);
}

addEventListener("hashchange", () => listeners.forEach((listener) => listener(here())));
