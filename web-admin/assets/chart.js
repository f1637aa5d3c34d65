// The trend: stacked bars, one a day, drawn from the data beside it. The same figures stand in the table below the chart.
"use strict";

function colour(tone) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${tone}`).trim();
}

// Each series holds the height up to its top, so drawing from the tallest down makes a stack.
function stacked(series) {
  const sums = [];
  let below = null;
  for (const one of series) {
    below = one.figures.map((figure, day) => figure + (below ? below[day] : 0));
    sums.push(below);
  }
  return sums.reverse();
}

function draw(place) {
  const trend = JSON.parse(place.dataset.trend);
  const days = trend.days.map((_, index) => index);
  const shown = [...trend.series].reverse();
  const axis = { stroke: colour("text-2"), grid: { stroke: colour("line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  place.replaceChildren();
  // A label a day where there is room for it.
  const stride = Math.max(1, Math.ceil((days.length * 48) / Math.max(place.clientWidth - 90, 1)));
  new uPlot({
    width: place.clientWidth,
    height: 240,
    legend: { live: true },
    cursor: { drag: { setScale: false }, points: { show: false } },
    scales: { x: { time: false, range: [-0.6, days.length - 0.4] }, y: { range: (_, __, most) => [0, Math.max(most * 1.1, 1)] } },
    axes: [
      { ...axis, grid: { show: false }, splits: () => days.filter((day) => (days.length - 1 - day) % stride === 0),
        values: (_, marks) => marks.map((mark) => (trend.days[mark] || "").slice(5)) },
      { ...axis, label: trend.axis, labelFont: "12px system-ui", labelSize: 20, size: 56,
        values: (_, marks) => marks.map((mark) => (Number.isInteger(mark) ? mark.toLocaleString("en") : "")) },
    ],
    series: [
      { label: trend.day, value: (_, day) => (day === null ? "–" : trend.days[day]) },
      ...shown.map((one) => ({
        label: one.word,
        fill: colour(one.tone),
        stroke: colour(one.tone),
        width: 0,
        points: { show: false },
        paths: uPlot.paths.bars({ size: [0.7, 60] }),
        value: (_, __, ___, day) => (day === null || day === undefined ? "–" : one.figures[day].toLocaleString("en")),
      })),
    ],
  }, [days, ...stacked(trend.series)], place);
}

const places = document.querySelectorAll("[data-trend]");
const drawAll = () => places.forEach(draw);
drawAll();
let waiting = 0;
addEventListener("resize", () => { clearTimeout(waiting); waiting = setTimeout(drawAll, 150); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
