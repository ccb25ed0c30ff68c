/** The layers' own limits and reckonings against those of the wire: no layer may make what cannot be sent. */
import * as fc from 'fast-check';
import { createEncoder, length } from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import { ROUND_MAX } from '#shared/broadcast/messages.ts';
import { defaultMembershipConfig } from '#shared/membership/config.ts';
import { CARD_BYTES_MAX } from '#shared/membership/messages.ts';
import { DELTA_RECORDS_MAX } from '#shared/mesh/tables.ts';
import { payloadBytesMax, recordBytesMax } from '#shared/mesh/sizes.ts';
import { checkOverlayConfig, defaultOverlayConfig } from '#shared/overlay/config.ts';
import { defaultPresenceConfig } from '#shared/presence/config.ts';
import { defaultReconcileConfig } from '#shared/reconcile/config.ts';
import { defaultRoutingConfig } from '#shared/routing/config.ts';
import { SIGNAL_DATA_LENGTH_MAX } from '#shared/signaling/messages.ts';
import { defaultStateConfig } from '#shared/state/config.ts';
import { HLC_COUNTER_MAX } from '#shared/state/hlc.ts';
import { createLinkNames } from '#shared/wire/names-codec.ts';
import * as limits from '#shared/wire/limits.ts';
import { writeClaim } from '#shared/wire/membership-codec.ts';
import { writePayload } from '#shared/wire/payload-codec.ts';
import { writeProof } from '#shared/wire/proof-codec.ts';
import { writePresenceRecord } from '#shared/wire/presence-codec.ts';
import { writeEntry } from '#shared/wire/state-codec.ts';
import { encodedValueBytes } from '#shared/wire/value-codec.ts';
import { valueBytesMax } from '#shared/base/value-bytes.ts';
import type { Writer } from '#shared/wire/writer.ts';
import {
  anyEntry,
  anyPayload,
  anyPresenceRecord,
  anyProof,
  anyRosterRecord,
  anyValue,
} from './arbitraries.ts';

const SEED = 20_260_104;

/** Characters of a name take at most three bytes each. */
const BYTES_PER_CHARACTER = 3;

test.each<readonly [string, number, number]>([
  ['heads', defaultBroadcastConfig.headsPerFrameMax, limits.HEADS_MAX],
  ['trees', defaultBroadcastConfig.treesPerGraftMax, limits.TREES_MAX],
  ['wants', defaultBroadcastConfig.wantsPerGraftMax, limits.WANTS_MAX],
  ['rounds', ROUND_MAX, limits.ROUND_MAX],
  ['accusations', defaultMembershipConfig.accusationsMax, limits.ACCUSATIONS_MAX],
  ['neighbors', defaultMembershipConfig.neighborsMax, limits.NEIGHBORS_MAX],
  ['a walk', defaultOverlayConfig.trailLengthMax, limits.TRAIL_MAX],
  ['referrals', defaultOverlayConfig.linksPerIntroducerMax, limits.REFERRED_MAX],
  ['a trail', defaultRoutingConfig.ttl, limits.TRAIL_MAX],
  [
    'a route',
    defaultOverlayConfig.trailLengthMax + defaultOverlayConfig.signalTrailLengthMax,
    limits.ROUTE_MAX,
  ],
  ['fields', defaultPresenceConfig.fieldsMax, limits.FIELDS_MAX],
  ['a field', defaultPresenceConfig.fieldLengthMax * BYTES_PER_CHARACTER, limits.FIELD_BYTES_MAX],
  ['a key', defaultStateConfig.keyLengthMax * BYTES_PER_CHARACTER, limits.KEY_BYTES_MAX],
  ['a collection', defaultStateConfig.collectionLengthMax * BYTES_PER_CHARACTER, limits.COLLECTION_BYTES_MAX],
  ['a counter', HLC_COUNTER_MAX, limits.STAMP_COUNTER_MAX],
  ['summaries', defaultReconcileConfig.summariesPerFrameMax, limits.SUMMARIES_MAX],
  ['key hashes', defaultReconcileConfig.keyHashesPerFrameMax, limits.KEY_HASHES_MAX],
  ['records', DELTA_RECORDS_MAX, limits.RECORDS_MAX],
  ['a packet as text', limits.PACKET_TEXT_LENGTH_MAX, SIGNAL_DATA_LENGTH_MAX],
])('%s: what a layer may make can be sent', (_what, made, sendable) => {
  expect(made).toBeLessThanOrEqual(sendable);
});

test('what an identity record carries of its owner is what the wire takes', () => {
  expect(CARD_BYTES_MAX).toBe(limits.CARD_BYTES_MAX);
});

test('no overlay may name more in a referral than a frame takes', () => {
  const naming = (linksPerIntroducerMax: number) => (): void =>
    checkOverlayConfig({ ...defaultOverlayConfig, degreeMax: 20, linksPerIntroducerMax });
  expect(naming(limits.REFERRED_MAX)).not.toThrow();
  expect(naming(limits.REFERRED_MAX + 1)).toThrow('linksPerIntroducerMax');
});

test('a member names the newest version that its wire speaks', () => {
  expect(defaultMembershipConfig.wireVersion).toBe(limits.WIRE_VERSION);
});

describe('what the node reckons that things take is never too little', () => {
  /** Member ids and keys in full, as for a link that has no short names left. */
  function measure<T>(item: T, write: (writer: Writer, item: T) => void): number {
    const writer: Writer = { out: createEncoder(), names: createLinkNames({ ids: 0, keys: 0 }) };
    write(writer, item);
    return length(writer.out);
  }

  test('values', () => {
    fc.assert(
      fc.property(anyValue, (value) => encodedValueBytes(value) <= valueBytesMax(value)),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test('records', () => {
    fc.assert(
      fc.property(anyEntry, anyPresenceRecord, anyRosterRecord, (entry, record, claim) => {
        expect(measure(claim, writeClaim)).toBeLessThanOrEqual(recordBytesMax(claim));
        expect(measure(entry, writeEntry)).toBeLessThanOrEqual(recordBytesMax(entry));
        expect(measure(record, writePresenceRecord)).toBeLessThanOrEqual(recordBytesMax(record));
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });

  test('payloads, with the proof that their gossip has for them', () => {
    fc.assert(
      fc.property(anyPayload, anyProof, (payload, proof) => {
        const own = payload.kind === 'topic' || payload.kind === 'verdict' ? measure(proof, writeProof) : 0;
        expect(measure(payload, writePayload) + own).toBeLessThanOrEqual(payloadBytesMax(payload));
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});
