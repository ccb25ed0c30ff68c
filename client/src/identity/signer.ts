/** Signs what this member says, each thing once: the same record goes out by several links, and again when asked for. */
import type { Epoch } from '#shared/base/ids.ts';
import { bytesToPublicKey, type Proof, type PublicKey } from '#shared/base/proof.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import { farewellOf, type Unproven } from '#shared/wire/statement.ts';
import { isEqualBytes } from './bytes.ts';
import type { KeyPair } from './ed25519.ts';
import type { Signed } from './verifier.ts';

export interface SignerDeps {
  readonly keys: KeyPair;
  /** The room's name as it is signed; asked when something is said. */
  readonly topic: () => string;
  /** What has been signed will come back. */
  readonly onSigned: (signed: Signed) => void;
}

export interface Signer {
  /** The proof, if it was made before. */
  readonly sign: (unproven: Unproven) => Proof | Promise<Proof>;
  /** Signs the farewell of this identity ahead, for when there is no time to wait. */
  readonly foresee: (identity: IdentityRecord) => void;
}

interface Place {
  readonly epoch: Epoch;
  readonly seq: number;
  readonly of: number;
}

interface Made extends Place {
  /** Undefined when it failed: then it is tried again. */
  outcome: Proof | Promise<Proof> | undefined;
}

interface Begun {
  readonly made: Made;
  readonly outcome: Promise<Proof>;
}

/** Proofs held for one thing: that of its broadcast, and the one with no place, and as many of an earlier life. */
const PLACES_MAX = 4;

export function createSigner({ keys, topic, onSigned }: SignerDeps): Signer {
  const key: PublicKey = bytesToPublicKey(keys.publicKey);
  /** By the thing itself, so that what is forgotten elsewhere is forgotten here. */
  const madeBySource = new WeakMap<object, Made[]>();
  let farewell:
    { readonly identity: IdentityRecord; readonly bytes: Uint8Array; readonly made: Made } | undefined;

  const begin = ({ epoch, seq, of }: Place, bytes: Uint8Array): Begun => {
    const made: Made = { epoch, seq, of, outcome: undefined };
    const prove = async (): Promise<Proof> => {
      const proof: Proof = { key, epoch, seq, of, signature: await keys.sign(bytes) };
      made.outcome = proof;
      onSigned({ proof, bytes });
      return proof;
    };
    const outcome = prove();
    made.outcome = outcome;
    // Told to whoever waits for it; nobody may.
    outcome.catch(() => (made.outcome = undefined));
    return { made, outcome };
  };

  return {
    sign: (unproven) => {
      const { source } = unproven;
      const held = madeBySource.get(source) ?? [];
      const found = held.find((one) => isSamePlace(one, unproven))?.outcome;
      if (found) return found;
      const bytes = unproven.bytes();
      if (farewell && farewell.made.outcome && isEqualBytes(farewell.bytes, bytes))
        return farewell.made.outcome;
      const { made, outcome } = begin(unproven, bytes);
      madeBySource.set(source, [...held.slice(1 - PLACES_MAX), made]);
      return outcome;
    },
    foresee: (identity) => {
      if (farewell?.identity === identity) return;
      const unproven = farewellOf(topic(), identity);
      const bytes = unproven.bytes();
      farewell = { identity, bytes, made: begin(unproven, bytes).made };
    },
  };
}

function isSamePlace(a: Place, b: Place): boolean {
  return a.epoch === b.epoch && a.seq === b.seq && a.of === b.of;
}
