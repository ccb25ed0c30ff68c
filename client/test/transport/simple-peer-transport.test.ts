/** The real transport over a simple-peer that a test plays; browsers are the stories' matter. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSimplePeerTransport as createTransport } from '#client/transport/simple-peer-transport.ts';
import { LINGER_MS, OVERRUN_BYTES, type Channel, type Transport } from '#client/transport/transport.ts';
import { bundleFrames } from '#client/transport/bundles.ts';
import { createLinkDecoder } from '#shared/wire/frame.ts';
import { describeTransport } from '../transport-acceptance.ts';
import { peers, type FakePeer } from './fake-simple-peer.ts';

vi.mock('simple-peer/simplepeer.min.js', async () => ({
  default: (await import('./fake-simple-peer.ts')).FakePeer,
}));

const createSimplePeerTransport = (rtc: RTCConfiguration = {}): Transport => createTransport(() => rtc);
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

beforeEach(() => {
  peers.length = 0;
});

describeTransport('simple-peer', () => ({
  transports: [createSimplePeerTransport(), createSimplePeerTransport(), createSimplePeerTransport()],
  settle: () => pause(120),
}));

interface Opened {
  readonly channel: Channel;
  readonly peer: FakePeer;
  readonly told: unknown[];
}

/** A channel, by itself; open unless said otherwise. */
function open({ connected = true }: { connected?: boolean } = {}): Opened {
  const told: unknown[] = [];
  const channel = createSimplePeerTransport().construct(
    { initiator: true },
    {
      onDescribed: () => {},
      onOpened: () => told.push('opened'),
      onFrame: (bytes) => told.push([...bytes]),
      onCongestion: (congested) => told.push(congested ? 'congested' : 'drained'),
      onRelayed: (relayed) => told.push(relayed ? 'relayed' : 'direct'),
      onClosed: () => told.push('closed'),
    },
  );
  const peer = peers.at(-1)!;
  if (connected) peer.connect();
  told.length = 0;
  return { channel, peer, told };
}

const frame = (bytes: number): Uint8Array => new Uint8Array(bytes);
const bundle = (...frames: number[][]): Uint8Array =>
  bundleFrames(frames.map((bytes) => Uint8Array.from(bytes))).bytes;

describe('what RTCPeerConnection is told', () => {
  test('is asked anew for each connection', () => {
    const nothing = {
      onDescribed() {},
      onOpened() {},
      onFrame() {},
      onCongestion() {},
      onRelayed() {},
      onClosed() {},
    };
    let port = 1;
    const { construct } = createTransport(() => ({ iceServers: [{ urls: `stun:stun.test:${port++}` }] }));
    for (const initiator of [true, false]) construct({ initiator }, nothing);
    expect(peers.map(({ options }) => options.config.iceServers)).toEqual([
      [{ urls: 'stun:stun.test:1' }],
      [{ urls: 'stun:stun.test:2' }],
    ]);
  });

  test('names no server unless the application does, and everything that it does name', () => {
    const nothing = {
      onDescribed() {},
      onOpened() {},
      onFrame() {},
      onCongestion() {},
      onRelayed() {},
      onClosed() {},
    };
    createSimplePeerTransport().construct({ initiator: true }, nothing);
    createSimplePeerTransport({ iceTransportPolicy: 'relay' }).construct({ initiator: false }, nothing);
    const iceServers = [{ urls: 'stun:stun.test' }];
    createSimplePeerTransport({ iceServers }).construct({ initiator: false }, nothing);
    expect(peers.map(({ options }) => options.config)).toEqual([
      { iceServers: [] },
      { iceServers: [], iceTransportPolicy: 'relay' },
      { iceServers },
    ]);
  });
});

describe('descriptions', () => {
  const offer = JSON.stringify([{ type: 'offer', sdp: '1' }]);
  const answer = JSON.stringify([{ type: 'answer', sdp: 'yes' }]);
  const candidate = JSON.stringify([
    { type: 'candidate', candidate: { candidate: 'c', sdpMid: '0', sdpMLineIndex: 0 } },
  ]);
  const nothing = {
    onDescribed() {},
    onOpened() {},
    onFrame() {},
    onCongestion() {},
    onRelayed() {},
    onClosed() {},
  };

  test('of a session are taken once, so that no later one can put another certificate behind the channel', () => {
    createSimplePeerTransport().construct({ initiator: true }, nothing);
    const channel = createSimplePeerTransport().construct({ initiator: false }, nothing);
    const taken = [candidate, offer, candidate, offer, answer].map((text) => channel.describe(text));
    expect(taken).toEqual([true, true, true, false, false]);
    expect(peers[1]!.signals).toEqual(['candidate', 'offer', 'candidate']);
    expect(peers[1]!.destroyed).toBe(false);
  });

  test('tell no address to the other end where links are to be relayed, in whatever order the browser tells them', async () => {
    const host = { candidate: 'candidate:1 1 udp 1 192.0.2.1 5 typ host', sdpMid: '0', sdpMLineIndex: 0 };
    const relay = {
      ...host,
      candidate: 'candidate:2 1 udp 1 198.51.100.7 6 typ relay raddr 192.0.2.1 rport 5',
    };
    const told: string[] = [];
    const handlers = { ...nothing, onDescribed: (data: string) => void told.push(data) };
    createSimplePeerTransport({ iceTransportPolicy: 'relay' }).construct({ initiator: true }, handlers);
    await pause(40);
    peers[0]!.emit('signal', { type: 'candidate', candidate: host });
    await pause(40);
    for (const each of [host, relay]) peers[0]!.emit('signal', { type: 'candidate', candidate: each });
    await pause(40);
    const hidden = { ...relay, candidate: relay.candidate.replace('192.0.2.1 rport 5', '0.0.0.0 rport 0') };
    expect(told.map((text) => JSON.parse(text) as unknown)).toEqual([
      [{ type: 'offer', sdp: '1' }],
      [{ type: 'candidate', candidate: hidden }],
    ]);
  });

  test('of the other role, or two at once, are not taken', () => {
    const initiator = createSimplePeerTransport().construct({ initiator: true }, nothing);
    const other = createSimplePeerTransport().construct({ initiator: false }, nothing);
    const two = JSON.stringify([
      { type: 'offer', sdp: '1' },
      { type: 'offer', sdp: '1' },
    ]);
    expect([initiator.describe(offer), other.describe(answer), other.describe(two)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(peers.map(({ signals }) => signals)).toEqual([[], []]);
    expect(other.describe(offer)).toBe(true);
  });
});

describe('what a channel tells of itself that does not open', () => {
  const offer = JSON.stringify([{ type: 'offer', sdp: '1' }]);
  const answer = JSON.stringify([{ type: 'answer', sdp: 'yes' }]);
  const withCandidate = (type: string): string =>
    JSON.stringify([
      {
        type: 'candidate',
        candidate: { candidate: `candidate:1 1 udp 1 a.local 5 typ ${type}`, sdpMid: '0', sdpMLineIndex: 0 },
      },
    ]);

  /** The answering end; the fake's offer would open it, so what it answers leads nowhere. */
  function dial(): { readonly channel: Channel; readonly peer: FakePeer } {
    const nothing = {
      onDescribed() {},
      onOpened() {},
      onFrame() {},
      onCongestion() {},
      onRelayed() {},
      onClosed() {},
    };
    createSimplePeerTransport().construct({ initiator: true }, nothing);
    const channel = createSimplePeerTransport().construct({ initiator: false }, nothing);
    return { channel, peer: peers[1]! };
  }

  test('is that its time ran out, when nothing was described, or the two reached each other and no more came', () => {
    const { channel, peer } = dial();
    channel.describe(withCandidate('host'));
    peer.emit('iceStateChange', 'checking');
    expect(channel.report().fault).toBe('timed-out');
    channel.describe(offer);
    expect(channel.report().fault).toBe('needs-turn');
    peer.emit('iceStateChange', 'connected');
    peer.emit('iceStateChange', 'disconnected');
    peer.destroy(Object.assign(new Error('failed'), { code: 'ERR_ICE_CONNECTION_FAILURE' }));
    expect(channel.report().fault).toBe('timed-out');
  });

  test('is that it needs a TURN server, unless either end named an address of one', async () => {
    const { channel: without } = dial();
    for (const text of [offer, withCandidate('host'), withCandidate('srflx')]) without.describe(text);
    expect(without.report().fault).toBe('needs-turn');
    peers.length = 0;
    const { channel: theirs } = dial();
    for (const text of [offer, withCandidate('relay')]) theirs.describe(text);
    expect(theirs.report().fault).toBe('ice-failed');
    peers.length = 0;
    const { channel: ours, peer } = dial();
    ours.describe(offer);
    peer.emit('signal', (JSON.parse(withCandidate('relay')) as unknown[])[0]);
    await pause(40);
    expect(ours.report().fault).toBe('ice-failed');
  });

  test.each<[string, (channel: Channel, peer: FakePeer) => void]>([
    ['no description at all', (channel) => channel.describe('nonsense')],
    ['one of the other role', (channel) => channel.describe(answer)],
    [
      'an offer that no browser reads',
      (_channel, peer) =>
        peer.destroy(Object.assign(new Error('SDP'), { code: 'ERR_SET_REMOTE_DESCRIPTION' })),
    ],
    [
      'a candidate for no section that there is',
      (_channel, peer) => peer.destroy(Object.assign(new Error('mid'), { code: 'ERR_ADD_ICE_CANDIDATE' })),
    ],
  ])('is that it was badly described: %s', (_what, describeBadly) => {
    const { channel, peer } = dial();
    describeBadly(channel, peer);
    expect(channel.report().fault).toBe('bad-description');
  });

  test('is not what comes once it is closed', () => {
    const { channel, peer } = dial();
    channel.describe(offer);
    peer.destroy();
    expect(channel.describe(withCandidate('host'))).toBe(false);
    expect(channel.report().fault).toBe('needs-turn');
  });

  test('names what STUN and TURN servers answered, each once and eight at most', () => {
    const { channel, peer } = dial();
    const fail = (errorCode: number, url: string): void =>
      void peer.events.dispatchEvent(Object.assign(new Event('icecandidateerror'), { errorCode, url }));
    const refused = { code: 401, url: 'turn:turn.test:3478?transport=udp' };
    for (let n = 0; n < 3; n++) fail(refused.code, refused.url);
    fail(701, refused.url);
    expect(channel.report().iceErrors).toEqual([refused, { ...refused, code: 701 }]);
    fail(701, 'x'.repeat(1_000));
    expect(channel.report().iceErrors[2]?.url).toHaveLength(256);
    for (let n = 0; n < 20; n++) fail(701, `stun:${n}.test`);
    expect(channel.report().iceErrors).toHaveLength(8);
    expect(Object.isFrozen(channel.report().iceErrors)).toBe(true);
  });
});

describe('a TURN server in between', () => {
  const through = (candidateType: string): ReadonlyMap<string, unknown> =>
    new Map([
      ['t', { type: 'transport', selectedCandidatePairId: 'p' }],
      ['p', { type: 'candidate-pair', localCandidateId: 'l', remoteCandidateId: 'r' }],
      ['l', { type: 'local-candidate', candidateType }],
      ['r', { type: 'remote-candidate', candidateType: 'host' }],
    ]);
  const settle = (): Promise<void> => pause(150);

  test('is told once it is known, and when that changes; nobody asks again and again', async () => {
    const { peer, told } = open();
    peer.stats = through('relay');
    await settle();
    expect([told, peer.looks]).toEqual([['relayed'], 1]);
    for (const state of ['connected', 'completed']) peer.emit('iceStateChange', state);
    await settle();
    expect([told, peer.looks]).toEqual([['relayed'], 2]);
    peer.stats = through('host');
    for (let n = 0; n < 3; n++) peer.ice.dispatchEvent(new Event('selectedcandidatepairchange'));
    await settle();
    expect([told, peer.looks]).toEqual([['relayed', 'direct'], 3]);
    await pause(400);
    expect(peer.looks).toBe(3);
  });

  test('is not told of a direct link, nor of a channel that has closed, or does meanwhile', async () => {
    const direct = open();
    direct.peer.stats = through('srflx');
    const closed = open();
    closed.peer.stats = through('relay');
    void closed.channel.close();
    const closing = open();
    closing.peer.stats = through('relay');
    const looked = vi.spyOn(closing.peer, 'looks', 'set').mockImplementation(() => closing.peer.destroy());
    await settle();
    expect(looked).toHaveBeenCalledOnce();
    expect([direct.told, closed.told, closing.told]).toEqual([[], [], ['closed']]);
  });

  test('is not told where the browser has no statistics; it is asked again when something changes', async () => {
    const { peer, told } = open();
    peer.stats = new Error('InvalidStateError');
    await settle();
    expect([told, peer.looks]).toEqual([[], 1]);
    peer.stats = through('relay');
    peer.ice.dispatchEvent(new Event('selectedcandidatepairchange'));
    await settle();
    expect(told).toEqual(['relayed']);
  });
});

describe('sending', () => {
  test('what is sent while the page is busy leaves together, as one message', async () => {
    const { channel, peer } = open();
    for (const byte of [1, 2, 3]) channel.send(Uint8Array.of(byte));
    expect(peer.sent).toEqual([]);
    await pause(10);
    expect(peer.sent).toEqual([bundle([1], [2], [3])]);
  });

  test('what the browser does not take yet waits, and leaves in order when it drains', async () => {
    const { channel, peer, told } = open();
    peer.stuck = true;
    for (let n = 0; n < 40; n++) channel.send(frame(60_000));
    await pause(10);
    expect(peer.bufferSize).toBeGreaterThan(1_048_576);
    expect(peer.bufferSize).toBeLessThan(1_200_000);
    expect(told).toEqual(['congested']);
    peer.unstick();
    await vi.waitFor(() => expect(told).toEqual(['congested', 'drained']));
    expect(peer.sent).toHaveLength(40);
  });

  test('to one that does not read for very long ends the channel', async () => {
    const { channel, peer, told } = open();
    peer.stuck = true;
    const big = frame(65_000);
    for (let bytes = 0; bytes <= OVERRUN_BYTES; bytes += big.byteLength) expect(channel.send(big)).toBe(true);
    expect(channel.send(big)).toBe(false);
    expect([told, peer.destroyed]).toEqual([['closed'], true]);
  });

  test('into a channel that is gone and has not said so ends it, once', async () => {
    const { channel, peer, told } = open();
    peer.send = () => {
      throw new Error('InvalidStateError');
    };
    channel.send(Uint8Array.of(1));
    await pause(10);
    expect(told).toEqual(['closed']);
    expect(channel.send(Uint8Array.of(2))).toBe(false);
  });
});

describe('receiving', () => {
  test('frames that come before the connection is told wait for it, up to a mebibyte of them', () => {
    const { peer, told } = open({ connected: false });
    const large = Array.from({ length: 16_382 }, () => 7);
    peer.emit('data', bundle([1]));
    for (let n = 0; n < 80; n++) peer.emit('data', bundle(large));
    expect(told).toEqual([]);
    peer.connect();
    expect(told).toHaveLength(1 + 1 + 63);
    expect(told.slice(0, 2)).toEqual(['opened', [1]]);
  });

  test('nor more messages than a few thousand, however small', () => {
    const { peer, told } = open({ connected: false });
    for (let n = 0; n < 10_000; n++) peer.emit('data', new Uint8Array());
    peer.connect();
    expect(told).toHaveLength(1 + 4_096);
  });

  test('a bundle is its frames in order', () => {
    const { peer, told } = open();
    peer.emit('data', bundle([1], [2, 2]));
    expect(told).toEqual([[1], [2, 2]]);
  });

  test('text and nothing are handed on, for who reads frames to refuse and to count', () => {
    const { peer, told } = open();
    peer.emit('data', 'text');
    peer.emit('data', new Uint8Array());
    expect(told).toEqual([[0, 0, 0, 0], []]);
    for (const bytes of told as number[][])
      expect(createLinkDecoder().decode(Uint8Array.from(bytes))).toMatchObject({ ok: false });
  });

  test('an error ends it once, and nothing is told after it', () => {
    const { peer, told } = open();
    peer.destroy(new Error('ERR_DATA_CHANNEL'));
    peer.emit('data', bundle([1]));
    peer.emit('connect');
    expect(told).toEqual(['closed']);
  });
});

describe('closing', () => {
  test('hands over what waits and ends at once', async () => {
    const { channel, peer, told } = open();
    channel.send(Uint8Array.of(1));
    const left = channel.close();
    expect([peer.sent, peer.destroyed]).toEqual([[bundle([1])], true]);
    await left;
    expect(told).toEqual([]);
  });

  test('behind a backlog lets all of it leave first, the last frame too', async () => {
    const { channel, peer, told } = open();
    peer.stuck = true;
    for (let n = 0; n < 40; n++) channel.send(frame(60_000));
    await pause(10);
    channel.send(Uint8Array.of(7));
    const left = channel.close();
    expect(channel.send(Uint8Array.of(8))).toBe(false);
    expect([peer.sent.length, peer.sent.at(-1), peer.destroyed]).toEqual([41, bundle([7]), false]);
    peer.emit('data', bundle([1]));
    peer.unstick();
    await left;
    expect([peer.destroyed, told]).toEqual([true, ['congested']]);
    expect(channel.close()).toBe(left);
  });

  test('behind a backlog that never leaves ends all the same, in time', async () => {
    const { channel, peer } = open();
    peer.stuck = true;
    for (let n = 0; n < 400; n++) channel.send(frame(60_000));
    await pause(10);
    const startedAt = performance.now();
    await channel.close();
    const tookMs = performance.now() - startedAt;
    expect(peer.bufferSize).toBeGreaterThan(15_900_000);
    expect([peer.destroyed, tookMs > LINGER_MS - 50, tookMs < LINGER_MS + 500]).toEqual([true, true, true]);
  });

  test('before it is open ends at once', async () => {
    const { channel, peer, told } = open({ connected: false });
    await channel.close();
    peer.connect();
    expect([peer.destroyed, told]).toEqual([true, []]);
  });
});
