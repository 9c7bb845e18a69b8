// Draws the figures in the reader's colours, sorts the tables, leads from a point to its row.
"use strict";
(() => {
  const figures = JSON.parse(document.getElementById("figures").textContent);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const narrow = matchMedia("(max-width: 640px)");

  const settings = (identifier) => ({
    responsive: true,
    displaylogo: false,
    modeBarButtons: [["zoom2d", "pan2d", "resetScale2d", "toImage"]],
    toImageButtonOptions: { format: "svg", filename: identifier },
  });

  function draw() {
    for (const [identifier, themes] of Object.entries(figures)) {
      const { data, layout } = structuredClone(themes[dark.matches ? "dark" : "light"]);
      if (narrow.matches) {
        layout.dragmode = false; // a finger scrolls the page
        layout.font.size = 11;
        layout.margin = { ...layout.margin, l: Math.min(layout.margin.l, 46), r: 8 };
        layout.annotations = (layout.annotations ?? []).filter((note) => note.name !== "setting");
        layout.annotations.filter((note) => note.name === "best").forEach(turnInwards, layout);
      }
      Plotly.react(identifier, data, layout, settings(identifier));
    }
  }

  // Names were placed for a wide figure; on a narrow one they must not run off its edge.
  function turnInwards(note) {
    const [low, high] = this.xaxis.range;
    const isRight = note.x > (low + high) / 2;
    note.xanchor = isRight ? "right" : "left";
    note.xshift = isRight ? -13 : 13;
  }

  function goToRow(event) {
    const row = document.getElementById(`trial-${event.points[0].customdata}`);
    if (row === null) return;
    location.hash = row.id;
    row.focus({ preventScroll: true });
  }

  function sort(button) {
    const heading = button.closest("th");
    const body = heading.closest("table").tBodies[0];
    const key = button.dataset.sort;
    const falls = heading.getAttribute("aria-sort") === "ascending";
    for (const other of heading.parentElement.children) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", falls ? "descending" : "ascending");
    const value = (row) => row.dataset[key] ?? "";
    const isNumber = heading.classList.contains("number");
    const compare = (one, other) => {
      const [a, b] = [value(one), value(other)];
      if (a === "" || b === "") return (a === "") - (b === ""); // rows without a value stay last
      const order = isNumber ? Number(a) - Number(b) : a.localeCompare(b);
      return falls ? -order : order;
    };
    body.append(...[...body.rows].sort(compare));
  }

  for (const place of document.querySelectorAll(".plot .wait")) place.remove();
  draw();
  for (const identifier of Object.keys(figures)) {
    document.getElementById(identifier).on("plotly_click", goToRow);
  }
  dark.addEventListener("change", draw);
  narrow.addEventListener("change", draw);
  for (const button of document.querySelectorAll("th button")) {
    button.addEventListener("click", () => sort(button));
  }
})();
