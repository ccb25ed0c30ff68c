/** What an application is told of a missing link: the words, and whole rooms with a hole in them. */
import { describe, expect, test } from 'vitest';
import type { WhyNoLink } from '#shared/overlay/messages.ts';
import { explainLink } from '#client/explain.ts';
import type { ChannelReport, Transport } from '#client/transport/transport.ts';
import type { Mesh } from '#client/types.ts';
import { createRoom, type Room } from './room.ts';

const report: ChannelReport = { fault: 'needs-turn', iceErrors: [{ code: 401, url: 'turn:turn.test' }] };
const ended = (reason: NonNullable<WhyNoLink['ending']>['reason']): Parameters<typeof explainLink>[0] => ({
  reason: 'failed',
  restMs: 5_000,
  ending: { reason, agoMs: 70 },
});

describe('the words', () => {
  test('are those of the overlay, unless an attempt failed', () => {
    for (const reason of [
      'linked',
      'connecting',
      'resting',
      'not-wanted',
      'budget',
      'full',
      'not-yet',
    ] as const) {
      const told = explainLink({ reason, restMs: 0, ending: undefined }, report);
      expect(told).toEqual({ reason, restMs: 0, last: undefined });
    }
  });

  test.each(['full', 'busy', 'resting'] as const)(
    'what the other side said is told as it was: %s',
    (reason) => {
      const told = explainLink(ended(reason), report);
      expect(told).toEqual({ reason, restMs: 5_000, last: { reason, agoMs: 70, iceErrors: [] } });
    },
  );

  test.each(['not-opened', 'channel-failed'] as const)(
    'an attempt that was built tells by its channel: %s',
    (reason) => {
      const last = { reason: 'needs-turn', agoMs: 70, iceErrors: report.iceErrors };
      expect(explainLink(ended(reason), report)).toEqual({ reason: 'needs-turn', restMs: 5_000, last });
      expect(explainLink({ ...ended(reason), reason: 'resting' }, report)).toMatchObject({
        reason: 'resting',
        last,
      });
      expect(explainLink(ended(reason), undefined).reason).toBe('timed-out');
    },
  );

  test('all is frozen', () => {
    const told = explainLink(ended('no-answer'), report);
    expect(told.reason).toBe('timed-out');
    expect([told, told.last, told.last?.iceErrors].map((each) => Object.isFrozen(each))).toEqual([
      true,
      true,
      true,
    ]);
  });
});

/** The channels of this tab that it did not begin with the first contact lead nowhere, and tell so. */
function blockAfter(count: number, told: ChannelReport, spoil: (data: string) => string) {
  let constructed = 0;
  return (transport: Transport): Transport => ({
    construct: (options, handlers) => {
      constructed += 1;
      if (constructed <= count) return transport.construct(options, handlers);
      const onDescribed = (data: string): void => handlers.onDescribed(spoil(data));
      const channel = transport.construct(options, { ...handlers, onDescribed, onOpened: () => {} });
      return { ...channel, describe: () => true, report: () => told };
    },
  });
}

/** Three tabs, of which the third links to one other alone. */
async function roomWithHole(): Promise<{ room: Room; tabs: Mesh[]; third: Mesh; far: Mesh }> {
  const room = createRoom();
  const tabs = [room.join()];
  await room.clock.advance(500);
  tabs.push(room.join());
  await room.clock.advance(3_000);
  const third = room.join(undefined, { wrap: blockAfter(1, report, (data) => `${data}-lost`) });
  for (let n = 0; n < 40 && tabs.some((mesh) => mesh.members.size < 3); n++) await room.clock.advance(500);
  const far = tabs.find((mesh) => third.members.get(mesh.id)?.link !== 'direct')!;
  return { room, tabs, third, far };
}

describe('in a room', () => {
  test('a link, this member, and nobody that is here', async () => {
    const room = createRoom();
    const a = room.join();
    const b = room.join();
    await room.clock.advance(3_000);
    expect(a.explain(b.id)).toEqual({ reason: 'linked', restMs: 0, last: undefined });
    expect([a.explain(a.id).reason, a.explain('0'.repeat(32)).reason, a.explain('').reason]).toEqual([
      'self',
      'unknown',
      'unknown',
    ]);
    b.close();
    await room.clock.advance(1_000);
    expect(a.explain(b.id).reason).toBe('unknown');
  });

  test('a pair that cannot connect is told why at the end that knows, first as such and then as resting', async () => {
    const { room, third, far } = await roomWithHole();
    expect(third.members.get(far.id)?.link).toBe('via');
    const seen = new Set<string>();
    for (let n = 0; n < 120; n++) {
      await room.clock.advance(500);
      seen.add(third.explain(far.id).reason);
    }
    expect([...seen].toSorted()).toEqual(['connecting', 'needs-turn', 'resting']);
    expect(third.explain(far.id).last).toMatchObject({ reason: 'needs-turn', iceErrors: report.iceErrors });
    const { refused } = third.stats();
    expect(refused['attempt-not-opened']).toBeGreaterThan(1);
    expect(refused['link-needs-turn']).toBe(refused['attempt-not-opened']);
    // The room is whole all the same.
    third.map('m').set('k', 1);
    await room.clock.advance(1_000);
    expect(far.map('m').get('k')).toBe(1);
  });

  test('a peer that accepts and never answers ran out of time, as told by the end that waits', async () => {
    const { room, third, far } = await roomWithHole();
    for (let n = 0; n < 120 && !far.explain(third.id).last; n++) await room.clock.advance(500);
    expect(far.explain(third.id).last).toMatchObject({ reason: 'timed-out', iceErrors: [] });
    expect(far.status.value).toBe('connected');
  });

  test('enough links are held in a larger room', async () => {
    const room = createRoom();
    const all: Mesh[] = [];
    for (let n = 0; n < 14; n++) {
      all.push(room.join());
      await room.clock.advance(300);
    }
    for (let n = 0; n < 80 && all.some((mesh) => mesh.members.size < 14); n++) await room.clock.advance(500);
    await room.clock.advance(20_000);
    const reasons = all.flatMap((a) => all.filter((b) => b !== a).map((b) => a.explain(b.id).reason));
    const unlinked = reasons.filter((reason) => reason !== 'linked');
    expect(unlinked.length).toBeGreaterThan(0);
    expect(unlinked.filter((reason) => reason === 'not-wanted').length / unlinked.length).toBeGreaterThan(
      0.8,
    );
  });
});

test('two who cannot be linked know no members, and tell why all the same', async () => {
  const room = createRoom();
  const wrap = blockAfter(0, report, (data) => `${data}-lost`);
  const [a, b] = [room.join(undefined, { wrap }), room.join(undefined, { wrap })];
  await room.clock.advance(12_000);
  expect([a.members.size, a.explain(b.id).last?.reason, b.explain(a.id).last?.reason]).toEqual([
    1,
    'needs-turn',
    'needs-turn',
  ]);
});

test('a description that comes too late for its attempt is counted, and harms nobody', async () => {
  let carried = 0;
  let deliver: (() => void) | undefined;
  // A request, its acceptance, and then the offer, which is held back until both ends have given up.
  const room = createRoom((data, pass) => {
    carried += 1;
    if (carried === 3) deliver = () => pass(data);
    else pass(data);
  });
  const a = room.join();
  const b = room.join();
  await room.clock.advance(12_000);
  const stale = (): number =>
    [a, b].reduce((sum, mesh) => sum + (mesh.stats().refused['stale-description'] ?? 0), 0);
  expect([a.stats().refused['attempt-not-opened'], stale()]).toEqual([1, 0]);
  deliver!();
  expect(stale()).toBe(1);
  await room.clock.advance(10_000);
  expect([a.explain(b.id).reason, b.explain(a.id).reason]).toEqual(['linked', 'linked']);
});
