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
    {
      woke: () => told.push('woke'),
      networkChanged: () => told.push('networkChanged'),
      thawed: () => told.push('thawed'),
      stored: () => told.push('stored'),
      restored: () => told.push('restored'),
      gone: () => told.push('gone'),
    },
    closing.signal,
  );
  const happen = (target: EventTarget, type: string, more: object = {}): void => {
    const event = new Event(type);
    for (const [name, value] of Object.entries(more)) Object.defineProperty(event, name, { value });
    target.dispatchEvent(event);
  };
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

test.each([
  [9_999, 'woke'],
  [10_000, 'thawed'],
])('a page that was frozen for %i ms is told to have %s', (ms, expected) => {
  const { told, document, happen } = setUp(true);
  happen(document, 'freeze', { timeStamp: 5 });
  happen(document, 'resume', { timeStamp: 5 + ms });
  expect(told).toEqual([expected]);
});

test('a page that goes may be kept, and be shown again; where it is not, it is gone', () => {
  const { told, source, closing, happen } = setUp(true);
  happen(source, 'pageshow', { persisted: false });
  happen(source, 'pagehide', { persisted: true });
  happen(source, 'pageshow', { persisted: true });
  happen(source, 'pagehide', { persisted: false });
  expect(told).toEqual(['stored', 'restored', 'gone']);
  closing.abort();
  for (const persisted of [true, false]) happen(source, 'pagehide', { persisted });
  happen(source, 'pageshow', { persisted: true });
  expect(told).toHaveLength(3);
});

test('a worker has no document, and Node tells nothing at all', () => {
  const { told, source, happen } = setUp(false);
  happen(source, 'online');
  expect(told).toEqual(['networkChanged']);
  const nothing = (): void => told.push('never') as unknown as void;
  const on = {
    woke: nothing,
    networkChanged: nothing,
    thawed: nothing,
    stored: nothing,
    restored: nothing,
    gone: nothing,
  };
  followWakes({}, on, new AbortController().signal);
  expect(told).toHaveLength(1);
});
