import type { RoomId } from '#shared/base/ids.ts';
import type { LinkSecrets } from '../shell/doorway.ts';
import type { RoomSecrets } from './secrets.ts';

/**
 * What both ends of a link must know of the room. In a room with a key it is derived before anybody is met; a channel
 * that asks for it earlier finds a topic that is nobody's.
 */
export function followSecrets(room: RoomId, secrets: Promise<RoomSecrets> | undefined): () => LinkSecrets {
  let known: LinkSecrets = { topic: room, linkKey: undefined };
  // That they cannot be derived is told by whoever dials.
  secrets?.then(({ topic, linkKey }) => (known = { topic, linkKey })).catch(() => undefined);
  return () => known;
}
