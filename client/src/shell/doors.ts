/** The doors of every link of one member; they share what is signed and what was found good. */
import type { PeerId } from '#shared/base/ids.ts';
import type { Instant } from '#shared/base/time.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { KeyPair } from '../identity/ed25519.ts';
import type { Card } from '../identity/card.ts';
import { createDirectory } from '../identity/directory.ts';
import { createLetters } from '../identity/letters.ts';
import type { Sealer } from '../identity/seal.ts';
import { createSigner } from '../identity/signer.ts';
import { createVerifier, type Verifier } from '../identity/verifier.ts';
import {
  createDoorIn,
  doorInLimits,
  type DoorIn,
  type DoorInHandlers,
  type DoorInLimits,
} from './door-in.ts';
import { createDoorOut, doorOutLimits, type DoorOut } from './door-out.ts';
import type { InOrderLimits } from './in-order.ts';

export interface DoorsDeps {
  readonly self: PeerId;
  /** The session key that `self` is the hash of. */
  readonly keys: KeyPair;
  /** The room's name as it is signed. Asked once there is a link, and always the same then. */
  readonly topic: () => string;
  /** Made before there is a link; none where the browser lacks what it takes. */
  readonly sealer: () => Sealer | undefined;
  /** The record that the roster holds. */
  readonly identityOf: (id: PeerId) => IdentityRecord | undefined;
  readonly now: () => Instant;
  /** Other than the library's own in tests only; likewise the limits. */
  readonly verifier?: Verifier;
  readonly limits?: { readonly in: DoorInLimits; readonly out: InOrderLimits };
}

export interface Doors {
  readonly openIn: (peer: PeerId, handlers: DoorInHandlers) => DoorIn;
  readonly openOut: () => DoorOut;
  /** What the card of a member says that the roster holds. */
  readonly cardOf: (id: PeerId) => Card | undefined;
}

export function createDoors(deps: DoorsDeps): Doors {
  const { self, keys, topic, now, sealer, identityOf, verifier = createVerifier(now) } = deps;
  const directory = createDirectory(identityOf);
  const letters = createLetters({ self, directory, sealer });
  const limits = deps.limits ?? { in: doorInLimits, out: doorOutLimits };
  const signer = createSigner({ keys, topic, onSigned: verifier.trust });
  return {
    openIn: (peer, handlers) =>
      createDoorIn({ peer, topic, verifier, letters, now, limits: limits.in }, handlers),
    openOut: () => createDoorOut({ topic, self, signer, letters, limits: limits.out }),
    cardOf: directory.cardOf,
  };
}
