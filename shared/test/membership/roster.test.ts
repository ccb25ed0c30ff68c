import { fc, test } from '@fast-check/vitest';
import { describe, expect, it } from 'vitest';
import { epoch, incarnation } from '#shared/base/ids.ts';
import { instant } from '#shared/base/time.ts';
import { compareVersions } from '#shared/base/version.ts';
import { defaultMembershipConfig } from '#shared/membership/config.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import { createRoster, rosterVersion, supersedes } from '#shared/membership/roster.ts';
import { a, b, c, identity, links, peer } from './fixtures.ts';

const identities: fc.Arbitrary<IdentityRecord> = fc
  .record({ epoch: fc.nat(3), inc: fc.nat(3), left: fc.boolean() })
  .map((change) => identity(b, change));

describe('supersedes', () => {
  test.prop([identities], { seed: 1 })('is irreflexive', (one) => {
    expect(supersedes(one, one)).toBe(false);
  });
  test.prop([identities, identities], { seed: 2 })(
    'orders any two that differ one way only',
    (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other);
      expect(Number(supersedes(one, other)) + Number(supersedes(other, one))).toBe(same ? 0 : 1);
    },
  );
  test.prop([identities, identities, identities], { seed: 3 })('is transitive', (one, two, three) => {
    fc.pre(supersedes(one, two) && supersedes(two, three));
    expect(supersedes(one, three)).toBe(true);
  });
  test.prop([identities, identities], { seed: 4 })('agrees with the version in the table', (one, other) => {
    expect(supersedes(one, other)).toBe(compareVersions(rosterVersion(one), rosterVersion(other)) > 0);
  });

  it.each([
    ['a new epoch wins over any incarnation', identity(b, { epoch: 2 }), identity(b, { inc: 9, left: true })],
    ['a refutation wins over a goodbye', identity(b, { inc: 1 }), identity(b, { left: true })],
    ['a goodbye wins over alive', identity(b, { left: true }), identity(b)],
  ])('%s', (_, newer, older) => {
    expect(supersedes(newer, older)).toBe(true);
  });
});

describe('the roster', () => {
  const at = instant(0);
  const departed = {
    epoch: epoch(1),
    incarnation: incarnation(0),
    reason: 'goodbye',
    decided: 'openly',
    claim: identity(b, { left: true }),
    since: at,
  } as const;

  it('forgets the departed after fifteen minutes', () => {
    const roster = createRoster(defaultMembershipConfig);
    roster.depart(b, departed);
    roster.expire(instant(899_999));
    expect(roster.departed(b)).toEqual(departed);
    roster.expire(instant(900_000));
    expect(roster.departed(b)).toBeUndefined();
  });

  it('holds whom we ended alone, but they bar nothing', () => {
    const roster = createRoster(defaultMembershipConfig);
    roster.depart(b, { ...departed, decided: 'alone' });
    expect(roster.departed(b)?.decided).toBe('alone');
    expect(roster.ended(b)).toBeUndefined();
    roster.depart(b, departed);
    expect(roster.ended(b)).toEqual(departed);
  });

  it('remembers no more departed of each kind than its share, the oldest gives way', () => {
    const roster = createRoster({ ...defaultMembershipConfig, departedMax: 16 });
    const remembered = (name: string): readonly number[] =>
      Array.from({ length: 20 }, (_, nth) => nth).filter((nth) => roster.departed(peer(`${name}${nth}`)));
    for (let nth = 0; nth < 5; nth++)
      roster.depart(peer(`expelled${nth}`), { ...departed, reason: 'expelled' });
    for (let nth = 0; nth < 9; nth++) {
      roster.setIdentity(identity(peer(`member${nth}`)), instant(0));
      roster.depart(peer(`member${nth}`), departed);
    }
    for (let nth = 0; nth < 20; nth++) roster.depart(peer(`stranger${nth}`), departed);
    expect(remembered('expelled')).toEqual([1, 2, 3, 4]);
    expect(remembered('member')).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(remembered('stranger')).toEqual([16, 17, 18, 19]);
    expect([...roster.allDeparted()].length).toBe(16);
    // A later word about one who was a member leaves it among the members.
    roster.depart(peer('member1'), departed);
    roster.depart(peer('stranger20'), departed);
    expect(remembered('member')).toHaveLength(8);
  });

  it('holds the newest early links of a member, and gives them only to their epoch', () => {
    const roster = createRoster(defaultMembershipConfig);
    roster.holdEarly(links(b, [a], { seq: 2 }));
    roster.holdEarly(links(b, [], { seq: 1 }));
    expect(roster.takeEarly(b, epoch(0))).toBeUndefined();
    expect(roster.takeEarly(b, epoch(1))).toEqual(links(b, [a], { seq: 2 }));
    expect(roster.takeEarly(b, epoch(1))).toBeUndefined();
  });

  it('holds no more early links than its limit', () => {
    const roster = createRoster({ ...defaultMembershipConfig, earlyLinksMax: 1 });
    roster.holdEarly(links(b, []));
    roster.holdEarly(links(c, []));
    expect(roster.takeEarly(b, epoch(1))).toBeUndefined();
    expect(roster.takeEarly(c, epoch(1))).toEqual(links(c, []));
  });
});
