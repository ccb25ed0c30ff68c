/** What the node itself says to a neighbor: greeting, heartbeats, claims, records. */
import { unreachable } from '../base/assert.ts';
import type { Claims, Delta, Equivocation, Heartbeat, HeartbeatAck, Hello } from '../mesh/messages.ts';
import { CLAIMS_MAX, FIELDS_MAX, RECORDS_MAX } from './limits.ts';
import { readClaim, readIdentity, readRosterRecord, writeClaim, writeIdentity } from './membership-codec.ts';
import { readPresenceRecord, writePresenceRecord } from './presence-codec.ts';
import { readChoice, readList, readUint, type Reader } from './reader.ts';
import { readRoots, tables, writeRoots } from './reconcile-codec.ts';
import { readEntry, writeEntry } from './state-codec.ts';
import { writeChoice, writeList, writeMs, writeUint, type Writer } from './writer.ts';

export type NodeMessage = Hello | Heartbeat | HeartbeatAck | Claims | Delta | Equivocation;

export function writeNodeMessage(writer: Writer, message: NodeMessage): void {
  switch (message.kind) {
    case 'hello':
      writeIdentity(writer, message.identity);
      return writeList(writer, message.presence, FIELDS_MAX, writePresenceRecord);
    case 'heartbeat':
      writeUint(writer, message.probe);
      writeMs(writer, message.tickMs);
      writeMs(writer, message.wall);
      return writeRoots(writer, message.roots);
    case 'heartbeatAck':
      writeUint(writer, message.probe);
      writeMs(writer, message.echo);
      writeMs(writer, message.wall);
      return writeRoots(writer, message.roots);
    case 'claims':
      return writeList(writer, message.claims, CLAIMS_MAX, writeClaim);
    case 'delta':
    case 'equivocation':
      return writeRecords(writer, message);
    default:
      return unreachable(message);
  }
}

export function readNodeMessage(reader: Reader, kind: NodeMessage['kind']): NodeMessage {
  switch (kind) {
    case 'hello':
      return {
        kind,
        identity: readIdentity(reader),
        presence: readList(reader, FIELDS_MAX, readPresenceRecord),
      };
    case 'heartbeat':
      return {
        kind,
        probe: readUint(reader),
        tickMs: readUint(reader),
        wall: readUint(reader),
        roots: readRoots(reader),
      };
    case 'heartbeatAck':
      return {
        kind,
        probe: readUint(reader),
        echo: readUint(reader),
        wall: readUint(reader),
        roots: readRoots(reader),
      };
    case 'claims':
      return { kind, claims: readList(reader, CLAIMS_MAX, readClaim) };
    case 'delta':
    case 'equivocation':
      return readRecords(reader, kind);
    default:
      return unreachable(kind);
  }
}

function writeRecords(writer: Writer, message: Delta | Equivocation): void {
  writeChoice(writer, tables, message.table);
  switch (message.table) {
    case 'roster':
      return writeList(writer, message.records, RECORDS_MAX, writeClaim);
    case 'state':
      return writeList(writer, message.records, RECORDS_MAX, writeEntry);
    case 'presence':
      return writeList(writer, message.records, RECORDS_MAX, writePresenceRecord);
    default:
      return unreachable(message);
  }
}

function readRecords(reader: Reader, kind: 'delta' | 'equivocation'): Delta | Equivocation {
  const table = readChoice(reader, tables);
  switch (table) {
    case 'roster':
      return { kind, table, records: readList(reader, RECORDS_MAX, readRosterRecord) };
    case 'state':
      return { kind, table, records: readList(reader, RECORDS_MAX, readEntry) };
    case 'presence':
      return { kind, table, records: readList(reader, RECORDS_MAX, readPresenceRecord) };
    default:
      return unreachable(table);
  }
}
