// Calls over time, and how many of them are settled.
import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { StatisticsRow } from "../api/schema";
import { theme } from "../shell/theme";
import { colour } from "../ui/colour";
import { day, number } from "../words/time";
import { language, t } from "../words/words";

const HEIGHT = 220;

function label(key: string, by: "hour" | "day"): string {
  if (key === "") return "";
  return by === "hour" ? `${key}:00` : day(`${key}T12:00`);
}

function options(rows: readonly StatisticsRow[], by: "hour" | "day", width: number): uPlot.Options {
  const bars = (share: number): uPlot.Series.PathBuilder | undefined =>
    uPlot.paths.bars?.({ size: [share, 48], radius: 0.15 });
  const series = (name: string, colour: string, share: number): uPlot.Series => {
    const paths = bars(share);
    return {
      label: name,
      fill: colour,
      width: 0,
      points: { show: false },
      value: (_plot, count) => (Number.isFinite(count) ? number(count) : ""),
      ...(paths && { paths }),
    };
  };
  const grid = { stroke: colour("line"), width: 1 };
  const axis: uPlot.Axis = { stroke: colour("ink-soft"), ticks: { show: false } };
  return {
    width,
    height: HEIGHT,
    cursor: { points: { show: false }, drag: { x: false, y: false } },
    scales: {
      x: { time: false, range: [-0.6, rows.length - 0.4] },
      y: { range: (_plot, _low, high) => [0, Math.max(4, high * 1.1)] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        incrs: [1, 2, 3, 5, 7, 14, 30],
        space: 90,
        values: (_plot, places) => places.map((at) => label(rows[at]?.key ?? "", by)),
      },
      { ...axis, grid, size: 44, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 5000, 10_000] },
    ],
    series: [
      {
        label: t(by === "hour" ? "statistics.hour" : "statistics.day"),
        value: (_plot, at) => label(rows[at]?.key ?? "", by),
      },
      series(t("tile.received"), colour("chart-back"), 0.62),
      series(t("tile.done"), colour("accent"), 0.36),
    ],
  };
}

interface Props {
  rows: readonly StatisticsRow[];
  by: "hour" | "day";
}

export function Chart({ rows, by }: Props) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const places = rows.map((_, at) => at);
    const received = rows.map((row) => row.received);
    const done = rows.map((row) => row.done);
    const data: uPlot.AlignedData = [places, received, done];
    const plot = new uPlot(options(rows, by, element.clientWidth), data, element);
    const watch = new ResizeObserver(() => {
      plot.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    watch.observe(element);
    return () => {
      watch.disconnect();
      plot.destroy();
    };
  }, [rows, by, theme.value, language.value]);
  const most = Math.max(...rows.map((row) => row.received));
  return (
    <figure class="card chart">
      <figcaption class="unseen">
        {t("statistics.chart", { count: rows.length, most: number(most) })}
      </figcaption>
      <div ref={box} aria-hidden="true" />
    </figure>
  );
}
