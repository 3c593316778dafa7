"use strict";

// Width of the text on an A4 page, in pixels.
const PRINTED = 688;
const CONFIG = { displayModeBar: false, responsive: true };
const places = [...document.querySelectorAll(".plot")];

for (const place of places) {
  const { data, layout } = JSON.parse(place.nextElementSibling.textContent);
  Plotly.newPlot(place, data, layout, CONFIG);
}

// From a window of another width, the charts would be cut off or leave the page half empty.
window.addEventListener("beforeprint", () => {
  for (const place of places) Plotly.relayout(place, { width: PRINTED });
});
window.addEventListener("afterprint", () => {
  for (const place of places) Plotly.relayout(place, { width: null, autosize: true });
});
