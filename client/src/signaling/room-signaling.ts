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
}

/** Makes the client that dials. */
export type CreateClient = (
  options: Pick<SignalingOptions, 'room' | 'namesake'>,
  handlers: SignalingHandlers,
) => SignalingClient;

export function createRoomSignaling(
  { room, self, secrets }: RoomOfJoin,
  handlers: SignalingHandlers,
  createClient: CreateClient,
): SignalingClient {
  if (!secrets) return createClient({ room }, handlers);
  /** Computed once, when first attached: nobody waits for it. */
  let stretched: Promise<Namesake> | undefined;
  const namesake = (): Promise<Namesake> => (stretched ??= stretchRoomName(room));
  const seal = ({ topic, signalKey }: RoomSecrets): SignalingClient =>
    createSealedSignaling(createSealer({ signalKey, topic, self }), handlers, (inner) =>
      createClient({ room: topic, namesake }, inner),
    );
  return createPreparedSignaling(secrets.then(seal), handlers, toError);
}

const toError = (cause: unknown): MeshError =>
  new MeshError('CRYPTO_MISSING', `This browser cannot derive the keys of a private room: ${String(cause)}`);
