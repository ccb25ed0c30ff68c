import { expect, test } from 'vitest';
import { followWakes, type WakeSource } from '#client/shell/wakes.ts';

function setUp(hasDocument: boolean) {
  const told: string[] = [];
  const [source, document] = [
    new EventTarget(),
    Object.assign(new EventTarget(), { visibilityState: 'visible' }),
  ];
  const closing = new AbortController();
  const page: WakeSource = {
    addEventListener: source.addEventListener.bind(source),
    document: hasDocument ? document : undefined,
  };
  followWakes(
    page,
    { woke: () => told.push('woke'), networkChanged: () => told.push('networkChanged') },
    closing.signal,
  );
  const happen = (target: EventTarget, type: string): void => void target.dispatchEvent(new Event(type));
  return { told, source, document, closing, happen };
}

test('a page that is seen again, goes on, or loses its network may have lost its links; a network that is there again is another', () => {
  const { told, source, document, closing, happen } = setUp(true);
  happen(document, 'visibilitychange');
  happen(document, 'resume');
  happen(source, 'offline');
  happen(source, 'online');
  expect(told).toEqual(['woke', 'woke', 'woke', 'networkChanged']);
  document.visibilityState = 'hidden';
  happen(document, 'visibilitychange');
  happen(document, 'freeze');
  expect(told).toHaveLength(4);
  closing.abort();
  document.visibilityState = 'visible';
  for (const type of ['visibilitychange', 'resume']) happen(document, type);
  for (const type of ['online', 'offline']) happen(source, type);
  expect(told).toHaveLength(4);
});

test('a worker has no document, and Node tells nothing at all', () => {
  const { told, source, happen } = setUp(false);
  happen(source, 'online');
  expect(told).toEqual(['networkChanged']);
  const nothing = (): void => told.push('never') as unknown as void;
  followWakes({}, { woke: nothing, networkChanged: nothing }, new AbortController().signal);
  expect(told).toHaveLength(1);
});
