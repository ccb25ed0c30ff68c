import { describe, expect, test } from 'vitest';
import { epoch, incarnation, type AttemptId, type PeerId } from '#shared/base/ids.ts';
import type { Now } from '#shared/base/time.ts';
import type {
  Effect,
  Input,
  LinkMessage,
  MeshEvent,
  NodeTimer,
  Payload,
  RoutedPayload,
} from '#shared/mesh/messages.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { MeshNode } from '#shared/mesh/node.ts';
import type { RoutingMessage } from '#shared/routing/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { decodePacket, encodePacket, encodeTooOldPacket } from '#shared/wire/packet.ts';
import { versionsUpTo, WIRE_VERSIONS, type WireVersions } from '#shared/wire/versions.ts';
import { createKeyPair } from '#client/identity/ed25519.ts';
import { createDoors } from '#client/shell/doors.ts';
import { createShell, type Shell } from '#client/shell/shell.ts';
import { LINGER_MS, type ChannelHandlers } from '#client/transport/transport.ts';
import { cryptoIdle } from '../crypto-idle.ts';
import { createProver, type Prover } from '../prover.ts';
import { createTestClock, type TestClock } from '../test-clock.ts';

const a = '0a'.repeat(16) as PeerId;
const b = '0b'.repeat(16) as PeerId;
const one = '11'.repeat(8) as AttemptId;
const two = '22'.repeat(8) as AttemptId;

const start: Input = { kind: 'start' };
const prune: LinkMessage = { kind: 'prune', tree: null };
const disconnect: LinkMessage = { kind: 'disconnect', reason: 'leaving' };
const timer = (token: number): NodeTimer => ({ layer: 'overlay', timer: { kind: 'maintain', token } });
const tell = (peer: PeerId): Effect => ({ kind: 'tell', event: { kind: 'linkOpened', peer } });
const send = (to: PeerId, message: LinkMessage): Effect => ({ kind: 'send', to, message });
const construct = (peer: PeerId, attempt: AttemptId, initiator: boolean = true): Effect => ({
  kind: 'construct',
  peer,
  attempt,
  initiator,
});
const packet: RoutingMessage<RoutedPayload> = {
  kind: 'packetAck',
  origin: a,
  to: b,
  id: 7,
  ttl: 3,
  serverMay: true,
  route: [],
  receipt: null,
};

/** A channel whose other end is the test. */
interface FakeChannel {
  readonly initiator: boolean;
  readonly handlers: ChannelHandlers;
  readonly sent: Uint8Array[];
  readonly described: string[];
  closed: number;
  /** Resolves when its last frames have left. */
  left: Promise<void>;
  /** What `send` and `describe` answer. */
  takes: boolean;
}

interface Setup {
  readonly shell: Shell;
  readonly clock: TestClock;
  /** Inputs of the node, in order. */
  readonly inputs: Input[];
  readonly times: Now[];
  /** Delays of the timers that were given up. */
  readonly givenUp: number[];
  readonly channels: FakeChannel[];
  /** Everything that was done, in order. */
  readonly log: unknown[];
  /** What the node answers to its next input, once. */
  readonly answer: (...effects: Effect[]) => void;
  /** What happens when events are told. */
  onTold: (events: readonly MeshEvent[]) => void;
}

// One world for every test: a node that says what it is told to say, and everything it can reach.
function setUp(versions: WireVersions = WIRE_VERSIONS, { id, keys }: Prover = createProver()): Setup {
  const clock = createTestClock();
  const inputs: Input[] = [];
  const times: Now[] = [];
  const givenUp: number[] = [];
  const channels: FakeChannel[] = [];
  const log: unknown[] = [];
  const answers: (readonly Effect[])[] = [];
  const node: MeshNode = {
    handle: (input, now) => {
      inputs.push(input);
      times.push(now);
      log.push(`in ${input.kind}`);
      return answers.shift() ?? [];
    },
    inspect: () => {
      throw new Error('the shell looks into no node');
    },
    identityOf: () => undefined,
  };
  const setup: Setup = {
    clock,
    inputs,
    times,
    givenUp,
    channels,
    log,
    answer: (...effects) => answers.push(effects),
    onTold: () => {},
    shell: createShell({
      node,
      versions,
      onRefused: (reason) => log.push(`refused ${reason}`),
      doors: createDoors({
        self: id,
        keys,
        topic: () => 'test',
        now: () => clock.now().instant,
        sealer: () => undefined,
        identityOf: () => undefined,
      }),
      clock: {
        now: clock.now,
        later: (run, ms) => {
          const cancel = clock.later(run, ms);
          return () => {
            givenUp.push(ms);
            cancel();
          };
        },
      },
      doorway: {
        construct: ({ initiator }, handlers) => {
          const fake: FakeChannel = {
            initiator,
            handlers,
            sent: [],
            described: [],
            closed: 0,
            left: Promise.resolve(),
            takes: true,
          };
          const name = channels.push(fake);
          log.push(`construct ${name}`);
          return {
            describe: (data) => {
              log.push(`describe ${name}`);
              fake.described.push(data);
              return fake.takes;
            },
            send: (bytes) => {
              log.push(`send ${name}`);
              if (fake.takes) fake.sent.push(bytes.slice());
              return fake.takes;
            },
            // oxlint-disable-next-line typescript/require-await -- The shell asks for none.
            fingerprints: async () => undefined,
            report: () => ({ fault: 'ice-failed', iceErrors: [{ code: 701, url: `stun:${name}.test` }] }),
            close: () => {
              log.push(`close ${name}`);
              fake.closed += 1;
              return fake.left;
            },
          };
        },
      },
      serverSend: (to, data) => {
        log.push({ serverSend: to, data });
        return true;
      },
      askContacts: () => log.push('ask contacts'),
      onRelayed: () => log.push('relayed'),
      onEvents: (events) => {
        log.push({ told: events.map((event) => ('peer' in event ? event.peer : event.kind)) });
        setup.onTold(events);
      },
    }),
  };
  return setup;
}

/** An open channel to `peer`, and a clean log. */
function open(setup: Setup, peer: PeerId, attempt: AttemptId): FakeChannel {
  setup.answer(construct(peer, attempt));
  setup.shell.handle(start);
  const channel = setup.channels.at(-1)!;
  channel.handlers.onOpened();
  setup.log.length = 0;
  setup.inputs.length = 0;
  return channel;
}

describe('effects', () => {
  test('are carried out in order and to the end, and then their events are told together', () => {
    const { shell, answer, log } = setUp();
    answer(
      tell(a),
      construct(a, one),
      { kind: 'askContacts' },
      tell(b),
      { kind: 'describe', peer: a, attempt: one, wireVersion: 1, data: 'd' },
      { kind: 'serverSend', to: b, message: packet },
      { kind: 'destroy', peer: a, attempt: one },
    );
    shell.handle(start);
    expect(log).toEqual([
      'in start',
      'construct 1',
      'ask contacts',
      'describe 1',
      { serverSend: b, data: encodePacket(packet) },
      'close 1',
      { told: [a, b] },
    ]);
  });

  test('of an input without events tell nothing', () => {
    const { shell, answer, log } = setUp();
    answer({ kind: 'askContacts' });
    shell.handle(start);
    expect(log).toEqual(['in start', 'ask contacts']);
  });

  test('carry the initiator of a channel, and the time of each input', async () => {
    const { shell, answer, clock, channels, times } = setUp();
    answer(construct(a, one, false), construct(b, two, true));
    shell.handle(start);
    await clock.advance(250);
    shell.handle(start);
    expect(channels.map(({ initiator }) => initiator)).toEqual([false, true]);
    expect(times[1]!.instant - times[0]!.instant).toBe(250);
  });
});

describe('an input that comes while another is worked off', () => {
  test('from a listener is worked off before the listener goes on, so that it sees what it did', () => {
    const setup = setUp();
    const { shell, answer, log } = setup;
    const first = open(setup, a, one);
    answer(send(a, prune), tell(a), { kind: 'askContacts' });
    answer(tell(b));
    first.takes = true;
    setup.onTold = (events) => {
      setup.onTold = () => {};
      expect(events).toHaveLength(1);
      first.handlers.onFrame(createLinkEncoder().encode(prune));
      log.push('listener ends');
    };
    shell.handle(start);
    expect(log).toEqual([
      'in start',
      'send 1',
      'ask contacts',
      { told: [a] },
      'in frame',
      { told: [b] },
      'listener ends',
    ]);
  });

  test('comes in the order in which it was given', () => {
    const setup = setUp();
    const { shell, answer, inputs } = setup;
    answer(tell(a));
    setup.onTold = () => {
      setup.onTold = () => {};
      for (const token of [1, 2, 3]) shell.handle({ kind: 'timer', timer: timer(token) });
    };
    shell.handle(start);
    expect(inputs).toEqual([start, ...[1, 2, 3].map((token) => ({ kind: 'timer', timer: timer(token) }))]);
  });

  test('is not lost when the one before throws, and the next one enters', () => {
    const setup = setUp();
    const { shell, answer, inputs } = setup;
    answer(tell(a));
    setup.onTold = () => {
      setup.onTold = () => {};
      shell.handle({ kind: 'serverDetached' });
      throw new Error('broken invariant');
    };
    expect(() => shell.handle(start)).toThrow('broken invariant');
    shell.handle(start);
    expect(inputs.map(({ kind }) => kind)).toEqual(['start', 'serverDetached', 'start']);
  });
});

describe('timers', () => {
  test('come back as inputs when they are due', async () => {
    const { shell, answer, clock, inputs } = setUp();
    answer(
      { kind: 'schedule', timer: timer(1), afterMs: 200 },
      { kind: 'schedule', timer: timer(2), afterMs: 100 },
    );
    shell.handle(start);
    await clock.advance(99);
    expect(inputs).toHaveLength(1);
    await clock.advance(101);
    expect(inputs.slice(1)).toEqual([
      { kind: 'timer', timer: timer(2) },
      { kind: 'timer', timer: timer(1) },
    ]);
    expect(clock.pending()).toBe(0);
  });

  test('that have come back are forgotten: stopping gives up only those still to come', async () => {
    const { shell, answer, clock, givenUp } = setUp();
    answer(
      { kind: 'schedule', timer: timer(1), afterMs: 100 },
      { kind: 'schedule', timer: timer(2), afterMs: 300 },
    );
    shell.handle(start);
    await clock.advance(200);
    shell.stop('atOnce');
    expect(givenUp).toEqual([300]);
  });
});

describe('a channel', () => {
  test('tells the node what it made, that it opened, that it is congested, and that it closed', () => {
    const setup = setUp();
    setup.answer(construct(a, one));
    setup.shell.handle(start);
    const { handlers } = setup.channels[0]!;
    handlers.onDescribed('offer');
    handlers.onOpened();
    handlers.onCongestion(true);
    handlers.onCongestion(false);
    handlers.onClosed();
    expect(setup.inputs.slice(1)).toEqual([
      { kind: 'described', peer: a, attempt: one, wireVersion: 1, data: 'offer' },
      { kind: 'channelOpened', peer: a, attempt: one },
      { kind: 'congestion', peer: a, congested: true },
      { kind: 'congestion', peer: a, congested: false },
      { kind: 'channelClosed', peer: a, attempt: one },
    ]);
  });

  test('gets what is sent to its peer, as frames that the other end reads', () => {
    const setup = setUp();
    const toA = open(setup, a, one);
    const toB = open(setup, b, two);
    setup.answer(send(a, prune), send(b, disconnect), send(a, disconnect));
    setup.shell.handle(start);
    const decoders = [createLinkDecoder(), createLinkDecoder()];
    expect(toA.sent.map((bytes) => decoders[0]!.decode(bytes))).toEqual([
      { ok: true, value: prune },
      { ok: true, value: disconnect },
    ]);
    expect(toB.sent.map((bytes) => decoders[1]!.decode(bytes))).toEqual([{ ok: true, value: disconnect }]);
  });

  test('gets nothing before it is open, after it is destroyed, or for another', () => {
    const setup = setUp();
    setup.answer(construct(a, one), send(a, prune));
    setup.shell.handle(start);
    const channel = open(setup, b, two);
    setup.answer(send(a, prune), { kind: 'destroy', peer: b, attempt: two }, send(b, prune));
    setup.shell.handle(start);
    expect(setup.channels.map(({ sent, closed }) => [sent.length, closed])).toEqual([
      [0, 0],
      [0, 1],
    ]);
    expect(setup.channels[1]).toBe(channel);
  });

  test('that was destroyed is heard no more', () => {
    const setup = setUp();
    const { handlers } = open(setup, a, one);
    setup.answer({ kind: 'destroy', peer: a, attempt: one }, { kind: 'destroy', peer: a, attempt: one });
    setup.shell.handle(start);
    handlers.onOpened();
    handlers.onFrame(createLinkEncoder().encode(prune));
    expect(setup.inputs).toEqual([start]);
    expect(setup.channels[0]!.closed).toBe(1);
  });

  test('that closes late does not take away its successor', () => {
    const setup = setUp();
    const old = open(setup, a, one);
    setup.answer({ kind: 'destroy', peer: a, attempt: one });
    setup.shell.handle(start);
    const fresh = open(setup, a, two);
    old.handlers.onClosed();
    setup.answer(send(a, prune));
    setup.shell.handle(start);
    expect([old.sent.length, fresh.sent.length]).toEqual([0, 1]);
  });

  test('that another has taken the place of does not take it away when it goes', () => {
    const setup = setUp();
    const old = open(setup, a, one);
    const fresh = open(setup, a, two);
    setup.answer({ kind: 'destroy', peer: a, attempt: one }, send(a, prune));
    setup.shell.handle(start);
    expect([old.closed, old.sent.length, fresh.sent.length]).toEqual([1, 0, 1]);
  });

  test('is given descriptions by attempt; one for nobody is dropped', () => {
    const setup = setUp();
    setup.answer(construct(a, one), construct(b, two));
    setup.shell.handle(start);
    setup.answer(
      { kind: 'describe', peer: b, attempt: two, wireVersion: 1, data: 'for b' },
      { kind: 'describe', peer: a, attempt: '33'.repeat(8) as AttemptId, wireVersion: 1, data: 'for nobody' },
    );
    setup.shell.handle(start);
    expect(setup.channels.map(({ described }) => described)).toEqual([[], ['for b']]);
    expect(setup.inputs.map(({ kind }) => kind)).toEqual(['start', 'start']);
  });
});

describe('a TURN server', () => {
  test('is told of a link, known of it before it opens too, and forgotten with it', () => {
    const setup = setUp();
    setup.answer(construct(a, one));
    setup.shell.handle(start);
    const { handlers } = setup.channels[0]!;
    handlers.onRelayed(true);
    expect(setup.shell.isRelayed(a)).toBe(false);
    handlers.onOpened();
    expect([setup.shell.isRelayed(a), setup.shell.isRelayed(b)]).toEqual([true, false]);
    handlers.onRelayed(false);
    expect([setup.shell.isRelayed(a), setup.log.filter((line) => line === 'relayed').length]).toEqual([
      false,
      2,
    ]);
    handlers.onRelayed(true);
    handlers.onClosed();
    expect(setup.shell.isRelayed(a)).toBe(false);
  });
});

describe('what became of a channel', () => {
  test('is told of the last one to a peer that is gone, whoever gave it up', () => {
    const setup = setUp();
    setup.answer(construct(a, one), construct(b, two));
    setup.shell.handle(start);
    expect(setup.shell.report(a)).toBe(undefined);
    setup.channels[0]!.handlers.onClosed();
    setup.answer({ kind: 'destroy', peer: b, attempt: two });
    setup.shell.handle(start);
    expect([setup.shell.report(a)?.iceErrors, setup.shell.report(b)?.iceErrors]).toEqual([
      [{ code: 701, url: 'stun:1.test' }],
      [{ code: 701, url: 'stun:2.test' }],
    ]);
    setup.answer(construct(a, one), { kind: 'destroy', peer: a, attempt: one });
    setup.shell.handle(start);
    expect(setup.shell.report(a)?.iceErrors).toEqual([{ code: 701, url: 'stun:3.test' }]);
  });

  test('is remembered of 128 peers', () => {
    const setup = setUp();
    const peerOf = (n: number): PeerId => n.toString(16).padStart(32, '0') as PeerId;
    for (let n = 0; n < 129; n++) {
      setup.answer(construct(peerOf(n), one), { kind: 'destroy', peer: peerOf(n), attempt: one });
      setup.shell.handle(start);
    }
    expect([0, 1, 128].map((n) => setup.shell.report(peerOf(n)) !== undefined)).toEqual([false, true, true]);
  });
});

describe('what is refused', () => {
  test('a description that the transport does not like is told to the node, after the effects', () => {
    const setup = setUp();
    setup.answer(construct(a, one));
    setup.shell.handle(start);
    setup.channels[0]!.takes = false;
    setup.log.length = 0;
    setup.answer(
      { kind: 'describe', peer: a, attempt: one, wireVersion: 1, data: 'junk' },
      { kind: 'askContacts' },
    );
    setup.shell.handle(start);
    expect(setup.log).toEqual(['in start', 'describe 1', 'ask contacts', 'in badFrame']);
    expect(setup.inputs.at(-1)).toEqual({ kind: 'badFrame', from: a, reason: 'bad-description', bytes: 4 });
  });

  test('a bad frame is told with its reason, and the next good one is read', () => {
    const setup = setUp();
    const { handlers } = open(setup, a, one);
    const encoder = createLinkEncoder();
    const good = encoder.encode(prune);
    const stale = encoder.encode(prune);
    stale[0] = 99;
    handlers.onFrame(good);
    handlers.onFrame(good);
    handlers.onFrame(stale);
    handlers.onFrame(Uint8Array.of());
    handlers.onFrame(new Uint8Array(41_000));
    const last = encoder.encode(disconnect);
    handlers.onFrame(last);
    const bad = (reason: string, bytes: number): Input => ({ kind: 'badFrame', from: a, reason, bytes });
    expect(setup.inputs).toEqual([
      { kind: 'frame', from: a, message: prune, bytes: good.byteLength },
      bad('replayed', good.byteLength),
      bad('newer-version', stale.byteLength),
      bad('malformed', 0),
      bad('oversized', 41_000),
      { kind: 'frame', from: a, message: disconnect, bytes: last.byteLength },
    ]);
    expect(setup.channels[0]!.closed).toBe(0);
  });

  test('a frame that could not be sent gives its link up, and no other', () => {
    const setup = setUp();
    const toA = open(setup, a, one);
    const toB = open(setup, b, two);
    toA.takes = false;
    setup.answer(send(a, prune), send(a, disconnect), send(b, disconnect));
    setup.shell.handle(start);
    expect(setup.log).toEqual(['in start', 'send 1', 'close 1', 'send 2', 'in channelClosed']);
    expect(setup.inputs).toEqual([start, { kind: 'channelClosed', peer: a, attempt: one }]);
    expect(toB.sent).toHaveLength(1);
  });
});

describe('the server', () => {
  test('brings packets, and what is none is told with its reason', () => {
    const { shell, inputs } = setUp();
    shell.serverSignal(a, encodePacket(packet));
    shell.serverSignal(b, 'CQAA');
    shell.serverSignal(b, 'no base64');
    shell.serverSignal(b, 'A'.repeat(40_000));
    expect(inputs).toEqual([
      { kind: 'serverSignal', from: a, message: packet },
      { kind: 'badSignal', from: b, reason: 'newer-version' },
      { kind: 'badSignal', from: b, reason: 'malformed' },
      { kind: 'badSignal', from: b, reason: 'oversized' },
    ]);
    expect(decodePacket(encodePacket(packet))).toEqual({ ok: true, value: packet });
  });
});

describe('versions of the wire', () => {
  const versionsOf = ({ sent }: FakeChannel): (number | undefined)[] => sent.map((bytes) => bytes[0]);
  const describeAs = (wireVersion: number): Effect => ({
    kind: 'describe',
    peer: a,
    attempt: one,
    wireVersion,
    data: 'd',
  });

  test('what a tab describes names its newest', () => {
    const setup = setUp(versionsUpTo(2));
    setup.answer(construct(a, one));
    setup.shell.handle(start);
    setup.channels[0]!.handlers.onDescribed('offer');
    expect(setup.inputs.at(-1)).toEqual({
      kind: 'described',
      peer: a,
      attempt: one,
      wireVersion: 2,
      data: 'offer',
    });
  });

  test('the first frame is in the newest that the other end described, later ones in the room’s', () => {
    const setup = setUp(versionsUpTo(2));
    const channel = open(setup, a, one);
    setup.answer(describeAs(1), send(a, prune));
    setup.shell.handle(start);
    setup.answer(describeAs(2), send(a, prune), { kind: 'speak', version: 1 }, send(a, prune));
    setup.shell.handle(start);
    setup.answer({ kind: 'speak', version: 2 }, send(a, prune));
    setup.shell.handle(start);
    expect(versionsOf(channel)).toEqual([1, 2, 1, 2]);
  });

  test('one that is too old is told so over its channel, outside the sequence of frames', () => {
    const setup = setUp(versionsUpTo(3));
    const channel = open(setup, a, one);
    setup.answer(send(a, prune), { kind: 'tellTooOld', to: a }, send(a, disconnect));
    setup.shell.handle(start);
    expect(channel.sent[1]).toEqual(Uint8Array.of(0, 2));
    const decoder = createLinkDecoder(versionsUpTo(3));
    expect([0, 2].map((at) => decoder.decode(channel.sent[at]!).ok)).toEqual([true, true]);
  });

  test('without a channel it is told so by the server, and packets are in the older of our versions', () => {
    const setup = setUp(versionsUpTo(3));
    setup.answer({ kind: 'tellTooOld', to: b }, { kind: 'serverSend', to: b, message: packet });
    setup.shell.handle(start);
    expect(setup.log).toEqual([
      'in start',
      { serverSend: b, data: encodeTooOldPacket(versionsUpTo(3)) },
      { serverSend: b, data: encodePacket(packet, versionsUpTo(3)) },
    ]);
  });

  test('the notice that we are too old is told to the node, by whatever way it came', () => {
    const setup = setUp();
    const { handlers } = open(setup, a, one);
    handlers.onFrame(Uint8Array.of(0, 2));
    setup.shell.serverSignal(b, encodeTooOldPacket(versionsUpTo(3)));
    expect(setup.inputs).toEqual([
      { kind: 'badFrame', from: a, reason: 'too-old', bytes: 2 },
      { kind: 'badSignal', from: b, reason: 'too-old' },
    ]);
  });
});

describe('traffic', () => {
  test('counts what was constructed, what left, and what came, refused frames too', () => {
    const setup = setUp();
    const { handlers } = open(setup, a, one);
    setup.answer(construct(b, two), send(a, prune), send(b, prune));
    setup.shell.handle(start);
    const bytes = createLinkEncoder().encode(prune);
    handlers.onFrame(bytes);
    handlers.onFrame(bytes);
    expect(setup.shell.traffic()).toEqual({
      constructed: 2,
      sentFrames: 1,
      sentBytes: bytes.byteLength,
      receivedFrames: 2,
      receivedBytes: 2 * bytes.byteLength,
    });
  });

  test('does not count what could not be sent', () => {
    const setup = setUp();
    open(setup, a, one).takes = false;
    setup.answer(send(a, prune));
    setup.shell.handle(start);
    expect(setup.shell.traffic()).toMatchObject({ sentFrames: 0, sentBytes: 0 });
  });
});

describe('stopping', () => {
  test('closes every channel, open or not, and every timer; nothing happens after it', async () => {
    const setup = setUp();
    const { shell, clock, inputs, channels, log } = setup;
    const { handlers } = open(setup, a, one);
    setup.answer(construct(b, two), { kind: 'schedule', timer: timer(1), afterMs: 100 });
    shell.handle(start);
    shell.stop('atOnce');
    shell.stop('atOnce');
    expect([channels.map(({ closed }) => closed), clock.pending()]).toEqual([[1, 1], 0]);
    log.length = 0;
    inputs.length = 0;
    handlers.onDescribed('late');
    handlers.onOpened();
    handlers.onFrame(createLinkEncoder().encode(prune));
    handlers.onCongestion(true);
    handlers.onClosed();
    shell.serverSignal(a, encodePacket(packet));
    shell.handle(start);
    await clock.advance(1_000);
    expect([inputs, log]).toEqual([[], []]);
  });

  test('is over when the last frames have left every channel, those closed shortly before too', async () => {
    const setup = setUp();
    const [first, second] = [open(setup, a, one), open(setup, b, two)];
    const leave: (() => void)[] = [];
    for (const channel of [first, second]) channel.left = new Promise((resolve) => leave.push(resolve));
    let over = false;
    void setup.shell.drained().then(() => (over = true));
    setup.answer({ kind: 'destroy', peer: a, attempt: one });
    setup.shell.handle(start);
    setup.shell.stop('atOnce');
    for (const done of leave) {
      await setup.clock.advance(10);
      await new Promise((resolve) => setImmediate(resolve));
      expect(over).toBe(false);
      done();
    }
    await new Promise((resolve) => setImmediate(resolve));
    expect(over).toBe(true);
  });

  test('by a listener carries out what was given before it, and nothing that comes after', () => {
    const setup = setUp();
    const channel = open(setup, a, one);
    setup.answer(tell(a));
    setup.answer(send(a, disconnect), { kind: 'schedule', timer: timer(1), afterMs: 100 });
    setup.onTold = () => {
      setup.shell.handle({ kind: 'command', command: { kind: 'leave' } });
      setup.shell.stop('atOnce');
      setup.shell.handle(start);
      expect(channel.closed).toBe(1);
    };
    setup.shell.handle(start);
    expect(setup.log).toEqual(['in start', { told: [a] }, 'in command', 'send 1', 'close 1']);
    expect(setup.clock.pending()).toBe(0);
  });
});

describe('what must be proven', () => {
  /** A member whose key signs when a test says so, in the order in which it was asked. */
  function setUpSlowly(): Setup & { readonly me: PeerId; readonly signNext: () => Promise<void> } {
    const keys = createKeyPair();
    const asked: (() => Promise<void>)[] = [];
    const sign = (bytes: Uint8Array): Promise<Uint8Array> =>
      new Promise((resolve) => asked.push(async () => resolve(await keys.sign(bytes))));
    const prover = createProver('test', { ...keys, sign });
    const setup = setUp(WIRE_VERSIONS, prover);
    return {
      ...setup,
      me: prover.id,
      signNext: async () => {
        await asked.shift()!();
        await cryptoIdle();
      },
    };
  }

  const identityOf = (id: PeerId): IdentityRecord => ({
    kind: 'identity',
    id,
    epoch: epoch(1),
    incarnation: incarnation(0),
    left: false,
    wireVersion: 1,
    card: new Uint8Array(),
    proof: null,
  });
  const gossip = (payload: Payload, origin: PeerId, seq: number): LinkMessage => ({
    kind: 'gossip',
    origin,
    epoch: epoch(1),
    lane: payload.kind === 'topic' ? 'reliable' : 'record',
    seq,
    hot: false,
    round: 0,
    payload,
    proof: null,
  });
  const chat = (origin: PeerId, seq: number): LinkMessage =>
    gossip({ kind: 'topic', topic: 'chat', data: seq }, origin, seq);
  /** Messages that left by a channel: kinds, and how each is proven. */
  const left = ({ sent }: FakeChannel): unknown[] => {
    const { decode } = createLinkDecoder();
    return sent.map((bytes) => {
      const message = decode(bytes);
      if (!message.ok) throw new Error(message.error);
      if (message.value.kind !== 'gossip') return message.value.kind;
      const { payload, proof } = message.value;
      const isProven = (payload.kind === 'identity' ? payload.proof : proof) !== null;
      return [payload.kind, isProven ? 'proven' : 'bare'];
    });
  };

  test('leaves when it is signed, with what was said after it', async () => {
    const setup = setUpSlowly();
    const [toA, toB] = [open(setup, a, one), open(setup, b, two)];
    setup.answer(send(a, prune), send(a, chat(setup.me, 1)), send(a, disconnect), send(b, prune));
    setup.shell.handle(start);
    expect([left(toA), left(toB)]).toEqual([['prune'], ['prune']]);
    await setup.signNext();
    expect(left(toA)).toEqual(['prune', ['topic', 'proven'], 'disconnect']);
  });

  test('is not heard when its link is destroyed meanwhile', async () => {
    const setup = setUp();
    const author = createProver();
    const { handlers } = open(setup, a, one);
    handlers.onFrame(createLinkEncoder().encode(await author.prove(chat(author.id, 1))));
    setup.answer({ kind: 'destroy', peer: a, attempt: one });
    setup.shell.handle(start);
    await cryptoIdle();
    expect(setup.inputs).toEqual([start]);
  });

  test('and came before its channel closed is heard before that is told; nothing leaves meanwhile', async () => {
    const setup = setUp();
    const author = createProver();
    const channel = open(setup, a, one);
    const bytes = createLinkEncoder().encode(await author.prove(chat(author.id, 1)));
    channel.handlers.onFrame(bytes);
    channel.handlers.onClosed();
    setup.answer(send(a, prune));
    setup.shell.handle(start);
    expect(setup.inputs).toEqual([start]);
    await cryptoIdle();
    expect(setup.inputs.map(({ kind }) => kind)).toEqual(['start', 'frame', 'channelClosed']);
    expect([channel.sent, setup.log.filter((what) => what === 'send 1')]).toEqual([[], []]);
  });

  test('and is not, is told with its reason, and the link lives on', async () => {
    const setup = setUp();
    const author = createProver();
    const { handlers } = open(setup, a, one);
    const { encode } = createLinkEncoder();
    const bad = encode(chat(author.id, 1));
    handlers.onFrame(bad);
    handlers.onFrame(encode(prune));
    expect(setup.inputs.map(({ kind }) => kind)).toEqual(['badFrame', 'frame']);
    expect(setup.inputs[0]).toEqual({
      kind: 'badFrame',
      from: a,
      reason: 'unsigned',
      bytes: bad.byteLength,
    });
  });

  /** Says hello, has that and the farewell signed, says something more, and says farewell. */
  async function sayGoodbye(): Promise<ReturnType<typeof setUpSlowly> & { readonly channel: FakeChannel }> {
    const setup = setUpSlowly();
    const { me, shell, answer } = setup;
    const channel = open(setup, a, one);
    const identity = identityOf(me);
    answer(send(a, { kind: 'hello', identity, presence: [] }));
    shell.handle(start);
    await setup.signNext();
    await setup.signNext();
    expect(left(channel)).toEqual(['hello']);
    answer(send(a, chat(me, 1)), send(a, prune));
    shell.handle(start);
    answer(send(a, gossip({ ...identity, left: true }, me, 2)), send(a, disconnect), {
      kind: 'destroy',
      peer: a,
      attempt: one,
    });
    shell.handle({ kind: 'command', command: { kind: 'leave' } });
    expect([left(channel), channel.closed]).toEqual([['hello'], 0]);
    return { ...setup, channel };
  }

  test('when all stops at once, is left out if it is not signed; the farewell was signed ahead', async () => {
    const { shell, clock, channel } = await sayGoodbye();
    shell.stop('atOnce');
    expect(left(channel)).toEqual(['hello', 'prune', ['identity', 'proven'], 'disconnect']);
    expect([channel.closed, clock.pending()]).toEqual([1, 0]);
  });

  test('when all stops in order, is waited for', async () => {
    const { shell, clock, channel, signNext } = await sayGoodbye();
    shell.stop('inOrder');
    let over = false;
    void shell.drained().then(() => (over = true));
    await cryptoIdle();
    expect([left(channel), channel.closed, over]).toEqual([['hello'], 0, false]);
    await signNext();
    expect(left(channel)).toEqual([
      'hello',
      ['topic', 'proven'],
      'prune',
      ['identity', 'proven'],
      'disconnect',
    ]);
    expect([channel.closed, over, clock.pending()]).toEqual([1, true, 0]);
  });

  test.each<[string, (setup: Setup) => unknown]>([
    ['for so long only', ({ clock }) => clock.advance(LINGER_MS)],
    ['unless there is no time any more', ({ shell }) => shell.stop('atOnce')],
  ])('when all stops in order, is waited for %s', async (_what, hurry) => {
    const setup = await sayGoodbye();
    setup.shell.stop('inOrder');
    await hurry(setup);
    expect(left(setup.channel)).toEqual(['hello', 'prune', ['identity', 'proven'], 'disconnect']);
    expect([setup.channel.closed, setup.clock.pending()]).toEqual([1, 0]);
    await setup.shell.drained();
  });
});
