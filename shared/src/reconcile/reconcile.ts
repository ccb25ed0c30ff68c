/**
 * The reconciliation layer: one hash tree per table, kept up to date by every change, and the rounds that
 * find what a neighbor and we do not share. See `messages.ts` for the course of a round.
 *
 * Every message is answered by itself, from the tables as they are then; of a round only the awaited answer is
 * remembered. So what is lost, late or repeated ends at most a round, and what is given twice is harmless.
 */
import { assert, unreachable } from '../base/assert.ts';
import { sameHash } from '../base/hash.ts';
import { compareIds, type PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import type { Instant } from '../base/time.ts';
import { areSoundLeaves, isSoundMiddle, isSoundTop, isSoundWant } from './check.ts';
import { checkReconcileConfig, type ReconcileConfig } from './config.ts';
import { createHashTree, type HashTree, LEAVES_PER_NODE, shorten } from './hash-tree.ts';
import { compareLeaf, coveredBy, cutLeaves } from './leaf.ts';
import {
  beginRound,
  createLinkTable,
  hasRecentRound,
  mayBeginRound,
  isExactTurn,
  type LinkTable,
  takeRound,
  takeWork,
  differsForLong,
  noteRoot,
} from './link.ts';
import {
  type Leaves,
  type Middle,
  type ReconcileEffect,
  type ReconcileInput,
  type ReconcileMessage,
  type ReconcileSnapshot,
  type Roots,
  TABLES,
  type TableName,
  type Top,
  type WantRecords,
} from './messages.ts';

export type Reconcile = Layer<ReconcileInput, ReconcileEffect, ReconcileSnapshot>;

/** Makes the layer with three empty tables. */
export function createReconcile(deps: { readonly self: PeerId }, config: ReconcileConfig): Reconcile {
  checkReconcileConfig(config);
  const state: State = {
    self: deps.self,
    config,
    treeByTable: byTable(() => createHashTree(config.recordsMax)),
    linkByPeer: new Map(),
    rounds: 0,
    refused: 0,
    snapshot: null,
  };
  return {
    handle: (input, now) => {
      const turn: Turn = { state, at: now.instant, effects: [] };
      onInput(turn, input);
      return turn.effects;
    },
    inspect: () => (state.snapshot ??= takeSnapshot(state)),
  };
}

interface State {
  readonly self: PeerId;
  readonly config: ReconcileConfig;
  readonly treeByTable: Readonly<Record<TableName, HashTree>>;
  /** At most `neighborsMax`. */
  readonly linkByPeer: Map<PeerId, Readonly<Record<TableName, LinkTable>>>;
  rounds: number;
  refused: number;
  /** `null` when something changed since it was taken. */
  snapshot: ReconcileSnapshot | null;
}

/** One call of `handle`. */
interface Turn {
  readonly state: State;
  readonly at: Instant;
  readonly effects: ReconcileEffect[];
}

/** One table over one link, where most of this layer happens. */
interface Place {
  readonly turn: Turn;
  readonly peer: PeerId;
  readonly table: TableName;
  readonly tree: HashTree;
  readonly link: LinkTable;
}

function onInput(turn: Turn, input: ReconcileInput): void {
  switch (input.kind) {
    case 'message':
      return onMessage(turn, input.from, input.message);
    case 'changed':
      return onChanged(turn, input);
    case 'removed':
      if (turn.state.treeByTable[input.table].remove(input.key)) turn.state.snapshot = null;
      return;
    case 'neighborUp':
      return onNeighborUp(turn, input.peer);
    case 'neighborDown':
      turn.state.linkByPeer.delete(input.peer);
      return;
    case 'roots':
      return onRoots(turn, input.from, input.roots);
    default:
      return unreachable(input);
  }
}

function onChanged({ state }: Turn, input: Extract<ReconcileInput, { kind: 'changed' }>): void {
  const outcome = state.treeByTable[input.table].set(input.key, input.version);
  if (outcome === 'full') state.refused++;
  if (outcome !== 'same') state.snapshot = null;
}

function onNeighborUp(turn: Turn, peer: PeerId): void {
  const { state } = turn;
  assert(
    state.linkByPeer.has(peer) || state.linkByPeer.size < state.config.neighborsMax,
    `more than ${state.config.neighborsMax} neighbors`,
  );
  state.linkByPeer.set(peer, byTable(createLinkTable));
  if (compareIds(state.self, peer) > 0) return;
  for (const table of TABLES) startRound(placeOf(turn, peer, table)!);
}

function onRoots(turn: Turn, from: PeerId, roots: Roots): void {
  const links = turn.state.linkByPeer.get(from);
  if (!links) return sayMisbehaved(turn, from, 'not-a-neighbor');
  for (const table of TABLES) {
    const link = links[table];
    if (noteRoot(link, turn.state.treeByTable[table].root(), roots[table], turn.at)) continue;
    // Both see it at about the same time; the higher id leaves it to the lower, unless nothing comes of it.
    const patience = compareIds(turn.state.self, from) < 0 ? 1 : turn.state.config.higherPatience;
    const wanted = differsForLong(link, patience, turn.at, turn.state.config);
    if (wanted && mayBeginRound(link, turn.at, turn.state.config)) startRound(placeOf(turn, from, table)!);
  }
}

function onMessage(turn: Turn, from: PeerId, message: ReconcileMessage): void {
  const place = placeOf(turn, from, message.table);
  if (!place) return sayMisbehaved(turn, from, 'not-a-neighbor');
  switch (message.kind) {
    case 'top':
      return onTop(place, message);
    case 'middle':
      return onMiddle(place, message);
    case 'leaves':
      return onLeaves(place, message);
    case 'wantRecords':
      return onWantRecords(place, message);
    case 'roundDone':
      return onRoundDone(place);
    default:
      return unreachable(message);
  }
}

function startRound(place: Place): void {
  const { turn, link, tree, table } = place;
  const exact = isExactTurn(link);
  beginRound(link, 'middle', turn.at);
  countRound(turn.state);
  send(place, { kind: 'top', table, exact, hashes: tree.nodes().map((hash) => shorten(hash, exact)) });
}

function onTop(place: Place, message: Top): void {
  const { turn, link, tree, table, peer } = place;
  const { self, config } = turn.state;
  if (!isSoundTop(message)) return sayMisbehaved(turn, peer, 'bad-round');
  if (!takeRound(link, turn.at, config)) return sayMisbehaved(turn, peer, 'reconcile-flood');
  // Both began at once: the lower id's round goes on, the other's is given up by both.
  const ours = link.waiting === 'middle' && hasRecentRound(link, turn.at, config);
  if (ours && compareIds(self, peer) < 0) return;
  beginRound(link, 'done', turn.at);
  countRound(turn.state);
  const { exact } = message;
  const own = tree.nodes();
  const nodes = message.hashes.flatMap((hash, index) =>
    sameHash(hash, shorten(own[index]!, exact))
      ? []
      : [{ index, hashes: tree.leaves(index).map((leaf) => shorten(leaf, exact)) }],
  );
  send(place, { kind: 'middle', table, exact, nodes });
}

function onMiddle(place: Place, message: Middle): void {
  const { turn, link, tree, table, peer } = place;
  if (!isSoundMiddle(message)) return sayMisbehaved(turn, peer, 'bad-round');
  // Only to our own top: this answer is many times the question's size.
  if (link.waiting !== 'middle') return;
  link.unanswered = 0;
  const { exact } = message;
  const differing = message.nodes.flatMap(({ index: node, hashes }) => {
    const own = tree.leaves(node);
    return hashes.flatMap((hash, at) =>
      sameHash(hash, shorten(own[at]!, exact)) ? [] : [node * LEAVES_PER_NODE + at],
    );
  });
  if (differing.length === 0) return finishRound(place);
  link.waiting = 'wants';
  const summariesMax = turn.state.config.summariesPerFrameMax;
  const frames = cutLeaves(tree, differing, { exact, summariesMax });
  frames.forEach((leaves, at) => {
    send(place, { kind: 'leaves', table, exact, leaves, last: at === frames.length - 1 });
  });
}

function onLeaves(place: Place, message: Leaves): void {
  const { turn, link, tree, table, peer } = place;
  const { config } = turn.state;
  const { exact } = message;
  if (!areSoundLeaves(message, config)) return sayMisbehaved(turn, peer, 'bad-round');
  const compared = message.leaves.map((part) => ({ part, covered: coveredBy(tree, part, exact) }));
  const whole = message.leaves.filter((part) => part.after === null).length;
  const work = compared.reduce((sum, { covered }) => sum + covered.length, whole);
  if (!takeWork(link, turn.at, { work, tableSize: tree.size }, config))
    return sayMisbehaved(turn, peer, 'reconcile-flood');
  const differences = compared.map(({ part, covered }) => compareLeaf(covered, part.entries));
  give(
    place,
    differences.flatMap((difference) => difference.give),
  );
  const wanted = differences.flatMap((difference) => difference.want);
  let at = 0;
  do {
    const keyHashes = wanted.slice(at, at + config.keyHashesPerFrameMax);
    at += keyHashes.length;
    const last = message.last && at >= wanted.length;
    if (last || keyHashes.length > 0) send(place, { kind: 'wantRecords', table, exact, keyHashes, last });
  } while (at < wanted.length);
}

function onWantRecords(place: Place, message: WantRecords): void {
  const { turn, link, tree, peer } = place;
  const { config } = turn.state;
  if (!isSoundWant(message, config)) return sayMisbehaved(turn, peer, 'bad-round');
  const keys = message.keyHashes.flatMap((keyHash) =>
    tree.find(keyHash, message.exact).map((entry) => entry.key),
  );
  if (!takeWork(link, turn.at, { work: keys.length, tableSize: tree.size }, config))
    return sayMisbehaved(turn, peer, 'reconcile-flood');
  give(place, keys);
  if (message.last && link.waiting === 'wants') finishRound(place);
}

function onRoundDone({ turn, link, peer, table }: Place): void {
  if (link.waiting !== 'done') return;
  link.waiting = 'nothing';
  turn.effects.push({ kind: 'roundEnded', peer, table });
}

/** The end of a round that we began. */
function finishRound(place: Place): void {
  const { turn, link, peer, table } = place;
  link.waiting = 'nothing';
  send(place, { kind: 'roundDone', table });
  turn.effects.push({ kind: 'roundEnded', peer, table });
}

function give({ turn, peer, table }: Place, keys: readonly string[]): void {
  if (keys.length > 0) turn.effects.push({ kind: 'give', to: peer, table, keys });
}

function send({ turn, peer }: Place, message: ReconcileMessage): void {
  turn.effects.push({ kind: 'send', to: peer, message });
}

function sayMisbehaved(turn: Turn, peer: PeerId, reason: string): void {
  turn.effects.push({ kind: 'peerMisbehaved', peer, reason });
}

function countRound(state: State): void {
  state.rounds++;
  state.snapshot = null;
}

function placeOf(turn: Turn, peer: PeerId, table: TableName): Place | undefined {
  const link = turn.state.linkByPeer.get(peer)?.[table];
  return link && { turn, peer, table, link, tree: turn.state.treeByTable[table] };
}

function takeSnapshot({ treeByTable, rounds, refused }: State): ReconcileSnapshot {
  return Object.freeze({
    roots: Object.freeze(byTable((table) => treeByTable[table].root())),
    sizes: Object.freeze(byTable((table) => treeByTable[table].size)),
    rounds,
    refused,
  });
}

function byTable<T>(make: (table: TableName) => T): Readonly<Record<TableName, T>> {
  return { roster: make('roster'), state: make('state'), presence: make('presence') };
}
