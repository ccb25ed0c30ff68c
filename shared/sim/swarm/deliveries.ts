/**
 * Messages to all: never twice, never out of order, never to their sender; and whoever was there throughout
 * got each, or was told how many it missed.
 */
import type { PeerId } from '#shared/base/ids.ts';
import { defaultBroadcastConfig } from '#shared/broadcast/config.ts';
import { defaultMembershipConfig } from '#shared/membership/config.ts';
import type { MeshSnapshot } from '#shared/mesh/node.ts';
import type { SimTab } from '../tab.ts';
import { nameOf, type Complain, type MakeChecker } from './checker.ts';

/** The topic of numbered messages: each origin's data counts from 1. */
export const NUMBERED_TOPIC: string = 'numbered';

/** A newcomer has begun so long after its first link: what was said before is past. */
const BEGIN_MS = defaultBroadcastConfig.beginMs;

/**
 * Nobody gives a message that is older than its cache may be, and it is not under way for longer than a link may be
 * silent. What was said to nobody is kept for as long again in each life, for it is said anew.
 */
const { cacheMs, gapTimeoutMs } = defaultBroadcastConfig;
const oldestMs = (lives: number): number => cacheMs * Math.max(2, lives) + gapTimeoutMs;
/** Who runs nothing for so long stood still. */
const STANDSTILL_MS = 1_000;
/** For so long afterwards what is told may have waited for it: in its queue, and then behind a hole. */
const QUEUED_MS = defaultBroadcastConfig.queueMs + gapTimeoutMs;

/** What one tab heard of one origin. */
interface Heard {
  last: number;
  count: number;
  missed: number;
  /** What the origin had said when the tab first listed it. */
  readonly saidBefore: number;
  /** What was said until then is past too: it lost its last link before it heard anything, and nobody can tell. */
  pastUntilMs: number;
  /** It was gone in between, or stood still: no promise holds. */
  broken: boolean;
}

/** How a tab last stood still. */
interface Standing {
  /** When it was last seen to run. */
  readonly ranMs: number;
  /** Until when it tells what waited meanwhile. */
  readonly untilMs: number;
  /** For how long it stood, and when it went on. */
  readonly stoodMs: number;
  readonly wokeMs: number;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is what was said and heard.
export const messagesComeOnce: MakeChecker = (world, complain) => {
  const heardByTab = new Map<SimTab, Map<PeerId, Heard>>();
  /** When each number was said, in order. */
  const saidAtMs = new Map<PeerId, number[]>();
  /** Since when, at the latest, nothing is past that is said to a tab. */
  const begunAtMs = new Map<SimTab, number>();

  /** When each began another life. */
  const begunLives = new Map<PeerId, number[]>();
  const noteLife = (id: PeerId): void => {
    begunLives.set(id, [...(begunLives.get(id) ?? []), world.timeMs()]);
  };
  const livesSince = (id: PeerId, ms: number): number =>
    1 + (begunLives.get(id) ?? []).filter((begunMs) => begunMs >= ms).length;

  /** When somebody got to what had waited for it, and for how long: what it passed on then is older than it can know. */
  const lags = new Map<string, { readonly tab: SimTab; readonly atMs: number; readonly behindMs: number }>();
  /** The longest wait at anybody but the hearer since then. */
  const waitedElsewhere = (hearer: SimTab, sinceMs: number): number => {
    const others = [...lags.values()].filter(({ tab, atMs }) => tab !== hearer && atMs >= sinceMs);
    return Math.max(0, ...others.map(({ behindMs }) => behindMs));
  };
  /** The longest of each tab in each second. */
  const noteLag = (tab: SimTab, atMs: number, behindMs: number): void => {
    const place = `${Math.floor(atMs / 1_000)} ${tab.id}`;
    if (behindMs > (lags.get(place)?.behindMs ?? 0)) lags.set(place, { tab, atMs, behindMs });
  };

  const standing = new Map<SimTab, Standing>();
  const noteRun = (tab: SimTab): void => {
    const ranMs = world.timeMs();
    const known = standing.get(tab) ?? { ranMs, untilMs: 0, stoodMs: 0, wokeMs: 0 };
    const stoodMs = ranMs - known.ranMs;
    const next =
      stoodMs > STANDSTILL_MS
        ? { ranMs, untilMs: ranMs + QUEUED_MS, stoodMs, wokeMs: ranMs }
        : { ...known, ranMs };
    standing.set(tab, next);
    if (stoodMs > defaultMembershipConfig.newEpochMs) noteLife(tab.id);
    const behindMs = tab.behindMs();
    if (behindMs <= STANDSTILL_MS) return;
    // One that woke and is slow now works off what waited while it stood still, too, and takes that for new.
    const wasQueued = ranMs - behindMs <= next.wokeMs;
    noteLag(tab, ranMs, wasQueued ? behindMs + next.stoodMs : behindMs);
  };

  const saidUntil = (origin: PeerId, ms: number): number =>
    saidAtMs.get(origin)?.findLastIndex((at) => at < ms) ?? -1;
  /** What the origin had said when the tab first listed it, or when it began: it may have started anywhere up to there. */
  const pastOf = (tab: SimTab, origin: PeerId, { saidBefore, pastUntilMs }: Heard): number =>
    Math.max(saidBefore, saidUntil(origin, Math.max(begunAtMs.get(tab) ?? 0, pastUntilMs)) + 1);

  const onMessage = (tab: SimTab, from: PeerId, number: number): void => {
    const of = `${number} of ${nameOf(from)}`;
    if (from === tab.id) complain(`${nameOf(tab.id)} heard itself`);
    const heard = heardByTab.get(tab)?.get(from);
    // A message may come before the record of its author does: it is not held back for that.
    if (heard === undefined)
      return void heardByTab.get(tab)?.set(from, { ...freshlyHeard(0), broken: true, last: number });
    if (number === heard.last) complain(`${nameOf(tab.id)} heard ${of} twice`);
    const saidMs = saidAtMs.get(from)?.[number - 1] ?? Infinity;
    const ageMs = world.timeMs() - saidMs;
    const hasSlept = world.timeMs() < (standing.get(tab)?.untilMs ?? 0);
    const mostMs = oldestMs(livesSince(from, saidMs));
    const isOld = ageMs > mostMs && ageMs - tab.behindMs() - waitedElsewhere(tab, saidMs) > mostMs;
    if (isOld && !hasSlept) complain(`${nameOf(tab.id)} heard ${of}, ${Math.round(ageMs / 1_000)} s old`);
    if (number < heard.last) complain(`${nameOf(tab.id)} heard ${of} after ${heard.last}`);
    heard.last = Math.max(heard.last, number);
    if (number > pastOf(tab, from, heard)) heard.count += 1;
  };

  return {
    name: 'messages',
    observer: {
      opened: (tab) => void heardByTab.set(tab, new Map()),
      stood: (tab) => heardByTab.get(tab)?.forEach((heard) => (heard.broken = true)),
      stepped: (tab, input) => {
        noteRun(tab);
        if (input.kind !== 'command') return;
        if (input.command.kind === 'comeBack') noteLife(tab.id);
        if (input.command.kind !== 'publish') return;
        const { topic, data } = input.command;
        if (topic !== NUMBERED_TOPIC || typeof data !== 'number') return;
        const said = saidAtMs.get(tab.id);
        if (said) said.push(world.timeMs());
        else saidAtMs.set(tab.id, [world.timeMs()]);
      },
      told: (tab, event) => {
        const heard = heardByTab.get(tab);
        if (event.kind === 'message' && event.topic === NUMBERED_TOPIC && typeof event.data === 'number') {
          onMessage(tab, event.from, event.data);
        } else if (event.kind === 'gap') {
          const of = heard?.get(event.from);
          if (of) of.missed += event.missed;
        } else if (event.kind === 'memberJoined') {
          const known = heard?.get(event.id);
          if (known) known.broken = true;
          else heard?.set(event.id, freshlyHeard(saidAtMs.get(event.id)?.length ?? 0));
        } else if (event.kind === 'memberLeft') {
          const known = heard?.get(event.id);
          if (known) known.broken = true;
        } else if (event.kind === 'linkOpened') {
          const begunMs = world.timeMs() + BEGIN_MS;
          if ((begunAtMs.get(tab) ?? Infinity) === Infinity) begunAtMs.set(tab, begunMs);
          for (const known of heard?.values() ?? []) {
            if (known.pastUntilMs === Infinity) known.pastUntilMs = begunMs;
          }
        } else if (event.kind === 'linkClosed' && !hasLinks(tab)) {
          if (world.timeMs() < (begunAtMs.get(tab) ?? 0)) begunAtMs.set(tab, Infinity);
          // Of whom nothing was ever heard, nobody can tell whether it spoke before they met, or while we were alone.
          for (const known of heard?.values() ?? []) if (known.last === 0) known.pastUntilMs = Infinity;
        }
      },
    },
    whenCalm: () => {
      for (const tab of world.living()) {
        for (const [origin, heard] of heardByTab.get(tab) ?? []) {
          const said = saidAtMs.get(origin)?.length ?? 0;
          const past = pastOf(tab, origin, heard);
          if (!heard.broken && world.tabOf(origin)?.isAlive())
            checkHeard(heard, [past, said], { tab: nameOf(tab.id), origin: nameOf(origin), complain });
        }
      }
    },
  };
};

function checkHeard(
  { count, missed, last }: Heard,
  [past, said]: readonly [number, number],
  { tab, origin, complain }: { readonly tab: string; readonly origin: string; readonly complain: Complain },
): void {
  if (count + missed < said - past)
    complain(`${tab} heard ${count} and missed ${missed} of ${said - past} by ${origin}`);
  if (last !== said) complain(`${tab} lacks the newest of ${origin}, ${said}`);
}

const hasLinks = (tab: SimTab<MeshSnapshot>): boolean => tab.node.inspect().overlay.activeView.length > 0;

const freshlyHeard = (saidBefore: number): Heard => ({
  last: 0,
  count: 0,
  missed: 0,
  saidBefore,
  pastUntilMs: 0,
  broken: false,
});
