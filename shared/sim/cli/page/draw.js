/* Draws each plot of the report where its place is. Runs in the page, as it stands here; `uPlot` stands before it. */
/* global uPlot */
const HEIGHT = 280;
/** Told apart by those who see no red or no green too; bright enough for the dark, dark enough for the light. */
const PALETTE = [
  '#3b82d6',
  '#d9730d',
  '#1f9d78',
  '#c4549a',
  '#8f6fd8',
  '#a88b00',
  '#4aa3b8',
  '#d1495b',
  '#7d8590',
  '#5b9a3c',
];
const theme = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const colorOf = (color) => {
  if (color === 'target') return theme('--quiet');
  return color === 'beside' ? theme('--beside') : PALETTE[color % PALETTE.length];
};
const shown = (value) => (value === null || value === undefined ? '' : String(Number(value.toPrecision(4))));

const seriesOf = ({ name, color, dashed, points }, bySize) => ({
  label: name,
  stroke: () => colorOf(color),
  width: color === 'target' || dashed ? 1.5 : 2,
  dash: dashed ? [6, 4] : undefined,
  // A line of one point would not be seen.
  points: { show: bySize || points.length === 1, size: 7, fill: () => colorOf(color) },
  value: (_plot, value) => shown(value),
});

const rangeOfSizes = (_plot, min, max) => [min / 1.3, max * 1.3];
const rangeFromZero = (_plot, min, max) => {
  const top = max === null || max <= 0 ? 1 : max * 1.05;
  return [Math.min(0, min ?? 0), top];
};

const axisOf = (label, rest) => ({
  label,
  labelSize: 20,
  labelFont: '12px system-ui, sans-serif',
  font: '12px system-ui, sans-serif',
  stroke: () => theme('--quiet'),
  grid: { stroke: () => theme('--line'), width: 1 },
  ticks: { stroke: () => theme('--line'), width: 1 },
  ...rest,
});

/** Labels of sizes that would overlap are left out, the larger one first. */
const splitsOf = (sizes) => (plot) => {
  const kept = [];
  for (const size of sizes) {
    const last = kept.at(-1);
    if (last === undefined || plot.valToPos(size, 'x') - plot.valToPos(last, 'x') > 34) kept.push(size);
  }
  return kept;
};

const draw = ({ x, y, bySize, lines }, place) => {
  const xs = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].toSorted((a, b) => a - b);
  const ys = lines.map(({ points }) => {
    const valueAt = new Map(points);
    return xs.map((at) => valueAt.get(at));
  });
  const sized = {
    splits: splitsOf(xs),
    values: (_plot, splits) => splits.map(String),
    filter: (_plot, all) => all,
  };
  const plot = new uPlot(
    {
      width: place.clientWidth,
      height: HEIGHT,
      scales: {
        x: bySize ? { time: false, distr: 3, log: 10, range: rangeOfSizes } : { time: false },
        y: { range: rangeFromZero },
      },
      axes: [axisOf(x, { size: 30, ...(bySize ? sized : {}) }), axisOf(y, { size: 52 })],
      cursor: { drag: { x: false, y: false } },
      // As the lines look: dashed ones too.
      legend: { markers: { dash: (_plot, at) => (lines[at - 1]?.dashed ? 'dashed' : 'solid') } },
      series: [
        { label: x, value: (_plot, value) => shown(value) },
        ...lines.map((line) => seriesOf(line, bySize)),
      ],
    },
    [xs, ...ys],
    place,
  );
  const observer = new ResizeObserver(() => {
    if (place.clientWidth !== plot.width) plot.setSize({ width: place.clientWidth, height: HEIGHT });
  });
  observer.observe(place);
  return () => {
    observer.disconnect();
    plot.destroy();
  };
};

const plots = JSON.parse(document.getElementById('plots').textContent);
const drawAll = () => plots.map((plot, at) => draw(plot, document.getElementById(`plot-${at}`)));
let drawn = drawAll();
// Colors of the legend are set once: everything is drawn again.
matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
  for (const remove of drawn) remove();
  drawn = drawAll();
});
