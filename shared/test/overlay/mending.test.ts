/** Links that fell silent: restarted in place, around the silent channel, and seldom enough. */
import { describe, expect, it } from 'vitest';
import {
  contacts,
  createBench,
  linkAttempt,
  peer,
  requestIn,
  requestsIn,
  signal,
  type Bench,
} from './helpers.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import type { OverlayEffect, OverlayInput, OverlaySignal } from '#shared/overlay/messages.ts';

const self = peer(100);
const [a, b, c, d] = [peer(1), peer(2), peer(3), peer(4)] as const;
const { restartEveryMs, openTimeoutMs, cutOffMs } = defaultOverlayConfig;

const silent = (other: typeof a): OverlayInput => ({ kind: 'silent', peer: other });
const restart = (other: typeof a): OverlayEffect => ({
  kind: 'restart',
  peer: other,
  attempt: linkAttempt(other),
});
const description = (data: string): OverlaySignal => ({
  kind: 'description',
  attempt: linkAttempt(a),
  wireVersion: 1,
  data,
});
const described: OverlayInput = {
  kind: 'described',
  peer: a,
  attempt: linkAttempt(a),
  wireVersion: 1,
  data: 'ours',
};
const around = (route: readonly (typeof a)[] | null): OverlayEffect => ({
  kind: 'signalAround',
  to: a,
  route,
  signal: description('ours'),
});

function linked(): Bench {
  const bench = createBench(self);
  bench.linkTo(a, b);
  return bench;
}

describe('a neighbor of whom nothing comes', () => {
  it('has its link restarted in place, and again only after a while', () => {
    const bench = linked();
    expect(bench.effects(silent(a), 1_000)).toEqual([restart(a)]);
    expect(bench.effects(silent(a), 1_000 + restartEveryMs - 1)).toEqual([]);
    expect(bench.effects(silent(b), 1_100)).toEqual([restart(b)]);
    expect(bench.effects(silent(a), 1_000 + restartEveryMs)).toEqual([restart(a)]);
    expect(bench.overlay.inspect()).toMatchObject({ restarts: 3, constructed: 2, activeView: [a, b] });
  });

  it('is one to whom there is a link', () => {
    const bench = linked();
    bench.feed({ kind: 'drop', peer: a, reason: 'declared-dead' });
    for (const other of [a, c]) expect(bench.effects(silent(other), 1_000)).toEqual([]);
    expect(bench.overlay.inspect().restarts).toBe(0);
  });
});

describe('what the ends of an open channel describe', () => {
  it('goes around the channel', () => {
    expect(linked().effects(described, 1_000)).toEqual([around(null)]);
  });

  it('reaches the transport, and its answer goes back by the way that it came', () => {
    const bench = linked();
    expect(bench.effects(signal(a, description('theirs'), [c, b]), 1_000)).toEqual([
      { kind: 'describe', peer: a, attempt: linkAttempt(a), wireVersion: 1, data: 'theirs' },
    ]);
    expect(bench.effects(described, 1_020)).toEqual([around([b, c])]);
    expect(bench.effects(described, 1_000 + openTimeoutMs)).toEqual([around(null)]);
  });

  it('does so too where the channel is parked, and not when it is gone', () => {
    const bench = linked();
    bench.feed({ kind: 'drop', peer: a, reason: 'declared-dead' }, 1_000);
    expect(bench.effects(signal(a, description('theirs')), 2_000)).toMatchObject([{ kind: 'describe' }]);
    expect(bench.effects(described, 2_020)).toEqual([around([])]);
    bench.feed({ kind: 'channelClosed', peer: a, attempt: linkAttempt(a) }, 3_000);
    expect(bench.effects(signal(a, description('theirs')), 4_000)).toEqual([]);
    expect(bench.effects(described, 4_000)).toEqual([]);
    expect(bench.overlay.inspect().staleDescriptions).toBe(1);
  });

  it('is of the attempt that opened it', () => {
    const bench = linked();
    const other = { ...description('theirs'), attempt: linkAttempt(b) };
    expect(bench.effects(signal(a, other), 1_000)).toEqual([]);
    expect(bench.overlay.inspect().staleDescriptions).toBe(1);
  });
});

describe('where no neighbor is heard', () => {
  /** Three of the room of four are neighbors; the server knows another half. */
  function cutOff(): Bench {
    const bench = createBench(self);
    for (const other of [a, b, c]) bench.feed({ kind: 'known', peer: other, degree: 3 });
    bench.feed({ kind: 'roomSize', size: 4 });
    bench.linkTo(a, b, c);
    bench.feed({ kind: 'serverAttached' }, 60_000);
    return bench;
  }

  it('the server is asked for others, and one of them for a link', () => {
    const bench = cutOff();
    expect(bench.effects({ kind: 'cutOff' }, 100_000)).toEqual([{ kind: 'needContacts' }]);
    expect(bench.effects({ kind: 'cutOff' }, 100_250)).toEqual([]);
    bench.feed({ kind: 'known', peer: d, degree: 3 }, 100_250);
    expect(requestIn(bench.effects(contacts(a, d), 100_500))).toMatchObject({
      to: d,
      priority: 'high',
      route: [],
    });
  });

  it('nobody is asked any more when it is a while ago', () => {
    const bench = cutOff();
    bench.feed({ kind: 'cutOff' }, 100_000);
    bench.feed({ kind: 'known', peer: d, degree: 3 }, 100_250);
    expect(requestsIn(bench.effects(contacts(a, d), 100_000 + cutOffMs))).toBe(0);
  });

  it('and without the server nobody can be asked', () => {
    const bench = cutOff();
    bench.feed({ kind: 'serverDetached' }, 90_000);
    expect(bench.effects({ kind: 'cutOff' }, 100_000)).toEqual([]);
  });
});
