/** What is described for a channel that is open: signed by its ends, and by nobody else. */
import { describe, expect, test } from 'vitest';
import { createKeyPair } from '#client/identity/ed25519.ts';
import { createMemoryNetwork } from '../memory-transport.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';
import { idOf, openEnd, text, type End } from './doorway-scene.ts';

interface Line {
  readonly clock: TestClock;
  readonly a: End;
  readonly b: End;
  readonly stray: () => void;
  /** What the ends described once they were open, and where it went: to the other, unless it is held up. */
  readonly carried: string[];
  hold: boolean;
  /** The transport of `b` describes this. */
  readonly describeOfB: (data: string) => void;
}

/** Two ends of an open channel. */
async function open(): Promise<Line> {
  const clock = createTestClock();
  const network = createMemoryNetwork((run, ms) => void clock.later(run, ms));
  const world = { clock, createTransport: network.createTransport };
  const [keysA, keysB] = [createKeyPair(), createKeyPair()];
  const carried: string[] = [];
  const line = { hold: false };
  let isOpen = false;
  const carry = (other: () => End, data: string): void => {
    if (isOpen) carried.push(data);
    if (!line.hold) other().channel.describe(data);
  };
  let describeOfB = (_data: string): void => {};
  const ofB = network.createTransport();
  const b: End = openEnd(world, {
    transport: {
      construct: (options, handlers) => {
        describeOfB = handlers.onDescribed;
        return ofB.construct(options, handlers);
      },
    },
    keys: keysB,
    peer: idOf(keysA),
    initiator: false,
    onDescribed: (data) => carry(() => a, data),
  });
  const a: End = openEnd(world, {
    keys: keysA,
    peer: idOf(keysB),
    initiator: true,
    onDescribed: (data) => carry(() => b, data),
  });
  await clock.advance(100);
  isOpen = true;
  return Object.assign(line, { clock, a, b, stray: network.stray, carried, describeOfB });
}

describe('an open channel', () => {
  test.each(['a', 'b'] as const)(
    'whose way is gone finds another when %s restarts it, and loses nothing',
    async (who) => {
      const line = await open();
      line.stray();
      line.a.channel.send(text('lost?'));
      await line.clock.advance(1_000);
      expect(line.b.told).toEqual(['opened']);
      void line[who].channel.restart();
      await line.clock.advance(100);
      line.b.channel.send(text('no'));
      await line.clock.advance(100);
      expect([line.a.told, line.b.told]).toEqual([
        ['opened', 'no'],
        ['opened', 'lost?'],
      ]);
      for (const data of line.carried) expect(JSON.parse(data)).toMatchObject({ count: expect.any(Number) });
    },
  );

  test('takes nothing that its other end did not sign', async () => {
    const line = await open();
    line.stray();
    line.hold = true;
    void line.a.channel.restart();
    await line.clock.advance(100);
    const [data] = line.carried as [string];
    const said = JSON.parse(data) as { readonly count: number; readonly descriptions: string };
    for (const forged of [
      { ...said, count: 2 },
      { ...said, descriptions: 'ask for an offer' },
      { ...said, signature: 'AAAA' },
      { count: said.count, descriptions: said.descriptions },
      { ...said, count: 0 },
    ]) {
      expect(line.b.channel.describe(JSON.stringify(forged))).toBe(true);
      await line.clock.advance(100);
      expect(line.b.told.at(-1)).toBe('refused forged-description');
    }
    expect(line.b.channel.describe('{')).toBe(true);
    await line.clock.advance(100);
    expect(line.b.told.filter((word) => word === 'refused forged-description')).toHaveLength(6);
    expect(line.carried).toHaveLength(1);
    expect(line.b.signed).toEqual([]);
    // Its own words are no more than others'.
    line.a.channel.describe(data);
    await line.clock.advance(100);
    expect(line.a.told.at(-1)).toBe('refused forged-description');
    line.b.channel.describe(data);
    await line.clock.advance(100);
    expect(line.carried).toHaveLength(2);
    expect(line.b.signed).toHaveLength(1);
  });

  test('takes nothing twice, nor what is older than what it took', async () => {
    const line = await open();
    line.hold = true;
    for (let nth = 0; nth < 2; nth++) {
      void line.a.channel.restart();
      await line.clock.advance(100);
    }
    const [first, second] = line.carried as [string, string];
    for (const data of [second, first, second]) {
      line.b.channel.describe(data);
      await line.clock.advance(100);
    }
    expect(line.carried).toHaveLength(3);
    expect(line.b.told).toEqual(['opened']);
  });

  test('takes nothing of another channel between the same two', async () => {
    const [line, other] = [await open(), await open()];
    line.hold = other.hold = true;
    void other.a.channel.restart();
    await other.clock.advance(100);
    line.b.channel.describe(other.carried[0]!);
    await line.clock.advance(100);
    expect(line.b.told).toEqual(['opened', 'refused forged-description']);
  });

  test('tells of what its other end signed and is of no use', async () => {
    const line = await open();
    line.describeOfB('nonsense');
    await line.clock.advance(100);
    expect(line.a.told).toEqual(['opened', 'refused bad-description']);
  });
});

test('before it is open nothing is restarted, and nothing signed is taken', async () => {
  const line = await open();
  const clock = createTestClock();
  const { createTransport } = createMemoryNetwork((run, ms) => void clock.later(run, ms));
  const [keys, others] = [createKeyPair(), createKeyPair()];
  const end = openEnd({ clock, createTransport }, { keys, peer: idOf(others), initiator: true });
  void end.channel.restart();
  expect(end.channel.describe('{"count":1}')).toBe(false);
  void line.a.channel.close();
  void line.a.channel.restart();
  expect(line.a.channel.describe('{"count":1}')).toBe(false);
});
