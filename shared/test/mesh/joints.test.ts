/** One whole node between neighbors that are played by the test: what one layer says, another hears. */
import { describe, expect, test } from 'vitest';
import { ZERO_HASH } from '#shared/base/hash.ts';
import {
  bytesToPeerId,
  epoch,
  incarnation,
  wordsToAttemptId,
  type AttemptId,
  type PeerId,
} from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof } from '#shared/base/proof.ts';
import { createRng } from '#shared/base/rng.ts';
import { now } from '#shared/base/time.ts';
import type { Gossip } from '#shared/broadcast/messages.ts';
import type { Claim, IdentityRecord } from '#shared/membership/messages.ts';
import { defaultMeshConfig } from '#shared/mesh/config.ts';
import type {
  Command,
  Delta,
  Effect,
  Input,
  LinkMessage,
  MeshEvent,
  NodeTimer,
  Payload,
} from '#shared/mesh/messages.ts';
import { createMeshNode, type MeshNode } from '#shared/mesh/node.ts';
import type { OverlaySignal } from '#shared/overlay/messages.ts';
import { TABLES, type Roots } from '#shared/reconcile/messages.ts';
import type { Entry } from '#shared/state/messages.ts';

const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));
/** The node under test has the lowest id: it is the one that begins every comparison. */
const [a, b, c, d, e] = [1, 2, 3, 4, 5].map(peer) as [PeerId, PeerId, PeerId, PeerId, PeerId];
const WALL_MS = 1_700_000_000_000;
const NO_ROOTS: Roots = { roster: ZERO_HASH, state: ZERO_HASH, presence: ZERO_HASH };

describe('a neighbor that falls silent', () => {
  test('has its trees asked of another as soon as it is suspected', () => {
    const bench = createBench([b, c]);
    const effects = bench.run(3_500, { talking: [c] });
    expect(told(effects, 'memberSuspected')).toEqual([{ kind: 'memberSuspected', id: b, by: a }]);
    expect(told(effects, 'memberLeft')).toEqual([]);
    expect(sent(effects, c, 'graft')).toEqual([{ kind: 'graft', trees: [null], wants: [] }]);
  });

  test('without ever having said who it is, loses its link', () => {
    const bench = createBench();
    bench.link(b);
    expect(told(bench.run(8_000), 'linkClosed')).toEqual([
      { kind: 'linkClosed', peer: b, reason: 'declared-dead' },
    ]);
  });

  test('and is declared dead, is linked and heard again by the first frame that comes from it', () => {
    const bench = createBench([b]);
    expect(told(bench.run(10_000), 'memberLeft')).toEqual([{ kind: 'memberLeft', id: b, reason: 'failed' }]);
    expect(bench.node.inspect().overlay).toMatchObject({ activeView: [], parked: [b] });
    const effects = bench.frame(b, gossip(b, 1, topic('awake')));
    expect(told(effects, 'linkOpened')).toEqual([{ kind: 'linkOpened', peer: b }]);
    expect(told(effects, 'message').map(({ data }) => data)).toEqual(['awake']);
  });
});

describe('a neighbor whose link is congested', () => {
  test('gets the name of a message in place of the message', () => {
    const bench = createBench([b, c]);
    bench.run(3_000, { talking: [b, c] });
    bench.give({ kind: 'congestion', peer: b, congested: true });
    const effects = [...bench.command({ kind: 'publish', topic: 'chat', data: 1 }), ...bench.run(100)];
    expect([sent(effects, b, 'gossip').length, sent(effects, b, 'ihave').length]).toEqual([0, 1]);
    expect([sent(effects, c, 'gossip').length, sent(effects, c, 'ihave').length]).toEqual([1, 0]);
  });

  test('is not handed what another brought, until its link has drained', () => {
    const bench = createBench([b, c, d]);
    bench.give({ kind: 'congestion', peer: b, congested: true });
    const some: Delta = { kind: 'delta', table: 'roster', records: [identity(e)] };
    const first = bench.frame(c, some);
    expect([sent(first, b, 'delta'), sent(first, d, 'delta')]).toEqual([[], [some]]);
    bench.give({ kind: 'congestion', peer: b, congested: false });
    const more: Delta = { kind: 'delta', table: 'roster', records: [identity(peer(6))] };
    expect(sent(bench.frame(c, more), b, 'delta')).toEqual([more]);
  });
});

/** That somebody said it; carried along, never looked into. */
const proof: Proof = {
  key: bytesToPublicKey(new Uint8Array(32).fill(1)),
  epoch: epoch(1),
  seq: 1,
  of: 1,
  signature: new Uint8Array(64).fill(2),
};

test('a broadcast goes on with the proof that it came with, and our own without any', () => {
  const bench = createBench([b, c]);
  const proven = { ...gossip(b, 1, topic('hello')), proof };
  expect(sent(bench.frame(b, proven), c, 'gossip')).toEqual([{ ...proven, round: 1 }]);
  const own = bench.command({ kind: 'publish', topic: 'chat', data: 'hi' });
  expect(sent(own, c, 'gossip').map((message) => message.proof)).toEqual([null]);
});

test('a card is in the greeting, also where it is given before the first link', () => {
  const bench = createBench([]);
  bench.command({ kind: 'card', card: Uint8Array.of(1, 2, 3) });
  const hellos = sent(bench.link(b), b, 'hello');
  expect(hellos.map(({ identity: own }) => [own.incarnation, own.card])).toEqual([
    [1, Uint8Array.of(1, 2, 3)],
  ]);
});

describe('what a neighbor hands over in a comparison', () => {
  const stamp = { wall: WALL_MS, counter: 0, by: d };
  const deltas: readonly Delta[] = [
    { kind: 'delta', table: 'roster', records: [{ ...identity(e), proof }] },
    {
      kind: 'delta',
      table: 'state',
      records: [{ collection: 'notes', key: 'k', value: 1, stamp, proof }],
    },
    {
      kind: 'delta',
      table: 'presence',
      records: [{ owner: d, epoch: epoch(1), field: 'name', seq: 1, value: 'Dee', proof }],
    },
  ];

  test.each(deltas)('of the $table goes on at once to others, not to its bringer, and only once', (delta) => {
    const bench = createBench([b, c, d]);
    for (const other of [b, c, d]) bench.compare(other);
    const effects = bench.frame(d, delta);
    expect([b, c, d].map((to) => sent(effects, to, 'delta'))).toEqual([[delta], [delta], []]);
    expect([b, c, d].flatMap((to) => sent(bench.frame(d, delta), to, 'delta'))).toEqual([]);
  });

  test.each(deltas)('of the $table goes to one not yet compared with only if it is the roster', (delta) => {
    const bench = createBench([b, c, d]);
    bench.compare(b);
    const effects = bench.frame(d, delta);
    const expected = delta.table === 'roster' ? [delta] : [];
    expect([sent(effects, b, 'delta'), sent(effects, c, 'delta')]).toEqual([[delta], expected]);
  });

  test.each(deltas.slice(1))(
    'of the $table goes to it once its comparison is over, and only once',
    (delta) => {
      const bench = createBench([b, c, d]);
      bench.frame(d, delta);
      expect(sent(bench.compare(c), c, 'delta')).toEqual([delta]);
      expect(sent(bench.compare(c), c, 'delta')).toEqual([]);
    },
  );

  test('does not go to it where it is much: a newcomer need not tell a large state to all its neighbors', () => {
    const bench = createBench([b, c, d]);
    for (const from of [0, 100]) {
      const records = Array.from({ length: 100 }, (_, at) => ({
        collection: 'notes',
        key: `k${from + at}`,
        value: 1,
        stamp,
        proof: null,
      }));
      bench.frame(d, { kind: 'delta', table: 'state', records });
    }
    expect(sent(bench.compare(c), c, 'delta')).toEqual([]);
  });
});

test.each([
  ['equal ones', undefined, 1],
  ['others', NO_ROOTS, 0],
])('a neighbor with whom no round came about is synced by %s on its heartbeat', (_which, roots, times) => {
  const bench = createBench([b]);
  const options = roots ? { talking: [b], roots } : { talking: [b] };
  expect(told(bench.run(4_000, options), 'synced')).toHaveLength(times);
});

test.each([
  ['of a life that has not begun', 2, undefined],
  ['of the present life', 1, 'Dee'],
])('what a member shows %s is let in if it is true', (_of, life, expected) => {
  const bench = createBench([b, c]);
  const records = [{ owner: c, epoch: epoch(life), field: 'name', seq: 1, value: 'Dee', proof: null }];
  bench.frame(b, { kind: 'delta', table: 'presence', records });
  expect(bench.node.inspect().presence.fieldsByOwner.get(c)?.get('name')).toBe(expected);
});

test('who leaves says so to lazy neighbors too', () => {
  const bench = createBench([b, c]);
  bench.run(3_000, { talking: [b, c] });
  bench.frame(c, { kind: 'prune', tree: null });
  const effects = bench.command({ kind: 'leave' });
  const farewell = { ...identity(a), left: true };
  for (const to of [b, c]) expect(payloads(effects, to)).toEqual([farewell]);
});

test('whom a node suspects while it has no links, it does not accuse when it has one again', () => {
  const bench = createBench([b, c]);
  bench.run(3_000, { talking: [b, c] });
  bench.closeLink(b);
  bench.closeLink(c);
  const suspects = told(bench.run(10_000), 'memberSuspected').map(({ id }) => id);
  expect(suspects.toSorted()).toEqual([b, c]);
  const kinds = payloads(bench.link(d), d).map(({ kind }) => kind);
  expect(kinds.filter((kind) => kind !== 'identity' && kind !== 'links')).toEqual([]);
});

test('a greeting takes along all presence, also what exceeds its frame', () => {
  const bench = createBench();
  const fields = ['p', 'q', 'r'].map((field) => [field, field.repeat(2_500)] as const);
  bench.command({ kind: 'present', fields: new Map(fields) });
  const effects = bench.link(b);
  const greeted = sent(effects, b, 'hello').flatMap(({ presence }) => presence);
  const followed = sent(effects, b, 'delta').map(({ records }) => records);
  expect([greeted, ...followed].flat()).toMatchObject(fields.map(([field, value]) => ({ field, value })));
  expect(followed.length).toBeGreaterThan(0);
});

test('messages that never come are told to the application as missed', () => {
  const bench = createBench([b]);
  bench.frame(b, gossip(b, 1, topic('first')));
  bench.frame(b, gossip(b, 4, topic('fourth')));
  const effects = bench.run(12_000, { talking: [b] });
  expect(told(effects, 'gap')).toEqual([{ kind: 'gap', from: b, missed: 2 }]);
  expect(told(effects, 'message').map(({ data }) => data)).toEqual(['fourth']);
});

test('the last words of one who has gone are offered while they can be asked for, and to nobody who comes later', () => {
  const bench = createBench([b, c]);
  bench.frame(b, gossip(b, 1, topic('hello')));
  const origins = (effects: readonly Effect[], to: PeerId): PeerId[] =>
    sent(effects, to, 'vector').flatMap(({ heads }) => heads.map(({ origin }) => origin));
  expect(origins(bench.link(d), d)).toContain(b);
  bench.frame(b, { kind: 'claims', claims: [{ ...identity(b), left: true }] });
  expect(origins(bench.link(e), e)).toContain(b);
  bench.run(30_000);
  expect(origins(bench.link(peer(6)), peer(6))).not.toContain(b);
});

describe('what was written ten minutes ago by a node without links', () => {
  const writeAbench = (): Bench => {
    const bench = createBench();
    bench.command({ kind: 'write', collection: 'notes', key: 'k', value: 'offline' });
    bench.run(700_000);
    return bench;
  };
  const entries = (effects: readonly Effect[]): Entry[] =>
    payloads(effects, b).flatMap((payload) => (payload.kind === 'state' ? payload.entries : []));

  test('is said anew when the state of the first neighbor is known, not before', () => {
    const bench = writeAbench();
    const greeting = [
      ...bench.link(b),
      ...bench.frame(b, { kind: 'middle', table: 'roster', exact: false, nodes: [] }),
    ];
    expect(entries(greeting)).toEqual([]);
    const wall = WALL_MS + 701_000;
    expect(
      entries(bench.frame(b, { kind: 'middle', table: 'state', exact: false, nodes: [] })),
    ).toMatchObject([{ key: 'k', value: 'offline', stamp: { wall, by: a } }]);
  });

  test('is not said anew where that neighbor holds something newer', () => {
    const bench = writeAbench();
    bench.link(b);
    const stamp = { wall: WALL_MS + 300_000, counter: 0, by: b };
    const newer: Entry = { collection: 'notes', key: 'k', value: 'newer', stamp, proof: null };
    bench.frame(b, { kind: 'delta', table: 'state', records: [newer] });
    expect(entries(bench.compare(b))).toEqual([]);
    expect(bench.node.inspect().state.collections.get('notes')?.get('k')).toBe('newer');
  });
});

describe('a node without links', () => {
  test('asks the next contact at once when the server cannot reach one', () => {
    const bench = createBench();
    const [first] = requests(bench.give({ kind: 'serverAttached', contacts: [b, c] }));
    const next = requests(bench.give({ kind: 'serverUnreachable', to: first!.to }));
    expect(next.map(({ to }) => to)).toEqual([first!.to === b ? c : b]);
  });

  test('asks one anew with whom it failed again and again, when the server has been away', () => {
    const bench = createBench();
    let asked = requests(bench.give({ kind: 'serverAttached', contacts: [b] }));
    for (let failures = 0; failures < 2; failures++) {
      const { attempt } = asked[0]!;
      bench.signal(b, { kind: 'accept', attempt });
      bench.give({ kind: 'channelClosed', peer: b, attempt });
      asked = requests(bench.run(8_000));
    }
    expect(asked).toEqual([]);
    bench.give({ kind: 'serverDetached' });
    asked = requests(bench.give({ kind: 'serverAttached', contacts: [b] }));
    expect(asked.map(({ to }) => to)).toEqual([b]);
  });

  test('asks nobody while the server is away', () => {
    const bench = createBench();
    bench.give({ kind: 'serverAttached', contacts: [b, c] });
    bench.give({ kind: 'serverDetached' });
    bench.run(8_000);
    expect(bench.node.inspect().overlay.pending).toEqual([]);
  });

  test('collects its deletions when their time is up', () => {
    const bench = createBench();
    writeAndDelete(bench);
    bench.run(590_000);
    expect(bench.node.inspect().state).toMatchObject({ tombstones: 1, stubs: 0 });
    bench.run(80_000);
    expect(bench.node.inspect().state).toMatchObject({ tombstones: 0, stubs: 1 });
  });
});

describe('a deletion whose time is up', () => {
  const links = (stability: number): Claim => ({
    kind: 'links',
    id: b,
    epoch: epoch(1),
    seq: 1,
    neighbors: [a],
    stability,
    greeter: false,
    proof: null,
  });

  test('is collected when every neighbor has shown an equal root since, not before', () => {
    const bench = createBench([b]);
    bench.compare(b);
    writeAndDelete(bench);
    bench.frame(b, { kind: 'claims', claims: [links(WALL_MS + 3_600_000)] });
    bench.run(700_000, { talking: [b], roots: NO_ROOTS });
    expect(bench.node.inspect().state).toMatchObject({ tombstones: 1, stubs: 0 });
    bench.run(70_000, { talking: [b] });
    expect(bench.node.inspect().state).toMatchObject({ tombstones: 0, stubs: 1 });
  });

  test('is collected when every member has said that it has got as far, not before', () => {
    const bench = createBench([b]);
    writeAndDelete(bench);
    bench.run(700_000, { talking: [b] });
    expect(bench.node.inspect().state).toMatchObject({ tombstones: 1, stubs: 0 });
    bench.frame(b, { kind: 'claims', claims: [links(WALL_MS + 3_600_000)] });
    bench.run(70_000, { talking: [b] });
    expect(bench.node.inspect().state).toMatchObject({ tombstones: 0, stubs: 1 });
  });
});

test('how far a node has got is told twice a minute while there is a deletion, else never', () => {
  const bench = createBench([b]);
  const stamps = (effects: readonly Effect[]): number[] =>
    payloads(effects, b).flatMap((payload) => (payload.kind === 'links' ? [payload.stability] : []));
  const before = stamps(bench.run(120_000, { talking: [b] }));
  expect(before.filter((stamp) => stamp !== 0)).toEqual([]);
  writeAndDelete(bench);
  const since = stamps(bench.run(40_000, { talking: [b] }));
  expect(since.map((stamp) => stamp > WALL_MS)).toEqual([true, true]);
});

interface Bench {
  readonly node: MeshNode;
  readonly give: (input: Input) => readonly Effect[];
  readonly command: (command: Command) => readonly Effect[];
  readonly frame: (from: PeerId, message: LinkMessage) => readonly Effect[];
  readonly signal: (from: PeerId, signal: OverlaySignal) => readonly Effect[];
  /** Opens a channel; what is said first on it. */
  readonly link: (other: PeerId) => readonly Effect[];
  readonly closeLink: (other: PeerId) => void;
  /** The neighbor says that its tables are as ours: all first comparisons with it end. */
  readonly compare: (other: PeerId) => readonly Effect[];
  /** Lets time pass: timers come due, and whoever talks sends a heartbeat each second, with our roots or `roots`. */
  readonly run: (
    ms: number,
    neighbors?: { readonly talking: readonly PeerId[]; readonly roots?: Roots },
  ) => readonly Effect[];
}

/** A node with these neighbors, which have greeted it. */
function createBench(neighbors: readonly PeerId[] = []): Bench {
  const node = createMeshNode({ self: a, epoch: epoch(1), rng: createRng([1]) }, defaultMeshConfig);
  const due: { readonly at: number; readonly timer: NodeTimer }[] = [];
  const attempts = new Map<PeerId, AttemptId>();
  let timeMs = 1_000;
  let said = 0;

  const give = (input: Input): readonly Effect[] => {
    const effects = node.handle(input, now(timeMs, WALL_MS + timeMs));
    for (const effect of effects) {
      if (effect.kind === 'schedule') due.push({ at: timeMs + effect.afterMs, timer: effect.timer });
    }
    return effects;
  };
  const frame = (from: PeerId, message: LinkMessage): readonly Effect[] =>
    give({ kind: 'frame', from, message, bytes: 100 });
  const runUntil = (endMs: number): readonly Effect[] => {
    const effects: Effect[] = [];
    for (;;) {
      due.sort((x, y) => x.at - y.at);
      const next = due[0];
      if (!next || next.at > endMs) break;
      due.shift();
      timeMs = Math.max(timeMs, next.at);
      effects.push(...give({ kind: 'timer', timer: next.timer }));
    }
    timeMs = endMs;
    return effects;
  };

  const bench: Bench = {
    node,
    give,
    frame,
    command: (command) => give({ kind: 'command', command }),
    signal: (from, payload) =>
      give({
        kind: 'serverSignal',
        from,
        message: {
          kind: 'packet',
          origin: from,
          to: a,
          id: ++said,
          delivery: 'once',
          serverMay: true,
          flooded: false,
          ttl: 4,
          route: [],
          trail: [],
          payload,
        },
      }),
    link: (other) => {
      const attempt = wordsToAttemptId(7, attempts.size);
      attempts.set(other, attempt);
      bench.signal(other, { kind: 'request', attempt, priority: 'high', forward: false });
      return give({ kind: 'channelOpened', peer: other, attempt });
    },
    closeLink: (other) => void give({ kind: 'channelClosed', peer: other, attempt: attempts.get(other)! }),
    compare: (other) =>
      TABLES.flatMap((table) => frame(other, { kind: 'middle', table, exact: false, nodes: [] })),
    run: (ms, { talking, roots } = { talking: [] }) => {
      const effects: Effect[] = [];
      for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
        effects.push(...runUntil(timeMs + Math.min(leftMs, 1_000)));
        for (const from of talking) {
          const shown = roots ?? node.inspect().reconcile.roots;
          const wall = WALL_MS + timeMs;
          effects.push(...frame(from, { kind: 'heartbeat', probe: ++said, tickMs: 250, wall, roots: shown }));
        }
      }
      return effects;
    },
  };

  give({ kind: 'start' });
  for (const other of neighbors) {
    bench.link(other);
    frame(other, { kind: 'hello', identity: identity(other), presence: [] });
  }
  return bench;
}

function writeAndDelete(bench: Bench): void {
  for (const value of [1, undefined]) {
    bench.command({ kind: 'write', collection: 'notes', key: 'k', value });
  }
}

function identity(id: PeerId): IdentityRecord {
  const life = { id, epoch: epoch(1), incarnation: incarnation(0), left: false };
  return { kind: 'identity', ...life, wireVersion: 1, card: new Uint8Array(0), proof: null };
}

const topic = (data: string): Payload => ({ kind: 'topic', topic: 'chat', data });

function gossip(origin: PeerId, seq: number, payload: Payload): Gossip<Payload> {
  return {
    kind: 'gossip',
    origin,
    epoch: epoch(1),
    lane: 'reliable',
    seq,
    hot: false,
    round: 0,
    ageMs: 0,
    follows: null,
    proof: null,
    payload,
  };
}

function sent<K extends LinkMessage['kind']>(
  effects: readonly Effect[],
  to: PeerId,
  kind: K,
): Extract<LinkMessage, { kind: K }>[] {
  return effects.flatMap((effect) =>
    effect.kind === 'send' && effect.to === to && effect.message.kind === kind
      ? [effect.message as Extract<LinkMessage, { kind: K }>]
      : [],
  );
}

const payloads = (effects: readonly Effect[], to: PeerId): Payload[] =>
  sent(effects, to, 'gossip').map(({ payload }) => payload);

function told<K extends MeshEvent['kind']>(
  effects: readonly Effect[],
  kind: K,
): Extract<MeshEvent, { kind: K }>[] {
  return effects.flatMap((effect) =>
    effect.kind === 'tell' && effect.event.kind === kind
      ? [effect.event as Extract<MeshEvent, { kind: K }>]
      : [],
  );
}

function requests(effects: readonly Effect[]): { readonly to: PeerId; readonly attempt: AttemptId }[] {
  return effects.flatMap((effect) => {
    if (effect.kind !== 'serverSend' || effect.message.kind !== 'packet') return [];
    const { payload } = effect.message;
    return payload.kind === 'request' ? [{ to: effect.to, attempt: payload.attempt }] : [];
  });
}
