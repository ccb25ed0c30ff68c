/** What an application is told of each event of the node. */
import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import type { Entry } from '#shared/state/messages.ts';
import { createEventHub, type EventHub } from '#client/events.ts';
import { createMembersFace, type MembersFace } from '#client/people/members.ts';
import { createSource } from '#client/readable.ts';
import { createReplies } from '#client/replies.ts';
import { createStatus } from '#client/status.ts';
import { createTellings, type Tellings } from '#client/tellings.ts';
import type { MeshEvents, PresenceFields } from '#client/types.ts';
import { uncaughtIn } from './uncaught.ts';

const self = '0a'.repeat(16) as PeerId;
const a = '0b'.repeat(16) as PeerId;
const b = '0c'.repeat(16) as PeerId;

interface Setup {
  readonly tellings: Tellings;
  readonly hub: EventHub<PresenceFields>;
  readonly people: MembersFace<PresenceFields>;
  /** Every event of the mesh, by its type, in order. */
  readonly told: unknown[];
}

const TYPES: Readonly<Record<keyof MeshEvents, true>> = {
  'member:join': true,
  'member:update': true,
  'member:suspect': true,
  'member:recover': true,
  'member:leave': true,
  'link:open': true,
  'link:close': true,
  'message:gap': true,
  'state:refused': true,
  'peer:misbehaved': true,
  error: true,
};

/** `a` is a member. */
function setUp(): Setup {
  const hub = createEventHub<PresenceFields>();
  const people = createMembersFace<PresenceFields>({
    self,
    hopsByMember: () => new Map(),
    isRelayed: () => false,
    userOf: () => undefined,
    ping: () => Promise.resolve(0),
  });
  const tellings = createTellings({
    self,
    hub,
    people,
    mine: createSource({}),
    data: {
      map: () => {
        throw new Error('no map');
      },
      topic: () => {
        throw new Error('no topic');
      },
      changed: () => () => {},
      message: () => {},
    },
    replies: createReplies(() => {}),
    status: createStatus(),
    faultOf: () => 'needs-turn',
    openLinks: () => 0,
  });
  tellings.onEvents([{ kind: 'memberJoined', id: a, returned: false }]);
  const told: unknown[] = [];
  for (const type of Object.keys(TYPES) as (keyof MeshEvents)[]) {
    hub.on(type, (detail) => told.push([type, detail]));
  }
  return { tellings, hub, people, told };
}

const entry: Entry = {
  collection: 'notes',
  key: 'k',
  value: 1,
  stamp: { wall: 1, counter: 0, by: a },
  proof: null,
};

describe('told is', () => {
  test.each<[MeshEvent, string, unknown]>([
    [
      { kind: 'memberJoined', id: b, returned: true },
      'member:join',
      { member: expect.objectContaining({ id: b, status: 'alive' }), returned: true },
    ],
    [
      { kind: 'memberSuspected', id: a, by: b },
      'member:suspect',
      { member: expect.objectContaining({ id: a, status: 'suspect' }), by: b },
    ],
    [
      { kind: 'memberRecovered', id: a },
      'member:recover',
      { member: expect.objectContaining({ id: a, status: 'alive' }) },
    ],
    [
      { kind: 'presenceChanged', owner: a, fields: new Map([['name', 'Ada']]) },
      'member:update',
      { member: expect.objectContaining({ id: a, presence: { name: 'Ada' } }) },
    ],
    [
      { kind: 'memberLeft', id: a, reason: 'failed' },
      'member:leave',
      { member: expect.objectContaining({ id: a }), reason: 'failed' },
    ],
    [{ kind: 'linkOpened', peer: a }, 'link:open', { peer: a }],
    [{ kind: 'linkClosed', peer: a, reason: 'closed' }, 'link:close', { peer: a, reason: 'closed' }],
    [{ kind: 'gap', from: a, missed: 3 }, 'message:gap', { from: a, missed: 3 }],
    [
      { kind: 'entryRefused', entry, reason: 'over-limit' },
      'state:refused',
      { map: 'notes', key: 'k', value: 1, reason: 'over-limit' },
    ],
    [
      { kind: 'peerMisbehaved', peer: b, reason: 'malformed' },
      'peer:misbehaved',
      { peer: b, reason: 'malformed' },
    ],
  ])('%j', (event, type, detail) => {
    const { tellings, told } = setUp();
    tellings.onEvents([event]);
    expect(told).toEqual([[type, detail]]);
  });

  test('once, that this library is too old for somebody, however many say so; all are counted', () => {
    const { tellings, told } = setUp();
    tellings.onEvents([
      { kind: 'versionTooOld', peer: a },
      { kind: 'versionTooOld', peer: b },
    ]);
    tellings.onEvents([{ kind: 'versionTooOld', peer: a }]);
    expect(told).toEqual([
      ['error', expect.objectContaining({ name: 'MeshError', code: 'VERSION_TOO_OLD' })],
    ]);
    expect(tellings.refused()).toEqual({ 'too-old': 3 });
  });

  test('nothing of a member that is not here', () => {
    const { tellings, told } = setUp();
    tellings.onEvents([
      { kind: 'memberSuspected', id: b, by: a },
      { kind: 'memberRecovered', id: b },
      { kind: 'presenceChanged', owner: b, fields: new Map() },
      { kind: 'memberLeft', id: b, reason: 'goodbye' },
    ]);
    expect(told).toEqual([]);
  });

  test('a return of one who never left, with what it shows', () => {
    const { tellings, people, told } = setUp();
    tellings.onEvents([
      { kind: 'memberSuspected', id: a, by: b },
      { kind: 'presenceChanged', owner: a, fields: new Map([['name', 'Ada']]) },
    ]);
    told.length = 0;
    tellings.onEvents([{ kind: 'memberJoined', id: a, returned: true }]);
    const member: unknown = expect.objectContaining({ id: a, status: 'alive', presence: { name: 'Ada' } });
    expect(told).toEqual([['member:join', { member, returned: true }]]);
    expect([...people.members].map(({ id }) => id)).toEqual([self, a]);
  });

  test('all of one input when all of it is applied', () => {
    const { tellings, hub, people } = setUp();
    const seen: unknown[] = [];
    hub.on('member:join', () => seen.push([...people.members].length));
    tellings.onEvents([
      { kind: 'memberJoined', id: b, returned: false },
      { kind: 'memberLeft', id: a, reason: 'goodbye' },
    ]);
    expect(seen).toEqual([2]);
  });

  test('what a listener causes after what it was told of, also when a listener throws', async () => {
    const { tellings, hub, told } = setUp();
    hub.on('link:open', () => {
      tellings.onEvents([{ kind: 'gap', from: a, missed: 1 }]);
      throw new Error('mine');
    });
    hub.on('link:open', () => told.push('second'));
    expect(await uncaughtIn(() => tellings.onEvents([{ kind: 'linkOpened', peer: a }]))).toHaveLength(1);
    expect(told).toEqual([['link:open', { peer: a }], 'second', ['message:gap', { from: a, missed: 1 }]]);
  });
});

test('what was refused is counted by its reason', () => {
  const { tellings } = setUp();
  tellings.onEvents([
    { kind: 'entryRefused', entry, reason: 'over-limit' },
    { kind: 'peerMisbehaved', peer: b, reason: 'malformed' },
    { kind: 'peerMisbehaved', peer: b, reason: 'malformed' },
    { kind: 'attemptFailed', peer: b, reason: 'no-answer' },
    { kind: 'attemptFailed', peer: b, reason: 'not-opened' },
  ]);
  tellings.count('server-bad-message');
  expect(tellings.refused()).toEqual({
    'over-limit': 1,
    malformed: 2,
    'attempt-no-answer': 1,
    'attempt-not-opened': 1,
    'link-needs-turn': 1,
    'server-bad-message': 1,
  });
});
