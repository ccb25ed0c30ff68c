import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createLayout, type Layout } from '../../demo/layout.ts';

/** d3 looks for a screen once, when it is loaded. */
const screen = vi.hoisted(() => {
  const shown = { frameMs: 16 };
  const requestAnimationFrame = (draw: () => void): unknown => setTimeout(draw, shown.frameMs);
  Object.assign(globalThis, { window: { requestAnimationFrame } });
  return shown;
});

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const IDS = Array.from({ length: 12 }, (_, at) => `node-${(at * 5_000).toString(16).padStart(4, '0')}`);
const NODES = IDS.map((id, at) => ({ id, self: at === 0 }));
/** A ring with a few threads across. */
const EDGES = IDS.flatMap((a, at) => [1, 5].map((step) => ({ a, b: IDS[(at + step) % IDS.length]! })));

/** The least distance between two nodes, in pixels. */
function leastDistance({ placeOf }: Layout): number {
  const places = IDS.map((id) => placeOf(id)!);
  return Math.min(
    ...places.flatMap((one, at) =>
      places.slice(at + 1).map((other) => Math.hypot(one.x - other.x, one.y - other.y)),
    ),
  );
}

test.each([
  { machine: 'a usual', frameMs: 16, pictures: 60 },
  { machine: 'a slow', frameMs: 250, pictures: 4 },
])('on $machine machine all nodes find their places, and within two seconds the drawing rests', (shown) => {
  screen.frameMs = shown.frameMs;
  const moved = vi.fn<() => void>();
  const layout = createLayout({ still: false, moved });
  layout.resize({ width: 420, height: 400 });
  layout.update(NODES, EDGES);
  vi.advanceTimersByTime(2_000);
  expect(moved.mock.calls.length).toBeGreaterThanOrEqual(shown.pictures);
  expect(leastDistance(layout)).toBeGreaterThan(50);

  moved.mockClear();
  vi.advanceTimersByTime(60_000);
  expect(moved).not.toHaveBeenCalled();

  // It finds its places anew as slowly as before, not at a leap.
  layout.update(NODES, EDGES.slice(1));
  vi.advanceTimersByTime(2_000);
  expect(moved.mock.calls.length).toBeGreaterThanOrEqual(shown.pictures);
  expect(leastDistance(layout)).toBeGreaterThan(50);
});

test('who asked for little motion is shown the one picture in which all have their places', () => {
  const moved = vi.fn<() => void>();
  const layout = createLayout({ still: true, moved });
  layout.update(NODES, EDGES);
  expect(moved).toHaveBeenCalledTimes(1);
  expect(leastDistance(layout)).toBeGreaterThan(35);
  vi.advanceTimersByTime(60_000);
  expect(moved).toHaveBeenCalledTimes(1);
});
