/** Names, short forms, and a small world of parties that reconcile over in-order channels. */
import { bytesToPeerId, type PeerId } from '#shared/base/ids.ts';
import { now } from '#shared/base/time.ts';
import { compareVersions, type Version } from '#shared/base/version.ts';
import { defaultReconcileConfig, type ReconcileConfig } from '#shared/reconcile/config.ts';
import type {
  ReconcileEffect,
  ReconcileInput,
  ReconcileMessage,
  TableName,
} from '#shared/reconcile/messages.ts';
import { TABLES } from '#shared/reconcile/messages.ts';
import { createReconcile, type Reconcile } from '#shared/reconcile/reconcile.ts';
import { createLinkDecoder, createLinkEncoder } from '#shared/wire/frame.ts';

const peer = (byte: number): PeerId => bytesToPeerId(new Uint8Array(16).fill(byte));

export const a: PeerId = peer(0xaa);
export const b: PeerId = peer(0xbb);
export const c: PeerId = peer(0xcc);

export const version = (major: number, minor: number = 0): Version => ({ major, minor, by: null });

export type Records = ReadonlyMap<string, Version>;

export interface Party {
  readonly id: PeerId;
  readonly layer: Reconcile;
  readonly handle: (input: ReconcileInput, atMs?: number) => readonly ReconcileEffect[];
  /** Sets a record unless a newer one is held. */
  readonly put: (table: TableName, key: string, version: Version) => void;
  readonly records: (table: TableName) => Records;
}

export function createParty(id: PeerId, config: Partial<ReconcileConfig> = {}): Party {
  const layer = createReconcile({ self: id }, { ...defaultReconcileConfig, ...config });
  const tables = new Map(TABLES.map((table) => [table, new Map<string, Version>()]));
  const handle: Party['handle'] = (input, atMs = 0) => layer.handle(input, now(atMs));
  return {
    id,
    layer,
    handle,
    put: (table, key, next) => {
      const records = tables.get(table)!;
      const held = records.get(key);
      if (held && compareVersions(held, next) >= 0) return;
      records.set(key, next);
      handle({ kind: 'changed', table, key, version: next });
    },
    records: (table) => tables.get(table)!,
  };
}

/** What a world's links may do to a message. */
export type Fate = 'arrives' | 'lost' | 'twice';

export interface World {
  readonly party: (id: PeerId) => Party;
  readonly give: (id: PeerId, input: ReconcileInput) => void;
  readonly link: (one: PeerId, other: PeerId) => void;
  /** Every party tells its roots to its neighbors, and all that follows is carried out. */
  readonly heartbeat: (atMs: number) => void;
  /** Every message carried, in order. */
  readonly log: { readonly from: PeerId; readonly to: PeerId; readonly message: ReconcileMessage }[];
  /** Records given. */
  readonly given: { readonly to: PeerId; readonly key: string }[];
  readonly ended: { readonly at: PeerId; readonly peer: PeerId; readonly table: TableName }[];
}

interface Faults {
  readonly fate?: () => Fate;
  readonly shuffle?: (queue: (() => void)[]) => void;
}

/** What is on its way, in order, as far as the faults allow. */
function createQueue({ fate, shuffle }: Faults): { add: (run: () => void) => void; drain: () => void } {
  const queue: (() => void)[] = [];
  return {
    add: (run) => {
      const meets = fate?.() ?? 'arrives';
      if (meets !== 'lost') queue.push(run);
      if (meets === 'twice') queue.push(run);
    },
    drain: () => {
      for (let next = queue.shift(); next; next = queue.shift()) {
        next();
        shuffle?.(queue);
      }
    },
  };
}

/** What a link's other end reads: what bytes cannot hold is lost here as there. */
function throughBytes(message: ReconcileMessage): ReconcileMessage {
  const read = createLinkDecoder().decode(createLinkEncoder().encode(message));
  if (!read.ok || !('table' in read.value) || 'records' in read.value) throw new Error('unreadable');
  return read.value;
}

export function createWorld(parties: readonly Party[], faults: Faults = {}): World {
  const partyById = new Map(parties.map((party) => [party.id, party]));
  const links: [PeerId, PeerId][] = [];
  const queue = createQueue(faults);
  const log: World['log'] = [];
  const given: World['given'] = [];
  const ended: World['ended'] = [];
  let atMs = 0;

  const party = (id: PeerId): Party => partyById.get(id)!;
  const give = (id: PeerId, input: ReconcileInput): void => {
    carryOut(id, party(id).handle(input, atMs));
    queue.drain();
  };
  const carryOut = (id: PeerId, effects: readonly ReconcileEffect[]): void => {
    for (const effect of effects) {
      if (effect.kind === 'roundEnded') ended.push({ at: id, peer: effect.peer, table: effect.table });
      if (effect.kind === 'send') carry(id, effect.to, effect.message);
      if (effect.kind === 'give') copy(party(id), party(effect.to), effect);
    }
  };
  const carry = (from: PeerId, to: PeerId, message: ReconcileMessage): void =>
    queue.add(() => {
      log.push({ from, to, message });
      carryOut(to, party(to).handle({ kind: 'message', from, message: throughBytes(message) }, atMs));
    });
  const copy = (
    from: Party,
    to: Party,
    { table, keys }: { table: TableName; keys: readonly string[] },
  ): void => {
    const copies = keys.map((key) => ({ key, held: from.records(table).get(key)! }));
    given.push(...keys.map((key) => ({ to: to.id, key })));
    queue.add(() => copies.forEach(({ key, held }) => to.put(table, key, held)));
  };
  const heartbeat = (nowMs: number): void => {
    atMs = nowMs;
    const roots = new Map(parties.map(({ id, layer }) => [id, layer.inspect().roots]));
    for (const [one, other] of links) {
      give(one, { kind: 'roots', from: other, roots: roots.get(other)! });
      give(other, { kind: 'roots', from: one, roots: roots.get(one)! });
    }
  };

  return {
    party,
    give,
    link: (one, other) => {
      links.push([one, other]);
      // Both ends hold the channel before either's first message arrives.
      const [low, high] = one < other ? [one, other] : [other, one];
      give(high, { kind: 'neighborUp', peer: low });
      give(low, { kind: 'neighborUp', peer: high });
    },
    heartbeat,
    log,
    given,
    ended,
  };
}
