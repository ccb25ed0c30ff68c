/** One who tells two halves of a room different things under one version is thrown out by both; nobody else ever is. */
import { describe, expect, test } from 'vitest';
import { epoch, incarnation, wordsToAttemptId, type PeerId } from '#shared/base/ids.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { TableRecord } from '#shared/mesh/equivocation.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { WALL_START_MS } from '#sim/tab.ts';
import type { Tab } from '../mesh/fixture.ts';
import { nobody } from './fixture.ts';
import {
  SEQ,
  proofAt,
  KINDS,
  gossip,
  asHandedOver,
  IDENTITY,
  type Fork,
  setFork,
  tellHalves,
  lists,
  expulsions,
  blames,
  watchFor,
  isOut,
  expectExpelled,
  expectNobodyExpelled,
} from './fork.ts';

describe.each(KINDS)('two different $what of one version', ({ make }) => {
  const forked = (fork: Fork, seqs: readonly [number, number], versions: readonly [number, number]) =>
    (['one', 'other'] as const).map((word, at) =>
      gossip(
        fork.liar.id,
        seqs[at]!,
        make({ by: fork.liar.id, word, version: versions[at]!, seq: seqs[at]! }),
      ),
    ) as [LinkMessage, LinkMessage];

  test.each<[string, [number, number]]>([
    ['in two broadcasts', [SEQ, SEQ + 1]],
    ['in one and the same broadcast, of which everybody takes the first copy', [SEQ, SEQ]],
  ])('cost their author its place, said %s', (_how, seqs) => {
    const fork = setFork(1);
    tellHalves(fork, ...forked(fork, seqs, [0, 0]));
    expect(fork.world.runUntil(() => isOut(fork), 10_000)).toBe(true);
    fork.world.run(30_000);
    expectExpelled(fork);
    const roots = fork.others.map((tab) => JSON.stringify(tab.node.inspect().reconcile.roots));
    expect(new Set(roots).size).toBe(1);
  });

  test('cost it its place where everybody was told one, and only tables can show that it was not the same', () => {
    const fork = setFork(9, 6);
    expect(fork.world.neighborsOf(fork.liar).size).toBe(5);
    tellHalves(fork, ...asHandedOver(forked(fork, [SEQ, SEQ], [0, 0])));
    expect(fork.world.runUntil(() => isOut(fork), 5_000)).toBe(true);
    fork.world.run(30_000);
    expectExpelled(fork);
  });

  test('cost nothing where they are of two versions', () => {
    const fork = setFork(2);
    tellHalves(fork, ...forked(fork, [SEQ, SEQ + 1], [0, 1]));
    fork.world.run(30_000);
    expectNobodyExpelled(fork);
  });

  test('cost nothing where they are one, signed twice', () => {
    const fork = setFork(3);
    const { id: by } = fork.liar;
    const [one, again] = [SEQ, SEQ + 1].map((seq) =>
      gossip(by, seq, make({ by, word: 'one', version: 0, seq })),
    ) as [LinkMessage, LinkMessage];
    tellHalves(fork, one, again);
    fork.world.run(30_000);
    expectNobodyExpelled(fork);
  });
});

describe('who was thrown out', () => {
  const votes = KINDS.find(({ what }) => what === 'entries')!.make;
  const lie = (fork: Fork): void => {
    const { id: by } = fork.liar;
    const [one, other] = (['one', 'other'] as const).map((word) =>
      gossip(by, SEQ, votes({ by, word, version: 0, seq: SEQ })),
    ) as [LinkMessage, LinkMessage];
    tellHalves(fork, one, other);
  };

  test('is out for all within a moment: who has the proof shows it to all', () => {
    const fork = setFork(9);
    const outAt: number[] = [];
    fork.world.observe({
      told: (_tab, event) => {
        if (event.kind === 'memberLeft' && event.reason === 'expelled') outAt.push(fork.world.timeMs());
      },
    });
    const { make } = KINDS.find(({ what }) => what === 'presence')!;
    const { id: by } = fork.liar;
    const said = (['one', 'other'] as const).map((word) =>
      gossip(by, SEQ, make({ by, word, version: 0, seq: SEQ })),
    );
    tellHalves(fork, ...asHandedOver(said));
    expect(fork.world.runUntil(() => isOut(fork), 20_000)).toBe(true);
    expect(outAt.at(-1)! - outAt[0]!).toBeLessThan(1_000);
  });

  test('is not listed by those who come later, though it asks them for links', () => {
    const fork = setFork(4);
    lie(fork);
    fork.world.run(15_000);
    expectExpelled(fork);
    const newcomers = [fork.world.open(), fork.world.open()];
    // Its own rests are over then, and all others' with it.
    fork.world.run(900_000);
    for (const tab of newcomers) {
      expect(tab.node.inspect().membership.members.size).toBe(11);
      expect(lists(tab, fork.liar.id)).toBe(false);
      expect(tab.node.inspect().overlay.activeView).not.toContain(fork.liar.id);
      expect(blames(fork, tab).filter((blame) => !blame.startsWith('equivocated'))).toEqual([]);
    }
    for (const tab of fork.others) {
      expect(tab.node.inspect().overlay.activeView).not.toContain(fork.liar.id);
      expect(expulsions(fork, tab)).toHaveLength(1);
    }
  });

  test('stays out when a partner makes up farewells by the thousand, and brings it again', () => {
    const fork = setFork(11, 6);
    lie(fork);
    fork.world.run(15_000);
    expectExpelled(fork);
    const [partner, ...rest] = fork.others as [Tab, ...Tab[]];
    const tell = (records: readonly IdentityRecord[]): void =>
      rest.forEach(({ id }) => fork.world.forge(partner, id, { kind: 'delta', table: 'roster', records }));
    for (let batch = 0; batch < 100; batch++) {
      tell(
        Array.from({ length: 50 }, (_, nth) => ({ ...IDENTITY, id: nobody(batch * 50 + nth), left: true })),
      );
      fork.world.run(50);
    }
    for (const tab of rest) expect(tab.node.inspect().membership.departed.size).toBeGreaterThan(1_000);
    const alive = { ...IDENTITY, epoch: epoch(7), incarnation: incarnation(9) };
    tell([fork.liar.id, nobody(9_999)].map((id) => ({ ...alive, id })));
    // Nobody names it as a neighbor: whoever took it in would miss it before long.
    fork.world.run(200);
    for (const tab of rest) expect(lists(tab, fork.liar.id)).toBe(false);
    for (const tab of rest) expect(lists(tab, nobody(9_999))).toBe(true);
  });

  test('is let in by nobody to whom another sends it on, when all rests are over', () => {
    const fork = setFork(10, 6);
    lie(fork);
    fork.world.run(900_000);
    const asked = watchFor(fork, (effect) => effect.kind === 'construct' && effect.peer === fork.liar.id);
    const [sender, ...rest] = fork.others as [Tab, ...Tab[]];
    for (const to of fork.world.neighborsOf(sender).keys())
      fork.world.forge(sender, to, {
        kind: 'forwardJoin',
        newcomer: fork.liar.id,
        attempt: wordsToAttemptId(1, 2),
        priority: 'high',
        ttl: 0,
        trail: [sender.id],
      });
    fork.world.run(20_000);
    expect(rest).toHaveLength(4);
    expect(asked()).toBe(0);
  });

  test('is asked for no link by one who is left alone with it at the server', () => {
    const fork = setFork(11, 3);
    lie(fork);
    fork.world.run(900_000);
    const [last, ...rest] = fork.others as [Tab, ...Tab[]];
    const asked = watchFor(fork, (effect) => effect.kind === 'serverSend' && effect.to === fork.liar.id);
    for (const tab of rest) fork.world.leave(tab);
    fork.world.run(120_000);
    expect([...last.node.inspect().membership.members.keys()]).toEqual([last.id]);
    expect(asked()).toBe(0);
  });

  test('is thrown out by one that was away meanwhile, as soon as it offers a record of it', () => {
    const fork = setFork(5);
    const [away, ...rest] = fork.others as [Tab, ...Tab[]];
    fork.world.freeze(away);
    lie(fork);
    fork.world.run(8_000);
    expect(rest.every((tab) => !lists(tab, fork.liar.id))).toBe(true);
    expect(lists(away, fork.liar.id)).toBe(true);
    fork.world.wake(away);
    fork.world.run(30_000);
    for (const tab of fork.others) expect(lists(tab, fork.liar.id)).toBe(false);
    expect(expulsions(fork, away)).toHaveLength(1);
    for (const tab of rest) expect(expulsions(fork, tab)).toHaveLength(1);
  });

  test('has what it says taken by nobody, and what it wrote before stays, one thing for all', () => {
    const fork = setFork(6);
    lie(fork);
    fork.world.run(20_000);
    const [teller] = fork.others as [Tab];
    for (const peer of fork.world.neighborsOf(teller).keys())
      fork.world.forge(teller, peer, {
        ...gossip(fork.liar.id, 1, { kind: 'topic', topic: 'chat', data: 'still here' }),
        lane: 'reliable',
      } as LinkMessage);
    fork.world.run(5_000);
    for (const tab of fork.others)
      expect(fork.events(tab).filter(({ kind }) => kind === 'message')).toEqual([]);
    const values = fork.others.map((tab) => tab.node.inspect().state.collections.get('votes')?.get('mine'));
    expect(new Set(values).size).toBe(1);
    expect(values[0]).toBeDefined();
  });
});

describe('a claim that somebody did so', () => {
  const entry = (by: PeerId, value: string, seq: number, owner: number): TableRecord => ({
    collection: 'votes',
    key: 'mine',
    value,
    stamp: { wall: WALL_START_MS, counter: 0, by },
    proof: proofAt(seq, owner),
  });

  test('that proves nothing expels nobody, and costs who makes it its links', () => {
    const fork = setFork(7);
    const [victim] = fork.others as [Tab];
    const records = [entry(victim.id, 'one', 1, 1), entry(victim.id, 'one', 2, 1)];
    for (let time = 0; time < 6; time++) {
      for (const peer of fork.world.neighborsOf(fork.liar).keys())
        fork.world.forge(fork.liar, peer, { kind: 'equivocation', table: 'state', records } as LinkMessage);
      fork.world.run(1_000);
    }
    for (const tab of fork.others) {
      expect(expulsions(fork, tab)).toEqual([]);
      expect(tab.node.inspect().overlay.activeView).not.toContain(fork.liar.id);
    }
    const reasons = new Set(fork.others.flatMap((tab) => blames(fork, tab)));
    expect([...reasons].toSorted()).toEqual([
      `dropped-invalid ${fork.liar.id}`,
      `hollow-equivocation ${fork.liar.id}`,
    ]);
  });

  test('about one who is not here is neither kept nor passed on', () => {
    const fork = setFork(8);
    let passedOn = 0;
    fork.world.observe({
      sent: (_tab, _to, { kind }) => {
        if (kind === 'equivocation') passedOn += 1;
      },
    });
    for (let number = 0; number < 300; number++) {
      const records = [entry(nobody(number), 'one', 1, 1), entry(nobody(number), 'other', 1, 1)];
      for (const peer of fork.world.neighborsOf(fork.liar).keys())
        fork.world.forge(fork.liar, peer, { kind: 'equivocation', table: 'state', records } as LinkMessage);
    }
    fork.world.run(5_000);
    expect(passedOn).toBe(0);
    expectNobodyExpelled(fork);
  });
});
