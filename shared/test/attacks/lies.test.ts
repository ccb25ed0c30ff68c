/** Lies of one who has a key of its own: each is told and costs it its links, or comes to nothing. */
import { describe, expect, test } from 'vitest';
import { epoch, wordsToAttemptId, type PeerId } from '#shared/base/ids.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import { WALL_START_MS } from '#sim/tab.ts';
import { eventsOf, isOneComponent, rostersAreEqual, type Tab } from '../mesh/fixture.ts';
import { besiege, blameOf, identity, linkedTo, nobody, said } from './fixture.ts';

const DAY_MS = 86_400_000;
const zero = { high: 0, low: 0 };
const roots = { roster: zero, state: zero, presence: zero };
const NODE = { index: 0, hashes: Array.from({ length: 16 }, () => zero) };
const ROOTS_DIFFER: LinkMessage = { kind: 'heartbeat', probe: 1, tickMs: 0, wall: WALL_START_MS, roots };

const helloOf = (id: PeerId): LinkMessage => ({ kind: 'hello', identity: identity(id), presence: [] });

/** `by` has written it; `teller` tells of it as of a message of its own. */
const entryOf = (teller: PeerId, by: PeerId, seq: number): LinkMessage =>
  said(teller, seq, {
    kind: 'state',
    entries: [
      {
        collection: 'notes',
        key: 'k',
        value: 1,
        stamp: { wall: WALL_START_MS, counter: 0, by },
        proof: null,
      },
    ],
  });

const packetBy = (trail: readonly PeerId[]): LinkMessage => ({
  kind: 'packet',
  origin: nobody(1),
  to: nobody(2),
  id: 1,
  ttl: 4,
  delivery: 'once',
  flooded: false,
  serverMay: false,
  route: [],
  trail,
  payload: { kind: 'echo' },
});

const walkBy = (trail: readonly PeerId[]): LinkMessage => ({
  kind: 'forwardJoin',
  newcomer: nobody(1),
  attempt: wordsToAttemptId(1, 2),
  priority: 'high',
  ttl: 2,
  trail,
});

const TOP: LinkMessage = {
  kind: 'top',
  table: 'state',
  exact: true,
  hashes: Array.from({ length: 16 }, () => zero),
};

const twelve = (message: LinkMessage): LinkMessage[] => Array.from({ length: 12 }, () => message);

/** Twelve a second for ten seconds. `costs`: what the liar is dropped for; `truth`: the same without the lie, which costs nothing. */
const COSTLY: readonly {
  readonly lie: string;
  readonly costs: 'invalid' | 'flooded';
  readonly reason: string;
  readonly message: LinkMessage;
  readonly truth: (teller: PeerId, time: number) => readonly LinkMessage[];
}[] = [
  {
    lie: 'greets as another',
    costs: 'invalid',
    reason: 'forged-hello',
    message: helloOf(nobody(1)),
    truth: (teller) => twelve(helloOf(teller)),
  },
  {
    lie: 'writes in the name of another',
    costs: 'invalid',
    reason: 'forged-author',
    message: entryOf(nobody(1), nobody(2), 1),
    truth: (teller, time) => [entryOf(teller, teller, 5_000 + time)],
  },
  {
    lie: 'passes a packet on that it was never given',
    costs: 'invalid',
    reason: 'forged-hop',
    message: packetBy([nobody(3)]),
    truth: (teller) => twelve(packetBy([teller])),
  },
  {
    lie: 'answers a comparison with hashes of no tree',
    costs: 'invalid',
    reason: 'bad-round',
    message: { kind: 'middle', table: 'state', exact: true, nodes: [NODE, NODE] },
    truth: () => [{ kind: 'middle', table: 'state', exact: true, nodes: [NODE] }],
  },
  {
    lie: 'asks for comparisons without end',
    costs: 'flooded',
    reason: 'reconcile-flood',
    message: TOP,
    truth: (_teller, time) => (time % 5 === 0 ? [TOP] : []),
  },
  {
    lie: 'sends a walk that no newcomer began',
    costs: 'invalid',
    reason: 'walk-trail-not-by-sender',
    message: walkBy([nobody(2)]),
    truth: (teller) => twelve(walkBy([teller])),
  },
];

describe('one who', () => {
  test.each(COSTLY)('$lie is told, and dropped by all', ({ costs, reason, message }) => {
    const { world, liar, others, lie } = besiege(3);
    // Where a lie is told once a second, each is another one.
    lie(() => twelve(message), { times: 10, everyMs: 1_000 });
    expect(blameOf(others, liar.id)).toEqual([reason, `dropped-${costs}`].toSorted());
    expect(linkedTo(others, liar.id)).toEqual([]);
    expect(others.flatMap(({ id }) => blameOf(others, id))).toEqual([]);
    world.crash(liar);
    expect(world.runUntil(() => rostersAreEqual(world) && isOneComponent(world), 60_000)).toBe(true);
  });

  test.each(COSTLY)('$lie, but for the lie, loses nothing: the control', ({ truth }) => {
    const { liar, others, lie } = besiege(3);
    const linked = linkedTo(others, liar.id);
    expect(linked).not.toEqual([]);
    lie((time) => truth(liar.id, time), { times: 10, everyMs: 1_000 });
    expect(blameOf(others, liar.id)).toEqual([]);
    expect(linkedTo(others, liar.id)).toEqual(linked);
  });

  test('answers comparisons with hashes of what nobody has is listened to in vain, and seldom', () => {
    const { world, liar, others, lie } = besiege(4);
    // Most have let go of the server by then, and say nothing new of themselves any more.
    world.run(120_000);
    let begun = 0;
    world.observe({
      sent: (tab, to, { kind }) => {
        if (kind === 'top' && to === liar.id && tab !== liar) begun += 1;
      },
    });
    const before = others.map((tab) => tab.node.inspect().reconcile.roots);
    lie(() => [ROOTS_DIFFER], { times: 60, everyMs: 1_000 });
    // A round per table and link in 5 s at most; and nothing that it says of its hashes is a record.
    expect(begun).toBeLessThanOrEqual((others.length * 3 * 60) / 5 + others.length * 3);
    expect(others.map((tab) => tab.node.inspect().reconcile.roots)).toEqual(before);
  });

  test('claims a clock a day ahead moves nobody, and its entry is refused and told once', () => {
    const { world, liar, others, lie } = besiege(5);
    const clocks = others.map((tab) => tab.node.inspect().state.clock.wall);
    const wall = WALL_START_MS + Math.round(world.timeMs()) + 2 * defaultMeshConfig.state.aheadMsMax;
    const entry = {
      collection: 'notes',
      key: 'k',
      value: 1,
      stamp: { wall, counter: 0, by: liar.id },
      proof: null,
    };
    lie((time) => [said(liar.id, 5_000 + time, { kind: 'state', entries: [entry] })], {
      times: 5,
      everyMs: 1_000,
    });
    for (const [at, tab] of others.entries()) {
      expect(eventsOf(tab).filter(({ kind }) => kind === 'entryRefused')).toHaveLength(1);
      expect(tab.node.inspect().state.clock.wall - clocks[at]!).toBeLessThan(60_000);
      expect(tab.node.inspect().state.collections.get('notes')).toBeUndefined();
    }
  });

  test.each([
    { tellers: 1, what: 'one neighbor of five', moved: false },
    { tellers: 4, what: 'four of five, the control', moved: true },
  ])('gives its clock as a day ahead: $what', ({ tellers, moved }) => {
    const { world, others } = besiege(5);
    const [victim, ...rest] = others as [Tab, ...Tab[]];
    const liars = [...world.living().filter((tab) => !others.includes(tab)), ...rest].slice(0, tellers);
    for (let time = 0; time < 20; time++) {
      const echo = WALL_START_MS + Math.round(world.timeMs());
      const answer: LinkMessage = { kind: 'heartbeatAck', probe: 1, echo, wall: echo + DAY_MS, roots };
      for (const liar of liars) world.forge(liar, victim.id, answer);
      world.run(10);
      world.command(victim, { kind: 'write', collection: 'notes', key: 'k', value: time });
      world.run(500);
    }
    const aheadMs = victim.node.inspect().state.clock.wall - (WALL_START_MS + world.timeMs());
    expect(aheadMs > DAY_MS / 2).toBe(moved);
    expect(Math.abs(aheadMs) < 5_000).toBe(!moved);
  });

  test('announces what it never gives loses its links', () => {
    const { liar, others, lie } = besiege(6);
    lie(
      (time) => [
        {
          kind: 'ihave',
          heads: [{ origin: nobody(time), epoch: epoch(1), lane: 'volatile', seq: 1 }],
        },
      ],
      { times: 100, everyMs: 1_000 },
    );
    expect(blameOf(others, liar.id)).toEqual(['dropped-withheld']);
    expect(linkedTo(others, liar.id)).toEqual([]);
    expect(others.flatMap(({ id }) => blameOf(others, id))).toEqual([]);
  });
});

test('who passes on in good faith what is false is never dropped for it', () => {
  const { world, liar, others, lie } = besiege(7);
  const [victim, ...relays] = others as [(typeof others)[0], ...typeof others];
  // What is shown in another's name is told of whoever brings it, and an honest member cannot know.
  lie(
    (time) => [
      {
        kind: 'gossip',
        origin: victim.id,
        epoch: epoch(1),
        lane: 'volatile',
        seq: 1_000 + time,
        hot: true,
        round: 0,
        ageMs: 0,
        follows: null,
        proof: null,
        payload: {
          kind: 'presence',
          owner: victim.id,
          epoch: epoch(1),
          grade: 'passing',
          fields: [{ field: 'cursor', seq: 1_000 + time, value: time, proof: null }],
        },
      },
    ],
    { times: 100, everyMs: 200 },
  );
  for (const { id } of relays) {
    expect(blameOf(others, id).filter((reason) => reason.startsWith('dropped-'))).toEqual([]);
  }
  expect(blameOf([victim], liar.id)).toContain('forged-origin');
  expect(world.living().every((tab) => tab.node.inspect().overlay.activeView.length === 5)).toBe(true);
});
