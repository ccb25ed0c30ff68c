/**
 * How one neighbor is heard: when last, how fast it answers, how long its pauses are, and from which
 * silence on it is suspect.
 *
 * Two instants are kept apart. `heardAt` is true proof of life. `quietSince` is where our patience starts;
 * it moves without proof when this tab has slept.
 */
import { createBoundedMap, createRing } from '../base/collections.ts';
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

/** What patience depends on. */
export interface LinkFacts {
  /** The slower of the two ends' announced ticks. */
  readonly slowerTickMs: number;
  readonly rttvarMs: number;
  readonly gapMs: number;
}

/** The silence from which on a neighbor is suspect. */
export function suspectAfterMs(facts: LinkFacts, config: MembershipConfig): number {
  const hidden = facts.slowerTickMs >= config.hiddenTickMs;
  const patience = Math.max(
    hidden ? config.suspectAfterHiddenMsMin : config.suspectAfterMsMin,
    2 * facts.slowerTickMs + 4 * facts.rttvarMs,
    config.gapFactor * facts.gapMs,
  );
  return Math.min(patience, config.suspectAfterMsMax);
}

export interface Silence {
  readonly heardAt: () => Instant;
  readonly quietSince: () => Instant;
  readonly silentMs: (at: Instant) => number;
  readonly hearsWell: (at: Instant) => boolean;
  readonly suspectAfterMs: (ownTickMs: number) => number;
  /** Some frame came. */
  readonly heard: (at: Instant) => void;
  /** This tab has slept: what was not heard meanwhile proves nothing. */
  readonly restart: (at: Instant) => void;
  /** The neighbor told its tick. */
  readonly announced: (tickMs: number) => void;
  /** True when the neighbor would be quiet for too long at the next watch, a ping needs repeating, or the last is long ago. */
  readonly pingDue: (at: Instant, ownTickMs: number) => boolean;
  /** False while a ping is so fresh that its answer may still come. */
  readonly mayPing: (at: Instant) => boolean;
  readonly pinged: (probe: number, at: Instant) => void;
  /** The round trip of this probe; `null` if none such is outstanding. */
  readonly acked: (probe: number, at: Instant) => number | null;
  /** We accused it. */
  readonly accused: () => void;
  /** Others hear it, though we do not. */
  readonly vouched: (at: Instant) => void;
  /** False while the word of others still weighs more than our silence. */
  readonly mayAccuseAfresh: (at: Instant, patienceMs: number) => boolean;
}

export function createSilence(config: MembershipConfig, openedAt: Instant): Silence {
  const gaps = createRing<number>(config.gapsMax);
  const probes = createProbes(config, openedAt);
  const vouches = createVouches(config);
  let heardAt = openedAt;
  let quietSince = openedAt;
  let peerTickMs = config.watchMs;

  const heard = (at: Instant): void => {
    // A frame may be told of twice, as frame and as message; and a pause across a sleep is our own.
    const gap = elapsedMs(heardAt, at);
    if (gap > 0 && quietSince === heardAt) gaps.push(gap);
    heardAt = at;
    quietSince = at;
    probes.answered();
    vouches.clear();
  };
  const patienceMs = (ownTickMs: number): number => {
    const slowerTickMs = Math.max(ownTickMs, peerTickMs);
    const gapMs = percentile99(gaps.values());
    return suspectAfterMs({ slowerTickMs, rttvarMs: probes.roundTrip()?.rttvarMs ?? 0, gapMs }, config);
  };

  return {
    heardAt: () => heardAt,
    quietSince: () => quietSince,
    silentMs: (at) => elapsedMs(quietSince, at),
    hearsWell: (at) => {
      const answerMs = config.pingAfterMs + (probes.roundTrip()?.srttMs ?? 0);
      return elapsedMs(heardAt, at) <= Math.max(config.objectWithinMs, answerMs);
    },
    suspectAfterMs: patienceMs,
    heard,
    restart: (at) => {
      quietSince = at;
      probes.clear();
    },
    announced: (tickMs) => {
      peerTickMs = tickMs;
    },
    pingDue: (at, ownTickMs) => {
      // The watch goes on at its own pace also while a longer tick is announced: no ping comes early for that.
      const nextMs = Math.min(ownTickMs, config.watchMs);
      const quiet = elapsedMs(quietSince, at) + nextMs > config.pingAfterMs;
      return (quiet && probes.mayRepeat(at, nextMs / 2)) || probes.areStale(at);
    },
    mayPing: (at) => probes.mayRepeat(at, 0),
    pinged: probes.sent,
    acked: probes.acked,
    accused: vouches.accused,
    vouched: vouches.vouched,
    mayAccuseAfresh: vouches.areOver,
  };
}

interface Probes {
  readonly roundTrip: () => RoundTrip | null;
  readonly sent: (probe: number, at: Instant) => void;
  readonly acked: (probe: number, at: Instant) => number | null;
  /** True when the last ping is about `pingRepeatMs` old, give or take `slackMs`, or there was none. */
  readonly mayRepeat: (at: Instant, slackMs: number) => boolean;
  /** True when the last ping is `pingEveryMs` old, whatever was heard since. */
  readonly areStale: (at: Instant) => boolean;
  readonly answered: () => void;
  readonly clear: () => void;
}

/** The pings that are on their way, and what their answers tell about the link. */
function createProbes(config: MembershipConfig, openedAt: Instant): Probes {
  const sentAtByProbe = createBoundedMap<number, Instant>(config.probesMax);
  let roundTrip: RoundTrip | null = null;
  /** `null` once anything was heard since. */
  let pingedAt: Instant | null = null;
  let lastPingedAt = openedAt;
  return {
    roundTrip: () => roundTrip,
    sent: (probe, at) => {
      sentAtByProbe.set(probe, at);
      pingedAt = at;
      lastPingedAt = at;
    },
    acked: (probe, at) => {
      const sentAt = sentAtByProbe.get(probe);
      if (sentAt === undefined) return null;
      sentAtByProbe.delete(probe);
      const rttMs = elapsedMs(sentAt, at);
      roundTrip = smoothRtt(roundTrip, rttMs);
      return rttMs;
    },
    mayRepeat: (at, slackMs) => pingedAt === null || elapsedMs(pingedAt, at) + slackMs >= config.pingRepeatMs,
    areStale: (at) => elapsedMs(lastPingedAt, at) >= config.pingEveryMs,
    answered: () => {
      pingedAt = null;
    },
    clear: () => {
      sentAtByProbe.clear();
      pingedAt = null;
    },
  };
}

interface Vouches {
  readonly accused: () => void;
  readonly vouched: (at: Instant) => void;
  readonly areOver: (at: Instant, patienceMs: number) => boolean;
  readonly clear: () => void;
}

/**
 * What others said for a neighbor that we do not hear. Each accusation of ours that was answered doubles
 * our patience, so that a link that is dead one way does not shout for ever.
 */
function createVouches(config: MembershipConfig): Vouches {
  let vouchedAt: Instant | null = null;
  let answered = 0;
  let accusing = false;
  return {
    accused: () => {
      accusing = true;
    },
    vouched: (at) => {
      vouchedAt = at;
      if (accusing) answered = Math.min(answered + 1, config.vouchesMax);
      accusing = false;
    },
    areOver: (at, patienceMs) => vouchedAt === null || elapsedMs(vouchedAt, at) > patienceMs * 2 ** answered,
    clear: () => {
      vouchedAt = null;
      answered = 0;
      accusing = false;
    },
  };
}
