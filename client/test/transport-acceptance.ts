/** What every transport must do. A transport's test hands over a way to make three of them. */
import { describe, expect, test } from 'vitest';
import {
  TRANSPORT_FRAME_BYTES_MAX,
  type Channel,
  type ChannelHandlers,
  type Transport,
} from '#client/transport/transport.ts';

export interface TransportSetup {
  readonly transports: readonly [Transport, Transport, Transport];
  /** Resolves when everything under way has happened. */
  readonly settle: () => Promise<void>;
}

interface Seen {
  readonly frames: number[][];
  /** Whether what either end described once both were open was taken by the other. */
  readonly taken: boolean[];
  opened: number;
  closed: number;
}

interface Pair {
  readonly a: Channel;
  readonly b: Channel;
  readonly seenByA: Seen;
  readonly seenByB: Seen;
}

export function describeTransport(name: string, setUp: () => TransportSetup): void {
  const connect = async ({ settle }: TransportSetup, from: Transport, to: Transport): Promise<Pair> => {
    const seenByA: Seen = newSeen();
    const seenByB: Seen = newSeen();
    let isOpen = false;
    const carry = (other: () => Channel, data: string): void => {
      if (isOpen) seenByA.taken.push(other().redescribe(data));
      else other().describe(data);
    };
    const a: Channel = from.construct(
      { initiator: true },
      note(seenByA, (data) => carry(() => b, data)),
    );
    const b: Channel = to.construct(
      { initiator: false },
      note(seenByB, (data) => carry(() => a, data)),
    );
    await settle();
    isOpen = true;
    return { a, b, seenByA, seenByB };
  };

  describe(`the ${name} transport`, () => {
    test('opens both ends once', async () => {
      const setup = setUp();
      const { seenByA, seenByB } = await connect(setup, setup.transports[0], setup.transports[1]);
      expect([seenByA.opened, seenByB.opened]).toEqual([1, 1]);
    });

    test('carries frames both ways, in order and whole', async () => {
      const setup = setUp();
      const { a, b, seenByA, seenByB } = await connect(setup, setup.transports[0], setup.transports[1]);
      for (const byte of [1, 2, 3]) {
        expect(a.send(Uint8Array.of(byte, byte))).toBe(true);
        expect(b.send(Uint8Array.of(byte + 10))).toBe(true);
      }
      await setup.settle();
      expect(seenByB.frames).toEqual([
        [1, 1],
        [2, 2],
        [3, 3],
      ]);
      expect(seenByA.frames).toEqual([[11], [12], [13]]);
    });

    test('tells both certificates of an open channel, the same at both ends, and others for every channel', async () => {
      const setup = setUp();
      const first = await connect(setup, setup.transports[0], setup.transports[1]);
      const second = await connect(setup, setup.transports[0], setup.transports[1]);
      const [a, b, c] = await Promise.all([first.a, first.b, second.a].map((end) => end.fingerprints()));
      expect([a!.own, a!.other].map(({ byteLength }) => byteLength)).toEqual([32, 32]);
      expect([a!.own, a!.other]).toEqual([b!.other, b!.own]);
      const all = [a!.own, a!.other, c!.own, c!.other].map(String);
      expect(new Set(all).size).toBe(4);
    });

    test('tells no certificate before it is open', async () => {
      const setup = setUp();
      const early = setup.transports[0].construct({ initiator: true }, note(newSeen()));
      expect(await early.fingerprints()).toBeUndefined();
      void early.close();
    });

    test('keeps the channels of one tab apart', async () => {
      const setup = setUp();
      const first = await connect(setup, setup.transports[0], setup.transports[1]);
      const second = await connect(setup, setup.transports[0], setup.transports[2]);
      first.a.send(Uint8Array.of(1));
      second.a.send(Uint8Array.of(2));
      await setup.settle();
      expect(first.seenByB.frames).toEqual([[1]]);
      expect(second.seenByB.frames).toEqual([[2]]);
    });

    test('tells the other end of a close, once, and delivers what was sent before it', async () => {
      const setup = setUp();
      const { a, b, seenByA, seenByB } = await connect(setup, setup.transports[0], setup.transports[1]);
      a.send(Uint8Array.of(7));
      void a.close();
      void a.close();
      await setup.settle();
      expect(seenByB.frames).toEqual([[7]]);
      expect([seenByA.closed, seenByB.closed]).toEqual([0, 1]);
      expect(a.send(Uint8Array.of(8))).toBe(false);
      expect(b.send(Uint8Array.of(9))).toBe(false);
      await setup.settle();
      expect(seenByA.frames).toEqual([]);
    });

    test('connects again after a close', async () => {
      const setup = setUp();
      const first = await connect(setup, setup.transports[0], setup.transports[1]);
      void first.b.close();
      const second = await connect(setup, setup.transports[1], setup.transports[0]);
      expect(second.a.send(Uint8Array.of(5))).toBe(true);
      await setup.settle();
      expect(second.seenByB.frames).toEqual([[5]]);
      expect(first.seenByA.frames).toEqual([]);
    });

    test('refuses a frame before it is open, and one that is too large, and lives on', async () => {
      const setup = setUp();
      const early = setup.transports[0].construct({ initiator: true }, note(newSeen()));
      expect(early.send(Uint8Array.of(1))).toBe(false);
      void early.close();
      const { a, seenByB } = await connect(setup, setup.transports[0], setup.transports[1]);
      expect(a.send(new Uint8Array(TRANSPORT_FRAME_BYTES_MAX + 1))).toBe(false);
      expect(a.send(Uint8Array.of(3))).toBe(true);
      await setup.settle();
      expect(seenByB.frames).toEqual([[3]]);
    });

    test('that gets no answer says that its time ran out, also once it is closed; that it opened, when it did', async () => {
      const setup = setUp();
      const early = setup.transports[0].construct({ initiator: true }, note(newSeen()));
      await setup.settle();
      expect(early.report()).toEqual({ fault: 'timed-out', iceErrors: [] });
      void early.close();
      expect(early.report()).toEqual({ fault: 'timed-out', iceErrors: [] });
      const { a, b } = await connect(setup, setup.transports[0], setup.transports[1]);
      expect([a.report().fault, b.report().fault]).toEqual(['not-proven', 'not-proven']);
    });

    test.each([
      ['the one that called', 'a', 2],
      ['the other', 'b', 3],
    ] as const)('is restarted in place by %s, and loses nothing', async (_who, who, words) => {
      const setup = setUp();
      const { seenByA, seenByB, ...ends } = await connect(setup, setup.transports[0], setup.transports[1]);
      const fingerprints = await ends.a.fingerprints();
      ends.a.send(Uint8Array.of(1));
      void ends[who].restart();
      ends.a.send(Uint8Array.of(2));
      await setup.settle();
      ends.a.send(Uint8Array.of(3));
      ends.b.send(Uint8Array.of(4));
      await setup.settle();
      expect([seenByB.frames, seenByA.frames]).toEqual([[[1], [2], [3]], [[4]]]);
      expect(seenByA.taken).toEqual(Array.from({ length: words }, () => true));
      expect([seenByA.opened, seenByB.opened, seenByA.closed, seenByB.closed]).toEqual([1, 1, 0, 0]);
      expect(await ends.a.fingerprints()).toEqual(fingerprints);
    });

    test('takes nothing of that kind before it is open, after it is closed, or that is none', async () => {
      const setup = setUp();
      const early = setup.transports[0].construct({ initiator: true }, note(newSeen()));
      void early.restart();
      expect(early.redescribe('[{"type":"renegotiate"}]')).toBe(false);
      void early.close();
      const { a, seenByA } = await connect(setup, setup.transports[0], setup.transports[1]);
      expect(a.redescribe('not a description')).toBe(false);
      void a.close();
      void a.restart();
      expect(a.redescribe('[{"type":"renegotiate"}]')).toBe(false);
      await setup.settle();
      expect(seenByA.taken).toEqual([]);
    });

    test('says so when what it is to take is no description', async () => {
      const setup = setUp();
      const seen: Seen = newSeen();
      const channel = setup.transports[0].construct({ initiator: false }, note(seen));
      expect(channel.describe('not a description')).toBe(false);
      void channel.close();
      expect(channel.describe('not a description')).toBe(false);
    });
  });
}

const newSeen = (): Seen => ({ frames: [], taken: [], opened: 0, closed: 0 });

function note(seen: Seen, onDescribed: (data: string) => void = () => {}): ChannelHandlers {
  return {
    onDescribed,
    onOpened: () => {
      seen.opened += 1;
    },
    onFrame: (bytes) => {
      seen.frames.push([...bytes]);
    },
    onCongestion: () => {},
    onRelayed: () => {},
    onClosed: () => {
      seen.closed += 1;
    },
  };
}
