// Tells the server whether the reader's screen is dark, and which figures are near it.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => (dark.matches ? "dark" : "light");
  const tell = (id, data) => window.dash_clientside.set_props(id, { data });
  dark.addEventListener("change", () => tell("theme", theme()));
  window.dash_clientside = Object.assign({}, window.dash_clientside, { softshare: { theme } });

  const told = new WeakMap();
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        if (target.isConnected && told.get(target) !== isIntersecting) {
          told.set(target, isIntersecting);
          tell(target.id.replace("spot-", "seen-"), isIntersecting);
        }
      }
    },
    { rootMargin: "400px 0px" },
  );
  const spots = new WeakSet();
  new MutationObserver(() => {
    for (const spot of document.querySelectorAll('[id^="spot-"]')) {
      if (!spots.has(spot)) {
        spots.add(spot);
        near.observe(spot);
      }
    }
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
