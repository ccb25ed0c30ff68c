/** Accusations, objections and verdicts: one input, and the whole list of its consequences. */
import { describe, expect, it } from 'vitest';
import { epoch } from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof } from '#shared/base/proof.ts';
import { defaultMembershipConfig } from '#shared/membership/config.ts';
import {
  publish,
  changed,
  misbehaved,
  suspected,
  recovered,
  goneFrom,
  accusedOf,
  claimsOf,
} from './expected.ts';
import {
  a,
  accusation,
  b,
  c,
  createRoom,
  d,
  e,
  identity,
  keepHearing,
  links,
  objection,
  verdict,
  withoutSchedules,
} from './fixtures.ts';

describe('accusations by others', () => {
  it('a member that is no observer keeps the suspicion and says nothing', () => {
    const bench = createRoom([b, c, d], [b]);
    expect(withoutSchedules(bench.claim(1, b, accusation(d, c)))).toEqual([suspected(d, c)]);
    expect(withoutSchedules(bench.claim(2, b, accusation(d, b)))).toEqual([]);
  });

  const { agreedMsMin, observerMs } = defaultMembershipConfig;

  it('the third observer settles it, and who did not accuse publishes nothing', () => {
    const bench = createRoom([b, c, d, e], [b]);
    bench.claim(0, e, links(e, [b, c, d]));
    bench.claim(1, b, accusation(e, b));
    bench.claim(2, b, accusation(e, c));
    expect(bench.claim(agreedMsMin, b, accusation(e, d))).toEqual([]);
    const effects = bench.runTo(agreedMsMin + 250).filter(({ kind }) => kind !== 'send');
    const [removedFirst, gone] = goneFrom(e, 'failed');
    expect(effects).toEqual([removedFirst, { kind: 'recordRemoved', key: 'l:e' }, gone]);
  });

  it.each([
    { links: 'no more', record: [], count: true },
    { links: 'for too long no more', record: [], later: observerMs + 1, count: false },
    { links: 'but one of them', record: [b, c], only: true, count: false },
  ])('whom the accused names $links is an observer: $count', ({ record, later = 0, only = false, count }) => {
    const bench = createRoom([b, c, d, e], [b]);
    if (!only) bench.claim(0, e, links(e, [b, c, d]));
    bench.claim(1, e, links(e, record, { seq: 2 }));
    for (let ms = 500; ms <= later + 1_000; ms += 500) keepHearing(bench, [b], [ms, ms]);
    const at = later + 1_000;
    for (const observer of [b, c, d]) bench.claim(at, b, accusation(e, observer, { silentMs: 2_200 }));
    keepHearing(bench, [b], [at + 500, at + 500]);
    bench.runTo(at + agreedMsMin + 260);
    expect(bench.layer.inspect().members.has(e)).toBe(!count);
  });

  it('an observer that hears the accused objects and tells it', () => {
    const bench = createRoom([b, c, d], [b, d]);
    bench.at(1_000, { kind: 'heard', peer: d });
    expect(bench.claim(2_000, b, accusation(d, c))).toEqual([publish(objection(d, a)), accusedOf(d, c)]);
    expect(bench.layer.inspect().members.get(d)?.status).toBe('alive');
  });

  it('an objection just made is not repeated, the next comes with the watch', () => {
    const bench = createRoom([b, c, d], [b, d]);
    bench.at(1_000, { kind: 'heard', peer: d });
    bench.claim(1_100, b, accusation(d, c));
    expect(claimsOf(bench.claim(1_200, b, accusation(d, b)), 'objection')).toEqual([]);
    expect(claimsOf(bench.runTo(1_499), 'objection')).toEqual([]);
    expect(claimsOf(bench.runTo(1_600), 'objection')).toEqual([publish(objection(d, a))]);
  });

  it('an observer in between asks at once, and objects when the answer comes', () => {
    const bench = createRoom([b, c, d], [b, d]);
    keepHearing(bench, [b], [500, 1_500]);
    const effects = withoutSchedules(bench.claim(1_700, b, accusation(d, c)));
    expect(effects).toEqual([suspected(d, c)]);
    keepHearing(bench, [b], [2_000, 2_000]);
    const probe = bench
      .runTo(2_000)
      .concat(bench.at(2_010, { kind: 'message', from: d, message: { kind: 'ack', probe: 1 } }));
    expect(probe).toEqual([publish(objection(d, a)), accusedOf(d, c), recovered(d)]);
  });

  it('an observer that has long heard nothing agrees at once', () => {
    const bench = createRoom([b, c, d], [b, d]);
    keepHearing(bench, [b], [500, 2_000]);
    expect(withoutSchedules(bench.claim(2_210, b, accusation(d, c)))).toEqual([
      suspected(d, c),
      publish(accusation(d, a, { silentMs: 2_210 })),
      { kind: 'neighborSuspected', peer: d },
    ]);
  });

  it('an objection ends the suspicion, and a later accusation starts another', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(1, b, accusation(d, c));
    expect(bench.claim(2, b, objection(d, b))).toEqual([recovered(d)]);
    expect(bench.claim(3, b, accusation(d, c))).toEqual([suspected(d, c)]);
  });

  it('a suspect that raises its incarnation is alive again', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(1, b, accusation(d, c));
    expect(bench.claim(2, b, identity(d, { inc: 1 }))).toEqual([
      changed(identity(d, { inc: 1 })),
      recovered(d),
    ]);
    expect(bench.claim(3, b, accusation(d, c))).toEqual([]);
  });

  it.each([
    ['by somebody unknown', accusation(d, e)],
    ['of somebody unknown', accusation(e, c)],
    ['in our name', accusation(d, a)],
    ['of a life that is not known', accusation(d, c, { inc: 1 })],
  ])('an accusation %s is nothing', (_, claim) => {
    expect(createRoom([b, c, d], [b]).claim(1, b, claim)).toEqual([]);
  });

  it('an objection by the suspect itself, or by somebody unknown, is nothing', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(1, b, accusation(d, c));
    expect(bench.claim(2, b, objection(d, d))).toEqual([]);
    expect(bench.claim(2, b, objection(d, e))).toEqual([]);
  });

  it('over the limit of suspicions they are refused, and whoever brought them is not blamed', () => {
    const bench = createRoom([b, c, d], [], { suspicionsMax: 1 });
    bench.claim(1, b, accusation(d, b));
    expect(bench.claim(2, b, accusation(c, b))).toEqual([]);
    expect(bench.layer.inspect().refused).toBe(1);
  });
});

describe('verdicts', () => {
  it('a verdict out of the blue lets its member have a word, and is applied when none comes', () => {
    const bench = createRoom([b, c, d], [b]);
    expect(bench.claim(1, b, verdict(d, [b, c]))).toEqual([
      accusedOf(d, b),
      { kind: 'memberSuspected', id: d, by: b },
    ]);
    expect(bench.claim(2, b, verdict(d, [b, c]))).toEqual([]);
    keepHearing(bench, [b], [200, 8_000]);
    expect(bench.layer.inspect().members.has(d)).toBe(false);
  });

  it('a verdict out of the blue about one that lives ends with its word', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(1, b, verdict(d, [b, c]));
    expect(bench.claim(100, b, identity(d, { inc: 1 }))).toEqual([
      changed(identity(d, { inc: 1 })),
      { kind: 'memberRecovered', id: d },
    ]);
    keepHearing(bench, [b], [200, 8_000]);
    expect(bench.layer.inspect().members.has(d)).toBe(true);
  });

  it('a verdict without a word of anybody whom its member names is no more than the accusations in it', () => {
    const bench = createRoom([b, c, d, e], [b]);
    bench.claim(0, b, links(d, [c]));
    expect(bench.claim(1, b, verdict(d, [b]))).toEqual([accusedOf(d, b), suspected(d, b)]);
    expect(bench.claim(700, b, verdict(d, [b, e]))).toEqual([]);
    expect(bench.claim(800, b, verdict(d, [b, c]))).toContainEqual({
      kind: 'memberGone',
      id: d,
      reason: 'failed',
    });
  });

  it('a verdict about a suspect that has had its time is applied at once', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(0, b, links(d, [c]));
    bench.claim(1, b, accusation(d, c));
    expect(bench.claim(500, b, verdict(d, [c]))).toEqual([]);
    expect(bench.claim(501, b, verdict(d, [c]))).toContainEqual({
      kind: 'memberGone',
      id: d,
      reason: 'failed',
    });
  });

  const later = { ...verdict(d, [b]), epoch: epoch(2), accusations: [accusation(d, b, { epoch: 2 })] };

  it('a verdict about an epoch whose beginning we missed ends the one that we know', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(0, b, links(d, [b]));
    expect(bench.claim(1, b, later)).toEqual([accusedOf(d, b, 2), suspected(d, b)]);
    expect(bench.claim(500, b, later)).toEqual([]);
    expect(bench.claim(501, b, later)).toContainEqual({ kind: 'memberGone', id: d, reason: 'failed' });
  });

  it('a verdict about an epoch that its member has not begun ends with its word', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(1, b, later);
    bench.claim(501, b, later);
    bench.claim(502, b, identity(d, { inc: 1 }));
    keepHearing(bench, [b], [600, 8_000]);
    expect(bench.layer.inspect().members.has(d)).toBe(true);
  });

  it('what is made up of an epoch that we have not begun is refuted in ours', () => {
    const bench = createRoom([b, c], [b]);
    const one = accusation(a, b, { epoch: 2 });
    const ours = { ...verdict(a, [b]), epoch: epoch(2), accusations: [one] };
    expect(bench.claim(1, b, ours)).toContainEqual(publish(identity(a, { inc: 1 })));
    const carried = bench.at(2, { kind: 'routed', from: b, message: { kind: 'accused', accusation: one } });
    expect(carried).toContainEqual(publish(identity(a, { inc: 2 })));
  });

  it('a verdict about such an epoch is handed on as it was said', () => {
    const bench = createRoom([b, c, d], [b]);
    bench.claim(0, b, links(d, [b]));
    expect(bench.claim(1, b, later)).toContainEqual(accusedOf(d, b, 2));
    bench.claim(501, b, later);
    expect(bench.claim(502, c, identity(d))).toEqual([{ kind: 'tell', to: c, claims: [later] }]);
  });

  it('proofs stay with what was said', () => {
    const proof: Proof = {
      key: bytesToPublicKey(new Uint8Array(32)),
      epoch: epoch(1),
      seq: 5,
      of: 1,
      signature: new Uint8Array(64),
    };
    const proven = { ...verdict(d, [b]), accusations: [{ ...accusation(d, b), proof }] };
    const bench = createRoom([b, c, d], [b]);
    bench.claim(0, b, links(d, [b]));
    bench.claim(1, b, proven);
    bench.claim(501, b, proven);
    expect(bench.claim(502, c, identity(d))).toEqual([{ kind: 'tell', to: c, claims: [proven] }]);
  });

  it.each([
    ['without accusations', verdict(d, [])],
    ['with an accusation of somebody else', { ...verdict(d, [b]), accusations: [accusation(c, b)] }],
    [
      'with an accusation of another life',
      { ...verdict(d, [b]), accusations: [accusation(d, b, { inc: 1 })] },
    ],
    ['that counts one observer twice', verdict(d, [b, b])],
  ])('a verdict %s is hollow', (_, claim) => {
    expect(createRoom([b, c, d], []).claim(1, b, claim)).toEqual([misbehaved('hollow-verdict')]);
  });

  it('a verdict loses to a higher incarnation, before and after', () => {
    const bench = createRoom([b, c], [b]);
    bench.claim(0, b, identity(d, { inc: 1 }));
    bench.claim(0, b, links(d, [b]));
    expect(bench.claim(1, b, verdict(d, [b]))).toEqual([]);
    bench.claim(2, b, accusation(d, b, { inc: 1 }));
    expect(bench.claim(600, b, verdict(d, [b], 1))).toContainEqual({
      kind: 'memberGone',
      id: d,
      reason: 'failed',
    });
    expect(bench.claim(700, b, identity(d, { inc: 2 }))).toEqual([
      changed(identity(d, { inc: 2 })),
      { kind: 'memberUp', id: d, epoch: epoch(1), returned: true },
    ]);
  });

  it('a live link outranks a verdict until it falls silent', () => {
    const bench = createRoom([b, c, d], [b, d]);
    bench.at(1_000, { kind: 'heard', peer: d });
    expect(bench.claim(2_000, b, verdict(d, [c]))).toEqual([publish(objection(d, a)), accusedOf(d, c)]);
    expect(bench.layer.inspect().members.has(d)).toBe(true);
    keepHearing(bench, [b], [2_500, 8_000]);
    expect(bench.layer.inspect().members.has(d)).toBe(false);
  });

  it('a dead neighbor that speaks is told of its death, so that it refutes', () => {
    const bench = createRoom([b, c, d], [b, d]);
    bench.claim(0, b, links(d, [b, c]));
    keepHearing(bench, [b], [500, 2_500]);
    bench.claim(2_500, b, accusation(d, c));
    keepHearing(bench, [b], [2_600, 3_200]);
    bench.claim(3_200, b, verdict(d, [b, c]));
    expect(bench.at(3_300, { kind: 'heard', peer: d })).toEqual([
      { kind: 'tell', to: d, claims: [verdict(d, [b, c])] },
    ]);
    expect(bench.at(3_400, { kind: 'heard', peer: d })).toEqual([]);
  });

  it('a verdict about somebody unknown keeps the record out that comes after it', () => {
    const bench = createRoom([b], [b]);
    expect(bench.claim(1, b, verdict(e, [b]))).toEqual([]);
    expect(bench.claim(2, b, identity(e))).toEqual([{ kind: 'tell', to: b, claims: [verdict(e, [b])] }]);
  });
});
