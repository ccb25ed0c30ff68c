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
import { ACCUSATIONS_MAX, NEIGHBORS_MAX, WIRE_VERSION_MAX } from './limits.ts';
import { readChoice, readFlag, readId, readIds, readList, readUint, type Reader } from './reader.ts';
import {
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

/** A claim whose kind has been written. */
export function writeClaimBody(writer: Writer, claim: Claim): void {
  switch (claim.kind) {
    case 'identity':
      return writeIdentity(writer, claim);
    case 'links':
      return writeLinks(writer, claim);
    case 'accusation':
      return writeAccusation(writer, claim);
    case 'objection':
      writeLife(writer, claim);
      return writeId(writer, claim.observer);
    case 'verdict':
      writeLife(writer, claim);
      return writeList(writer, claim.accusations, ACCUSATIONS_MAX, writeAccusation);
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
      return { kind, ...readLife(reader), observer: readId(reader) };
    case 'verdict':
      return { kind, ...readLife(reader), accusations: readList(reader, ACCUSATIONS_MAX, readAccusation) };
    default:
      return unreachable(kind);
  }
}

export function writeIdentity(writer: Writer, record: IdentityRecord): void {
  writeId(writer, record.id);
  writeUint(writer, record.epoch);
  writeUint(writer, record.incarnation);
  writeFlag(writer, record.left);
  writeUint(writer, record.wireVersion, WIRE_VERSION_MAX);
}

export function readIdentity(reader: Reader): IdentityRecord {
  return {
    kind: 'identity',
    id: readId(reader),
    epoch: epoch(readUint(reader)),
    incarnation: incarnation(readUint(reader)),
    left: readFlag(reader),
    wireVersion: readUint(reader, WIRE_VERSION_MAX),
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

function writeLinks(writer: Writer, record: LinksRecord): void {
  writeId(writer, record.id);
  writeUint(writer, record.epoch);
  writeUint(writer, record.seq);
  writeIds(writer, record.neighbors, NEIGHBORS_MAX);
  writeUint(writer, record.stability);
}

function readLinks(reader: Reader): LinksRecord {
  return {
    kind: 'links',
    id: readId(reader),
    epoch: epoch(readUint(reader)),
    seq: readUint(reader),
    neighbors: readIds(reader, NEIGHBORS_MAX),
    stability: readUint(reader),
  };
}

function writeAccusation(writer: Writer, accusation: Accusation): void {
  writeLife(writer, accusation);
  writeId(writer, accusation.observer);
  writeMs(writer, accusation.silentMs);
}

function readAccusation(reader: Reader): Accusation {
  return {
    kind: 'accusation',
    ...readLife(reader),
    observer: readId(reader),
    silentMs: readUint(reader),
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
