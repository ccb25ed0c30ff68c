import { describe, expect, test } from 'vitest';
import { epoch, incarnation, type PeerId } from '#shared/base/ids.ts';
import type { LinkMessage, Payload } from '#shared/mesh/messages.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';
import { WIRE_VERSIONS } from '#shared/wire/versions.ts';
import { createKeyPair } from '#client/identity/ed25519.ts';
import { LINGER_MS } from '#client/transport/transport.ts';
import { cryptoIdle } from '../crypto-idle.ts';
import { createProver } from '../prover.ts';
import {
  a,
  b,
  one,
  two,
  start,
  prune,
  disconnect,
  send,
  type FakeChannel,
  type Setup,
  setUp,
  open,
} from './shell-setup.ts';

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
    ageMs: 0,
    follows: null,
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

  test('and is awaited shows that its bringer lives, now and then', async () => {
    const setup = setUp();
    const author = createProver();
    const { handlers } = open(setup, a, one);
    const { encode } = createLinkEncoder();
    const proven = [await author.prove(chat(author.id, 1)), await author.prove(chat(author.id, 2))];
    await setup.clock.advance(1_000);
    // All in one turn: between two of them the first might be verified.
    for (const message of [...proven, prune]) handlers.onFrame(encode(message));
    expect(setup.inputs).toEqual([{ kind: 'heard', peer: a }]);
    await cryptoIdle();
    expect(setup.inputs.map(({ kind }) => kind)).toEqual(['heard', 'frame', 'frame', 'frame']);
    // What is heard at once shows it by itself.
    await setup.clock.advance(1_000);
    handlers.onFrame(encode(prune));
    expect(setup.inputs.slice(4).map(({ kind }) => kind)).toEqual(['frame']);
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
