/** Several members in virtual time: a reliable lane that delays and reorders, a volatile one that also loses. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareIds, epoch, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { compareVersions, versionToText } from '#shared/base/version.ts';
import type { PresenceEffect, PresenceRecord, PresenceUpdate } from '#shared/presence/messages.ts';
import { a, b, createShower, peer, record, type Shower, updateOf } from './fixture.ts';

interface World {
  readonly members: ReadonlyMap<PeerId, Shower>;
  readonly runUntil: (at: number) => void;
  readonly set: (at: number, who: PeerId, fields: Record<string, number | undefined>) => void;
  /** Volatile and other frames sent so far by everyone. */
  readonly sent: { volatile: number; rest: number };
}

function createWorld(options: { size: number; latencyMsMax: number; loss: number; seed: number }): World {
  const rng = createRng([options.seed]);
  const ids = Array.from({ length: options.size }, (_, at) => peer(at + 1));
  const members = new Map(ids.map((self) => [self, createShower({ self, epoch: epoch(1) })]));
  const sent = { volatile: 0, rest: 0 };
  let underWay: { readonly dueMs: number; readonly to: Shower; readonly update: PresenceUpdate }[] = [];

  const send = (effects: readonly PresenceEffect[], from: PeerId, at: number): void => {
    for (const effect of effects) {
      if (effect.kind !== 'publish') continue;
      sent[effect.update.grade === 'rest' ? 'rest' : 'volatile'] += 1;
      for (const [id, to] of members) {
        const isLost = effect.update.grade !== 'rest' && rng.fraction() < options.loss;
        const dueMs = at + 1 + rng.below(options.latencyMsMax);
        if (id !== from && !isLost) underWay.push({ dueMs, to, update: effect.update });
      }
    }
  };

  const step = (at: number): void => {
    const due = underWay.filter(({ dueMs }) => dueMs <= at);
    underWay = underWay.filter(({ dueMs }) => dueMs > at);
    for (const { to, update } of due) to.update(at, update);
    for (const [id, member] of members) send(member.runUntil(at), id, at);
  };

  let nowMs = 0;
  const runUntil = (at: number): void => {
    for (; nowMs < at; nowMs++) step(nowMs + 1);
  };
  for (const [, member] of members) member.neighbors(0, options.size - 1);
  return {
    members,
    runUntil,
    set: (at, who, fields) => {
      runUntil(at);
      send(members.get(who)?.set(at, fields) ?? [], who, at);
    },
    sent,
  };
}

describe('a room', () => {
  test.each([1, 2, 3])('shows the same everywhere once all hands rest (seed %d)', (seed) => {
    const world = createWorld({ size: 5, latencyMsMax: 120, loss: 0.3, seed });
    const rng = createRng([seed, 5]);
    const ids = [...world.members.keys()];
    for (let at = 1; at <= 3_000; at += 8) {
      const field = rng.pick(['x', 'y', 'name'])!;
      world.set(at, rng.pick(ids)!, { [field]: rng.below(6) === 0 ? undefined : at });
    }
    world.runUntil(6_000);
    const [first, ...others] = [...world.members.values()].map((member) => member.inspect().fieldsByOwner);
    expect(first?.size).toBe(5);
    for (const other of others) expect(other).toEqual(first);
  });

  test('hears a mover 30 times a second, and once when it rests', () => {
    const world = createWorld({ size: 3, latencyMsMax: 20, loss: 0, seed: 1 });
    for (let at = 1; at <= 2_000; at += 5) world.set(at, peer(1), { pointer: at });
    world.runUntil(4_000);
    expect(world.sent.rest).toBe(2);
    expect(world.sent.volatile).toBeGreaterThanOrEqual(57);
    expect(world.sent.volatile).toBeLessThanOrEqual(61);
  });

  test('sees a movement while it lasts', () => {
    const world = createWorld({ size: 2, latencyMsMax: 20, loss: 0, seed: 1 });
    const lags: number[] = [];
    for (let at = 1; at <= 1_000; at += 5) {
      world.set(at, peer(1), { pointer: at });
      const seen = world.members.get(peer(2))?.shows(peer(1))['pointer'];
      if (at > 100) lags.push(at - Number(seen));
    }
    expect(Math.max(...lags)).toBeLessThanOrEqual(33 + 20 + 10);
  });
});

describe('laws', () => {
  const claims = fc.array(
    fc.record({
      field: fc.constantFrom('x', 'y'),
      epoch: fc.integer({ min: 1, max: 2 }),
      seq: fc.integer({ min: 1, max: 5 }),
      grade: fc.constantFrom('rest', 'anchor', 'passing'),
    }),
    { maxLength: 20 },
  );
  type Claims = typeof claims extends fc.Arbitrary<infer T> ? T : never;

  /** What is shown, and the table of records that the effects built, after these claims and a rest. */
  function outcomeOf(all: Claims): { shown: unknown; records: unknown } {
    const shower = createShower({ self: a });
    const records = new Map<string, string>();
    for (const { field, epoch: life, seq, grade } of all) {
      const origin = { owner: b, epoch: life };
      const claimed = [field, seq, `${life}.${seq}`] as const;
      const update = updateOf(origin, grade, [claimed]);
      for (const effect of shower.update(0, update)) {
        if (effect.kind === 'recordChanged') records.set(effect.key, versionToText(effect.version));
        if (effect.kind === 'recordRemoved') records.delete(effect.key);
      }
    }
    shower.runUntil(10_000);
    return { shown: shower.shows(b), records: [...records].toSorted(([x], [y]) => compareIds(x, y)) };
  }

  test('the order in which claims come does not matter, nor how often', () => {
    fc.assert(
      fc.property(
        claims.chain((all) =>
          fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
        ),
        ([all, shuffled]) => {
          expect(outcomeOf([...shuffled, ...shuffled])).toEqual(outcomeOf(all));
        },
      ),
      { seed: 1, numRuns: 500 },
    );
  });

  test('the newest proven value of the newest epoch is what is shown in the end', () => {
    fc.assert(
      fc.property(claims, (all) => {
        const newestEpoch = Math.max(...all.map((claim) => claim.epoch));
        const newest = new Map<string, PresenceRecord>();
        for (const { field, epoch: life, seq, grade } of all) {
          const held = newest.get(field);
          if (grade === 'passing' || life < newestEpoch) continue;
          const claimed = record({ owner: b, epoch: life }, [field, seq, `${life}.${seq}`]);
          if (!held || compareVersions(versionOf(held), versionOf(claimed)) < 0) newest.set(field, claimed);
        }
        const shown = Object.fromEntries([...newest].map(([field, { value }]) => [field, value]));
        expect(outcomeOf(all).shown).toEqual(shown);
      }),
      { seed: 2, numRuns: 500 },
    );
  });
});

function versionOf(kept: PresenceRecord): { major: number; minor: number; by: null } {
  return { major: kept.epoch, minor: kept.seq, by: null };
}
