// The choice of a feed, on a system that captures several.
import { get } from "../api.js";
import { fill, h } from "../dom.js";
import { t } from "../i18n.js";
import { go } from "../route.js";

/** Return a box with the choice among the feeds that the server captures; it stays hidden where there is only one. */
export function feedChoice(chosen = null) {
  const box = h("div", { class: "feeds", hidden: true });
  get("feeds").then(({ feeds }) => {
    if (feeds.length < 2) return;
    const own = feeds[0].feed;
    const choice = h("select", { class: "field", id: "feed", onchange: () => (choice.value === own ? go("mapa") : go("fonte", { id: choice.value })) },
      feeds.map(({ feed }) => h("option", { value: feed, selected: feed === (chosen ?? own) }, feed)));
    fill(box, h("label", { class: "label", for: "feed" }, t("feed.label")), choice);
    box.hidden = false;
  }).catch(() => {
    // The map of the first feed works without the choice, and that of another one says what is wrong.
  });
  return box;
}
