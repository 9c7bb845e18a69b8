// Tells the server whether the reader's screen is dark, now and when that changes.
"use strict";
(() => {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const theme = () => (dark.matches ? "dark" : "light");
  dark.addEventListener("change", () => {
    window.dash_clientside.set_props("theme", { data: theme() });
  });
  window.dash_clientside = Object.assign({}, window.dash_clientside, { softshare: { theme } });
})();
