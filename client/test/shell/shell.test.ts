import { describe, expect, test } from 'vitest';
import type { Input } from '#shared/mesh/messages.ts';
import { createLinkEncoder } from '#shared/wire/frame.ts';
import { decodePacket, encodePacket } from '#shared/wire/packet.ts';
import {
  a,
  b,
  one,
  two,
  start,
  prune,
  disconnect,
  timer,
  tell,
  send,
  construct,
  packet,
  setUp,
  open,
} from './shell-setup.ts';

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

  test('open and close the way to the server', () => {
    const { shell, answer, log } = setUp();
    answer({ kind: 'attach' }, { kind: 'detach' });
    shell.handle(start);
    expect(log).toEqual(['in start', 'attach', 'detach']);
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
