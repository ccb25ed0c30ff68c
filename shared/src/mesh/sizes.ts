/**
 * Upper bounds of encoded sizes, so that caches can be bounded in bytes and records cut to frames
 * without this folder knowing how bytes are laid out.
 */
import { NUMBER_BYTES, textBytesMax, valueBytesMax } from '../base/value-bytes.ts';
import type { RosterRecord } from '../membership/messages.ts';
import type { PresenceRecord } from '../presence/messages.ts';
import type { Entry } from '../state/messages.ts';
import type { Payload } from './messages.ts';

/** An id written out, with its index. */
const ID_BYTES = 20;
/** Kind, lengths and counters of a record. */
const RECORD_BYTES = 64;

/** A proof: flag, key in full, place, signature. It counts where there is none yet too, for it comes on the way out. */
const PROOF_BYTES = 120;

/** At least what a record of any table takes when encoded, proven. */
export function recordBytesMax(record: RosterRecord | Entry | PresenceRecord): number {
  return PROOF_BYTES + factsBytesMax(record);
}

function factsBytesMax(record: RosterRecord | Entry | PresenceRecord): number {
  if ('collection' in record) {
    const name = textBytesMax(record.collection) + textBytesMax(record.key);
    return RECORD_BYTES + name + valueBytesMax(record.value);
  }
  if ('field' in record) return RECORD_BYTES + textBytesMax(record.field) + valueBytesMax(record.value);
  return RECORD_BYTES + (record.kind === 'links' ? record.neighbors.length * ID_BYTES : record.card.length);
}

/** At least what a broadcast payload takes when encoded, with every proof that it has or its gossip has for it. */
export function payloadBytesMax(payload: Payload): number {
  switch (payload.kind) {
    case 'topic':
      return RECORD_BYTES + PROOF_BYTES + textBytesMax(payload.topic) + valueBytesMax(payload.data);
    case 'state':
      return payload.entries.reduce((sum, entry) => sum + recordBytesMax(entry), RECORD_BYTES);
    case 'presence': {
      const proofBytes = payload.grade === 'rest' ? PROOF_BYTES : 0;
      // An anchor's one proof is its gossip's.
      return payload.fields.reduce(
        (sum, field) =>
          sum + textBytesMax(field.field) + valueBytesMax(field.value) + proofBytes + NUMBER_BYTES,
        RECORD_BYTES + (payload.grade === 'anchor' ? PROOF_BYTES : 0),
      );
    }
    case 'identity':
    case 'links':
      return recordBytesMax(payload);
    case 'verdict':
      return (RECORD_BYTES + PROOF_BYTES) * (1 + payload.accusations.length);
    case 'accusation':
    case 'objection':
      return RECORD_BYTES + PROOF_BYTES + 2 * ID_BYTES;
  }
}
