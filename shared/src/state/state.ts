/**
 * State: last-writer-wins entries under a hybrid logical clock. A write stamps, publishes and tells;
 * entries of others are judged one by one and told together. Collected tombstones go on refusing as stubs,
 * and those that sank below the horizon until it is settled (`horizon.ts`).
 */
import { assert, unreachable } from '../base/assert.ts';
import { createBoundedMap } from '../base/collections.ts';
import { hashContent } from '../base/content.ts';
import type { RecordChanged, RecordRemoved } from '../base/effects.ts';
import type { PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import type { Now } from '../base/time.ts';
import { createClockOffset } from './clock-offset.ts';
import { checkStateConfig, type StateConfig } from './config.ts';
import { createEntryTable } from './entries.ts';
import { compareHlc, isHlc, nextHlc, observe, tick } from './hlc.ts';
import { createHorizon, horizonEntry, isHorizon } from './horizon.ts';
import type {
  Change,
  Entry,
  EntryRefusal,
  Hlc,
  StateEffect,
  StateInput,
  StateSnapshot,
  StateTimer,
} from './messages.ts';
import { HORIZON_KEY, stateKey } from './messages.ts';
import { createOutbox } from './outbox.ts';
import { createStubTable } from './stubs.ts';

export type State = Layer<StateInput, StateEffect, StateSnapshot>;

type Write = Extract<StateInput, { kind: 'write' }>;
type Apply = Extract<StateInput, { kind: 'apply' }>;
type ClockSample = Extract<StateInput, { kind: 'clockSample' }>;

/** What becomes of an entry: `known` is older than what is held, or the same. */
type Verdict = 'newer' | 'known' | EntryRefusal;

// oxlint-disable-next-line max-lines-per-function -- One closure owns what changes; each handler in it is short.
export function createState(deps: { readonly self: PeerId }, config: StateConfig): State {
  checkStateConfig(config);
  const { self } = deps;
  const offset = createClockOffset(config.clockSamplesMax);
  const table = createEntryTable(config);
  const stubs = createStubTable(config.stubsMax);
  const refusals = createBoundedMap<string, true>(config.refusalsMax);
  const outbox = createOutbox(config.outboxMax);
  const horizon = createHorizon(self);
  /** Keys that live at a neighbor, but not here, and whose record we lack: their deletion is said again. */
  const owed = createBoundedMap<string, Pick<Entry, 'collection' | 'key'>>(config.refusalsMax);
  let clock: Hlc = { wall: 0, counter: 0, by: self };
  /** No entry is stamped later. */
  let farthestWall = 0;
  let stability = 0;
  let collectToken = 0;

  /** `null` since the last input that changed it. */
  let snapshot: StateSnapshot | null = null;

  const handle = (input: StateInput, now: Now): readonly StateEffect[] => {
    const correctedMs = Math.max(1, Math.floor(now.wall + offset.medianMs()));
    switch (input.kind) {
      case 'write':
        return write(input, correctedMs);
      case 'apply':
        return apply(input, correctedMs);
      case 'clockSample':
        return onClockSample(input, now);
      case 'neighborDown':
        offset.forget(input.peer);
        return [];
      case 'linked':
        return outbox.setLinked(input.linked).flatMap((entry) => renew(entry, correctedMs));
      case 'stability':
        stability = input.stamp;
        if (horizon.settle(stability, correctedMs)) stubs.settle(horizon.settled);
        return [];
      case 'start':
        return [scheduleCollect()];
      case 'timer':
        return afterCollect(input.timer, correctedMs);
      default:
        return unreachable(input);
    }
  };

  const write = ({ collection, key, value }: Write, correctedMs: number): readonly StateEffect[] => {
    assert(!collection.includes('\0'), 'a collection name holds no NUL');
    const held = table.get(collection, key);
    if (value === undefined && held?.value === undefined) return [];
    const stamp = nextStamp(collection, key, correctedMs);
    const entry: Entry = { collection, key, value, stamp, proof: null };
    const isOver = (!held && !table.hasRoomFor(entry)) || !table.fits(entry);
    if (isOver) return [refused(entry, 'over-limit')];
    clock = observe(tick(clock, correctedMs), entry.stamp, correctedMs + config.driftMsMax);
    const change = put(entry, 'local');
    outbox.note(entry);
    return [
      { kind: 'publish', update: { kind: 'state', entries: [entry] } },
      { kind: 'stateChanged', changes: [change] },
      recordOf(entry),
    ];
  };

  /** A write that nobody was told of, older than the room remembers deletions, and still ours: said as if now. */
  const renew = ({ collection, key, value, stamp }: Entry, correctedMs: number): readonly StateEffect[] => {
    const held = table.get(collection, key);
    const isOld = stamp.wall <= correctedMs - config.tombstoneMs;
    if (!isOld || !held || compareHlc(held.stamp, stamp) !== 0) return [];
    clock = tick(clock, correctedMs);
    return restate({ collection, key, value, stamp: clock, proof: null });
  };

  /** The clock's next stamp, or one more than what is known of the key: a writer wins over what it saw. */
  const nextStamp = (collection: string, key: string, correctedMs: number): Hlc => {
    const ticked = tick(clock, correctedMs);
    const known = knownStamp(collection, key, correctedMs);
    return compareHlc(known, ticked) >= 0 ? nextHlc(known, self) : ticked;
  };

  /** What is held of a key, unless its stamp is one that nobody would take: then anything acceptable outranks it. */
  const heldStamp = (collection: string, key: string, correctedMs: number): Hlc | undefined => {
    const stamp = table.get(collection, key)?.stamp;
    const isStranded = offset.isSure() && stamp !== undefined && stamp.wall > correctedMs + config.aheadMsMax;
    return isStranded ? undefined : stamp;
  };

  /** At or below this stamp a write of the key is lost: it is held, stubbed, or below the horizon. */
  const knownStamp = (collection: string, key: string, correctedMs: number): Hlc => {
    const known = heldStamp(collection, key, correctedMs) ?? stubs.stampOf(stateKey({ collection, key }));
    return known && compareHlc(known, horizon.stamp) > 0 ? known : horizon.stamp;
  };

  const apply = ({ from, entries }: Apply, correctedMs: number): readonly StateEffect[] => {
    const faults = new Set<string>();
    const told: StateEffect[] = [];
    const records: StateEffect[] = [];
    const changes: Change[] = [];
    for (const entry of entries) {
      const fault =
        faultOf(entry) ?? (isHorizon(entry) ? faultOfHorizon(entry.stamp, correctedMs) : undefined);
      if (fault) {
        faults.add(fault);
        continue;
      }
      if (isHorizon(entry)) {
        records.push(...raiseHorizon(entry.stamp, correctedMs));
        continue;
      }
      const verdict = judge(entry, correctedMs);
      if (verdict === 'newer' || verdict === 'known') {
        clock = observe(clock, entry.stamp, correctedMs + config.driftMsMax);
      } else if (isWorthTelling(entry, verdict) && isNewRefusal(entry)) {
        told.push(refused(entry, verdict));
      }
      if (verdict === 'known' || verdict === 'older') noteOwed(entry);
      if (verdict !== 'newer') continue;
      const wasHeld = table.get(entry.collection, entry.key) !== undefined;
      const change = put(entry, 'remote');
      if (!isSunken(entry)) records.push(recordOf(entry));
      else if (wasHeld) records.push(removed(stateKey(entry)));
      if (change.old !== undefined || change.value !== undefined) changes.push(change);
    }
    const changed: StateEffect[] = changes.length > 0 ? [{ kind: 'stateChanged', changes }] : [];
    const misbehaved = Array.from(faults, (reason): StateEffect => ({
      kind: 'peerMisbehaved',
      peer: from,
      reason,
    }));
    return [...misbehaved, ...told, ...changed, ...records];
  };

  /** An honest one is as old as a tombstone that was collected: so a forged one forgets no more than that. */
  const faultOfHorizon = ({ wall }: Hlc, correctedMs: number): string | undefined =>
    wall > correctedMs - config.tombstoneMs + config.driftMsMax ? 'horizon-too-new' : undefined;

  const raiseHorizon = (stamp: Hlc, correctedMs: number): readonly StateEffect[] => {
    if (!horizon.raise(stamp, correctedMs)) return [];
    const sunken = table.tombstonesWhere(isSunken);
    for (const tombstone of sunken) table.remove(tombstone);
    stubs.add(sunken);
    return [...stubs.sink(stamp).map(removed), recordOf(horizonEntry(stamp))];
  };

  /** A deletion that is to be forgotten: it deletes what it is newer than, and is no record. */
  const isSunken = ({ value, stamp }: Entry): boolean =>
    value === undefined && compareHlc(stamp, horizon.stamp) <= 0;

  /** Nothing in our table tells who offers this that it is gone. */
  const noteOwed = (entry: Entry): void => {
    const { collection, key, value, stamp } = entry;
    const isGone = value !== undefined && table.get(collection, key) === undefined;
    if (isGone && compareHlc(stamp, horizon.stamp) <= 0) owed.set(stateKey(entry), { collection, key });
  };

  /** Says deletions again, just above the horizon: no lower stamp would be a record, and a later write must win. */
  const payOwed = (): readonly StateEffect[] => {
    const { stamp: top } = horizon;
    const keys = Array.from(owed.entries(), ([, key]) => key);
    owed.clear();
    return keys.flatMap(({ collection, key }) => {
      const isKnown = compareHlc(stubs.stampOf(stateKey({ collection, key })) ?? top, top) > 0;
      if (isKnown || table.get(collection, key) || !table.hasRoomFor({ collection, key })) return [];
      const stamp = nextHlc(top, self);
      const tombstone: Entry = { collection, key, value: undefined, stamp, proof: null };
      put(tombstone, 'local');
      // Not published: who offers many such keys must not make each of its neighbors tell the whole room of each.
      return [recordOf(tombstone)];
    });
  };

  /** A neighbor that holds what we refuse offers it in every comparison: the application hears of it once. */
  const isNewRefusal = (entry: Entry): boolean => {
    const { wall, counter, by } = entry.stamp;
    const name = `${stateKey(entry)}\0${wall}.${counter}.${by}`;
    const isNew = !refusals.has(name);
    refusals.set(name, true);
    return isNew;
  };

  const judge = (entry: Entry, correctedMs: number): Verdict => {
    const { collection, key, stamp } = entry;
    if (stamp.wall > correctedMs + config.aheadMsMax) return 'too-far-ahead';
    const held = table.get(collection, key);
    const isHeld = held !== undefined;
    const known = heldStamp(collection, key, correctedMs) ?? stubs.stampOf(stateKey(entry));
    const order = known ? compareHlc(stamp, known) : 1;
    if (order < 0 || (order === 0 && !(held && outdoes(entry, held)))) return 'known';
    // No one can tell "deleted and forgotten" from "never came" any more: neither may bring a deleted key back.
    if (!known && !isHeld && compareHlc(stamp, horizon.settled) <= 0) return 'older';
    const hasRoom = (isHeld || table.hasRoomFor(entry)) && table.fits(entry);
    return isSunken(entry) || hasRoom ? 'newer' : 'over-limit';
  };

  const put = (entry: Entry, source: 'local' | 'remote'): Change => {
    const { collection, key, value, stamp } = entry;
    const held = table.get(collection, key);
    const old = held?.value;
    stubs.remove(stateKey(entry));
    farthestWall = Math.max(farthestWall, stamp.wall);
    if (!isSunken(entry)) table.put(entry);
    else {
      if (held) table.remove(held);
      stubs.addSunken(entry);
    }
    return { collection, key, old, value, by: stamp.by, at: stamp.wall, local: source === 'local' };
  };

  const onClockSample = ({ peer, offsetMs }: ClockSample, now: Now): readonly StateEffect[] => {
    const isClock = Number.isFinite(offsetMs) && Math.abs(offsetMs) <= config.offsetMsMax;
    if (!isClock) return [{ kind: 'peerMisbehaved', peer, reason: 'bad-clock' }];
    offset.sample(peer, offsetMs);
    const correctedMs = Math.max(1, Math.floor(now.wall + offset.medianMs()));
    return [...distrustHorizon(correctedMs), ...comeBack(correctedMs)];
  };

  /** Our clock was ahead, and so is a horizon that it made or let pass: the room's would be refused for ever. */
  const distrustHorizon = (correctedMs: number): readonly StateEffect[] => {
    if (faultOfHorizon(horizon.stamp, correctedMs) === undefined) return [];
    stubs.settle(horizon.stamp);
    horizon.reset();
    owed.clear();
    return [removed(HORIZON_KEY)];
  };

  /**
   * Our clock turns out to have been far ahead, by the word of more than one: what it stamped nobody would take, so it
   * is stamped anew; what it let pass is given up.
   */
  const comeBack = (correctedMs: number): readonly StateEffect[] => {
    const bound = correctedMs + config.aheadMsMax;
    if (!offset.isSure() || Math.max(clock.wall, farthestWall) <= bound) return [];
    if (clock.wall > bound) clock = { wall: 0, counter: 0, by: self };
    farthestWall = 0;
    const stranded = table.where(({ stamp }) => stamp.wall > bound);
    return stranded.flatMap((entry) => {
      if (entry.stamp.by !== self) return giveUp(entry);
      clock = tick(clock, correctedMs);
      return restate({ ...entry, stamp: clock, proof: null });
    });
  };

  /** Somebody else's, taken while our clock was ahead: no other member would take it, so we cannot keep it. */
  const giveUp = (entry: Entry): readonly StateEffect[] => {
    const { collection, key, value: old, stamp } = entry;
    table.remove(entry);
    const change: Change = {
      collection,
      key,
      old,
      value: undefined,
      by: stamp.by,
      at: stamp.wall,
      local: false,
    };
    return [
      ...(old === undefined ? [] : [{ kind: 'stateChanged', changes: [change] } as const]),
      removed(stateKey(entry)),
      refused(entry, 'too-far-ahead'),
    ];
  };

  /** Says something of ours again, under a new stamp. */
  const restate = (entry: Entry): readonly StateEffect[] => {
    put(entry, 'local');
    return [{ kind: 'publish', update: { kind: 'state', entries: [entry] } }, recordOf(entry)];
  };

  const afterCollect = (timer: StateTimer, correctedMs: number): readonly StateEffect[] => {
    if (timer.token !== collectToken) return [];
    const dueWall = Math.min(stability, correctedMs - config.tombstoneMs);
    const collected = table.tombstonesWhere((tombstone) => tombstone.stamp.wall <= dueWall);
    for (const tombstone of collected) table.remove(tombstone);
    // A stub hashes as its tombstone did: its record stays, unless it sinks.
    stubs.add(collected);
    const risen = stubs.risen();
    const sunken = risen ? raiseHorizon(risen, correctedMs) : [];
    return [...sunken, ...payOwed(), scheduleCollect()];
  };

  const scheduleCollect = (): StateEffect => {
    collectToken += 1;
    return { kind: 'schedule', timer: { kind: 'collect', token: collectToken }, afterMs: config.collectMs };
  };

  const takeSnapshot = (): StateSnapshot =>
    Object.freeze({
      get collections() {
        return table.live();
      },
      get collectionNames() {
        return table.collectionNames();
      },
      entries: table.size,
      tombstones: table.tombstones,
      stubs: stubs.size,
      horizon: horizon.stamp.wall,
      settled: horizon.isSettled(),
      clock,
      offsetMs: offset.medianMs(),
    });

  return {
    handle: (input, now) => {
      const medianMs = offset.medianMs();
      const effects = handle(input, now);
      // Of what a room at rest brings, nearly every sample changes nothing that is shown.
      const isIdle = input.kind === 'clockSample' && effects.length === 0 && offset.medianMs() === medianMs;
      if (!isIdle) snapshot = null;
      return effects;
    },
    inspect: () => (snapshot ??= takeSnapshot()),
  };
}

/** Who writes two values under one stamp is thrown out for it; what it wrote must be one thing for all. */
function outdoes({ value }: Entry, held: Entry): boolean {
  return hashContent(value) > hashContent(held.value);
}

/** What is wrong with the form of a peer's entry, if anything. */
function faultOf(entry: Entry): string | undefined {
  if (entry.collection.includes('\0') && !isHorizon(entry)) return 'bad-collection';
  return isHlc(entry.stamp) ? undefined : 'bad-stamp';
}

/** A deletion of what is forgotten loses nothing: it is dropped without a word. */
function isWorthTelling(entry: Entry, reason: EntryRefusal): boolean {
  return reason !== 'older' || entry.value !== undefined;
}

function refused(entry: Entry, reason: EntryRefusal): StateEffect {
  return { kind: 'entryRefused', entry, reason };
}

function removed(key: string): RecordRemoved {
  return { kind: 'recordRemoved', key };
}

function recordOf(entry: Entry): RecordChanged<Entry> {
  const { wall, counter, by } = entry.stamp;
  return {
    kind: 'recordChanged',
    key: stateKey(entry),
    version: { major: wall, minor: counter, by },
    record: entry,
  };
}
