/** What became of each tab, and what the others were told of it: who died of what, and how long it took. Pure. */
import type { Tellings } from './page-side.ts';

/** By the wall clock; without an end it goes on. */
export interface Span {
  readonly from: number;
  readonly to: number | undefined;
}

export interface History {
  readonly tab: number;
  readonly id: string;
  readonly joinedAt: number;
  readonly readyAt: number;
  readonly crashedAt: number | undefined;
  readonly sleeps: readonly Span[];
  readonly told: Tellings;
}

/** How long something took, and whom it was about. `Infinity`: it never came. */
export interface Timing {
  readonly ms: number;
  readonly tab: number;
}

export interface Death {
  readonly of: number | undefined;
  readonly toldTo: number;
  readonly reason: string;
  readonly at: number;
}

/** `heldUp`: its page ran nothing for so long, by its own clock, that it was as good as asleep: the machine's doing. */
export type DeathKind = 'crashed' | 'slept' | 'heldUp' | 'false';

/** A verdict on one that wakes may be on its way while it is refuted. */
const GRACE_MS = 5_000;
/** Less than this, of silence, no member is suspected for. */
const HELD_UP_MS = 2_000;
/** Held back for longer on the way, which does not count, a message may be shown too late though all do what they should. */
const HOLDS_BACK_MS = 5_000;
/** Whoever wakes hands on at once what it held back. */
const HANDS_ON_MS = 2_000;

/** Every telling of a death, by what was behind it. Nobody says goodbye in a soak, so each departure is a death. */
export function sortDeaths(histories: readonly History[]): Readonly<Record<DeathKind, readonly Death[]>> {
  const historyById = new Map(histories.map((history) => [history.id, history]));
  const deaths: Record<DeathKind, Death[]> = { crashed: [], slept: [], heldUp: [], false: [] };
  for (const observer of histories) {
    for (const { id, reason, at } of observer.told.left) {
      const subject = historyById.get(id);
      const death: Death = { of: subject?.tab, toldTo: observer.tab, reason, at };
      deaths[subject && reason === 'failed' ? kindOf(subject, observer, at) : 'false'].push(death);
    }
  }
  return deaths;
}

function kindOf(subject: History, observer: History, at: number): DeathKind {
  if (subject.crashedAt !== undefined && at >= subject.crashedAt) return 'crashed';
  const since = lastWellAt(observer, at) - GRACE_MS;
  if (subject.sleeps.some((span) => overlaps(span, since, at))) return 'slept';
  return heldUpOf(subject).some((span) => overlaps(span, since, at)) ? 'heldUp' : 'false';
}

/** Who wakes, or goes on, hears what was decided meanwhile, if only to hear next that it is so no more. */
function lastWellAt(observer: History, at: number): number {
  const away = awayOf(observer);
  let since = at;
  for (;;) {
    const earlier = away.filter((span) => span.from < since && overlaps(span, since - GRACE_MS, since));
    if (earlier.length === 0) return since;
    since = Math.min(...earlier.map(({ from }) => from));
  }
}

/**
 * Messages that were shown when they were too old, though neither end slept or was held up since they were said: a page
 * may hand on late what had reached it, or what it was about to send. So may any other on the way. That the machine held
 * one up for long excuses what was on its way then; but somebody sleeps nearly all the time, so that a third one slept
 * is an excuse only right after it woke.
 */
export function findStaleMessages(histories: readonly History[]): readonly string[] {
  const staleOf = ({ told }: History): readonly Stale[] =>
    told.staleMessages
      .filter(({ saidAt, at }) => !histories.some((relay) => heldBack(relay, saidAt, at)))
      .map(({ id, saidAt, at }) => {
        const words = `a message that was ${((at - saidAt) / 1_000).toFixed(1)} s old`;
        return { id, from: saidAt, to: at, words };
      });
  return findStale(histories, staleOf, awayOf);
}

function heldBack(relay: History, saidAt: number, shownAt: number): boolean {
  const isLong = ({ from, to = Infinity }: Span): boolean => to - from > HOLDS_BACK_MS;
  const isOver = ({ to = Infinity }: Span): boolean => to >= shownAt - HANDS_ON_MS && to <= shownAt;
  // A sleep shows as a stall, too.
  const isAsleep = (span: Span): boolean =>
    relay.sleeps.some(({ from, to = Infinity }) => overlaps(span, from, to));
  const excuses = [...heldUpOf(relay).filter((span) => !isAsleep(span)), ...relay.sleeps.filter(isOver)];
  return excuses.some((span) => isLong(span) && overlaps(span, saidAt, shownAt));
}

/**
 * Presence that went back, though its member and who saw it were well: of one that ends or stands still while it moves,
 * what nobody confirms any more gives way to what was.
 */
export function findStalePresence(histories: readonly History[]): readonly string[] {
  const staleOf = ({ told }: History): readonly Stale[] =>
    told.stalePresence.map(({ id, from, to, at }) => {
      return { id, from: at - GRACE_MS, to: at, words: `presence ${to} after ${from}` };
    });
  return findStale(histories, staleOf, (history) => {
    const { crashedAt } = history;
    return [...awayOf(history), ...(crashedAt === undefined ? [] : [{ from: crashedAt, to: undefined }])];
  });
}

/** What nobody should have been shown, unless either of the two was away in this time. */
interface Stale {
  readonly id: string;
  readonly from: number;
  readonly to: number;
  readonly words: string;
}

function findStale(
  histories: readonly History[],
  staleOf: (observer: History) => readonly Stale[],
  excusesOf: (history: History) => readonly Span[],
): readonly string[] {
  const historyById = new Map(histories.map((history) => [history.id, history]));
  return histories.flatMap((observer) =>
    staleOf(observer).flatMap(({ id, from, to, words }) => {
      const subject = historyById.get(id);
      const excuses = [...excusesOf(observer), ...(subject ? excusesOf(subject) : [])];
      const isExcused = excuses.some((span) => overlaps(span, from, to));
      return isExcused ? [] : [`tab ${observer.tab} was shown ${words} of tab ${subject?.tab ?? '?'}`];
    }),
  );
}

/** How long the machine let it run nothing, each time: not by sleep. */
export const stallsOf = ({ sleeps, told }: History): readonly number[] =>
  told.stalls.filter(({ ms, at }) => !sleeps.some((span) => overlaps(span, at - ms, at))).map(({ ms }) => ms);

const heldUpOf = ({ told }: History): readonly Span[] =>
  told.stalls.filter(({ ms }) => ms >= HELD_UP_MS).map(({ ms, at }) => ({ from: at - ms, to: at }));

const awayOf = (history: History): readonly Span[] => [...history.sleeps, ...heldUpOf(history)];

const overlaps = ({ from, to = Infinity }: Span, since: number, until: number): boolean =>
  from <= until && to >= since;

/** Neither slept nor was held up: it misses nothing. */
export const isSteadyTab = (history: History): boolean =>
  history.sleeps.length === 0 && heldUpOf(history).length === 0;

/** From each sleep's beginning to the first suspicion that anybody was told of; of sleeps that last as long as `atLeastMs`. */
export function suspectedAfterMs(histories: readonly History[], atLeastMs: number): readonly Timing[] {
  return histories.flatMap((subject) =>
    subject.sleeps
      .filter(({ from, to = Infinity }) => to - from >= atLeastMs)
      .map(({ from, to = Infinity }) => {
        const tellings = histories
          .filter((observer) => observer !== subject)
          .flatMap(({ told }) => [...told.suspected, ...told.left])
          .filter(({ id, at }) => id === subject.id && at >= from && at <= to);
        return { tab: subject.tab, ms: Math.min(...tellings.map(({ at }) => at)) - from };
      }),
  );
}

/** From each crash to the last of the witnesses that was told of it. */
export function goneAfterMs(histories: readonly History[], witnesses: readonly number[]): readonly Timing[] {
  return histories.flatMap(({ tab, id, crashedAt, sleeps }) => {
    // Where it is thought dead already, nothing is told again.
    const isKnown =
      crashedAt === undefined || sleeps.some((span) => overlaps(span, crashedAt - GRACE_MS, crashedAt));
    if (isKnown) return [];
    const goneAt = seenBy(histories, witnesses).map(
      ({ told }) => told.left.find((telling) => telling.id === id && telling.at >= crashedAt)?.at ?? Infinity,
    );
    return [{ tab, ms: Math.max(...goneAt) - crashedAt }];
  });
}

/** From joining to the last of the witnesses that listed it; of those that came once all witnesses were there. */
export function listedAfterMs(
  histories: readonly History[],
  witnesses: readonly number[],
): readonly Timing[] {
  const observers = seenBy(histories, witnesses);
  const allThereAt = Math.max(...observers.map(({ readyAt }) => readyAt));
  return histories
    .filter(({ joinedAt }) => joinedAt > allThereAt)
    .map(({ tab, id, joinedAt }) => {
      const listedAt = observers.map(
        ({ told }) => told.joined.find((telling) => telling.id === id)?.at ?? Infinity,
      );
      return { tab, ms: Math.max(...listedAt) - joinedAt };
    });
}

const seenBy = (histories: readonly History[], witnesses: readonly number[]): readonly History[] =>
  histories.filter(({ tab }) => witnesses.includes(tab));
