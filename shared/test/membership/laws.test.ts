/** Whatever comes, in whatever order: the layer keeps its bounds and its invariant. */
import { fc, test } from '@fast-check/vitest';
import { describe, expect } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import { defaultMembershipConfig } from '#shared/membership/config.ts';
import { createMembership } from '#shared/membership/membership.ts';
import type { Claim, MembershipInput, Verdict } from '#shared/membership/messages.ts';
import { compareLives } from '#shared/membership/roster.ts';
import { a, accusation, b, c, d, identity, links, objection, verdict } from './fixtures.ts';

/** The same of another life: of one that is over, or of one that we may have missed the beginning of. */
function inEpoch(said: Verdict, life: number): Verdict {
  const accusations = said.accusations.map((each) => ({ ...each, epoch: epoch(life) }));
  return { ...said, epoch: epoch(life), accusations };
}

const id = fc.constantFrom(a, b, c, d);
const other = fc.constantFrom(b, c, d);
const inc = fc.nat(3);
const claim: fc.Arbitrary<Claim> = fc.oneof(
  fc
    .record({ id, inc, epoch: fc.integer({ min: 0, max: 2 }), left: fc.boolean() })
    .map((one) => identity(one.id, one)),
  fc.record({ id, seq: fc.nat(9), to: fc.subarray([a, b, c, d]) }).map((one) => links(one.id, one.to, one)),
  fc
    .record({ id, by: id, inc, epoch: fc.integer({ min: 0, max: 2 }), silentMs: fc.nat(9_000) })
    .map((one) => accusation(one.id, one.by, one)),
  fc.record({ id, by: id, inc }).map((one) => objection(one.id, one.by, one.inc)),
  fc
    .record({ id, by: fc.subarray([a, b, c, d]), inc, epoch: fc.integer({ min: 0, max: 3 }) })
    .map((one) => inEpoch(verdict(one.id, one.by, one.inc), one.epoch)),
);
const token = fc.nat(40);
const input: fc.Arbitrary<MembershipInput> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('claim' as const), from: other, claim }) },
  fc.record({
    kind: fc.constantFrom('neighborUp' as const, 'neighborDown' as const, 'heard' as const),
    peer: other,
  }),
  fc.record({ kind: fc.constant('stability' as const), stamp: fc.nat() }),
  fc.record({
    kind: fc.constant('message' as const),
    from: other,
    message: fc.oneof(
      fc.record({ kind: fc.constant('ping' as const), probe: fc.nat(), tickMs: fc.integer() }),
      fc.record({ kind: fc.constant('ack' as const), probe: fc.nat() }),
    ),
  }),
  fc.record({
    kind: fc.constant('routed' as const),
    from: other,
    message: fc.record({
      kind: fc.constantFrom('routedPing' as const, 'routedAck' as const),
      probe: fc.nat(),
    }),
  }),
  fc.record({
    kind: fc.constant('timer' as const),
    timer: fc.oneof(
      token.map((number) => ({ kind: 'watch' as const, token: number, dueAt: now(0).instant })),
      fc.record({ kind: fc.constantFrom('orphans' as const, 'publishLinks' as const), token }),
    ),
  }),
);
const story = fc.array(fc.tuple(fc.constantFrom(0, 10, 250, 900, 2_500, 11_000), input), { maxLength: 80 });

/** A table as reconciliation keeps it, from the effects alone. */
function runStory(steps: readonly (readonly [number, MembershipInput])[]): {
  readonly table: ReadonlySet<string>;
  readonly members: readonly string[];
  readonly up: ReadonlySet<string>;
} {
  const layer = createMembership({ self: a, epoch: epoch(1), rng: createRng([1]) }, defaultMembershipConfig);
  const table = new Set<string>();
  const up = new Set<string>([a]);
  let time = 0;
  let life = identity(a);
  for (const [wait, step] of [[0, { kind: 'start' }] as const, ...steps]) {
    time += wait;
    for (const effect of layer.handle(step, now(time))) {
      if (effect.kind === 'recordChanged') table.add(effect.key);
      if (effect.kind === 'recordRemoved') expect(table.delete(effect.key)).toBe(true);
      if (effect.kind === 'memberUp') up.add(effect.id);
      if (effect.kind === 'memberGone') expect(up.delete(effect.id)).toBe(true);
    }
    const snapshot = layer.inspect();
    const next = identity(a, { epoch: snapshot.members.get(a)!.epoch, inc: snapshot.incarnation });
    expect(compareLives(next, life)).toBeGreaterThanOrEqual(0);
    life = next;
    for (const gone of snapshot.departed.keys()) expect(snapshot.members.has(gone)).toBe(false);
    expect(snapshot.members.get(a)?.status).toBe('alive');
  }
  return { table, members: [...layer.inspect().members.keys()], up };
}

describe('after any story', () => {
  test.prop([story], { seed: 11, numRuns: 300 })(
    'tables, events and roster tell the same members',
    (steps) => {
      const { table, members, up } = runStory(steps);
      expect(up).toEqual(new Set(members));
      const identities = [...table].filter((key) => key.startsWith('i:')).map((key) => key.slice(2));
      expect(new Set(identities)).toEqual(new Set(members));
      for (const key of table) expect(members).toContain(key.slice(2));
    },
  );

  test.prop([story], { seed: 12, numRuns: 100 })('it ends as it would end again', (steps) => {
    expect(runStory(steps)).toEqual(runStory(steps));
  });
});

describe('merging what owners say of themselves', () => {
  /**
   * Nobody says two things under one number. Of one life: links of a life that has not begun are kept for a while only,
   * and those of one that seems over are left out; the next comparison brings them.
   */
  const owned: fc.Arbitrary<Claim> = fc.oneof(
    fc.record({ id: other, inc }).map((one) => identity(one.id, one)),
    fc.record({ id: other, seq: fc.nat(7) }).map((one) =>
      links(
        one.id,
        [a, b, c, d].filter((_, at) => one.seq & (1 << at)),
        one,
      ),
    ),
  );
  const goodbyes = fc
    .record({ id: other, inc, epoch: fc.integer({ min: 0, max: 2 }), left: fc.boolean() })
    .map((one) => identity(one.id, one));

  /** The roster, and the table as reconciliation keeps it; and how often a record changed in the second half. */
  const merge = (claims: readonly Claim[]): { readonly held: unknown; readonly changesAgain: number } => {
    const layer = createMembership(
      { self: a, epoch: epoch(1), rng: createRng([1]) },
      defaultMembershipConfig,
    );
    layer.handle({ kind: 'start' }, now(0));
    const table = new Map<string, string>();
    let changes = 0;
    const take = (from: typeof b): void => {
      changes = 0;
      for (const one of claims)
        for (const effect of layer.handle({ kind: 'claim', from, claim: one }, now(1))) {
          if (effect.kind === 'recordRemoved') table.delete(effect.key);
          if (effect.kind !== 'recordChanged') continue;
          table.set(effect.key, JSON.stringify(effect.record));
          changes += 1;
        }
    };
    take(b);
    const { members, departed } = layer.inspect();
    const held = [members, departed, table].map((map) => [...map].toSorted(([x], [y]) => (x < y ? -1 : 1)));
    take(c);
    return { held, changesAgain: changes };
  };
  const shuffled = (claims: fc.Arbitrary<Claim>) =>
    fc
      .array(claims, { maxLength: 20 })
      .chain((all) => fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })));

  test.prop([shuffled(owned)], { seed: 13, numRuns: 500 })(
    'records of the living come out the same in any order',
    ([one, another]) => {
      expect(merge(another).held).toEqual(merge(one).held);
    },
  );
  test.prop([shuffled(goodbyes)], { seed: 14, numRuns: 500 })('so do their goodbyes', ([one, another]) => {
    expect(merge(another).held).toEqual(merge(one).held);
  });
  test.prop([fc.oneof(fc.array(owned, { maxLength: 20 }), fc.array(goodbyes, { maxLength: 20 }))], {
    seed: 15,
    numRuns: 300,
  })('and when they come again, nothing changes', (all) => {
    expect(merge(all).changesAgain).toBe(0);
  });
});
