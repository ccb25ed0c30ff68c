/** The two records: one input, and the whole list of its consequences. */
import { describe, expect, it } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import { createRng } from '#shared/base/rng.ts';
import { instant, now } from '#shared/base/time.ts';
import { defaultMembershipConfig } from '#shared/membership/config.ts';
import { createMembership } from '#shared/membership/membership.ts';
import type { MembershipEffect } from '#shared/membership/messages.ts';
import { publish, changed, removed, misbehaved, refuted, claimsOf } from './expected.ts';
import {
  a,
  accusation,
  b,
  c,
  createBench,
  createRoom,
  d,
  e,
  identity,
  keepHearing,
  links,
  peer,
  verdict,
  withoutProbe,
} from './fixtures.ts';

describe('start and leave', () => {
  it('start publishes the identity and sets both clocks going', () => {
    const layer = createMembership(
      { self: a, epoch: epoch(1), rng: createRng([1]) },
      defaultMembershipConfig,
    );
    expect(layer.handle({ kind: 'start' }, now(0))).toEqual([
      publish(identity(a)),
      changed(identity(a)),
      { kind: 'schedule', timer: { kind: 'watch', token: 1, dueAt: instant(1_000) }, afterMs: 1_000 },
      { kind: 'schedule', timer: { kind: 'orphans', token: 1 }, afterMs: 5_000 },
    ]);
  });

  it('the identity names the newest version of the wire that its owner speaks', () => {
    const layer = createMembership(
      { self: a, epoch: epoch(1), rng: createRng([1]) },
      { ...defaultMembershipConfig, wireVersion: 3 },
    );
    expect(layer.handle({ kind: 'start' }, now(0))[0]).toEqual(publish(identity(a, { wireVersion: 3 })));
  });

  it.each([0, 256])('%d is no version to be configured', (wireVersion) => {
    const config = { ...defaultMembershipConfig, wireVersion };
    const create = (): unknown => createMembership({ self: a, epoch: epoch(1), rng: createRng([1]) }, config);
    expect(create).toThrow('wireVersion is');
  });

  it('leave says goodbye in the same incarnation, and nothing follows', () => {
    const bench = createRoom([b], [b]);
    expect(bench.at(10, { kind: 'leave' })).toEqual([
      publish(identity(a, { left: true })),
      removed('i:a'),
      removed('l:a'),
    ]);
    expect(bench.runTo(20_000)).toEqual([]);
    expect(bench.claim(20_000, b, accusation(a, b))).toEqual([]);
    expect(
      bench.at(20_000, { kind: 'message', from: b, message: { kind: 'ping', probe: 1, tickMs: 250 } }),
    ).toEqual([]);
  });

  it('starting twice, or with anything else, is our own mistake', () => {
    expect(() => createBench().at(1, { kind: 'start' })).toThrow('once');
    const layer = createMembership(
      { self: a, epoch: epoch(1), rng: createRng([1]) },
      defaultMembershipConfig,
    );
    expect(() => layer.handle({ kind: 'leave' }, now(0))).toThrow('start');
  });
});

describe('identity claims', () => {
  it('a newcomer is up, and nothing is published again', () => {
    expect(createBench().claim(0, b, identity(c))).toEqual([
      changed(identity(c)),
      { kind: 'memberUp', id: c, epoch: epoch(1), returned: false },
    ]);
  });

  it.each([0, 256, 1.5])('a record that names version %d is malformed', (wireVersion) => {
    expect(createRoom([b], [b]).claim(0, b, identity(c, { wireVersion }))).toEqual([
      misbehaved('malformed-claim'),
    ]);
  });

  it('another version in the same life is nothing', () => {
    const bench = createRoom([b], []);
    bench.claim(0, b, identity(c, { wireVersion: 2 }));
    expect(bench.claim(1, b, identity(c, { wireVersion: 1 }))).toEqual([]);
  });

  it('an old or equal record is nothing', () => {
    const bench = createRoom([b], []);
    bench.claim(0, b, identity(c, { inc: 3 }));
    expect(bench.claim(1, b, identity(c, { inc: 3 }))).toEqual([]);
    expect(bench.claim(1, b, identity(c, { inc: 2, left: true }))).toEqual([]);
    expect(bench.claim(1, b, identity(c, { epoch: 0, inc: 9 }))).toEqual([]);
  });

  it('a goodbye takes the member off both tables at once', () => {
    const bench = createRoom([b, c], []);
    bench.claim(0, b, links(c, [b]));
    expect(bench.claim(1, b, identity(c, { left: true }))).toEqual([
      removed('i:c'),
      removed('l:c'),
      { kind: 'memberGone', id: c, reason: 'goodbye' },
    ]);
    expect(bench.layer.inspect().departed.get(c)).toEqual({
      epoch: epoch(1),
      incarnation: incarnation(0),
      reason: 'goodbye',
    });
  });

  it('who brings one that left is told, once a second', () => {
    const bench = createRoom([b], [b]);
    const goodbye = identity(c, { left: true });
    bench.claim(0, b, goodbye);
    const tell: MembershipEffect = { kind: 'tell', to: b, claims: [goodbye] };
    expect(bench.claim(1, b, identity(c))).toEqual([tell]);
    expect(bench.claim(1_000, b, links(c, [b]))).toEqual([]);
    expect(bench.claim(1_001, b, links(c, [b]))).toEqual([tell]);
    expect(bench.claim(1_002, b, goodbye)).toEqual([]);
  });

  it('a new epoch of one that left is a return', () => {
    const bench = createRoom([b], []);
    bench.claim(0, b, identity(c, { left: true }));
    expect(bench.claim(1, b, identity(c, { epoch: 2 }))).toEqual([
      changed(identity(c, { epoch: 2 })),
      { kind: 'memberUp', id: c, epoch: epoch(2), returned: true },
    ]);
  });

  it('a new epoch of one that is here is a return, without its old links', () => {
    const bench = createRoom([b], []);
    bench.claim(0, b, links(b, [c]));
    expect(bench.claim(1, b, identity(b, { epoch: 2 }))).toEqual([
      changed(identity(b, { epoch: 2 })),
      removed('l:b'),
      { kind: 'memberUp', id: b, epoch: epoch(2), returned: true },
    ]);
    expect(bench.claim(2, b, links(b, [c], { seq: 99 }))).toEqual([]);
  });

  it('over the limit of the roster is refused, where all are named by one in reach', () => {
    const bench = createRoom([b, c], [b], { membersMax: 3 });
    bench.claim(0, b, links(b, [a, c]));
    bench.claim(0, b, links(c, [b]));
    expect(bench.claim(0, b, identity(d))).toEqual([]);
    expect(bench.layer.inspect().refused).toBe(1);
    expect([...bench.layer.inspect().members.keys()]).toEqual([a, b, c]);
  });

  it('over the limit takes the place of the one known longest whom nobody names, once a second', () => {
    const bench = createRoom([b, c, d], [b], { membersMax: 4 });
    // It names itself, which is no more than its own word.
    bench.claim(0, b, links(c, [d]));
    expect(bench.claim(100, b, identity(e))).toEqual([
      removed(`i:${c}`),
      removed(`l:${c}`),
      { kind: 'memberGone', id: c, reason: 'forgotten' },
      changed(identity(e)),
      { kind: 'memberUp', id: e, epoch: epoch(1), returned: false },
    ]);
    expect(bench.claim(200, b, identity(c))).toEqual([]);
    bench.claim(1_100, b, identity(c));
    expect([...bench.layer.inspect().members.keys()]).toEqual([a, b, e, c]);
  });

  it.each([
    ['a negative incarnation', identity(c, { inc: -1 })],
    ['an epoch that is no number', identity(c, { epoch: Number.NaN })],
    ['an incarnation above the limit', identity(c, { inc: 2 ** 32 })],
    ['an accusation without room to refute', accusation(c, b, { inc: 2 ** 32 - 1 })],
    ['links to itself', links(c, [c])],
    ['links twice to one', links(c, [b, b])],
    ['an accusation of oneself', accusation(c, c)],
    ['an endless silence', accusation(c, b, { silentMs: Number.POSITIVE_INFINITY })],
  ])('%s is refused', (_, claim) => {
    expect(createRoom([b, c], []).claim(0, b, claim)).toEqual([misbehaved('malformed-claim')]);
  });
});

describe('claims about ourselves', () => {
  it.each([
    ['an accusation', accusation(a, b), 1],
    ['a verdict', verdict(a, [b]), 1],
    ['a forged goodbye', identity(a, { left: true }), 1],
    ['a forged incarnation', identity(a, { inc: 6 }), 7],
  ])('%s is refuted with a higher incarnation', (_, claim, inc) => {
    expect(createRoom([b], []).claim(1, b, claim)).toEqual(refuted(inc));
  });

  it('a refutation of the highest claim is taken, and undoes it', () => {
    const top = 2 ** 32 - 2;
    const refutation = createRoom([b], []).claim(1, b, verdict(a, [b], top));
    expect(refutation).toEqual(refuted(top + 1));
    const bench = createRoom([b, c], []);
    bench.claim(1, b, verdict(c, [b], top));
    expect(bench.claim(2, b, identity(c, { inc: top + 1 }))).toEqual([
      changed(identity(c, { inc: top + 1 })),
      { kind: 'memberRecovered', id: c },
    ]);
  });

  it('forged records at the limit are not answered with one that nobody takes', () => {
    const bench = createRoom([b], []);
    expect(bench.claim(1, b, identity(a, { inc: 2 ** 32 - 1, left: true }))).toEqual([]);
    expect(bench.claim(1, b, links(a, [c], { seq: 2 ** 48 }))).toEqual([]);
  });

  it('an accusation of an earlier incarnation is over already', () => {
    const bench = createRoom([b], []);
    bench.claim(1, b, accusation(a, b));
    expect(bench.claim(2, b, accusation(a, b))).toEqual([]);
    expect(bench.claim(2, b, accusation(a, b, { epoch: 2 }))).toEqual([]);
  });

  it('an accusation carried to us is refuted; one of somebody else is refused', () => {
    const bench = createRoom([b], []);
    const carry = (target: PeerId) =>
      bench.at(1, {
        kind: 'routed',
        from: b,
        message: { kind: 'accused', accusation: accusation(target, c) },
      });
    expect(carry(a)).toEqual(refuted(1));
    expect(carry(d)).toEqual([misbehaved('not-the-accused')]);
  });

  it('a card makes a record of a higher incarnation, as every change of it does', () => {
    const bench = createRoom([b], []);
    const card = Uint8Array.of(1, 2, 3);
    const carded = { ...identity(a, { inc: 1 }), card };
    expect(bench.at(1, { kind: 'card', card })).toEqual([publish(carded), changed(carded)]);
    expect(() => bench.at(2, { kind: 'card', card: new Uint8Array(257) })).toThrow('257 bytes is over 256');
    const claim = { ...identity(b, { inc: 1 }), card: new Uint8Array(257) };
    expect(bench.claim(3, b, claim)).toEqual([misbehaved('malformed-claim')]);
  });

  it('a record of an epoch that we never had is refused', () => {
    expect(createRoom([b], []).claim(1, b, identity(a, { epoch: 2 }))).toEqual([misbehaved('foreign-epoch')]);
  });

  it('links forged in our name are outnumbered', () => {
    const bench = createRoom([b], []);
    const answer = links(a, [], { seq: 10 });
    expect(bench.claim(1, b, links(a, [c], { seq: 9 }))).toEqual([publish(answer), changed(answer)]);
  });
});

describe('links claims', () => {
  it('newer links are told', () => {
    const bench = createRoom([b, c], []);
    expect(bench.claim(1, b, links(c, [b]))).toEqual([
      changed(links(c, [b])),
      { kind: 'linksChanged', id: c, neighbors: [b], greeter: false },
    ]);
    expect(bench.claim(2, b, links(c, [], { seq: 1 }))).toEqual([]);
  });

  it('links before their identity wait for it', () => {
    const bench = createBench();
    expect(bench.claim(1, b, links(c, [b]))).toEqual([]);
    expect(bench.claim(2, b, identity(c))).toEqual([
      changed(identity(c)),
      { kind: 'memberUp', id: c, epoch: epoch(1), returned: false },
      changed(links(c, [b])),
      { kind: 'linksChanged', id: c, neighbors: [b], greeter: false },
    ]);
  });

  it('more links than anyone can hold are refused', () => {
    const many = Array.from({ length: 33 }, (_, at) => peer(`p${at}`));
    expect(createRoom([b, c], []).claim(1, b, links(c, many))).toEqual([misbehaved('too-many-links')]);
  });
});

describe('own links', () => {
  const up = (id: PeerId) => ({ kind: 'neighborUp', peer: id }) as const;

  it('the first change is published at once, the next after a second, together', () => {
    const bench = createBench();
    const first = links(a, [b], { seq: 1 });
    expect(bench.at(100, up(b)).slice(1, 3)).toEqual([publish(first), changed(first)]);
    expect(claimsOf(bench.at(200, up(d)), 'links')).toEqual([]);
    expect(claimsOf(bench.at(300, up(c)), 'links')).toEqual([]);
    expect(claimsOf(bench.runTo(1_099), 'links')).toEqual([]);
    expect(claimsOf(bench.runTo(1_100), 'links')).toEqual([publish(links(a, [b, c, d], { seq: 2 }))]);
  });

  it('a change that is undone meanwhile is not published', () => {
    const bench = createBench();
    bench.at(100, up(b));
    bench.at(200, up(c));
    bench.at(300, { kind: 'neighborDown', peer: c });
    expect(claimsOf(bench.runTo(3_000), 'links')).toEqual([]);
  });

  it('in a join storm they come once, half to twice five seconds after the last', () => {
    const bench = createBench();
    bench.at(100, up(b));
    for (let at = 0; at < 11; at++) bench.claim(200 + at, b, identity(peer(`p${at}`)));
    bench.at(300, up(c));
    expect(claimsOf(bench.runTo(2_599), 'links')).toEqual([]);
    expect(claimsOf(bench.runTo(10_100), 'links')).toEqual([publish(links(a, [b, c], { seq: 2 }))]);
  });

  it('in a room of two hundred they are four seconds apart, so that the room says fifty a second', () => {
    const bench = createBench();
    for (let at = 0; at < 199; at++) bench.claim(200, b, identity(peer(`p${at}`)));
    bench.runTo(6_000);
    expect(claimsOf(bench.at(6_000, up(b)), 'links')).toEqual([publish(links(a, [b]))]);
    expect(claimsOf(bench.at(6_000, up(c)), 'links')).toEqual([]);
    keepHearing(bench, [b, c], [6_500, 9_500]);
    expect(claimsOf(bench.runTo(9_999), 'links')).toEqual([]);
    expect(claimsOf(bench.runTo(10_000), 'links')).toEqual([publish(links(a, [b, c], { seq: 2 }))]);
  });

  it('the stability stamp rides on the next record, or makes one after thirty seconds', () => {
    const bench = createBench();
    bench.at(100, up(b));
    bench.at(200, { kind: 'stability', stamp: 5 });
    bench.at(300, up(c));
    keepHearing(bench, [b, c], [500, 1_000]);
    expect(claimsOf(bench.runTo(1_100), 'links')).toEqual([
      publish({ ...links(a, [b, c], { seq: 2 }), stability: 5 }),
    ]);
    bench.at(1_200, { kind: 'stability', stamp: 6 });
    keepHearing(bench, [b, c], [1_500, 31_000]);
    expect(claimsOf(bench.runTo(31_100), 'links')).toEqual([
      publish({ ...links(a, [b, c], { seq: 3 }), stability: 6 }),
    ]);
  });

  it('who greets says so a second after its last record at most, and who has stopped as late as of any link', () => {
    const bench = createBench();
    for (let at = 0; at < 199; at++) bench.claim(200, b, identity(peer(`p${at}`)));
    bench.runTo(6_000);
    bench.at(6_000, up(b));
    bench.at(6_100, { kind: 'greeter', greeter: true });
    keepHearing(bench, [b], [6_500, 6_900]);
    expect(claimsOf(bench.runTo(6_999), 'links')).toEqual([]);
    expect(claimsOf(bench.runTo(7_000), 'links')).toEqual([
      publish({ ...links(a, [b], { seq: 2 }), greeter: true }),
    ]);
    bench.at(7_100, { kind: 'greeter', greeter: false });
    keepHearing(bench, [b], [7_500, 10_900]);
    expect(claimsOf(bench.runTo(10_999), 'links')).toEqual([]);
    expect(claimsOf(bench.runTo(11_000), 'links')).toEqual([publish(links(a, [b], { seq: 3 }))]);
  });

  it('who has no neighbor says that it greets with its first link, and not before', () => {
    const bench = createBench();
    expect(claimsOf(bench.at(100, { kind: 'greeter', greeter: true }), 'links')).toEqual([]);
    expect(claimsOf(bench.runTo(3_000), 'links')).toEqual([]);
    expect(claimsOf(bench.at(3_000, up(b)), 'links')).toEqual([publish({ ...links(a, [b]), greeter: true })]);
  });
});

describe('who is expelled', () => {
  const expel = { kind: 'expel', id: b } as const;

  it('is gone with both records, and no later life of it is taken: its bringer is shown why', () => {
    const bench = createRoom([b, c], [c]);
    bench.claim(10, c, links(b, [c]));
    expect(bench.at(20, expel)).toEqual([
      removed('i:b'),
      removed('l:b'),
      { kind: 'memberGone', id: b, reason: 'expelled' },
    ]);
    const shown = { kind: 'tellExpelled', to: c, id: b };
    for (const [at, claim] of [
      identity(b),
      identity(b, { inc: 9 }),
      identity(b, { epoch: 2 }),
      links(b, [c], { epoch: 9, seq: 9 }),
    ].entries())
      expect(withoutProbe(bench.claim(2_000 * (at + 1), c, claim))).toEqual([shown]);
    expect(bench.claim(9_000, c, identity(b, { left: true, inc: 9 }))).toEqual([]);
    expect(bench.layer.inspect().members.has(b)).toBe(false);
  });

  it('is not forgotten when others who are gone are', () => {
    const bench = createRoom([b, c, d], [d], { departedMs: 20_000 });
    bench.at(10, expel);
    bench.claim(20, d, identity(c, { left: true }));
    expect([...bench.layer.inspect().departed.keys()]).toEqual([b, c]);
    keepHearing(bench, [d], [500, 40_000]);
    expect([...bench.layer.inspect().departed.keys()]).toEqual([b]);
  });

  it('may come again once it can be shown to nobody why it may not', () => {
    const bench = createRoom([b, c, d], [d]);
    bench.at(10, expel);
    bench.at(20, { kind: 'readmit', id: b });
    bench.claim(30, d, identity(b, { epoch: 2 }));
    expect(bench.layer.inspect().members.has(b)).toBe(true);
  });

  it('speaks against nobody any more, and nobody speaks for it', () => {
    const bench = createRoom([b, c, d], [d]);
    bench.at(10, expel);
    expect(bench.claim(20, d, accusation(c, b))).toEqual([]);
    expect(bench.claim(20, d, verdict(b, [c, d]))).toEqual([]);
    expect(bench.at(30, expel)).toEqual([]);
  });
});
