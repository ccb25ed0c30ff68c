/** What follows from reconciliation: records are handed over, and comparisons say what is stable. */
import { unreachable } from '../../base/assert.ts';
import { sameHash } from '../../base/hash.ts';
import type { PeerId } from '../../base/ids.ts';
import { TABLES, type ReconcileEffect, type Roots, type TableName } from '../../reconcile/messages.ts';
import type { Hub } from '../hub.ts';
import { takeHeld } from '../news.ts';

export function afterReconcile(effect: ReconcileEffect, hub: Hub): void {
  switch (effect.kind) {
    case 'send':
      return hub.emit(effect);
    case 'peerMisbehaved':
      return hub.tell(effect);
    case 'give':
      return hub.tables
        .deltas(effect.table, effect.keys)
        .forEach((message) => hub.emit({ kind: 'send', to: effect.to, message }));
    case 'roundEnded':
      return onCompared(effect.peer, effect.table, hub);
    default:
      return unreachable(effect);
  }
}

/** When all tables have been compared with a neighbor once, what each held at its coming, both hold. */
function onCompared(peer: PeerId, table: TableName, hub: Hub): void {
  // Not before: what others wrote meanwhile must be known, or an old write of ours would be said anew over it.
  if (table === 'state') hub.feed({ layer: 'state', input: { kind: 'linked', linked: true } });
  const neighbor = hub.neighbors.get(peer);
  if (!neighbor || neighbor.comparedTables.size === TABLES.length) return;
  const compared = neighbor.comparedTables.add(table);
  const held = takeHeld(neighbor.heldNews, table);
  // A congested link is left out; later comparisons mend it.
  const deltas = hub.congestedPeers.has(peer) ? [] : hub.tables.deltas(table, held);
  for (const message of deltas) hub.emit({ kind: 'send', to: peer, message });
  if (compared.size === TABLES.length) hub.tell({ kind: 'synced', peer });
}

/** Roots came on a heartbeat: they may start a round, and equal ones move the stability stamp. */
export function compareRoots(from: PeerId, roots: Roots, hub: Hub): void {
  hub.feed({ layer: 'reconcile', input: { kind: 'roots', from, roots } });
  const own = hub.layers.reconcile.inspect().roots;
  hub.stability.compared(from, sameHash(own.state, roots.state), meshTime(hub));
  // Equal tables are compared, though no round was: a link that only we had given up is new to one end alone.
  for (const table of TABLES) {
    const isNew = hub.neighbors.get(from)?.comparedTables.has(table) === false;
    if (isNew && sameHash(own[table], roots[table])) onCompared(from, table, hub);
  }
  refreshStability(hub, 'heartbeat');
}

/**
 * How far the room has got matters while there are tombstones to collect, and costs a record a member. Before a
 * collection it is asked for also if there is a horizon: who has come since must learn when it is settled.
 */
export function refreshStability(hub: Hub, at: 'heartbeat' | 'collection'): void {
  const { layers, neighbors, stability, members } = hub;
  const { tombstones, horizon } = layers.state.inspect();
  if (tombstones === 0 && (at === 'heartbeat' || horizon === 0)) return;
  const own = stability.own(neighbors.keys(), meshTime(hub));
  hub.feed({ layer: 'membership', input: { kind: 'stability', stamp: own } });
  hub.feed({ layer: 'state', input: { kind: 'stability', stamp: stability.ofRoom(own, members.keys()) } });
}

/** The time of all: our clock, moved by how far it is off. */
export function meshTime({ layers, now }: Hub): number {
  return layers.state.inspect().offsetMs + now.wall;
}
