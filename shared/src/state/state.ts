/**
 * State: last-writer-wins entries under a hybrid logical clock. A write stamps, publishes and tells;
 * entries of others are judged one by one and told together. Collected tombstones go on refusing as stubs.
 */
import { assert, unreachable } from '../base/assert.ts';
import { createBoundedMap } from '../base/collections.ts';
import type { RecordChanged } from '../base/effects.ts';
import type { PeerId } from '../base/ids.ts';
import type { Layer } from '../base/layer.ts';
import type { Now } from '../base/time.ts';
import { createClockOffset } from './clock-offset.ts';
import { checkStateConfig, type StateConfig } from './config.ts';
import { createEntryTable } from './entries.ts';
import { compareHlc, HLC_COUNTER_MAX, isHlc, nextHlc, observe, tick } from './hlc.ts';
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
import { stateKey } from './messages.ts';
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
  let clock: Hlc = { wall: 0, counter: 0, by: self };
  let stability = 0;
  let collectToken = 0;

  /** `null` since the last input. */
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
    const entry: Entry = { collection, key, value, stamp: nextStamp(collection, key, correctedMs) };
    if (!held && !table.hasRoomFor(collection, key)) return [refused(entry, 'over-limit')];
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
    return restate({ collection, key, value, stamp: clock });
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

  /** At or below this stamp an entry of the key changes nothing: it is held, stubbed, or below the horizon. */
  const knownStamp = (collection: string, key: string, correctedMs: number): Hlc =>
    heldStamp(collection, key, correctedMs) ??
    stubs.stampOf(stateKey({ collection, key })) ?? {
      wall: stubs.horizon,
      counter: HLC_COUNTER_MAX,
      by: self,
    };

  const apply = ({ from, entries }: Apply, correctedMs: number): readonly StateEffect[] => {
    const faults = new Set<string>();
    const told: StateEffect[] = [];
    const applied: Entry[] = [];
    const changes: Change[] = [];
    for (const entry of entries) {
      const fault = faultOf(entry);
      if (fault) {
        faults.add(fault);
        continue;
      }
      const verdict = judge(entry, correctedMs);
      if (verdict === 'newer' || verdict === 'known') {
        clock = observe(clock, entry.stamp, correctedMs + config.driftMsMax);
      } else if (isWorthTelling(entry, verdict) && isNewRefusal(entry)) {
        told.push(refused(entry, verdict));
      }
      if (verdict !== 'newer') continue;
      const change = put(entry, 'remote');
      applied.push(entry);
      if (change.old !== undefined || change.value !== undefined) changes.push(change);
    }
    const changed: StateEffect[] = changes.length > 0 ? [{ kind: 'stateChanged', changes }] : [];
    const misbehaved = Array.from(faults, (reason): StateEffect => ({
      kind: 'peerMisbehaved',
      peer: from,
      reason,
    }));
    return [...misbehaved, ...told, ...changed, ...applied.map(recordOf)];
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
    const isHeld = table.get(collection, key) !== undefined;
    const known = heldStamp(collection, key, correctedMs) ?? stubs.stampOf(stateKey(entry));
    if (known && compareHlc(stamp, known) <= 0) return 'known';
    // The horizon is where knowledge is gone: no one can tell "deleted and forgotten" from "never came".
    if (!known && !isHeld && stamp.wall <= stubs.horizon) return 'older';
    return isHeld || table.hasRoomFor(collection, key) ? 'newer' : 'over-limit';
  };

  const put = (entry: Entry, source: 'local' | 'remote'): Change => {
    const { collection, key, value, stamp } = entry;
    const old = table.get(collection, key)?.value;
    table.put(entry);
    stubs.remove(stateKey(entry));
    return { collection, key, old, value, by: stamp.by, at: stamp.wall, local: source === 'local' };
  };

  const onClockSample = ({ peer, offsetMs }: ClockSample, now: Now): readonly StateEffect[] => {
    const isClock = Number.isFinite(offsetMs) && Math.abs(offsetMs) <= config.offsetMsMax;
    if (!isClock) return [{ kind: 'peerMisbehaved', peer, reason: 'bad-clock' }];
    offset.sample(peer, offsetMs);
    return comeBack(Math.max(1, Math.floor(now.wall + offset.medianMs())));
  };

  /**
   * Our clock turns out to have been far ahead, by the word of more than one: what it stamped nobody would take, so it
   * is stamped anew.
   */
  const comeBack = (correctedMs: number): readonly StateEffect[] => {
    const bound = correctedMs + config.aheadMsMax;
    if (!offset.isSure() || clock.wall <= bound) return [];
    clock = { wall: 0, counter: 0, by: self };
    const stranded = table.where(({ stamp }) => stamp.by === self && stamp.wall > bound);
    return stranded.flatMap(({ collection, key, value }) => {
      clock = tick(clock, correctedMs);
      return restate({ collection, key, value, stamp: clock });
    });
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
    // A stub hashes as its tombstone did: its record stays, unless it is given up.
    const givenUp = stubs.add(collected);
    return [...givenUp.map((key): StateEffect => ({ kind: 'recordRemoved', key })), scheduleCollect()];
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
      horizon: stubs.horizon,
      clock,
      offsetMs: offset.medianMs(),
    });

  return {
    handle: (input, now) => {
      snapshot = null;
      return handle(input, now);
    },
    inspect: () => (snapshot ??= takeSnapshot()),
  };
}

/** What is wrong with the form of a peer's entry, if anything. */
function faultOf(entry: Entry): string | undefined {
  if (entry.collection.includes('\0')) return 'bad-collection';
  return isHlc(entry.stamp) ? undefined : 'bad-stamp';
}

/** A deletion of what is forgotten loses nothing: it is dropped without a word. */
function isWorthTelling(entry: Entry, reason: EntryRefusal): boolean {
  return reason !== 'older' || entry.value !== undefined;
}

function refused(entry: Entry, reason: EntryRefusal): StateEffect {
  return { kind: 'entryRefused', entry, reason };
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
