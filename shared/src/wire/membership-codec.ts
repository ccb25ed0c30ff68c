/** Membership's claims: records, accusations, objections, verdicts. Its pings ride on heartbeats. */
import { unreachable } from '../base/assert.ts';
import { epoch, incarnation, type Epoch, type Incarnation, type PeerId } from '../base/ids.ts';
import type {
  Accusation,
  Claim,
  IdentityRecord,
  LinksRecord,
  MembershipRouted,
  RosterRecord,
} from '../membership/messages.ts';
import { claimKinds, rosterKinds } from './kinds.ts';
import { ACCUSATIONS_MAX, CARD_BYTES_MAX, NEIGHBORS_MAX, WIRE_VERSION_MAX } from './limits.ts';
import { readProof, writeProof } from './proof-codec.ts';
import {
  readBytes,
  readChoice,
  readCount,
  readFlag,
  readId,
  readIds,
  readList,
  readUint,
  type Reader,
} from './reader.ts';
import {
  writeBytes,
  writeChoice,
  writeFlag,
  writeId,
  writeIds,
  writeList,
  writeMs,
  writeUint,
  type Writer,
} from './writer.ts';

export function writeClaim(writer: Writer, claim: Claim): void {
  writeChoice(writer, claimKinds, claim.kind);
  writeClaimBody(writer, claim);
}

export function readClaim(reader: Reader): Claim {
  return readClaimBody(reader, readChoice(reader, claimKinds, 'unknown-kind'));
}

export function readRosterRecord(reader: Reader): RosterRecord {
  const kind = readChoice(reader, rosterKinds, 'unknown-kind');
  return kind === 'identity' ? readIdentity(reader) : readLinks(reader);
}

/** A claim whose kind has been written. A verdict has no proof of its own: its accusations do, and its gossip. */
export function writeClaimBody(writer: Writer, claim: Claim): void {
  if (claim.kind === 'verdict') {
    writeLife(writer, claim);
    return writeList(writer, claim.accusations, ACCUSATIONS_MAX, writeAccusation);
  }
  writeClaimFacts(writer, claim);
  writeProof(writer, claim.proof);
}

/** The same without any proof. */
export function writeClaimFacts(writer: Writer, claim: Claim): void {
  switch (claim.kind) {
    case 'identity':
      return writeIdentityFacts(writer, claim);
    case 'links':
      return writeLinksFacts(writer, claim);
    case 'accusation':
      return writeAccusationFacts(writer, claim);
    case 'objection':
      writeLife(writer, claim);
      return writeId(writer, claim.observer);
    case 'verdict':
      writeLife(writer, claim);
      return writeList(writer, claim.accusations, ACCUSATIONS_MAX, writeAccusationFacts);
    default:
      return unreachable(claim);
  }
}

/** A claim whose kind has been read. */
export function readClaimBody(reader: Reader, kind: Claim['kind']): Claim {
  switch (kind) {
    case 'identity':
      return readIdentity(reader);
    case 'links':
      return readLinks(reader);
    case 'accusation':
      return readAccusation(reader);
    case 'objection':
      return { kind, ...readLife(reader), observer: readId(reader), proof: readProof(reader) };
    case 'verdict':
      return { kind, ...readLife(reader), accusations: readList(reader, ACCUSATIONS_MAX, readAccusation) };
    default:
      return unreachable(kind);
  }
}

export function writeIdentity(writer: Writer, record: IdentityRecord): void {
  writeIdentityFacts(writer, record);
  writeProof(writer, record.proof);
}

function writeIdentityFacts(writer: Writer, record: IdentityRecord): void {
  writeId(writer, record.id);
  writeUint(writer, record.epoch);
  writeUint(writer, record.incarnation);
  writeFlag(writer, record.left);
  writeUint(writer, record.wireVersion, WIRE_VERSION_MAX);
  writeUint(writer, record.card.length, CARD_BYTES_MAX);
  writeBytes(writer, record.card, record.card.length);
}

export function readIdentity(reader: Reader): IdentityRecord {
  return {
    kind: 'identity',
    id: readId(reader),
    epoch: epoch(readUint(reader)),
    incarnation: incarnation(readUint(reader)),
    left: readFlag(reader),
    wireVersion: readUint(reader, WIRE_VERSION_MAX),
    card: readBytes(reader, readCount(reader, CARD_BYTES_MAX)),
    proof: readProof(reader),
  };
}

export function writeMembershipRouted(writer: Writer, message: MembershipRouted): void {
  switch (message.kind) {
    case 'routedPing':
    case 'routedAck':
      return writeUint(writer, message.probe);
    case 'accused':
      return writeAccusation(writer, message.accusation);
    default:
      return unreachable(message);
  }
}

export function readMembershipRouted(reader: Reader, kind: MembershipRouted['kind']): MembershipRouted {
  switch (kind) {
    case 'routedPing':
    case 'routedAck':
      return { kind, probe: readUint(reader) };
    case 'accused':
      return { kind, accusation: readAccusation(reader) };
    default:
      return unreachable(kind);
  }
}

function writeLinksFacts(writer: Writer, record: LinksRecord): void {
  writeId(writer, record.id);
  writeUint(writer, record.epoch);
  writeUint(writer, record.seq);
  writeIds(writer, record.neighbors, NEIGHBORS_MAX);
  writeUint(writer, record.stability);
  writeFlag(writer, record.greeter);
}

function readLinks(reader: Reader): LinksRecord {
  return {
    kind: 'links',
    id: readId(reader),
    epoch: epoch(readUint(reader)),
    seq: readUint(reader),
    neighbors: readIds(reader, NEIGHBORS_MAX),
    stability: readUint(reader),
    greeter: readFlag(reader),
    proof: readProof(reader),
  };
}

function writeAccusation(writer: Writer, accusation: Accusation): void {
  writeAccusationFacts(writer, accusation);
  writeProof(writer, accusation.proof);
}

function writeAccusationFacts(writer: Writer, accusation: Accusation): void {
  writeLife(writer, accusation);
  writeId(writer, accusation.observer);
  writeMs(writer, accusation.silentMs);
  writeFlag(writer, accusation.reached);
}

function readAccusation(reader: Reader): Accusation {
  return {
    kind: 'accusation',
    ...readLife(reader),
    observer: readId(reader),
    silentMs: readUint(reader),
    reached: readFlag(reader),
    proof: readProof(reader),
  };
}

/** The member and the life of it that a claim is about. */
interface Life {
  readonly target: PeerId;
  readonly epoch: Epoch;
  readonly incarnation: Incarnation;
}

function writeLife(writer: Writer, life: Life): void {
  writeId(writer, life.target);
  writeUint(writer, life.epoch);
  writeUint(writer, life.incarnation);
}

function readLife(reader: Reader): Life {
  return {
    target: readId(reader),
    epoch: epoch(readUint(reader)),
    incarnation: incarnation(readUint(reader)),
  };
}
