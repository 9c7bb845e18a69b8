// Tells the server whether the reader's screen is dark and which figures are near it, asks it
// whether there is anything new, and runs plotly.js while it writes the page.
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
  const nearSpots = new Set();
  let isTold = true;
  const tellNearness = () => {
    if (isTold || !isFirstDrawn()) return;
    isTold = true;
    for (const spot of nearSpots) {
      if (!spot.isConnected) nearSpots.delete(spot); // of a page that was left
    }
    if (nearSpots.size) tell("seen", [...nearSpots].map((spot) => spot.id.replace("spot-", "")));
  };
  const near = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        nearSpots[isIntersecting ? "add" : "delete"](target);
      }
      isTold = false;
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

  // The clock is asked here and not by Dash, which tells every component of whatever happens.
  const refresh = Number(document.documentElement.dataset.refresh);
  let place, state, trouble = "";
  const look = async () => {
    const asked = new URLSearchParams({ path: location.pathname, search: location.search });
    const away = document.getElementById("away");
    try {
      const answer = await fetch(`/clock?${asked}`);
      if (!answer.ok) throw new Error(answer.statusText);
      const found = await answer.json();
      away.hidden = true;
      if (found.trouble !== trouble) {
        window.dash_clientside.set_props("trouble", { children: found.trouble });
      }
      if (found.state !== state || String(asked) !== place) tell("tick", `${found.state} ${asked}`);
      [place, state, trouble] = [String(asked), found.state, found.trouble];
    } catch (error) {
      away.hidden = false;
    }
  };
  const follow = async () => {
    // What nobody looks at is not drawn; a reader who comes back finds it up to date at once.
    if (!document.hidden && document.querySelector("main > *")) await look();
    setTimeout(follow, refresh);
  };
  document.addEventListener("visibilitychange", () => document.hidden || look());
  setTimeout(follow, refresh);
})();
