import { describe, expect, test } from 'vitest';
import {
  activityToValue,
  followActivity,
  valueToActivity,
  type ActivitySource,
} from '#client/people/activity.ts';
import { createTestClock } from '../test-clock.ts';

const IDLE_MS = 60_000;

function setUp({ visibilityState = 'visible', hasDocument = true } = {}) {
  const clock = createTestClock();
  const told: string[] = [];
  const source = new EventTarget();
  const document = Object.assign(new EventTarget(), { visibilityState });
  const closing = new AbortController();
  const page: ActivitySource = {
    addEventListener: source.addEventListener.bind(source),
    document: hasDocument ? document : undefined,
  };
  followActivity(
    page,
    IDLE_MS,
    { instant: () => clock.now().instant, later: clock.later, onChange: (activity) => told.push(activity) },
    closing.signal,
  );
  const show = (state: string): void => {
    document.visibilityState = state;
    document.dispatchEvent(new Event('visibilitychange'));
  };
  return { clock, told, closing, show, input: (type: string) => void source.dispatchEvent(new Event(type)) };
}

describe('who is at a page', () => {
  test.each(['pointerdown', 'pointermove', 'wheel', 'keydown', 'touchstart', 'focus'])(
    'is idle after a minute without input, and active with the first (%s)',
    async (type) => {
      const { clock, told, input } = setUp();
      await clock.advance(IDLE_MS - 1);
      expect(told).toEqual([]);
      await clock.advance(1);
      expect(told).toEqual(['idle']);
      input(type);
      expect(told).toEqual(['idle', 'active']);
      await clock.advance(40_000);
      input(type);
      await clock.advance(40_000);
      expect(told).toHaveLength(2);
      await clock.advance(20_000);
      expect(told).toEqual(['idle', 'active', 'idle']);
    },
  );

  test('is away while the page is hidden, whatever comes, and active when it is seen again', async () => {
    const { clock, told, show, input } = setUp();
    show('hidden');
    input('focus');
    await clock.advance(10 * IDLE_MS);
    expect([told, clock.pending()]).toEqual([['away'], 0]);
    show('visible');
    expect(told).toEqual(['away', 'active']);
    await clock.advance(IDLE_MS);
    expect(told).toEqual(['away', 'active', 'idle']);
  });

  test('of a page that opens in the background is away from the start', () => {
    expect(setUp({ visibilityState: 'hidden' }).told).toEqual(['away']);
  });

  test('of a worker, or under Node, is always active', async () => {
    const { clock, told } = setUp({ hasDocument: false });
    expect(clock.pending()).toBe(0);
    followActivity(
      {},
      1,
      { instant: () => clock.now().instant, later: clock.later, onChange: (a) => told.push(a) },
      new AbortController().signal,
    );
    await clock.advance(IDLE_MS);
    expect(told).toEqual([]);
  });

  test('is followed no more once the mesh is left: neither timer nor listener stays', async () => {
    const { clock, told, show, input, closing } = setUp();
    closing.abort();
    expect(clock.pending()).toBe(0);
    input('keydown');
    show('hidden');
    await clock.advance(IDLE_MS);
    expect(told).toEqual([]);
  });
});

test('nobody says that it is active, and what others say may be anything', () => {
  expect((['active', 'idle', 'away'] as const).map(activityToValue)).toEqual([undefined, 'idle', 'away']);
  expect(['idle', 'away', undefined, 'active', 'gone', 7, null].map(valueToActivity)).toEqual([
    'idle',
    'away',
    ...Array.from({ length: 5 }, () => 'active'),
  ]);
});
