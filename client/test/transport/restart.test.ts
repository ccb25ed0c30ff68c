/** ICE restarted on an open connection: what is told, what is taken, and what never is. */
import { sha256 } from '@noble/hashes/sha2.js';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSimplePeerTransport } from '#client/transport/simple-peer-transport.ts';
import type { Channel } from '#client/transport/transport.ts';
import { hexOf, peers, type FakePeer } from './fake-simple-peer.ts';

vi.mock('simple-peer/simplepeer.min.js', async () => ({
  default: (await import('./fake-simple-peer.ts')).FakePeer,
}));

interface End {
  readonly channel: Channel;
  readonly peer: FakePeer;
  /** What it described since it opened. */
  readonly told: { readonly type: string; readonly sdp?: string }[];
}

const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(100).then(() => {});
const sdpOf = (certificate: Uint8Array): string =>
  `v=0\r\na=fingerprint:sha-256 ${hexOf(sha256(certificate))}\r\n`;
const description = (type: string, sdp?: string): string => JSON.stringify([{ type, sdp }]);

beforeEach(() => {
  peers.length = 0;
  vi.useFakeTimers();
  return () => void vi.useRealTimers();
});

/** Both ends of an open connection. Nothing that they describe from then on is carried. */
async function open(rtc: () => RTCConfiguration = () => ({})): Promise<readonly [End, End]> {
  const told: End['told'][] = [[], []];
  const make = (at: number): Channel =>
    createSimplePeerTransport(rtc).construct(
      { initiator: at === 0 },
      {
        onDescribed: (data) => {
          told[at]!.push(...(JSON.parse(data) as End['told']));
          if (!peers[at]!.connected) channels[1 - at]!.describe(data);
        },
        onOpened() {},
        onFrame() {},
        onCongestion() {},
        onRelayed() {},
        onClosed() {},
      },
    );
  const channels = [0, 1].map(make);
  await settle();
  told.forEach((each) => void (each.length = 0));
  const endOf = (at: number): End => ({ channel: channels[at]!, peer: peers[at]!, told: told[at]! });
  return [endOf(0), endOf(1)];
}

describe('the initiator', () => {
  test('offers anew with the servers of now, and tells all in one description', async () => {
    let asked = 0;
    const [a] = await open(() => ({ iceServers: [{ urls: `stun:stun.test:${(asked += 1)}` }] }));
    a.channel.restart();
    await settle();
    expect(a.peer.offerOptions).toEqual({ iceRestart: true });
    expect(a.peer.configs).toEqual([{ iceServers: [{ urls: 'stun:stun.test:3' }] }]);
    expect(a.told).toEqual([{ type: 'offer', sdp: `${sdpOf(a.peer.certificate)}${a.peer.gathered}` }]);
    a.peer.emit('signal', { type: 'candidate', candidate: { candidate: 'late' } });
    await settle();
    expect(a.told).toHaveLength(1);
  });

  test('waits for the addresses, but not for ever', async () => {
    const [a] = await open();
    a.peer.gathering = 'gathering';
    a.channel.restart();
    await vi.advanceTimersByTimeAsync(500);
    expect(a.told).toEqual([]);
    a.peer.gathering = 'complete';
    a.peer.events.dispatchEvent(new Event('icegatheringstatechange'));
    expect(a.told).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(a.told).toHaveLength(1);
  });

  test('tells what it has after a second, and does not take the addresses of before for all', async () => {
    const [a] = await open();
    a.peer.gathered = '';
    a.channel.restart();
    await settle();
    expect(a.told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(a.told).toHaveLength(1);
  });

  test('tells the same offer again until it is answered, and then makes another', async () => {
    const [a, b] = await open();
    for (let nth = 0; nth < 2; nth++) {
      a.channel.restart();
      await settle();
    }
    expect([a.peer.offers, a.told.length]).toEqual([1, 2]);
    const answer = description('answer', sdpOf(b.peer.certificate));
    expect(a.channel.redescribe(answer)).toBe(true);
    expect(a.channel.redescribe(answer)).toBe(true);
    // The second one was for the offer told twice: a browser would end the connection over it.
    expect(a.peer.signals.filter((type) => type === 'answer')).toHaveLength(2);
    a.channel.restart();
    await settle();
    expect(a.peer.offers).toBe(2);
  });

  test('offers when it is asked to', async () => {
    const [a] = await open();
    expect(a.channel.redescribe(description('renegotiate'))).toBe(true);
    await settle();
    expect(a.told.map(({ type }) => type)).toEqual(['offer']);
  });

  test('that has just been answered is not asked again by one who noticed the silence as well', async () => {
    const [a, b] = await open();
    a.channel.restart();
    await settle();
    a.channel.redescribe(description('answer', sdpOf(b.peer.certificate)));
    expect(a.channel.redescribe(description('renegotiate'))).toBe(true);
    await settle();
    expect(a.peer.offers).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    a.channel.redescribe(description('renegotiate'));
    await settle();
    expect(a.peer.offers).toBe(2);
  });
});

describe('the other end', () => {
  test('asks for an offer, also where it hides its addresses, and answers one at a time', async () => {
    const [a, b] = await open(() => ({ iceTransportPolicy: 'relay' }));
    b.channel.restart();
    expect(b.told).toEqual([{ type: 'renegotiate' }]);
    const offer = description('offer', sdpOf(a.peer.certificate));
    expect([b.channel.redescribe(offer), b.channel.redescribe(offer)]).toEqual([true, true]);
    expect(b.peer.signals.filter((type) => type === 'offer')).toHaveLength(2);
    await settle();
    expect(b.told.slice(1).map(({ type }) => type)).toEqual(['answer']);
    expect(b.channel.redescribe(offer)).toBe(true);
    await settle();
    expect(b.told.slice(2).map(({ type }) => type)).toEqual(['answer']);
  });
});

describe('what is refused and changes nothing', () => {
  test('a certificate that is not the one proven, or that cannot be told for sure', async () => {
    const [a, b] = await open();
    a.channel.restart();
    await settle();
    const both = `${sdpOf(b.peer.certificate)}${sdpOf(Uint8Array.of(9))}`;
    const before = [a, b].map(({ peer }) => peer.signals.length);
    for (const sdp of [sdpOf(Uint8Array.of(9)), both, '']) {
      expect(a.channel.redescribe(description('answer', sdp))).toBe(false);
      expect(b.channel.redescribe(description('offer', sdp))).toBe(false);
    }
    expect([a, b].map(({ peer }) => peer.signals.length)).toEqual(before);
  });

  test('what is not for this end, more than one at once, and what is unsigned', async () => {
    const [a, b] = await open();
    const offer = { type: 'offer', sdp: sdpOf(a.peer.certificate) };
    const answer = { type: 'answer', sdp: sdpOf(b.peer.certificate) };
    const candidate = { type: 'candidate', candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: 0 } };
    const before = [a, b].map(({ peer }) => peer.signals.length);
    for (const wrong of [[offer], [answer, answer], [candidate], [{ type: 'renegotiate', more: 1 }, answer]])
      expect(a.channel.redescribe(JSON.stringify(wrong))).toBe(false);
    for (const wrong of [[answer], [{ type: 'renegotiate' }], [offer, offer]])
      expect(b.channel.redescribe(JSON.stringify(wrong))).toBe(false);
    expect(b.channel.describe(JSON.stringify([offer]))).toBe(false);
    expect(a.channel.describe(JSON.stringify([{ type: 'renegotiate' }]))).toBe(false);
    expect([a, b].map(({ peer }) => peer.signals.length)).toEqual(before);
  });

  test('an address that is not signed counts for nothing once the channel is open', async () => {
    const [, b] = await open();
    const late = JSON.stringify([
      { type: 'candidate', candidate: { candidate: 'candidate:1', sdpMid: '0', sdpMLineIndex: 0 } },
    ]);
    const taken = b.peer.signals.length;
    expect(b.channel.describe(late)).toBe(true);
    b.channel.redescribe(description('offer', sdpOf(peers[0]!.certificate)));
    expect(b.channel.describe(late)).toBe(true);
    expect(b.peer.signals.slice(taken)).toEqual(['offer']);
  });
});
