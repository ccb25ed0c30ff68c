/** Channels of members declared dead: kept, knocked at, taken back into use, given up. */
import { describe, expect, it } from 'vitest';
import {
  createBench,
  linkAttempt,
  message,
  peer,
  request,
  requestIn,
  signal,
  takenBack,
  type Bench,
} from './helpers.ts';
import { defaultOverlayConfig, type OverlayConfig } from '#shared/overlay/config.ts';
import type { OverlayEffect } from '#shared/overlay/messages.ts';

const self = peer(100);
const [a, b, c] = [peer(1), peer(2), peer(3)] as const;
const { parkedMs, knockMs, degreeMax } = defaultOverlayConfig;

const knock = (other: typeof a): OverlayEffect => ({ kind: 'knock', peer: other });
const destroy = (other: typeof a): OverlayEffect => ({
  kind: 'destroy',
  peer: other,
  attempt: linkAttempt(other),
});

/** A node that holds links to `a` and `b`, and has given `a` up for dead. */
function parking(config: Partial<OverlayConfig> = {}): Bench {
  const bench = createBench(self, config);
  bench.linkTo(a, b);
  bench.feed({ kind: 'drop', peer: a, reason: 'declared-dead' });
  return bench;
}

describe('a parked channel', () => {
  it('stays open outside the degree, and its member is no reserve', () => {
    const bench = createBench(self);
    bench.linkTo(a, b);
    bench.feed({ kind: 'known', peer: a, degree: 2 });
    expect(bench.effects({ kind: 'drop', peer: a, reason: 'declared-dead' })).toEqual([
      { kind: 'neighborDown', peer: a, reason: 'declared-dead' },
    ]);
    expect(bench.overlay.inspect()).toMatchObject({ activeView: [b], passiveView: [], parked: [a] });
    expect(bench.effects({ kind: 'drop', peer: a, reason: 'declared-dead' })).toEqual([]);
  });

  it('is a link again with the first word that comes by it, without a construction', () => {
    const bench = parking();
    expect(bench.effects({ kind: 'heardStranger', peer: a })).toEqual([{ kind: 'neighborUp', peer: a }]);
    expect(bench.overlay.inspect()).toMatchObject({ activeView: [b, a], parked: [], constructed: 2 });
    expect(bench.effects({ kind: 'heardStranger', peer: a })).toEqual([]);
    expect(bench.effects({ kind: 'heardStranger', peer: c })).toEqual([]);
  });

  it('is no reserve once it is a link again, though others said before that it lives', () => {
    const bench = parking();
    bench.feed({ kind: 'known', peer: a, degree: 2 });
    expect(bench.overlay.inspect().passiveView).toEqual([a]);
    bench.feed({ kind: 'heardStranger', peer: a });
    expect(bench.overlay.inspect()).toMatchObject({ activeView: [b, a], passiveView: [] });
  });

  it('is knocked at every five seconds, and given up after a minute', () => {
    const bench = parking();
    expect(bench.tick(knockMs - 1)).not.toContainEqual(knock(a));
    expect(bench.tick(knockMs)).toContainEqual(knock(a));
    expect(bench.tick(2 * knockMs - 1)).not.toContainEqual(knock(a));
    expect(bench.tick(2 * knockMs)).toContainEqual(knock(a));
    const last = bench.tick(parkedMs);
    expect(last).toContainEqual(destroy(a));
    expect(last).not.toContainEqual(knock(a));
    expect(bench.overlay.inspect().parked).toEqual([]);
  });

  it('that the transport closes is gone, and needs no closing', () => {
    const bench = parking();
    expect(bench.effects({ kind: 'channelClosed', peer: a, attempt: linkAttempt(a) })).toEqual([]);
    expect(bench.overlay.inspect().parked).toEqual([]);
    expect(bench.effects({ kind: 'heardStranger', peer: a })).toEqual([]);
  });

  it('makes way for a new link to the same member', () => {
    const bench = parking();
    const effects = bench.effects(signal(a, request(linkAttempt(c), 'high')));
    const order = effects.map((effect) => effect.kind);
    expect(effects).toContainEqual(destroy(a));
    expect(order.indexOf('destroy')).toBeLessThan(order.indexOf('construct'));
    expect(bench.overlay.inspect()).toMatchObject({ pending: [a], parked: [] });
  });

  it('is a link again also while a request to its member waits for an answer, which is taken back', () => {
    const bench = parking();
    bench.feed({ kind: 'roomSize', size: 9 });
    const asked = requestIn([
      ...bench.feed({ kind: 'known', peer: a, degree: 2 }),
      ...[5_000, 10_000, 15_000].flatMap((atMs) => bench.tick(atMs)),
    ]);
    expect(asked.to).toBe(a);
    expect(bench.effects({ kind: 'heardStranger', peer: a })).toEqual([{ kind: 'neighborUp', peer: a }]);
    expect(bench.overlay.inspect()).toMatchObject({ activeView: [b, a], pending: [], parked: [] });
    // An answer that was on its way builds nothing, and its sender need not wait for us.
    expect(bench.effects(signal(a, { kind: 'accept', attempt: asked.attempt }))).toEqual([
      takenBack(a, asked.attempt),
    ]);
  });

  it('that revives where there is no slot is told to look elsewhere', () => {
    const bench = createBench(self);
    bench.feed({ kind: 'roomSize', size: 50 });
    bench.linkTo(a);
    bench.feed({ kind: 'drop', peer: a, reason: 'declared-dead' });
    // Accepting one after another, a node far over its target evicts; these hold on to theirs.
    bench.linkTo(...Array.from({ length: degreeMax }, (_, at) => peer(at + 10)));
    expect(bench.overlay.inspect().activeView).toHaveLength(degreeMax);
    expect(bench.effects({ kind: 'heardStranger', peer: a })).toEqual([
      { kind: 'send', to: a, message: { kind: 'disconnect', reason: 'evicted' } },
      destroy(a),
    ]);
  });

  it('whose member says goodbye after all is closed', () => {
    const bench = parking();
    expect(bench.effects({ kind: 'drop', peer: a, reason: 'leaving' })).toEqual([destroy(a)]);
  });

  it('is given up at the word of its other end', () => {
    const bench = parking();
    expect(bench.effects(message(a, { kind: 'disconnect', reason: 'evicted' }))).toEqual([destroy(a)]);
    expect(bench.overlay.inspect().parked).toEqual([]);
  });

  it('gives way to newer ones when there are too many', () => {
    const bench = parking({ parkedMax: 1 });
    expect(bench.effects({ kind: 'drop', peer: b, reason: 'declared-dead' })).toContainEqual(destroy(a));
    expect(bench.overlay.inspect().parked).toEqual([b]);
  });
});
