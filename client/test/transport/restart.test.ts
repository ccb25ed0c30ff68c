/** ICE restarted on an open connection: what is told, what is taken, and what never is. */
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { createSimplePeerTransport } from '#client/transport/simple-peer-transport.ts';
import type { Channel } from '#client/transport/transport.ts';
import { peers, sdpOf, type FakePeer } from './fake-simple-peer.ts';

vi.mock('simple-peer/simplepeer.min.js', async () => ({
  default: (await import('./fake-simple-peer.ts')).FakePeer,
}));

interface End {
  readonly channel: Channel;
  readonly peer: FakePeer;
  /** What it described since it opened. */
  readonly told: { readonly type: string; readonly sdp?: string; readonly offer?: string }[];
}

const settle = (): Promise<void> => vi.advanceTimersByTimeAsync(100).then(() => {});
const description = (type: string, sdp?: string, offer?: string): string =>
  JSON.stringify([{ type, sdp, offer }]);
/** What the end of this certificate offers the nth time. */
const offerOf = ({ peer }: End, nth: number): string =>
  description('offer', sdpOf(peer.certificate, `offer-${nth}`));
/** What it answers to the offer of this name. */
const answerOf = ({ peer }: End, offer: string): string =>
  description('answer', sdpOf(peer.certificate, 'answer'), `a=ice-ufrag:${offer}`);

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
    void a.channel.restart();
    await settle();
    expect(a.peer.offerOptions).toEqual({ iceRestart: true });
    expect(a.peer.configs).toEqual([{ iceServers: [{ urls: 'stun:stun.test:3' }] }]);
    expect(a.told).toEqual([
      { type: 'offer', sdp: `${sdpOf(a.peer.certificate, 'own-1')}${a.peer.gathered}` },
    ]);
    a.peer.emit('signal', { type: 'candidate', candidate: { candidate: 'late' } });
    await settle();
    expect(a.told).toHaveLength(1);
  });

  test('waits for the addresses, but not for ever', async () => {
    const [a] = await open();
    a.peer.gathering = 'gathering';
    void a.channel.restart();
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
    void a.channel.restart();
    await settle();
    expect(a.told).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(a.told).toHaveLength(1);
  });

  test('tells the same offer again until it is answered, and then makes another', async () => {
    const [a, b] = await open();
    for (let nth = 0; nth < 2; nth++) {
      void a.channel.restart();
      await settle();
    }
    expect([a.peer.offers, a.told.length]).toEqual([1, 2]);
    const answer = answerOf(b, 'own-1');
    expect(a.channel.redescribe(answer)).toBe(true);
    expect(a.channel.redescribe(answer)).toBe(true);
    // The second one was for the offer told twice: a browser would end the connection over it.
    expect(a.peer.signals.filter((type) => type === 'answer')).toHaveLength(2);
    void a.channel.restart();
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
    void a.channel.restart();
    await settle();
    a.channel.redescribe(answerOf(b, 'own-1'));
    expect(a.channel.redescribe(description('renegotiate'))).toBe(true);
    await settle();
    expect(a.peer.offers).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    a.channel.redescribe(description('renegotiate'));
    await settle();
    expect(a.peer.offers).toBe(2);
  });

  test('is not kept gathering by one that asks and answers without a pause', async () => {
    const [a, b] = await open();
    for (let nth = 0; nth < 50; nth++) {
      a.channel.redescribe(description('renegotiate'));
      await settle();
      a.channel.redescribe(answerOf(b, `own-${a.peer.offers}`));
    }
    // Five seconds: each restart a second after the answer to the one before.
    expect(a.peer.offers).toBeGreaterThan(1);
    expect(a.peer.offers).toBeLessThanOrEqual(5);
  });

  test('does not tell the offer of before while the new one is being made', async () => {
    const [a, b] = await open();
    void a.channel.restart();
    await settle();
    a.channel.redescribe(answerOf(b, 'own-1'));
    const taken = a.peer.signals.length;
    void a.channel.restart();
    await Promise.resolve();
    // It was told twice, and answered twice: a browser that waits for no answer would end the connection.
    expect(a.channel.redescribe(answerOf(b, 'own-1'))).toBe(true);
    expect(a.peer.signals).toHaveLength(taken);
    expect(a.told).toHaveLength(1);
    await settle();
    expect(a.told.slice(1).map(({ sdp }) => sdp?.includes('own-2'))).toEqual([true]);
  });

  test('takes the answer to an earlier offer for what it is', async () => {
    const [a, b] = await open();
    void a.channel.restart();
    await settle();
    a.channel.redescribe(answerOf(b, 'own-1'));
    void a.channel.restart();
    await settle();
    const taken = a.peer.signals.length;
    expect(a.channel.redescribe(answerOf(b, 'own-1'))).toBe(true);
    expect(a.peer.signals).toHaveLength(taken);
    expect(a.channel.redescribe(answerOf(b, 'own-2'))).toBe(true);
    expect(a.peer.signals).toHaveLength(taken + 1);
  });
});

describe('the other end', () => {
  test('asks for an offer, also where it hides its addresses, and answers one at a time', async () => {
    const [a, b] = await open(() => ({ iceTransportPolicy: 'relay' }));
    void b.channel.restart();
    await settle();
    expect(b.told).toEqual([{ type: 'renegotiate' }]);
    const offer = offerOf(a, 1);
    expect([b.channel.redescribe(offer), b.channel.redescribe(offer)]).toEqual([true, true]);
    expect(b.peer.signals.filter((type) => type === 'offer')).toHaveLength(2);
    await settle();
    expect(b.told.slice(1)).toMatchObject([{ type: 'answer', offer: 'a=ice-ufrag:offer-1' }]);
    expect(b.channel.redescribe(offer)).toBe(true);
    await settle();
    expect(b.told.slice(2)).toMatchObject([{ type: 'answer', offer: 'a=ice-ufrag:offer-1' }]);
  });

  test('is not kept gathering by one that offers without a pause', async () => {
    const [a, b] = await open(() => ({ iceServers: [] }));
    const before = b.peer.configs.length;
    for (let nth = 0; nth < 50; nth++) {
      expect(b.channel.redescribe(offerOf(a, nth))).toBe(true);
      await settle();
    }
    expect(b.peer.configs.length - before).toBe(5);
    expect(b.told).toHaveLength(5);
  });

  test('takes an offer with another password for another one', async () => {
    const [a, b] = await open(() => ({ iceServers: [] }));
    const before = b.peer.configs.length;
    for (let nth = 0; nth < 50; nth++) {
      const sdp = `${sdpOf(a.peer.certificate, 'same')}a=ice-pwd:${nth}\r\n`;
      expect(b.channel.redescribe(description('offer', sdp))).toBe(true);
      await settle();
    }
    expect(b.peer.configs.length - before).toBe(5);
    expect(b.told[0]?.offer).toBe('a=ice-pwd:0 a=ice-ufrag:same');
  });
});

/** Statistics of a pair on which a packet came so long ago. */
const quietFor = (ms: number): ReadonlyMap<string, unknown> =>
  new Map<string, unknown>([
    ['transport', { type: 'transport', selectedCandidatePairId: 'pair' }],
    ['pair', { type: 'candidate-pair', timestamp: 50_000, lastPacketReceivedTimestamp: 50_000 - ms }],
  ]);

describe('how long ago the last packet came', () => {
  test('is what the statistics of the selected pair say', async () => {
    const [a, b] = await open();
    a.peer.stats = quietFor(300);
    b.peer.stats = quietFor(0);
    expect([await a.channel.quietMs(), await b.channel.quietMs()]).toEqual([300, 0]);
    a.peer.stats = quietFor(7_000);
    expect(await a.channel.quietMs()).toBe(7_000);
  });

  test('has no end where the browser does not tell', async () => {
    const [a] = await open();
    const pair = { type: 'candidate-pair', timestamp: 50_000 };
    const untold = new Map<string, unknown>([
      ['transport', { type: 'transport', selectedCandidatePairId: 'pair' }],
      ['pair', pair],
    ]);
    for (const stats of [untold, new Map(), new Error('no statistics')]) {
      a.peer.stats = stats;
      expect(await a.channel.quietMs()).toBe(Infinity);
    }
  });

  test('has no end once the channel is closed, whatever the statistics said', async () => {
    const [a, b] = await open();
    for (const { peer } of [a, b]) peer.stats = quietFor(300);
    await a.channel.close();
    await settle();
    expect([await a.channel.quietMs(), await b.channel.quietMs()]).toEqual([Infinity, Infinity]);
  });
});

describe('where packets still come', () => {
  test('no other way is looked for: it is the page that does not answer', async () => {
    const [a] = await open();
    a.peer.stats = quietFor(300);
    void a.channel.restart();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(a.peer.offers).toBe(0);
  });

  test('and then no more, one is', async () => {
    const [a] = await open();
    a.peer.stats = quietFor(300);
    void a.channel.restart();
    await vi.advanceTimersByTimeAsync(600);
    a.peer.stats = quietFor(1_000);
    expect(a.peer.offers).toBe(0);
    await vi.advanceTimersByTimeAsync(250);
    expect(a.peer.offers).toBe(1);
  });

  test('where the last came long ago one is at once, and where nobody can tell', async () => {
    for (const stats of [quietFor(1_000), new Map(), new Error('no statistics')]) {
      const [a] = await open();
      a.peer.stats = stats;
      void a.channel.restart();
      await settle();
      expect(a.peer.offers).toBe(1);
      peers.length = 0;
    }
  });
});

describe('what is refused and changes nothing', () => {
  test('a certificate that is not the one proven, or that cannot be told for sure', async () => {
    const [a, b] = await open();
    void a.channel.restart();
    await settle();
    const foreign = sdpOf(Uint8Array.of(9), 'own-1');
    const both = `${sdpOf(b.peer.certificate, 'own-1')}${foreign}`;
    const before = [a, b].map(({ peer }) => peer.signals.length);
    for (const sdp of [foreign, both, '']) {
      expect(a.channel.redescribe(description('answer', sdp, 'a=ice-ufrag:own-1'))).toBe(false);
      expect(b.channel.redescribe(description('offer', sdp))).toBe(false);
    }
    expect([a, b].map(({ peer }) => peer.signals.length)).toEqual(before);
  });

  test('what is not for this end, more than one at once, and what is unsigned', async () => {
    const [a, b] = await open();
    const offer = { type: 'offer', sdp: sdpOf(a.peer.certificate, 'own-1') };
    const answer = { type: 'answer', sdp: sdpOf(b.peer.certificate, 'own-1'), offer: 'a=ice-ufrag:own-1' };
    const nameless = [
      { ...answer, offer: undefined },
      { ...offer, sdp: offer.sdp.replace('ice-ufrag', 'ice-other') },
    ];
    const candidate = { type: 'candidate', candidate: { candidate: '', sdpMid: '0', sdpMLineIndex: 0 } };
    const before = [a, b].map(({ peer }) => peer.signals.length);
    for (const wrong of [
      [offer],
      [answer, answer],
      [nameless[0]],
      [candidate],
      [{ type: 'renegotiate', more: 1 }, answer],
    ])
      expect(a.channel.redescribe(JSON.stringify(wrong))).toBe(false);
    for (const wrong of [[answer], [{ type: 'renegotiate' }], [offer, offer], [nameless[1]]])
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
    b.channel.redescribe(description('offer', sdpOf(peers[0]!.certificate, 'offer-1')));
    expect(b.channel.describe(late)).toBe(true);
    expect(b.peer.signals.slice(taken)).toEqual(['offer']);
  });
});
