// Charts beside the tables that hold the same numbers.  Loaded by the pages that have
// some, when they draw the first.  Lines differ by dashes and marks, not by colour alone.
import {
  BarController, BarElement, CategoryScale, Chart, Legend, LineController, LineElement, LinearScale, PointElement, Tooltip,
} from 'chart.js';
import { el } from './dom.js';
import { language } from './i18n.js';

Chart.register(BarController, BarElement, CategoryScale, Legend, LineController, LineElement, LinearScale, PointElement, Tooltip);
Chart.defaults.animation = false;
Chart.defaults.font.family = 'system-ui, sans-serif';
Chart.defaults.color = '#1a1a1a';

const COLOURS = ['#0017c1', '#c16800', '#197a4b', '#8b1fa9', '#ce0000', '#00687b', '#4d4d4d', '#7a5a00'];
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4], [4, 8], [12, 4], [1, 5], [8, 2, 2, 2]];
const MARKS = ['circle', 'rect', 'triangle', 'rectRot', 'cross', 'star', 'rectRounded', 'crossRot'];

// A node with a chart of series [{ name, values }] over labels; kind is 'line' or 'bar'.
// The summary says in a sentence what is to be seen, and that the table has it too.
export function chart(kind, labels, series, summary, { stacked = false } = {}) {
  const whole = series.every(({ values }) => values.every((value) => value === null || Number.isInteger(value)));
  const canvas = el('canvas', { role: 'img', 'aria-label': summary });
  const node = el('div', { class: 'chart' }, canvas);
  requestAnimationFrame(() => {
    new Chart(canvas, {
      type: kind,
      data: {
        labels,
        datasets: series.map(({ name, values }, i) => ({
          label: name, data: values, borderColor: COLOURS[i % COLOURS.length], backgroundColor: COLOURS[i % COLOURS.length],
          borderDash: kind === 'line' ? DASHES[i % DASHES.length] : [], pointStyle: MARKS[i % MARKS.length], pointRadius: 5, spanGaps: true,
        })),
      },
      options: {
        responsive: true, maintainAspectRatio: false, locale: language,
        plugins: { legend: { labels: { usePointStyle: true } } },
        scales: { y: { beginAtZero: true, stacked, ticks: whole ? { precision: 0 } : {} }, x: { stacked } },
      },
    });
  });
  return node;
}
