/** What a run comes to: which of the things that must hold do, and the figures with their goals. Pure. */
import {
  compareRosters,
  compareState,
  findLostMessages,
  findLostWrites,
  findDisorder,
  findSilentLosses,
} from './compare.ts';
import {
  findStaleMessages,
  findStalePresence,
  goneAfterMs,
  listedAfterMs,
  sortDeaths,
  stallsOf,
  suspectedAfterMs,
  type Death,
} from './history.ts';
import { findGrowth, growthOf, isWarm, megabytes, textOfSamples } from './memory.ts';
import type { Plan, PlanOptions } from './plan.ts';
import type { Check, Figure } from './report.ts';
import type { Outcome } from './run.ts';

const LINKS_MAX = 10;
/** Of the keys that all write; besides these there is one for each tab, and the mark. */
const SHARED_KEYS = 16;
/** A sleep shorter than this may end before anybody doubts. */
const DOUBTED_MS = 6_000;

/** Everything here is asserted. */
export function checksOf(outcome: Outcome, { tabs, minutes }: PlanOptions): readonly Check[] {
  const { seen, histories, most, samples, troubles } = outcome;
  const deaths = sortDeaths(histories);
  const keysMax = tabs + SHARED_KEYS + 1;
  const growths = growthOf(samples);
  const sizes = growths.map(
    ({ tab, middleBytes, endBytes }) => `tab ${tab}: ${megabytes(middleBytes)}, then ${megabytes(endBytes)}`,
  );
  return [
    { name: 'every newcomer got in, every step was done', problems: troubles },
    { name: 'all list the same members', problems: compareRosters(seen), seen: `${seen.length} tabs` },
    { name: 'all hold the same state', problems: compareState(seen) },
    { name: 'no write of those present is lost', problems: findLostWrites(seen) },
    {
      name: 'no message is lost between those present all the while',
      problems: findLostMessages(seen, histories),
    },
    { name: 'none comes twice, or after a later one', problems: findDisorder(seen, histories) },
    { name: 'whoever missed one was told', problems: findSilentLosses(seen, histories) },
    {
      name: 'nobody was shown an old message',
      problems: findStaleMessages(histories),
      seen: `${countAll(histories, 'staleMessages')} in all, those to and of tabs that slept or stood still among them`,
    },
    {
      name: 'no presence went back',
      problems: findStalePresence(histories),
      seen: `${countAll(histories, 'stalePresence')} times in all, those to and of tabs that ended, slept or stood still among them`,
    },
    {
      name: 'nobody alive was taken for dead',
      problems: deaths.false.map(describeDeath(histories)),
      seen: `${deaths.crashed.length} deaths told of those that crashed, ${deaths.slept.length} of those that slept`,
    },
    {
      name: `at most ${LINKS_MAX} links a tab`,
      problems: atMost(most.links, LINKS_MAX),
      seen: `${most.links} at most`,
    },
    {
      name: 'what a tab holds of the state is within the keys there are',
      problems: [...atMost(most.entries, keysMax), ...atMost(most.forgotten, keysMax)],
      seen: `${most.entries} entries, ${most.forgotten} tombstones and stubs of ${keysMax} keys`,
    },
    isWarm(minutes * 60_000)
      ? { name: 'no growth of memory', problems: findGrowth(growths), seen: sizes.join('; ') }
      : { name: 'growth of memory is not judged', problems: [], seen: 'too short a soak' },
  ];
}

const countAll = (histories: Outcome['histories'], what: 'staleMessages' | 'stalePresence'): number =>
  histories.reduce((sum, { told }) => sum + told[what].length, 0);

const atMost = (number: number, max: number): readonly string[] =>
  number > max ? [`it was ${number}, of ${max}`] : [];

const describeDeath =
  (histories: Outcome['histories']) =>
  ({ of, toldTo, reason, at }: Death): string => {
    const startedAt = Math.min(...histories.map(({ joinedAt }) => joinedAt));
    return `tab ${of ?? '?'}, told to tab ${toldTo} as ${reason}, ${((at - startedAt) / 1_000).toFixed(1)} s after the first tab joined`;
  };

export function figuresOf(outcome: Outcome, { witnesses }: Plan): readonly Figure[] {
  const { histories, caughtUp, listed } = outcome;
  return [
    {
      name: 'a frozen tab is suspected',
      timings: suspectedAfterMs(histories, DOUBTED_MS),
      goalMs: 3_500,
    },
    { name: 'a thawed tab has caught up', timings: caughtUp, goalMs: 2_000 },
    { name: 'and the others list it as alive', timings: listed },
    {
      name: 'wake to converged',
      timings: caughtUp.map(({ tab, ms }, at) => ({ tab, ms: Math.max(ms, listed[at]?.ms ?? Infinity) })),
    },
    {
      name: 'a crashed tab is gone from the lists',
      timings: goneAfterMs(histories, witnesses),
      goalMs: 4_500,
    },
    {
      name: 'a newcomer has what the room has',
      timings: histories.map(({ tab, joinedAt, readyAt }) => ({ tab, ms: readyAt - joinedAt })),
    },
    { name: 'and the others list it', timings: listedAfterMs(histories, witnesses) },
  ];
}

/** What is no matter of pass or fail. */
export function notesOf({ seen, histories, samples, calmMs, constructedPerTabHour }: Outcome): string {
  const deaths = sortDeaths(histories);
  const stalls = histories.flatMap(stallsOf);
  const tabById = new Map(histories.map(({ id, tab }) => [id, tab]));
  const misbehaved = countBy(
    histories.flatMap(({ tab, told }) =>
      told.misbehaved.map(({ id, reason }) => `${reason} (tab ${tabById.get(id)} to tab ${tab})`),
    ),
  );
  const errors = countBy(
    histories.flatMap(({ tab, told }) => told.errors.map((error) => `${error} (tab ${tab})`)),
  );
  const refused = new Map<string, number>();
  for (const { look } of seen)
    for (const [reason, times] of Object.entries(look.refused))
      refused.set(reason, (refused.get(reason) ?? 0) + times);
  const heard = seen.flatMap(({ look }) => Object.values(look.heard));
  const total = (numbers: readonly number[]): number => numbers.reduce((sum, number) => sum + number, 0);
  return [
    `in the end all agreed after ${(calmMs / 1_000).toFixed(2)} s`,
    `connections constructed per tab-hour: ${constructedPerTabHour.toFixed(0)}`,
    `deaths told of tabs that the machine held up: ${deaths.heldUp.length}`,
    `times that the machine let a page run nothing for over a second: ${stalls.length}, ${textOfStalls(stalls)}`,
    `messages that tabs in the room at the end were told to have missed: ${total(heard.map(({ told }) => told))}`,
    `and of sleepers, at the sleep, without a word: ${total(heard.map(({ missed, told }) => Math.max(0, missed - told)))}`,
    `told as misbehaving: ${textOfCounts(misbehaved)}`,
    `errors told: ${textOfCounts(errors)}`,
    `refused by those present: ${textOfCounts(refused)}`,
    textOfSamples(samples),
  ].join('\n');
}

const textOfStalls = (stalls: readonly number[]): string =>
  `${stalls.filter((ms) => ms > 3_000).length} of them for over three`;

function countBy(words: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return counts;
}

const textOfCounts = (counts: ReadonlyMap<string, number>): string =>
  counts.size === 0 ? 'none' : [...counts].map(([word, times]) => `${word} ${times}`).join(', ');
