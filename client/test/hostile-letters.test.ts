/** Letters, with a hostile member on their way or beside it: read, changed, swallowed, acknowledged for others. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { bytesToReceipt, RECEIPT_BYTES } from '#shared/base/receipt.ts';
import type { Packet } from '#shared/routing/messages.ts';
import type { LinkMessage, RoutedPayload } from '#shared/mesh/messages.ts';
import type { Channel, Transport } from '#client/transport/transport.ts';
import type { Mesh } from '#client/types.ts';
import { createHostileTab, type HostileLink, type HostileTab } from './hostile-tab.ts';
import { createRoom, type Room } from './room.ts';

interface Tab {
  readonly mesh: Mesh;
  readonly id: PeerId;
  /** All of them can lie; the tests make `a` and `b` lose frames, and `c` say what is false. */
  readonly tab: HostileTab;
}

interface Setup {
  readonly room: Room;
  readonly a: Tab;
  readonly b: Tab;
  readonly c: Tab;
  /** What `b` was told on the topic. */
  readonly heard: unknown[];
  /** Reasons of misbehavior that `a` and `b` were told of. */
  readonly told: string[];
}

const LOST: LinkMessage = { kind: 'prune', tree: null };
const DEAD: Channel = {
  describe: () => true,
  quietMs: () => Promise.resolve(Infinity),
  restart: () => Promise.resolve(false),
  redescribe: () => true,
  send: () => false,
  fingerprints: async () => undefined,
  report: () => ({ fault: 'timed-out', iceErrors: [] }),
  close: async () => {},
};

/** Only the first channel that is made ever opens. */
function oneChannel(transport: Transport): Transport {
  let isFirst = true;
  return {
    construct: (options, handlers) => {
      if (!isFirst) return DEAD;
      isFirst = false;
      return transport.construct(options, handlers);
    },
  };
}

async function setUp(shape: 'triangle' | 'line'): Promise<Setup> {
  const room = createRoom();
  const join = async (name: string): Promise<Tab> => {
    const tab = createHostileTab();
    const narrow = shape === 'line' && name === 'a' ? oneChannel : (inner: Transport) => inner;
    const mesh = room.join({ name }, { wrap: (transport) => tab.wrap(narrow(transport)) });
    await room.clock.advance(200);
    return { mesh, id: mesh.id as PeerId, tab };
  };
  // In the line the one in the middle comes second: the first opens one channel.
  const a = await join('a');
  const c = await join('c');
  const b = await join('b');
  await room.clock.advance(15_000);
  const heard: unknown[] = [];
  const told: string[] = [];
  b.mesh.topic('chat').on(({ data, from }) => heard.push([data, from]));
  for (const { mesh } of [a, b]) mesh.on('peer:misbehaved', ({ reason }) => told.push(reason));
  return { room, a, b, c, heard, told };
}

const linkTo = (from: Tab, to: Tab): HostileLink => from.tab.links.find((one) => one.peer() === to.id)!;

function isLetter(message: LinkMessage): message is Packet<RoutedPayload> & { kind: 'packet' } {
  return message.kind === 'packet' && message.payload.kind === 'sealed';
}

/** What became of it, as far as its sender knows. */
function sendLetter(from: Tab, to: Tab, data: string): { outcome: string } {
  const letter = { outcome: 'waiting' };
  from.mesh
    .topic('chat')
    .send(data, { to: to.id })
    .then(
      () => (letter.outcome = 'delivered'),
      (error: { code: string }) => (letter.outcome = error.code),
    );
  return letter;
}

const inTheNameOf = (
  origin: Tab,
  { to, by, id, payload }: { to: Tab; by: Tab; id: number; payload: RoutedPayload },
): LinkMessage => ({
  kind: 'packet',
  origin: origin.id,
  to: to.id,
  id,
  ttl: 3,
  delivery: 'acked',
  flooded: false,
  serverMay: false,
  route: [],
  trail: [by.id],
  payload,
});

describe('beside the way of a letter', () => {
  let setup: Setup;
  beforeEach(async () => {
    setup = await setUp('triangle');
  });

  test('nobody keeps it from its reader by sending others in the name of its writer', async () => {
    const { room, a, b, c, heard } = setup;
    for (let id = 1; id <= 50; id++)
      linkTo(c, b).say(inTheNameOf(a, { to: b, by: c, id, payload: { kind: 'echo' } }));
    await room.clock.advance(200);
    const letter = sendLetter(a, b, 'secret');
    await room.clock.advance(1_000);
    expect([heard, letter.outcome]).toEqual([[['secret', a.id]], 'delivered']);
  });

  test('not even one who knows its id can swallow it', async () => {
    const { room, a, b, c, heard } = setup;
    a.tab.rewrite = (message) => {
      if (isLetter(message))
        linkTo(c, b).say(inTheNameOf(a, { to: b, by: c, id: message.id, payload: { kind: 'echo' } }));
      return message;
    };
    const letter = sendLetter(a, b, 'secret');
    await room.clock.advance(1_000);
    expect([heard, letter.outcome]).toEqual([[['secret', a.id]], 'delivered']);
  });

  test('nobody can acknowledge it who has not read it', async () => {
    const { room, a, b, c, heard, told } = setup;
    let id = 0;
    a.tab.rewrite = (message) => {
      if (!isLetter(message)) return message;
      id = message.id;
      return LOST;
    };
    const letter = sendLetter(a, b, 'secret');
    await room.clock.advance(20);
    for (const receipt of [null, bytesToReceipt(new Uint8Array(RECEIPT_BYTES))])
      linkTo(c, a).say({
        kind: 'packetAck',
        origin: b.id,
        to: a.id,
        id,
        ttl: 3,
        serverMay: false,
        route: [],
        receipt,
      });
    await room.clock.advance(100);
    // A reason is told once a second.
    expect([heard, letter.outcome, told]).toEqual([[], 'waiting', ['forged-ack']]);
    // It goes on being tried, and its reader acknowledges it.
    a.tab.rewrite = (message) => message;
    await room.clock.advance(5_000);
    expect([heard, letter.outcome]).toEqual([[['secret', a.id]], 'delivered']);
    // Who brought what another may have made keeps its link.
    expect(a.mesh.members.get(c.id)?.link).toBe('direct');
  });

  test('one whose acknowledgement was lost is told once, and acknowledged again', async () => {
    const { room, a, b, heard, told } = setup;
    let tries = 0;
    let lost = 0;
    a.tab.rewrite = (message) => {
      if (isLetter(message)) tries += 1;
      return message;
    };
    b.tab.rewrite = (message) => {
      if (message.kind !== 'packetAck' || lost === 1) return message;
      lost += 1;
      return LOST;
    };
    const letter = sendLetter(a, b, 'secret');
    await room.clock.advance(5_000);
    expect([heard, letter.outcome, tries, lost]).toEqual([[['secret', a.id]], 'delivered', 2, 1]);
    expect(told).toEqual([]);
  });
});

describe('on the way of a letter', () => {
  let setup: Setup;
  beforeEach(async () => {
    setup = await setUp('line');
    const { a, b, c } = setup;
    expect([a, b, c].map(({ mesh }) => mesh.stats().links.open)).toEqual([1, 1, 2]);
    expect([a.mesh.members.get(b.id)?.link, b.mesh.members.get(a.id)?.link]).toEqual(['via', 'via']);
  });

  test('the one who carries it cannot read it, put another in its place, change it, or have it told again', async () => {
    const { room, a, b, c, heard, told } = setup;
    const carried: (Packet<RoutedPayload> & { kind: 'packet' })[] = [];
    const inTheMiddle = linkTo(c, b);
    let loses = true;
    c.tab.rewrite = (message) => {
      if (!isLetter(message) || message.origin !== a.id) return message;
      carried.push(message);
      return loses ? LOST : message;
    };
    const letter = sendLetter(a, b, 'attack at dawn');
    await room.clock.advance(200);
    const [sealed] = carried;
    if (sealed?.payload.kind !== 'sealed') throw new Error('nothing was carried');
    const { bytes } = sealed.payload;
    expect(Buffer.from(bytes).includes('attack')).toBe(false);

    const receipt = bytesToReceipt(new Uint8Array(RECEIPT_BYTES));
    const plain = { kind: 'direct', topic: 'chat', data: 'attack at noon', receipt } as const;
    inTheMiddle.say({ ...sealed, payload: plain });
    await room.clock.advance(100);
    expect([heard, told.splice(0)]).toEqual([[], ['unsealed']]);

    for (const at of [0, 40, bytes.length - 1]) {
      const changed = bytes.map((byte, place) => (place === at ? byte ^ 1 : byte));
      inTheMiddle.say({ ...sealed, payload: { kind: 'sealed', bytes: changed } });
    }
    await room.clock.advance(100);
    expect([heard, told, letter.outcome]).toEqual([[], [], 'waiting']);
    expect(b.mesh.stats().refused['not-opened']).toBe(3);

    // The control: what is carried as it is arrives. Once, however often and under whatever id.
    loses = false;
    for (const id of [sealed.id, sealed.id, 1, 2]) inTheMiddle.say({ ...sealed, id });
    await room.clock.advance(5_000);
    expect([heard, letter.outcome]).toEqual([[['attack at dawn', a.id]], 'delivered']);
    expect([told, b.mesh.stats().refused['not-opened']]).toEqual([[], 3]);
  });
});

describe('letters that cannot be opened', () => {
  const garbage = (): RoutedPayload => ({
    kind: 'sealed',
    bytes: crypto.getRandomValues(new Uint8Array(80)),
  });
  const agreements = vi.spyOn(SubtleCrypto.prototype, 'deriveBits');
  let setup: Setup;
  beforeEach(async () => {
    setup = await setUp('triangle');
    agreements.mockClear();
  });

  test('in the name of another cost little, hold up nobody, and whoever brought them is not blamed', async () => {
    const { room, a, b, c, heard, told } = setup;
    for (let id = 1; id <= 3_000; id++)
      linkTo(c, b).say(inTheNameOf(a, { to: b, by: c, id, payload: garbage() }));
    const letter = sendLetter(a, b, 'honest');
    const behind = sendLetter(c, b, 'honest, by the same link');
    await room.clock.advance(1_000);
    expect([letter.outcome, behind.outcome, heard.length]).toEqual(['delivered', 'delivered', 2]);
    // Two for each that was tried.
    expect(agreements.mock.calls.length).toBeLessThan(2 * 60);
    expect(b.mesh.stats().refused['not-opened']).toBe(3_000);
    expect(told).toEqual([]);
    expect(b.mesh.members.get(c.id)?.link).toBe('direct');
  });

  test('of a neighbor itself are told of once a second', async () => {
    const { room, b, c, told } = setup;
    const [whole] = [inTheNameOf(c, { to: b, by: c, id: 1, payload: garbage() })];
    for (let id = 1; id <= 50; id++) linkTo(c, b).say({ ...whole, id, trail: [] } as LinkMessage);
    await room.clock.advance(500);
    expect(told).toEqual(['not-opened']);
    expect(b.mesh.stats().refused['not-opened']).toBe(50);
    await room.clock.advance(1_000);
    linkTo(c, b).say({ ...whole, id: 51, trail: [] } as LinkMessage);
    await room.clock.advance(500);
    expect(told).toEqual(['not-opened', 'not-opened']);
  });

  test('of nobody who is known cost nothing', async () => {
    const { room, b, c, told } = setup;
    const nobody: Tab = { ...c, id: 'ee'.repeat(16) as PeerId };
    for (let id = 1; id <= 100; id++)
      linkTo(c, b).say(inTheNameOf(nobody, { to: b, by: c, id, payload: garbage() }));
    await room.clock.advance(1_000);
    expect(agreements).not.toHaveBeenCalled();
    expect([b.mesh.stats().refused['not-opened'], told]).toEqual([100, []]);
  });
});
