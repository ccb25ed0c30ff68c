import { bytesToHex } from '#shared/base/hex.ts';
import { isRoomId, type RoomId } from '#shared/base/ids.ts';
import { assert } from '#shared/base/assert.ts';
import type { LinkSecrets } from '../shell/doorway.ts';
import type { RoomSecrets } from './secrets.ts';

/**
 * What both ends of a link must know of the room. In a room with a key it is derived before anybody is met; a channel
 * that asks for it earlier finds a topic that is nobody's.
 */
export function followSecrets(room: RoomId, secrets: Promise<RoomSecrets> | undefined): () => LinkSecrets {
  let known: LinkSecrets = { topic: secrets ? nobodysTopic() : room, linkKey: undefined };
  // That they cannot be derived is told by whoever dials.
  secrets?.then(({ topic, linkKey }) => (known = { topic, linkKey })).catch(() => undefined);
  return () => known;
}

function nobodysTopic(): RoomId {
  const name = bytesToHex(crypto.getRandomValues(new Uint8Array(16)));
  assert(isRoomId(name), 'a topic is a room name');
  return name;
}
