import { describe, expect, test } from 'vitest';
import type { PeerId } from '#shared/base/ids.ts';
import { MeshError } from '#client/errors.ts';
import { createPreparedSignaling } from '#client/signaling/prepared-signaling.ts';
import type { SignalingClient } from '#client/signaling/signaling-client.ts';

const a = '0a'.repeat(16) as PeerId;

interface Scene {
  readonly signaling: SignalingClient;
  /** What the client was asked to do, once there is one. */
  readonly asked: string[];
  readonly told: string[];
  readonly succeed: () => Promise<void>;
  readonly fail: () => Promise<void>;
}

function setScene(): Scene {
  const asked: string[] = [];
  const told: string[] = [];
  let settle: { resolve: (client: SignalingClient) => void; reject: (error: Error) => void };
  const prepared = new Promise<SignalingClient>((resolve, reject) => {
    settle = { resolve, reject };
  });
  const signaling = createPreparedSignaling(
    prepared,
    {
      onStatus: (status) => told.push(status),
      onError: ({ code, message }) => told.push(`${code} ${message}`),
    },
    (cause) => new MeshError('CRYPTO_MISSING', String(cause)),
  );
  const client: SignalingClient = {
    attach: () => asked.push('attach'),
    hurry: () => asked.push('hurry'),
    renew: () => asked.push('renew'),
    detach: () => asked.push('detach'),
    signal: () => asked.push('signal') > 0,
    askContacts: () => asked.push('contacts'),
    traffic: () => ({ sentBytes: 1, receivedBytes: 2, quietMs: 3 }),
  };
  const settled = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
  return {
    signaling,
    asked,
    told,
    succeed: () => (settle.resolve(client), settled()),
    fail: () => (settle.reject(new Error('no such algorithm')), settled()),
  };
}

describe('signaling that is being prepared', () => {
  test('is connecting, says nothing, and dials when it is prepared', async () => {
    const { signaling, asked, told, succeed } = setScene();
    signaling.attach();
    signaling.hurry();
    signaling.askContacts();
    expect([told, signaling.signal(a, 'AAAA')]).toEqual([['connecting'], false]);
    expect(signaling.traffic()).toEqual({ sentBytes: 0, receivedBytes: 0, quietMs: undefined });
    await succeed();
    expect(asked).toEqual(['attach']);
    signaling.hurry();
    signaling.renew();
    signaling.askContacts();
    expect(signaling.signal(a, 'AAAA')).toBe(true);
    signaling.detach();
    expect(asked).toEqual(['attach', 'hurry', 'renew', 'contacts', 'signal', 'detach']);
    expect(signaling.traffic().sentBytes).toBe(1);
    expect(told).toEqual(['connecting']);
  });

  test('let go of meanwhile never dials, until it is taken hold of again', async () => {
    const { signaling, asked, told, succeed } = setScene();
    signaling.attach();
    signaling.detach();
    await succeed();
    expect([asked, told]).toEqual([[], ['connecting', 'closed']]);
    signaling.attach();
    expect(asked).toEqual(['attach']);
  });

  test('that fails says so once, and stays closed', async () => {
    const { signaling, told, fail } = setScene();
    signaling.attach();
    await fail();
    signaling.attach();
    expect(told).toEqual(['connecting', 'CRYPTO_MISSING Error: no such algorithm', 'closed', 'closed']);
    signaling.detach();
    expect(signaling.signal(a, 'AAAA')).toBe(false);
  });
});
