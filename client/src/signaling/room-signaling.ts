/** The way to the signaling server of one join: in clear for an open room, sealed and by another name for a private one. */
import type { PeerId, RoomId } from '#shared/base/ids.ts';
import type { Namesake } from '#shared/signaling/messages.ts';
import { MeshError } from '../errors.ts';
import { stretchRoomName, type RoomSecrets } from '../room/secrets.ts';
import { createPreparedSignaling } from './prepared-signaling.ts';
import { createSealedSignaling } from './sealed-signaling.ts';
import { createSealer } from './sealer.ts';
import type { SignalingClient, SignalingHandlers, SignalingOptions } from './signaling-client.ts';

export interface RoomOfJoin {
  readonly room: RoomId;
  readonly self: PeerId;
  /** Those of a room with a key, which take a moment to derive. */
  readonly secrets: Promise<RoomSecrets> | undefined;
  /** What else must be made before anybody is met. */
  readonly prepared: Promise<unknown>;
}

/** Makes the client that dials. */
export type CreateClient = (
  options: Pick<SignalingOptions, 'room' | 'namesake'>,
  handlers: SignalingHandlers,
) => SignalingClient;

export function createRoomSignaling(
  { room, self, secrets, prepared }: RoomOfJoin,
  handlers: SignalingHandlers,
  createClient: CreateClient,
): SignalingClient {
  if (!secrets) {
    return createPreparedSignaling(
      prepared.then(() => createClient({ room }, handlers)),
      handlers,
      toError,
    );
  }
  /** Computed once, when first attached: nobody waits for it. */
  let stretched: Promise<Namesake> | undefined;
  const namesake = (): Promise<Namesake> => (stretched ??= stretchRoomName(room));
  const seal = ({ topic, signalKey }: RoomSecrets): SignalingClient =>
    createSealedSignaling(createSealer({ signalKey, topic, self }), handlers, (inner) =>
      createClient({ room: topic, namesake }, inner),
    );
  const ready = Promise.all([secrets, prepared]).then(([known]) => seal(known));
  return createPreparedSignaling(ready, handlers, toError);
}

const toError = (cause: unknown): MeshError =>
  new MeshError('CRYPTO_MISSING', `This browser cannot make the keys that a room takes: ${String(cause)}`);
