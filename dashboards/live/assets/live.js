// Tells the server whether the reader's screen is dark, and which figures are near it; and runs
// plotly.js while the server writes the page.
"use strict";
(() => {
  // plotly.js takes half a second to run, and Dash would begin to load it when the first figure is
  // there. It is fetched at once and run while the server writes the page: Dash awaits what stands
  // at this name.
  const plotly = "/_dash-component-suites/plotly/package_data/plotly.min.js";
  document.head.append(
    Object.assign(document.createElement("link"), { rel: "preload", as: "script", href: plotly }),
  );
  let run;
  window.Plotly = new Promise((resolve, reject) => {
    run = () => {
      const done = { src: plotly, onload: () => resolve(window.Plotly), onerror: reject };
      document.head.append(Object.assign(document.createElement("script"), done));
    };
  });

  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => (dark.matches ? "dark" : "light");
  const opened = () => {
    setTimeout(run, 50); // once the page has been asked for
    run = () => {};
    return theme();
  };
  const tell = (id, data) => window.dash_clientside.set_props(id, { data });
  dark.addEventListener("change", () => tell("theme", theme()));
  window.dash_clientside = Object.assign({}, window.dash_clientside, { softshare: { theme: opened } });

  // What the page opens with is drawn first: the browser has one thread for all figures.
  const isFirstDrawn = () => {
    const first = document.querySelector("main .plot");
    return !first || first.querySelector(".main-svg") !== null;
  };
  const told = new WeakMap();
  const nearness = new Map();
  const tellNearness = () => {
    if (nearness.size && isFirstDrawn()) {
      for (const [spot, isNear] of nearness) {
        if (spot.isConnected && told.get(spot) !== isNear) {
          told.set(spot, isNear);
          tell(spot.id.replace("spot-", "seen-"), isNear);
        }
      }
      nearness.clear();
    }
  };
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        nearness.set(target, isIntersecting);
      }
      tellNearness();
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
    tellNearness();
  }).observe(document.documentElement, { childList: true, subtree: true });
})();
