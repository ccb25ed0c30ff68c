import { describe, expect, test, vi } from 'vitest';
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import type { MeshEvent } from '#shared/mesh/messages.ts';
import { createAdmission, type Admission } from '#client/people/admission.ts';
import type { Admit, Mesh, Value } from '#client/types.ts';
import { createRoom } from '../room.ts';
import { uncaughtIn } from '../uncaught.ts';

const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));
const self = peer(1);
const ann = peer(2);
const bob = peer(3);

const joined = (id: PeerId): MeshEvent => ({ kind: 'memberJoined', id, returned: false });
const left = (id: PeerId): MeshEvent => ({ kind: 'memberLeft', id, reason: 'goodbye' });
const shows = (owner: PeerId, fields: Record<string, Value | undefined>): MeshEvent => ({
  kind: 'presenceChanged',
  owner,
  fields: new Map(Object.entries(fields)),
});
const says = (from: PeerId, data: Value): MeshEvent => ({
  kind: 'message',
  topic: 'chat',
  data,
  from,
  hops: 1,
});

interface Bench {
  readonly admission: Admission;
  readonly passed: MeshEvent[];
  readonly counted: string[];
  /** Of whom nothing is known any more. */
  readonly goneIds: Set<PeerId>;
}

function createBench(admit: Admit, userById: ReadonlyMap<PeerId, string> = new Map()): Bench {
  const passed: MeshEvent[] = [];
  const counted: string[] = [];
  const goneIds = new Set<PeerId>();
  const admission = createAdmission({
    self,
    admit,
    userOf: (id) => userById.get(id) ?? `user of ${id}`,
    isHere: (id) => !goneIds.has(id),
    presenceOf: () => new Map([['name', 'all it shows']]),
    pass: (events) => passed.push(...events),
    count: (reason) => counted.push(reason),
  });
  return { admission, passed, counted, goneIds };
}

/** Promises that are settled have run what waits for them. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** A judge that answers when it is told to. */
function slowJudge(): { readonly admit: Admit; readonly answer: (isWelcome: boolean) => Promise<void> } {
  let answer: ((isWelcome: boolean) => void) | undefined;
  return {
    admit: () => new Promise((resolve) => (answer = resolve)),
    answer: (isWelcome) => {
      answer?.(isWelcome);
      return settled();
    },
  };
}

describe('a candidate', () => {
  test('is asked about with what it shows in its first frame, and passed with it when welcome', async () => {
    const admit = vi.fn<Admit>(() => true);
    const { admission, passed } = createBench(admit);
    admission.onEvents([joined(ann), shows(ann, { name: 'Ann', hat: undefined })]);
    expect(passed).toEqual([]);
    await settled();
    expect(admit.mock.calls.map(([candidate]) => candidate)).toEqual([
      { id: ann, userId: `user of ${ann}`, presence: { name: 'Ann' } },
    ]);
    expect(passed).toEqual([joined(ann), shows(ann, { name: 'Ann', hat: undefined })]);
    expect(admission.isAdmitted(ann)).toBe(true);
    admission.onEvents([says(ann, 'hi')]);
    expect(passed.at(-1)).toEqual(says(ann, 'hi'));
  });

  test('waits with all it shows and says, in order, while the answer does', async () => {
    const { admit, answer } = slowJudge();
    const { admission, passed, counted } = createBench(admit);
    const suspected: MeshEvent = { kind: 'memberSuspected', id: ann, by: bob };
    admission.onEvents([joined(ann)]);
    await settled();
    admission.onEvents([shows(ann, { name: 'A' }), says(ann, 1), suspected]);
    admission.onEvents([shows(ann, { name: 'Ann' }), says(ann, 2)]);
    expect(passed).toEqual([]);
    await answer(true);
    expect(passed).toEqual([joined(ann), shows(ann, { name: 'Ann' }), suspected, says(ann, 1), says(ann, 2)]);
    expect(counted).toEqual([]);
  });

  test('that recovers while it waits is no suspect', async () => {
    const { admit, answer } = slowJudge();
    const { admission, passed } = createBench(admit);
    admission.onEvents([joined(ann)]);
    await settled();
    admission.onEvents([
      { kind: 'memberSuspected', id: ann, by: bob },
      { kind: 'memberRecovered', id: ann },
    ]);
    await answer(true);
    expect(passed).toEqual([joined(ann)]);
  });

  test('may say so much while it waits, and what is beyond is counted', async () => {
    const { admit, answer } = slowJudge();
    const { admission, passed, counted } = createBench(admit);
    admission.onEvents([joined(ann)]);
    await settled();
    for (let nth = 0; nth < 300; nth++) admission.onEvents([says(ann, nth)]);
    await answer(true);
    expect(passed).toHaveLength(1 + 256);
    expect(counted).toHaveLength(300 - 256);
  });

  test('that goes while it waits was never here, and its question is called off', async () => {
    const signals: AbortSignal[] = [];
    const { admission, passed } = createBench((_candidate, { signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    });
    admission.onEvents([joined(ann)]);
    await settled();
    admission.onEvents([left(ann)]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
    expect(passed).toEqual([]);
  });
});

describe('whoever is turned away', () => {
  test.each<[string, Admit]>([
    ['false', () => false],
    ['a promise of false', async () => false],
    ['something that is not true', () => 'yes' as unknown as boolean],
  ])('by %s is not shown, whatever it does; what it says is counted', async (_name, admit) => {
    const { admission, passed, counted } = createBench(admit);
    admission.onEvents([joined(ann), says(ann, 1)]);
    await settled();
    admission.onEvents([
      shows(ann, { name: 'Ann' }),
      says(ann, 2),
      { kind: 'memberSuspected', id: ann, by: bob },
      { kind: 'memberRecovered', id: ann },
      { kind: 'rtt', peer: ann, rttMs: 5 },
      joined(ann),
      left(ann),
    ]);
    expect(passed).toEqual([]);
    expect(counted).toEqual(['not-admitted', 'not-admitted']);
    expect(admission.isAdmitted(ann)).toBe(false);
  });

  test('is asked about again when it has left and comes again', async () => {
    const answers = [false, true];
    const { admission, passed } = createBench(() => answers.shift() ?? false);
    admission.onEvents([joined(ann)]);
    await settled();
    admission.onEvents([left(ann), joined(ann)]);
    await settled();
    expect(passed).toEqual([joined(ann)]);
  });

  test('is so too where the judge throws, and the error is reported', async () => {
    const { admission, passed } = createBench(() => {
      throw new Error('no judge');
    });
    const thrown = await uncaughtIn(() => admission.onEvents([joined(ann)]));
    expect(passed).toEqual([]);
    expect(thrown).toMatchObject([{ message: 'no judge' }]);
  });
});

describe('whoever shows another user', () => {
  test('is taken off and asked about as that one, with all that it shows', async () => {
    const userById = new Map<PeerId, string>();
    const admit = vi.fn<Admit>(({ userId }) => userId !== 'mallory');
    const { admission, passed, counted } = createBench(admit, userById);
    admission.onEvents([joined(ann), shows(ann, { name: 'Ann' })]);
    await settled();
    userById.set(ann, 'mallory');
    admission.onEvents([says(ann, 'as mallory')]);
    await settled();
    expect(passed.slice(2)).toEqual([{ kind: 'memberLeft', id: ann, reason: 'forgotten' }]);
    expect(admission.isAdmitted(ann)).toBe(false);
    expect(counted).toEqual(['not-admitted']);
    userById.set(ann, 'anna');
    admission.onEvents([{ kind: 'graphChanged' }]);
    await settled();
    expect(passed.slice(-2)).toEqual([joined(ann), shows(ann, { name: 'all it shows' })]);
    expect(admit.mock.calls.map(([{ userId }]) => userId)).toEqual([`user of ${ann}`, 'mallory', 'anna']);
  });

  test('comes back as suspect as it was', async () => {
    const userById = new Map<PeerId, string>();
    const { admission, passed } = createBench(() => true, userById);
    const suspected: MeshEvent = { kind: 'memberSuspected', id: ann, by: bob };
    admission.onEvents([joined(ann)]);
    await settled();
    admission.onEvents([suspected]);
    userById.set(ann, 'anna');
    admission.onEvents([{ kind: 'graphChanged' }]);
    await settled();
    expect(passed.at(-1)).toEqual(suspected);
  });

  test('because it has gone has left as it did', async () => {
    const userById = new Map<PeerId, string>();
    const { admission, passed, goneIds } = createBench(() => true, userById);
    admission.onEvents([joined(ann)]);
    await settled();
    goneIds.add(ann);
    userById.set(ann, 'nobody');
    admission.onEvents([{ kind: 'graphChanged' }, left(ann)]);
    await settled();
    expect(passed).toEqual([joined(ann), { kind: 'graphChanged' }, left(ann)]);
  });

  test('while the answer about the first waits is judged as the second', async () => {
    const userById = new Map<PeerId, string>();
    const asked: (string | undefined)[] = [];
    const answers: ((isWelcome: boolean) => void)[] = [];
    const { admission, passed } = createBench(({ userId }) => {
      asked.push(userId);
      return new Promise((resolve) => answers.push(resolve));
    }, userById);
    admission.onEvents([joined(ann)]);
    await settled();
    userById.set(ann, 'mallory');
    answers[0]!(true);
    await settled();
    expect(asked).toEqual([`user of ${ann}`, 'mallory']);
    answers[1]!(false);
    await settled();
    expect(passed).toEqual([]);
    expect(admission.isAdmitted(ann)).toBe(false);
  });
});

test('of ourselves, of links and of shared state everything passes', () => {
  const { admission, passed } = createBench(() => false);
  const events: readonly MeshEvent[] = [
    shows(self, { name: 'me' }),
    says(self, 'to myself'),
    { kind: 'linkOpened', peer: ann },
    { kind: 'stateChanged', changes: [] },
    { kind: 'graphChanged' },
  ];
  admission.onEvents(events);
  expect(passed).toEqual(events);
});

test('after the end nobody is let in', async () => {
  const { admit, answer } = slowJudge();
  const { admission, passed } = createBench(admit);
  admission.onEvents([joined(ann)]);
  await settled();
  admission.close();
  await answer(true);
  expect(passed).toEqual([]);
});

describe('in a mesh', () => {
  interface Shown extends Record<string, Value | undefined> {
    name?: string;
  }
  const names = (mesh: Mesh<Shown>): readonly string[] =>
    Array.from(mesh.members, ({ presence }) => presence.name ?? '').toSorted();

  test('a member that one tab turns away is not there for it, and all the same for the others', async () => {
    const room = createRoom();
    const picky = room.join<Shown>(
      { name: 'picky' },
      { admit: ({ presence }) => presence['name'] !== 'eve' },
    );
    await room.clock.advance(100);
    const others = ['bob', 'eve'].map((name) => room.join<Shown>({ name }));
    const [second, third] = others as [Mesh<Shown>, Mesh<Shown>];
    const heard: unknown[] = [];
    const comings: unknown[] = [];
    picky.topic('chat').on(({ data }) => heard.push(data));
    picky.on('member:join', ({ member }) => comings.push(member.presence.name));
    await room.clock.advance(5_000);
    await third.topic('chat').send('from eve');
    await second.topic('chat').send('from bob');
    third.map('notes').set('by', 'eve');
    await room.clock.advance(2_000);

    expect(names(picky)).toEqual(['bob', 'picky']);
    expect(names(second)).toEqual(['bob', 'eve', 'picky']);
    expect(comings).toEqual(['bob']);
    expect(heard).toEqual(['from bob']);
    expect(picky.stats().refused).toMatchObject({ 'not-admitted': 1 });
    expect(picky.graph().nodes.map(({ id }) => id)).not.toContain(third.id);
    expect(picky.map('notes').get('by')).toBe('eve');
    expect(picky.status.value).toBe('connected');
  });
});
