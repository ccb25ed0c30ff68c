/**
 * The way out of one link: what this member says in its own name is signed before it leaves. Frames leave in the order
 * in which they were said; while nothing is to be signed they leave at once.
 */
import type { PeerId } from '#shared/base/ids.ts';
import type { Proof } from '#shared/base/proof.ts';
import type { IdentityRecord } from '#shared/membership/messages.ts';
import type { LinkMessage, Payload } from '#shared/mesh/messages.ts';
import { payloadBytesMax, recordBytesMax } from '#shared/mesh/sizes.ts';
import { unprovenIn, withProofs } from '#shared/wire/statement.ts';
import type { Letters } from '../identity/letters.ts';
import type { Signer } from '../identity/signer.ts';
import { createInOrder, type InOrderLimits, type Step } from './in-order.ts';

/** Frames that wait for a signature. More holds more memory; less gives links up when much is said at once. */
export const doorOutLimits: InOrderLimits = {
  stepsMax: 262_144, // guess: four times the largest state, each entry said by itself
  bytesMax: 67_108_864, // as many as a channel holds before it is given up
};

/** Of all but a few other messages. */
const OTHER_BYTES = 1_024;

export interface DoorOutDeps {
  readonly topic: () => string;
  readonly self: PeerId;
  readonly signer: Signer;
  readonly letters: Letters;
  readonly limits: InOrderLimits;
}

export interface DoorOut {
  /** Says something: `send` is given what leaves. False: too much waits. */
  readonly take: (message: LinkMessage, send: (proven: LinkMessage) => void) => boolean;
  /** Nothing more is said; `last` is done when all has left. */
  readonly end: (last: Step) => void;
  /** What is signed leaves now, what is not never does. */
  readonly flush: () => void;
  /** Nothing leaves any more. */
  readonly drop: () => void;
}

export function createDoorOut({ topic, self, signer, letters, limits }: DoorOutDeps): DoorOut {
  const order = createInOrder(limits);
  return {
    take: (message, send) => {
      const sealed = letters.seal(message);
      if (sealed) {
        // What cannot be sealed stays here: its sender hears, as of all that is lost, that it did not arrive.
        const leave = sealed.then(
          (closed): Step =>
            () =>
              closed ? send(closed) : undefined,
        );
        return order.push(leave, sizeOf(message));
      }
      const identity = ownIdentityIn(message, self);
      if (identity) signer.foresee(identity);
      const unproven = unprovenIn(topic(), message, self);
      if (unproven.length === 0) return order.push(() => send(message), sizeOf(message));
      const outcomes = unproven.map(signer.sign);
      const leave = (proofs: readonly Proof[]): Step => {
        const proven = withProofs(message, self, proofs);
        return () => send(proven);
      };
      const proofs = outcomes.filter(isProof);
      if (proofs.length === outcomes.length) return order.push(leave(proofs), sizeOf(message));
      return order.push(Promise.all(outcomes.map(async (one) => one)).then(leave), sizeOf(message));
    },
    end: order.end,
    flush: order.flush,
    drop: order.drop,
  };
}

const isProof = (outcome: Proof | Promise<Proof>): outcome is Proof => !(outcome instanceof Promise);

/** It is the first thing said to a neighbor, and is said again, in one way or another, whenever it changes. */
function ownIdentityIn(message: LinkMessage, self: PeerId): IdentityRecord | undefined {
  if (message.kind === 'hello') return message.identity;
  if (message.kind === 'gossip' && message.origin === self) return ownIdentityAmong([message.payload], self);
  if (message.kind === 'claims') return ownIdentityAmong(message.claims, self);
  if (message.kind !== 'delta' || message.table !== 'roster') return undefined;
  return ownIdentityAmong(message.records, self);
}

function ownIdentityAmong(payloads: readonly Payload[], self: PeerId): IdentityRecord | undefined {
  for (const payload of payloads)
    if (payload.kind === 'identity' && payload.id === self && !payload.left) return payload;
  return undefined;
}

/** About what a message that waits takes; the links share most of it. */
function sizeOf(message: LinkMessage): () => number {
  return () => {
    if (message.kind === 'gossip') return payloadBytesMax(message.payload);
    if (message.kind !== 'delta') return OTHER_BYTES;
    return message.records.reduce((sum, record) => sum + recordBytesMax(record), 0);
  };
}
