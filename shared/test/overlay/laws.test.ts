/** Whatever arrives, in whatever order, at whatever time: the views keep their laws and nothing throws. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { attempt, createBench, peer } from './helpers.ts';
import { createRng } from '#shared/base/rng.ts';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';
import type { OverlayEffect, OverlayInput, OverlayTimer } from '#shared/overlay/messages.ts';
import { createPassiveView } from '#shared/overlay/view.ts';

const SELF = peer(20);
const somePeer = fc.integer({ min: 1, max: 40 }).map(peer);
const someTrail = fc.array(somePeer, { maxLength: 18 });
const somePriority = fc.constantFrom('high' as const, 'low' as const);

/** An input in which the attempt is still open: either a strange one or one that the layer itself made. */
type Draft = (known: (at: number) => AttemptId, due: (at: number) => OverlayTimer) => OverlayInput;

const someAttempt = fc.record({ own: fc.boolean(), at: fc.nat(30) });
const pickAttempt =
  (pick: { own: boolean; at: number }) =>
  (known: (at: number) => AttemptId): AttemptId =>
    pick.own ? known(pick.at) : attempt(pick.at);

const draft: fc.Arbitrary<Draft> = fc.oneof(
  fc
    .record({
      from: somePeer,
      trail: someTrail,
      pick: someAttempt,
      priority: somePriority,
      forward: fc.boolean(),
    })
    .map(({ from, trail, pick, priority, forward }): Draft => (known) => ({
      kind: 'signal',
      from,
      trail,
      signal: { kind: 'request', attempt: pickAttempt(pick)(known), priority, forward },
    })),
  fc
    .record({
      from: somePeer,
      trail: fc.array(somePeer, { maxLength: 2 }),
      pick: someAttempt,
      kind: fc.constantFrom('accept' as const, 'refuse' as const, 'description' as const),
    })
    .map(({ from, trail, pick, kind }): Draft => (known) => {
      const id = pickAttempt(pick)(known);
      if (kind === 'accept') return { kind: 'signal', from, trail, signal: { kind, attempt: id } };
      if (kind === 'refuse') {
        return { kind: 'signal', from, trail, signal: { kind, attempt: id, reason: 'full' } };
      }
      return { kind: 'signal', from, trail, signal: { kind, attempt: id, wireVersion: 1, data: 'x' } };
    }),
  fc
    .record({ from: somePeer, newcomer: somePeer, trail: someTrail, ttl: fc.integer({ min: -1, max: 9 }) })
    .map(({ from, newcomer, trail, ttl }): Draft => () => ({
      kind: 'message',
      from,
      message: {
        kind: 'forwardJoin',
        newcomer,
        attempt: attempt(99),
        priority: 'high',
        ttl,
        trail: [...trail.slice(0, 6), from],
      },
    })),
  fc.record({ from: somePeer }).map(({ from }): Draft => () => ({
    kind: 'message',
    from,
    message: { kind: 'disconnect', reason: 'evicted' },
  })),
  fc.array(somePeer, { maxLength: 20 }).map((peers): Draft => () => ({ kind: 'contacts', peers })),
  fc
    .record({ peer: somePeer, degree: fc.nat(10) })
    .map(({ peer: other, degree }): Draft => () => ({ kind: 'known', peer: other, degree })),
  somePeer.map((other): Draft => () => ({ kind: 'forget', peer: other })),
  fc.nat(60).map((size): Draft => () => ({ kind: 'roomSize', size })),
  fc
    .record({
      peer: somePeer,
      pick: someAttempt,
      kind: fc.constantFrom('channelOpened' as const, 'channelClosed' as const),
    })
    .map(({ peer: other, pick, kind }): Draft => (known) => ({
      kind,
      peer: other,
      attempt: pickAttempt(pick)(known),
    })),
  fc.nat(50).map((at): Draft => (_, due) => ({ kind: 'timer', timer: due(at) })),
  fc
    .record({ peer: somePeer, reason: fc.constantFrom('declared-dead' as const, 'leaving' as const) })
    .map(({ peer: other, reason }): Draft => () => ({ kind: 'drop', peer: other, reason })),
  somePeer.map((other): Draft => () => ({ kind: 'heardStranger', peer: other })),
  fc
    .record({ peer: somePeer, atMs: fc.nat(60_000) })
    .map(({ peer: other, atMs }): Draft => () => ({ kind: 'heard', peer: other, heardAt: instant(atMs) })),
  fc.constantFrom<Draft>(
    () => ({ kind: 'serverAttached' }),
    () => ({ kind: 'serverDetached' }),
  ),
);

/** What a shell would hold: it fails when told to construct twice, or to touch what is not there. */
function checkTransport(built: Map<PeerId, AttemptId>, effect: OverlayEffect): void {
  if (effect.kind === 'construct') {
    expect(built.has(effect.peer)).toBe(false);
    built.set(effect.peer, effect.attempt);
  }
  if (effect.kind === 'describe' || effect.kind === 'destroy') {
    expect(built.get(effect.peer)).toBe(effect.attempt);
  }
  if (effect.kind === 'destroy') built.delete(effect.peer);
}

it('the views never hold self, never overflow and share no peer; the transport is told what makes sense', () => {
  const run = fc.array(fc.tuple(draft, fc.nat(4_000)), { minLength: 20, maxLength: 120 });
  fc.assert(
    fc.property(run, fc.nat(1_000), (steps, seed) => {
      const bench = createBench(SELF, { passiveViewSizeMax: 10, candidatesMax: 5 }, seed);
      const attempts: AttemptId[] = [attempt(0)];
      const timers: OverlayTimer[] = [{ kind: 'maintain', token: 0 }];
      const built = new Map<PeerId, AttemptId>();
      let atMs = 0;
      for (const [make, waitMs] of steps) {
        atMs += waitMs;
        const input = make(
          (at) => attempts.at(-1 - (at % attempts.length)) ?? attempt(0),
          (at) => timers.at(-1 - (at % timers.length)) ?? { kind: 'maintain', token: 0 },
        );
        if (input.kind === 'channelClosed' && built.get(input.peer) === input.attempt)
          built.delete(input.peer);
        for (const effect of bench.feed(input, atMs)) {
          checkTransport(built, effect);
          if (effect.kind === 'signal') attempts.push(effect.signal.attempt);
          if (effect.kind === 'schedule') timers.push(effect.timer);
        }
        const { activeView, passiveView, pending, parked } = bench.overlay.inspect();
        const linked = [...activeView, ...pending];
        expect([...linked, ...passiveView]).not.toContain(SELF);
        expect(parked.filter((other) => linked.includes(other))).toEqual([]);
        expect(linked.length).toBeLessThanOrEqual(10);
        expect(new Set(linked).size).toBe(linked.length);
        expect(passiveView.length).toBeLessThanOrEqual(10);
        expect(passiveView.filter((other) => activeView.includes(other))).toEqual([]);
      }
    }),
    { seed: 20_261_122, numRuns: 300 },
  );
});

it('a full passive view stays a fair sample of those offered, however often they are offered', () => {
  const held = new Map<PeerId, number>();
  for (let seed = 0; seed < 200; seed++) {
    const view = createPassiveView(defaultOverlayConfig.passiveViewSizeMax, createRng([seed]));
    for (let round = 0; round < 3; round++) for (let at = 1; at <= 120; at++) view.add(peer(at), 120);
    for (const one of view.peers()) held.set(one, (held.get(one) ?? 0) + 1);
  }
  // Each should be in a quarter of the 200 views: 50, give or take 6 (one standard deviation).
  const counts = Array.from({ length: 120 }, (_, at) => held.get(peer(at + 1)) ?? 0);
  expect(Math.min(...counts)).toBeGreaterThan(20);
  expect(Math.max(...counts)).toBeLessThan(85);
});
