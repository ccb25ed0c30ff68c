/** Short names for ids in tests. */
import { assert } from '#shared/base/assert.ts';
import { bytesToPeerId, isRoomId, type PeerId, type RoomId } from '#shared/base/ids.ts';
import {
  isNamesake,
  type ClientMessage,
  type GiveNamesake,
  type Join,
  type SignalTo,
} from '#shared/signaling/messages.ts';

export const peer = (seed: number): PeerId => {
  const bytes = new Uint8Array(16);
  new DataView(bytes.buffer).setUint32(0, seed);
  return bytesToPeerId(bytes);
};

export const a: PeerId = peer(0xa);
export const b: PeerId = peer(0xb);
export const c: PeerId = peer(0xc);
export const d: PeerId = peer(0xd);

function room(name: string): RoomId {
  assert(isRoomId(name), `${name} names no room`);
  return name;
}

export const join = (name: string, id: PeerId): Join => ({ kind: 'join', version: 1, room: room(name), id });
export const signal = (to: PeerId, data: string = 'b2ZmZXI='): SignalTo => ({ kind: 'signal', to, data });
export const askContacts: ClientMessage = { kind: 'contacts' };

export function namesake(digit: string): GiveNamesake {
  const name = digit.repeat(32);
  assert(isNamesake(name), `${digit} is no hex digit`);
  return { kind: 'namesake', name };
}
