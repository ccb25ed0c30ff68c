import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { err, ok } from '#shared/base/result.ts';
import { createSealedSignaling } from '#client/signaling/sealed-signaling.ts';
import type { Sealer } from '#client/signaling/sealer.ts';
import type { SignalingClient, SignalingHandlers } from '#client/signaling/signaling-client.ts';

const a = '0a'.repeat(16) as PeerId;
const b = '0b'.repeat(16) as PeerId;

interface Scene {
  readonly signaling: SignalingClient;
  /** As the client that it wraps tells it. */
  readonly server: SignalingHandlers;
  readonly sent: unknown[];
  readonly told: unknown[];
  /** Seals and openings that have not ended, first to last: each ends when called. */
  readonly work: (() => void)[];
}

/** Sealing is a letter put before the text, and takes until the test lets it end. */
function setScene(): Scene {
  const sent: unknown[] = [];
  const told: unknown[] = [];
  const work: (() => void)[] = [];
  const later = <T>(value: T): Promise<T> => new Promise((resolve) => work.push(() => resolve(value)));
  const sealer: Sealer = {
    seal: (_to, bytes) => later(`S${Buffer.from(bytes).toString('base64')}`),
    open: (_from, text) =>
      later(
        text === 'again'
          ? err('replayed')
          : text.startsWith('S')
            ? ok(new Uint8Array(Buffer.from(text.slice(1), 'base64')))
            : err('not-opened'),
      ),
  };
  let server: SignalingHandlers | undefined;
  const handlers: SignalingHandlers = {
    onStatus: (status) => told.push(status),
    onAttached: (contacts) => told.push({ attached: contacts }),
    onContacts: (contacts) => told.push({ contacts }),
    onListed: (ids) => told.push({ listed: ids }),
    onSignal: (from, data) => told.push({ from, data }),
    onUnreachable: (to) => told.push({ unreachable: to }),
    onWrongKey: (sign) => told.push({ wrongKey: sign }),
    onDetached: () => told.push('detached'),
    onDialLost: () => told.push('dial lost'),
    onRefused: (reason) => told.push({ refused: reason }),
    onError: ({ code }) => told.push({ error: code }),
  };
  const signaling = createSealedSignaling(sealer, handlers, (inner) => {
    server = inner;
    return {
      attach: () => sent.push('attach'),
      hurry: () => sent.push('hurry'),
      renew: () => sent.push('renew'),
      detach: () => sent.push('detach'),
      signal: (to, data) => sent.push({ to, data }) > 0,
      askContacts: () => sent.push('contacts?'),
      traffic: () => ({ sentBytes: 1, receivedBytes: 2, quietMs: 3 }),
    };
  });
  return { signaling, server: server!, sent, told, work };
}

/** Lets the work that waits end, in its order, and what that brings about. */
async function finish({ work }: Scene): Promise<void> {
  const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  await settled();
  for (let end = work.shift(); end; end = work.shift()) {
    end();
    await settled();
  }
}

const taken = (list: unknown[]): unknown[] => list.splice(0);

describe('sealed signaling', () => {
  test('seals what leaves and opens what arrives, in order; all else passes as it is', async () => {
    const scene = setScene();
    const { signaling, server, sent, told } = scene;
    signaling.attach();
    server.onStatus('open');
    server.onAttached([a]);
    expect([signaling.signal(a, 'AAAA'), signaling.signal(b, 'BBBB'), signaling.signal(a, 'CCCC')]).toEqual([
      true,
      true,
      true,
    ]);
    signaling.askContacts();
    server.onSignal(a, 'SDDDD');
    server.onSignal(b, 'SEEEE');
    server.onContacts([b]);
    server.onUnreachable(a);
    await finish(scene);
    expect(sent).toEqual([
      'attach',
      'contacts?',
      { to: a, data: 'SAAAA' },
      { to: b, data: 'SBBBB' },
      { to: a, data: 'SCCCC' },
    ]);
    expect(told).toEqual([
      'open',
      { attached: [a] },
      { contacts: [b] },
      { unreachable: a },
      { from: a, data: 'DDDD' },
      { from: b, data: 'EEEE' },
    ]);
    expect(signaling.traffic()).toEqual({ sentBytes: 1, receivedBytes: 2, quietMs: 3 });
  });

  test('what does not open is dropped, counted, and makes one doubt the key; a repetition is counted only', async () => {
    const scene = setScene();
    scene.server.onAttached([]);
    taken(scene.told);
    for (const text of ['noise', 'again', 'SAAAA']) scene.server.onSignal(a, text);
    await finish(scene);
    expect(scene.told).toEqual([
      { refused: 'not-opened' },
      { wrongKey: 'not-opened' },
      { refused: 'replayed' },
      { from: a, data: 'AAAA' },
    ]);
  });

  test('says nothing before it is attached, and hears nothing after it has let go', async () => {
    const scene = setScene();
    expect(scene.signaling.signal(a, 'AAAA')).toBe(false);
    scene.server.onAttached([]);
    scene.server.onSignal(a, 'SAAAA');
    scene.server.onDetached();
    taken(scene.told);
    await finish(scene);
    expect([scene.sent, scene.told, scene.signaling.signal(a, 'AAAA')]).toEqual([[], [], false]);
  });

  test('lets no more wait than it can hold: a flood is cut and counted, and then all goes on', async () => {
    const scene = setScene();
    scene.server.onAttached([]);
    taken(scene.told);
    for (let n = 0; n < 300; n++) scene.server.onSignal(a, 'SAAAA');
    const said = Array.from({ length: 300 }, () => scene.signaling.signal(a, 'AAAA'));
    expect(said.filter(Boolean)).toHaveLength(256);
    expect(taken(scene.told)).toEqual(Array.from({ length: 44 }, () => ({ refused: 'too-many-signals' })));
    await finish(scene);
    expect([scene.sent.length, scene.told.length]).toEqual([256, 256]);
    expect(scene.signaling.signal(a, 'AAAA')).toBe(true);
    await finish(scene);
    expect(scene.sent).toHaveLength(257);
  });
});
