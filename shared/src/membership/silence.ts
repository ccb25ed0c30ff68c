/**
 * How one neighbor is heard: when last, how fast it answers, how long its pauses are, and from which
 * silence on it is suspect.
 *
 * Two instants are kept apart. `heardAt` is true proof of life. `quietSince` is where our patience starts;
 * it moves without proof when this tab has slept.
 */
import { createRing, type Ring } from '../base/collections.ts';
import { elapsedMs, type Instant } from '../base/time.ts';
import type { MembershipConfig } from './config.ts';

/** Smoothed round trip and its variation, in milliseconds. */
export interface RoundTrip {
  readonly srttMs: number;
  readonly rttvarMs: number;
}

/** RFC 6298, section 2: the first sample sets both, later ones move them by 1/8 and 1/4. */
export function smoothRtt(previous: RoundTrip | null, sampleMs: number): RoundTrip {
  if (!previous) return { srttMs: sampleMs, rttvarMs: sampleMs / 2 };
  return {
    srttMs: 0.875 * previous.srttMs + 0.125 * sampleMs,
    rttvarMs: 0.75 * previous.rttvarMs + 0.25 * Math.abs(previous.srttMs - sampleMs),
  };
}

/** The value that 99 of 100 do not exceed (nearest rank); 0 of nothing. */
export function percentile99(values: readonly number[]): number {
  if (values.length === 0) return 0;
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * 0.99) - 1]!;
}

/** The second greatest; 0 of fewer than two. One may be an accident; what came twice will come again. */
export function secondGreatest(values: readonly number[]): number {
  return values.toSorted((a, b) => b - a)[1] ?? 0;
}

/** What patience depends on. */
export interface LinkFacts {
  /** The slower of the two ends' announced ticks. */
  readonly slowerTickMs: number;
  readonly rttvarMs: number;
  /** Of pauses between frames, by their number: on a busy link they tell of the last seconds. */
  readonly gapMs: number;
  /** The second longest of two minutes, of each stretch of them only the longest counting. */
  readonly secondPauseMs: number;
}

/** The silence from which on a neighbor is suspect. */
export function suspectAfterMs(facts: LinkFacts, config: MembershipConfig): number {
  const hidden = facts.slowerTickMs >= config.hiddenTickMs;
  const patience = Math.max(
    hidden ? config.suspectAfterHiddenMsMin : config.suspectAfterMsMin,
    2 * facts.slowerTickMs + 4 * facts.rttvarMs,
    config.gapFactor * facts.gapMs,
    config.pauseFactor * facts.secondPauseMs,
  );
  return Math.min(patience, config.suspectAfterMsMax);
}

export interface Silence {
  readonly heardAt: () => Instant;
  readonly quietSince: () => Instant;
  readonly silentMs: (at: Instant) => number;
  readonly hearsWell: (at: Instant) => boolean;
  readonly suspectAfterMs: (ownTickMs: number) => number;
  /** What a round trip takes at most, nearly always: RFC 6298's timeout; `null` while none was measured. */
  readonly roundTripMs: () => number | null;
  /** Some frame came. `late`: our own watch is overdue, so that it may have waited here. */
  readonly heard: (at: Instant, late?: boolean) => void;
  /** The last packet of its browser came at this instant. */
  readonly reached: (at: Instant) => void;
  /** Packets of its browser came for longer than its page would have been silent with nothing in the way. */
  readonly isReached: () => boolean;
  /** This tab has slept: what was not heard meanwhile proves nothing. */
  readonly restart: (at: Instant) => void;
  /** The neighbor pinged, and told its tick. */
  readonly announced: (tickMs: number) => void;
  /**
   * True when the neighbor would be quiet for too long at the next watch, a ping needs repeating, or the last is long
   * ago. Whose turn it is not waits until it has been quiet for so long: the other's ping is about to come.
   */
  readonly pingDue: (at: Instant, ownTickMs: number) => boolean;
  /** False while a ping is so fresh that its answer may still come. */
  readonly mayPing: (at: Instant) => boolean;
  readonly pinged: (probe: number, at: Instant) => void;
  /** The round trip of this probe; `null` if none such is outstanding. */
  readonly acked: (probe: number, at: Instant) => number | null;
  /** It is asked, by a ping that follows, whether its link still works. */
  readonly probed: (at: Instant) => void;
  /** A ping went unanswered for so long that its link may be mended: that of a probe, or any behind a long silence. */
  readonly isSilent: (at: Instant, ownTickMs: number) => boolean;
  /** We accused it. */
  readonly accused: () => void;
  /** Others hear it, though we do not. */
  readonly vouched: (at: Instant) => void;
  /** False while the word of others still weighs more than our silence. */
  readonly mayAccuseAfresh: (at: Instant, patienceMs: number) => boolean;
}

/** `leads`: of two pings that cross, ours counts as the first. True at one end of each link. */
export function createSilence(config: MembershipConfig, openedAt: Instant, leads: boolean): Silence {
  const link = createLink(config, openedAt, leads);
  const patienceMs = (ownTickMs: number): number => {
    const slowerTickMs = Math.max(ownTickMs, link.peerTickMs);
    const gapMs = percentile99(link.gaps.values());
    const secondPauseMs = secondGreatest([...link.longestPauses.values(), link.stretchPauseMs]);
    return suspectAfterMs(
      { slowerTickMs, rttvarMs: link.roundTrip?.rttvarMs ?? 0, gapMs, secondPauseMs },
      config,
    );
  };

  return {
    heardAt: () => link.heardAt,
    quietSince: () => link.quietSince,
    silentMs: (at) => elapsedMs(link.quietSince, at),
    hearsWell: (at) => {
      const answerMs = config.pingAfterMs + (link.roundTrip?.srttMs ?? 0);
      return elapsedMs(link.heardAt, at) <= Math.max(config.objectWithinMs, answerMs);
    },
    suspectAfterMs: patienceMs,
    roundTripMs: () => link.roundTrip && link.roundTrip.srttMs + 4 * link.roundTrip.rttvarMs,
    heard: (at, late = false) => noteHeard(link, at, late),
    reached: (at) => noteReached(link, at),
    isReached: () => isReached(link),
    restart: (at) => {
      link.quietSince = at;
      link.probes.length = 0;
      link.unanswered = false;
      link.probedAt = null;
    },
    announced: (tickMs) => {
      link.peerTickMs = tickMs;
      noteTheirPing(link);
    },
    pingDue: (at, ownTickMs) => isPingDue(link, at, ownTickMs),
    mayPing: (at) => mayRepeat(link, at, 0),
    pinged: (probe, at) => notePing(link, probe, at),
    acked: (probe, at) => takeAnswer(link, probe, at),
    probed: (at) => {
      link.probedAt = at;
    },
    isSilent: (at, ownTickMs) => {
      if (link.probedAt !== null && elapsedMs(link.probedAt, at) >= config.probeAnswerMs) return true;
      const quietMs = elapsedMs(link.quietSince, at);
      // What the link is used to is looked at last: it is the dearest.
      return link.unanswered && quietMs >= config.silentMsMin && quietMs >= patienceMs(ownTickMs) / 2;
    },
    accused: () => {
      link.accusing = true;
    },
    vouched: (at) => {
      link.vouchedAt = at;
      if (link.accusing) link.vouches = Math.min(link.vouches + 1, config.vouchesMax);
      link.accusing = false;
    },
    mayAccuseAfresh: (at, patience) =>
      link.vouchedAt === null || elapsedMs(link.vouchedAt, at) > patience * 2 ** link.vouches,
  };
}

/** What is remembered of one neighbor. A record of its own: each frame of a large room touches one, and nothing else of this file. */
interface Link {
  readonly config: MembershipConfig;
  readonly leads: boolean;
  readonly gaps: Ring<number>;
  /** The longest pause of each stretch; one ends with the first frame after `pauseStretchMs`. */
  readonly longestPauses: Ring<number>;
  /** Likewise of the present one. */
  stretchPauseMs: number;
  stretchFrom: Instant;
  /** On their way, the oldest first; at most `probesMax`. */
  readonly probes: { readonly probe: number; readonly sentAt: Instant }[];
  heardAt: Instant;
  /** When the last packet of its browser came, as far as it was looked for. */
  reachedAt: Instant;
  quietSince: Instant;
  peerTickMs: number;
  roundTrip: RoundTrip | null;
  lastPingedAt: Instant;
  /** When it was asked whether its link still works; `null`: never, or it has answered. */
  probedAt: Instant | null;
  /** Nothing was heard since the last ping. */
  unanswered: boolean;
  /** The neighbor has pinged since we last did. */
  theyPinged: boolean;
  /** The next ping is the neighbor's. */
  givesWay: boolean;
  /**
   * What others said for a neighbor that we do not hear. Each accusation of ours that was answered doubles
   * our patience, so that a link that is dead one way does not shout for ever.
   */
  vouchedAt: Instant | null;
  vouches: number;
  accusing: boolean;
}

function createLink(config: MembershipConfig, openedAt: Instant, leads: boolean): Link {
  return {
    config,
    leads,
    gaps: createRing(config.gapsMax),
    longestPauses: createRing(config.pausesMax),
    stretchPauseMs: 0,
    stretchFrom: openedAt,
    probes: [],
    heardAt: openedAt,
    reachedAt: openedAt,
    quietSince: openedAt,
    peerTickMs: config.watchMs,
    roundTrip: null,
    lastPingedAt: openedAt,
    probedAt: null,
    unanswered: false,
    theyPinged: false,
    givesWay: false,
    vouchedAt: null,
    vouches: 0,
    accusing: false,
  };
}

function noteHeard(link: Link, at: Instant, late: boolean): void {
  // A frame may be told of twice, as frame and as message; and a pause across a sleep is our own.
  const gap = elapsedMs(link.heardAt, at);
  if (gap > 0 && link.quietSince === link.heardAt) {
    link.gaps.push(gap);
    if (!late) notePause(link, gap, at);
  }
  link.heardAt = at;
  link.quietSince = at;
  link.unanswered = false;
  link.probedAt = null;
  link.vouchedAt = null;
  link.vouches = 0;
  link.accusing = false;
}

/** What is looked up late may tell of an earlier packet. */
function noteReached(link: Link, at: Instant): void {
  if (at > link.reachedAt) link.reachedAt = at;
}

function isReached({ heardAt, reachedAt, roundTrip, config }: Link): boolean {
  return elapsedMs(heardAt, reachedAt) >= config.reachedAfterMs + (roundTrip?.srttMs ?? 0);
}

function notePause(link: Link, ms: number, at: Instant): void {
  if (elapsedMs(link.stretchFrom, at) >= link.config.pauseStretchMs) {
    link.longestPauses.push(link.stretchPauseMs);
    link.stretchPauseMs = 0;
    link.stretchFrom = at;
  }
  link.stretchPauseMs = Math.max(link.stretchPauseMs, ms);
}

/** Both ends take turns, or each would often ping while the other's ping is on its way. Who lets its turn pass has none. */
function notePing(link: Link, probe: number, at: Instant): void {
  if (link.probes.length === link.config.probesMax) link.probes.shift();
  link.probes.push({ probe, sentAt: at });
  link.lastPingedAt = at;
  link.unanswered = true;
  link.givesWay = link.theyPinged;
  link.theyPinged = false;
}

function noteTheirPing(link: Link): void {
  link.theyPinged = true;
  // It crossed ours.
  link.givesWay = link.unanswered && !link.leads;
}

function isPingDue(link: Link, at: Instant, ownTickMs: number): boolean {
  const { config } = link;
  // The watch goes on at its own pace also while a longer tick is announced: no ping comes early for that.
  const nextMs = Math.min(ownTickMs, config.watchMs);
  const quiet = elapsedMs(link.quietSince, at) + (link.givesWay ? 0 : nextMs) > config.pingAfterMs;
  if (quiet && mayRepeat(link, at, nextMs / 2)) return true;
  return elapsedMs(link.lastPingedAt, at) >= config.pingEveryMs;
}

/** True when the last ping is about `pingRepeatMs` old, give or take `slackMs`, or anything was heard since. */
function mayRepeat({ unanswered, lastPingedAt, config }: Link, at: Instant, slackMs: number): boolean {
  return !unanswered || elapsedMs(lastPingedAt, at) + slackMs >= config.pingRepeatMs;
}

function takeAnswer(link: Link, probe: number, at: Instant): number | null {
  const place = link.probes.findIndex((sent) => sent.probe === probe);
  const sent = link.probes[place];
  if (sent === undefined) return null;
  link.probes.splice(place, 1);
  const rttMs = elapsedMs(sent.sentAt, at);
  link.roundTrip = smoothRtt(link.roundTrip, rttMs);
  return rttMs;
}
