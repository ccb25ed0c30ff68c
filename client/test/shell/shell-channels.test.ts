import { describe, expect, test } from 'vitest';
import type { AttemptId, PeerId } from '#shared/base/ids.ts';
import type { Effect, Input } from '#shared/mesh/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { encodePacket, encodeTooOldPacket } from '#shared/wire/packet.ts';
import { versionsUpTo } from '#shared/wire/versions.ts';
import {
  a,
  b,
  one,
  two,
  start,
  prune,
  disconnect,
  send,
  construct,
  packet,
  type FakeChannel,
  setUp,
  open,
} from './shell-setup.ts';

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
      restarted: 0,
      sentFrames: 1,
      sentBytes: bytes.byteLength,
      receivedFrames: 2,
      receivedBytes: 2 * bytes.byteLength,
    });
  });

  test('tells the node when the last packet of a silent neighbor came, unless nobody knows or its link is gone', async () => {
    const setup = setUp();
    const channel = open(setup, a, one);
    const ask: Effect = { kind: 'askReached', peer: a };
    const reached = (): Input[] => setup.inputs.filter(({ kind }) => kind === 'reached');
    const act = async (...effects: Effect[]): Promise<void> => {
      setup.answer(...effects);
      setup.shell.handle(start);
      await Promise.resolve();
    };
    await act(ask);
    expect(reached()).toEqual([]);
    channel.quietMs = 300;
    await act(ask);
    expect(reached()).toEqual([{ kind: 'reached', peer: a, quietMs: 300 }]);
    await act(ask, { kind: 'destroy', peer: a, attempt: one });
    expect(reached()).toHaveLength(1);
  });

  test('does not count what could not be sent', () => {
    const setup = setUp();
    open(setup, a, one).takes = false;
    setup.answer(send(a, prune));
    setup.shell.handle(start);
    expect(setup.shell.traffic()).toMatchObject({ sentFrames: 0, sentBytes: 0 });
  });
});

describe('versions of the wire', () => {
  const versionsOf = ({ sent }: FakeChannel): (number | undefined)[] => sent.map((bytes) => bytes[0]);
  const describeAs = (wireVersion: number): Extract<Effect, { kind: 'describe' }> => ({
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
    const describedAs = (version: number, peer: typeof a, attempt: typeof one): FakeChannel => {
      setup.answer(construct(peer, attempt), { ...describeAs(version), peer, attempt });
      setup.shell.handle(start);
      const channel = setup.channels.at(-1)!;
      channel.handlers.onOpened();
      return channel;
    };
    const old = describedAs(1, a, one);
    const current = describedAs(2, b, two);
    // Whoever describes an open channel may be anyone.
    setup.answer(send(a, prune), send(b, prune), describeAs(2), send(a, prune));
    setup.shell.handle(start);
    setup.answer({ kind: 'speak', version: 1 }, send(b, prune));
    setup.shell.handle(start);
    setup.answer({ kind: 'speak', version: 2 }, send(b, prune));
    setup.shell.handle(start);
    expect([versionsOf(old), versionsOf(current)]).toEqual([
      [1, 1],
      [2, 1, 2],
    ]);
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
