/** A signaling server that lies about what tabs describe to each other, and tabs that hold another key. */
import { expect, test } from 'vitest';
import { decodePacket, encodePacket } from '#shared/wire/packet.ts';
import { HANDSHAKE_MARK } from '#client/identity/handshake.ts';
import type { Mesh } from '#client/types.ts';
import { createMan, type Man } from './man-in-the-middle.ts';
import { createRoom, type Carry, type Room } from './room.ts';

/** Puts a man between any two tabs, while it is told to. */
function createHostileRoom(): { readonly room: Room; readonly man: Man; honest: boolean } {
  const carry: Carry = (data, pass) => {
    const packet = decodePacket(data);
    if (hostile.honest || !packet.ok || packet.value.kind !== 'packet') return pass(data);
    const { payload } = packet.value;
    if (payload.kind !== 'description') return pass(data);
    const message = packet.value;
    hostile.man.seize(payload.data, (swapped) =>
      pass(encodePacket({ ...message, payload: { ...payload, data: swapped } })),
    );
  };
  const room = createRoom(carry);
  const hostile = { room, honest: false, man: createMan(room.createTransport(), (bytes) => bytes) };
  return hostile;
}

function listen(mesh: Mesh): { readonly misbehaved: unknown[]; readonly errors: string[] } {
  const told = { misbehaved: [] as unknown[], errors: [] as string[] };
  mesh.on('peer:misbehaved', ({ peer, reason }) => told.misbehaved.push([peer, reason]));
  mesh.on('error', ({ code }) => told.errors.push(code));
  return told;
}

test('a server between two tabs is found out by both within five seconds, and reads only handshakes', async () => {
  const { room, man } = createHostileRoom();
  const a = room.join({ name: 'secret of a' });
  const toldA = listen(a);
  await room.clock.advance(50);
  const b = room.join({ name: 'secret of b' });
  const toldB = listen(b);
  await room.clock.advance(5_000);
  expect(toldA.misbehaved[0]).toEqual([b.id, 'not-proven']);
  expect(toldB.misbehaved[0]).toEqual([a.id, 'not-proven']);

  await a.topic('chat').send('pay 9');
  await room.clock.advance(60_000);
  for (const mesh of [a, b]) {
    expect([mesh.members.size, mesh.stats().links.open, mesh.stats().links.sentFrames]).toEqual([1, 0, 0]);
    expect(mesh.stats().refused['attempt-channel-failed']).toBeGreaterThan(0);
  }
  expect(man.read.length).toBeGreaterThanOrEqual(4);
  expect(man.read.filter((bytes) => bytes[0] !== HANDSHAKE_MARK)).toEqual([]);
  // After two failures the pair rests, ever longer: the server cannot make it try all the time.
  expect(toldA.misbehaved.length).toBeLessThanOrEqual(5);
  expect([toldA.errors, toldB.errors]).toEqual([[], []]);
});

test('the same two link where the server is honest: the control', async () => {
  const hostile = createHostileRoom();
  hostile.honest = true;
  const { room, man } = hostile;
  const a = room.join({ name: 'a' });
  await room.clock.advance(50);
  const b = room.join({ name: 'b' });
  await room.clock.advance(5_000);
  expect([a, b].map((mesh) => [mesh.members.size, mesh.stats().links.open])).toEqual([
    [2, 1],
    [2, 1],
  ]);
  expect(a.members.get(b.id)?.presence).toEqual({ name: 'b' });
  expect(man.read).toEqual([]);
});

test('who holds another key of the room is not let in, which is one error and told each time', async () => {
  const room = createRoom();
  const keyOf = (byte: number): Promise<CryptoKey> =>
    crypto.subtle.importKey('raw', new Uint8Array(32).fill(byte), { name: 'HMAC', hash: 'SHA-256' }, false, [
      'sign',
      'verify',
    ]);
  const [right, wrong] = [await keyOf(1), await keyOf(2)];
  const a = room.join({ name: 'a' }, { linkKey: right });
  const told = listen(a);
  await room.clock.advance(50);
  const b = room.join({ name: 'b' }, { linkKey: wrong });
  await room.clock.advance(60_000);
  expect(told.misbehaved.length).toBeGreaterThanOrEqual(1);
  expect(told.misbehaved).toEqual(told.misbehaved.map(() => [b.id, 'wrong-room-key']));
  expect(told.errors).toEqual(['WRONG_KEY']);
  expect(a.members.size).toBe(1);

  const c = room.join({ name: 'c' }, { linkKey: right });
  await room.clock.advance(5_000);
  expect(a.members.get(c.id)).toMatchObject({ link: 'direct', presence: { name: 'c' } });
});
