/** Each checker of the swarm complains about what it is there for, and about nothing else. */
import { describe, expect, test } from 'vitest';
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import type { Value } from '#shared/base/value.ts';
import type { Input, MeshEvent } from '#shared/mesh/messages.ts';
import type { Checker, MakeChecker, MeshWorld } from '#sim/swarm/checker.ts';
import { messagesComeOnce, NUMBERED_TOPIC } from '#sim/swarm/deliveries.ts';
import type { Tab } from '#sim/swarm/draw.ts';
import {
  presencesAreEqual,
  roomIsWhole,
  rostersAreEqual,
  statesAreEqual,
  tablesRest,
  viewsAreSymmetric,
} from '#sim/swarm/liveness.ts';
import {
  clocksRise,
  collectionsAreBounded,
  eventsAlternate,
  presenceIsOfMembers,
  viewsAreWellFormed,
} from '#sim/swarm/safety.ts';

const [a, b, c] = [1, 2, 3].map((byte) => bytesToPeerId(new Uint8Array(16).fill(byte))) as [
  PeerId,
  PeerId,
  PeerId,
];

/** What of a snapshot the checkers look at; whatever is not given is well. */
interface Shows {
  readonly links?: readonly PeerId[];
  readonly reserves?: readonly PeerId[];
  readonly members?: readonly PeerId[];
  readonly suspects?: readonly PeerId[];
  readonly state?: Readonly<Record<string, Value>>;
  readonly presence?: ReadonlyMap<PeerId, Readonly<Record<string, Value>>>;
  readonly clock?: number;
  readonly cached?: number;
}

function tabOf(id: PeerId, shows: Shows = {}): Tab {
  const inspect = (): unknown => ({
    overlay: { activeView: shows.links ?? [], passiveView: shows.reserves ?? [], pending: [], parked: [] },
    membership: {
      members: new Map(
        (shows.members ?? [id]).map((member) => [
          member,
          { status: shows.suspects?.includes(member) ? 'suspect' : 'alive' },
        ]),
      ),
      departed: new Map(),
    },
    broadcast: { cachedMessages: shows.cached ?? 0, eagerByTree: new Map(), neighbors: [] },
    state: {
      collections: new Map([['notes', new Map(Object.entries(shows.state ?? {}))]]),
      tombstones: 0,
      clock: { wall: shows.clock ?? 1, counter: 0, by: id },
    },
    presence: {
      fieldsByOwner: new Map(
        [...(shows.presence ?? [])].map(([owner, fields]) => [owner, new Map(Object.entries(fields))]),
      ),
    },
  });
  return { id, isAlive: () => true, node: { inspect } } as unknown as Tab;
}

interface Bench {
  readonly checker: Checker;
  readonly complaints: readonly string[];
  readonly told: (tab: Tab, event: MeshEvent) => void;
  readonly stepped: (tab: Tab, input: Input) => void;
}

function bench(make: MakeChecker, tabs: readonly Tab[], run: () => void = () => {}): Bench {
  const complaints: string[] = [];
  const world = {
    living: () => tabs,
    tabOf: (id: PeerId) => tabs.find((tab) => tab.id === id),
    timeMs: () => 0,
    run,
  } as unknown as MeshWorld;
  const checker = make(world, (what) => complaints.push(what));
  for (const tab of tabs) checker.observer?.opened?.(tab);
  return {
    checker,
    complaints,
    told: (tab, event) => checker.observer?.told?.(tab, event),
    stepped: (tab, input) => checker.observer?.stepped?.(tab, input, []),
  };
}

const joined = (id: PeerId): MeshEvent => ({ kind: 'memberJoined', id, returned: false });
const left = (id: PeerId): MeshEvent => ({ kind: 'memberLeft', id, reason: 'failed' });
const message = (from: PeerId, data: number): MeshEvent => ({
  kind: 'message',
  topic: NUMBERED_TOPIC,
  data,
  from,
  hops: 1,
});
const publish = (data: number): Input => ({
  kind: 'command',
  command: { kind: 'publish', topic: NUMBERED_TOPIC, data },
});
const start: Input = { kind: 'start' };

describe('the checker of views', () => {
  test.each<[string, Shows]>([
    ['that hold their owner', { links: [a] }],
    ['that hold somebody twice', { links: [b], reserves: [b] }],
    [
      'that are too large',
      { links: Array.from({ length: 11 }, (_, at) => bytesToPeerId(new Uint8Array(16).fill(50 + at))) },
    ],
  ])('complains of views %s', (_what, shows) => {
    const tab = tabOf(a, shows);
    const { stepped, complaints } = bench(viewsAreWellFormed, [tab]);
    stepped(tab, start);
    expect(complaints).toHaveLength(1);
  });

  test('is content with others', () => {
    const tab = tabOf(a, { links: [b], reserves: [c] });
    const { stepped, complaints } = bench(viewsAreWellFormed, [tab]);
    stepped(tab, start);
    expect(complaints).toEqual([]);
  });
});

describe('the checker of events', () => {
  test('complains of a member that comes twice, one that goes unseen, and oneself', () => {
    const tab = tabOf(a);
    const { told, complaints } = bench(eventsAlternate, [tab]);
    for (const event of [joined(b), left(b), joined(b)]) told(tab, event);
    expect(complaints).toEqual([]);
    for (const event of [joined(b), left(c), joined(a)]) told(tab, event);
    expect(complaints).toHaveLength(3);
  });

  test('complains of a list that is not what was told', () => {
    const tab = tabOf(a, { members: [a, b] });
    const { told, checker, complaints } = bench(eventsAlternate, [tab]);
    told(tab, joined(b));
    checker.look?.();
    expect(complaints).toEqual([]);
    told(tab, joined(c));
    checker.look?.();
    expect(complaints).toHaveLength(1);
  });
});

describe('the checker of messages', () => {
  test('complains of one that comes twice, out of order, or to its sender', () => {
    const tab = tabOf(a);
    const { told, complaints } = bench(messagesComeOnce, [tab]);
    told(tab, joined(b));
    for (const number of [1, 2, 4]) told(tab, message(b, number));
    expect(complaints).toEqual([]);
    told(tab, message(b, 4));
    told(tab, message(b, 3));
    told(tab, message(a, 1));
    expect(complaints).toHaveLength(3);
  });

  test('complains, when all is calm, of one that neither came nor was told to be missed', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    for (const number of [1, 2, 3]) stepped(speaker, publish(number));
    told(hearer, message(b, 1));
    told(hearer, message(b, 3));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
    told(hearer, { kind: 'gap', from: b, missed: 1 });
    checker.whenCalm?.();
    expect(complaints).toHaveLength(1);
  });

  test('complains of a newest one that is lacking', () => {
    const [hearer, speaker] = [tabOf(a), tabOf(b)];
    const { told, stepped, checker, complaints } = bench(messagesComeOnce, [hearer, speaker]);
    told(hearer, joined(b));
    stepped(speaker, publish(1));
    checker.whenCalm?.();
    expect(complaints).toHaveLength(2);
  });
});

describe('the checker of clocks', () => {
  test('complains of one that runs back', () => {
    const writes: Input = {
      kind: 'command',
      command: { kind: 'write', collection: 'notes', key: 'x', value: 1 },
    };
    let clock = 100;
    const tab = tabOf(a);
    const turning = { ...tab, node: { inspect: () => ({ state: { clock: { wall: clock, counter: 0 } } }) } };
    const { stepped, complaints } = bench(clocksRise, [turning as unknown as Tab]);
    stepped(turning as unknown as Tab, writes);
    clock = 99;
    stepped(turning as unknown as Tab, writes);
    expect(complaints).toHaveLength(1);
  });
});

describe.each<[string, MakeChecker, good: readonly Tab[], bad: readonly Tab[]]>([
  [
    'presence',
    presenceIsOfMembers,
    [tabOf(a, { members: [a, b], presence: new Map([[b, { name: 'b' }]]) })],
    [tabOf(a, { members: [a], presence: new Map([[b, { name: 'b' }]]) })],
  ],
  ['limits', collectionsAreBounded, [tabOf(a, { cached: 2_048 })], [tabOf(a, { cached: 2_049 })]],
  ['the component', roomIsWhole, [tabOf(a, { links: [b] }), tabOf(b, { links: [a] })], [tabOf(a), tabOf(b)]],
  [
    'symmetry',
    viewsAreSymmetric,
    [tabOf(a, { links: [b] }), tabOf(b, { links: [a] })],
    [tabOf(a, { links: [b] }), tabOf(b)],
  ],
  [
    'rosters that lack somebody',
    rostersAreEqual,
    [tabOf(a, { members: [a, b] }), tabOf(b, { members: [a, b] })],
    [tabOf(a, { members: [a, b] }), tabOf(b)],
  ],
  ['ghosts', rostersAreEqual, [tabOf(a)], [tabOf(a, { members: [a, c] })]],
  ['suspects', rostersAreEqual, [tabOf(a)], [tabOf(a, { suspects: [a] })]],
  [
    'states',
    statesAreEqual,
    [tabOf(a, { state: { x: 1 } }), tabOf(b, { state: { x: 1 } })],
    [tabOf(a, { state: { x: 1 } }), tabOf(b, { state: { x: 2 } })],
  ],
  [
    'what is shown',
    presencesAreEqual,
    [tabOf(a, { presence: new Map([[a, { n: 1 }]]) })],
    [tabOf(a, { presence: new Map([[a, { n: 1 }]]) }), tabOf(b)],
  ],
])('the checker of %s', (_name, make, good, bad) => {
  const complaintsAbout = (tabs: readonly Tab[]): readonly string[] => {
    const { checker, complaints } = bench(make, tabs);
    checker.look?.();
    checker.whenCalm?.();
    return complaints;
  };

  test('is content with what is well, and complains of what is not', () => {
    expect(complaintsAbout(good)).toEqual([]);
    expect(complaintsAbout(bad)).toHaveLength(1);
  });
});

describe('the checker of rest', () => {
  const tab = tabOf(a);
  const restAfter = (tops: number): readonly string[] => {
    const compares = (): void => {
      for (let top = 0; top < tops; top++) {
        checker.observer?.sent?.(tab, b, { kind: 'top', table: 'state', exact: false, hashes: [] }, 1);
      }
    };
    const { checker, complaints } = bench(tablesRest, [tab], compares);
    compares();
    expect(complaints).toEqual([]);
    checker.whenCalm?.();
    return complaints;
  };

  test('complains of a pair that compares the same table again when all is calm, not of one that does once', () => {
    expect(restAfter(1)).toEqual([]);
    expect(restAfter(2)).toHaveLength(1);
  });
});
