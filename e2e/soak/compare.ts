/** What all tabs hold when it is over, beside what they should. Pure: each answer is a list of sentences, empty where all is well. */
import { isSteadyTab, type History } from './history.ts';
import type { Heard, Look } from './page-side.ts';

export interface Seen {
  readonly tab: number;
  readonly slot: number;
  readonly look: Look;
}

/** Every tab lists exactly those that are there. */
export function compareRosters(seen: readonly Seen[]): readonly string[] {
  const there = seen.map(({ look }) => look.id);
  const tabById = new Map(seen.map(({ tab, look }) => [look.id, tab]));
  return seen.flatMap(({ tab, look }) => {
    const missing = there.filter((id) => !look.roster.includes(id)).map((id) => `tab ${tabById.get(id)}`);
    const extra = look.roster.filter((id) => !tabById.has(id)).map((id) => id.slice(0, 8));
    return [
      ...(missing.length > 0 ? [`tab ${tab} does not list ${missing.join(', ')}`] : []),
      ...(extra.length > 0 ? [`tab ${tab} lists ${extra.join(', ')}, which are gone`] : []),
    ];
  });
}

/** Every tab holds the same entries, tombstones aside: those may be collected at one and not yet at another. */
export function compareState(seen: readonly Seen[]): readonly string[] {
  const [first, ...others] = seen;
  if (!first) return [];
  return others.flatMap(({ tab, look }) => {
    const keys = new Set([...Object.keys(first.look.entries), ...Object.keys(look.entries)]);
    const unlike = [...keys].filter((key) => textOf(first.look.entries[key]) !== textOf(look.entries[key]));
    return unlike.length > 0
      ? [`tab ${tab} and tab ${first.tab} hold different things under ${unlike.join(', ')}`]
      : [];
  });
}

/** What a tab wrote last under its own key is there, in its own eyes and everybody's. */
export function findLostWrites(seen: readonly Seen[]): readonly string[] {
  return seen
    .filter(({ look }) => look.wrote > 0)
    .flatMap(({ tab, slot, look }) => {
      const wanted = textOf({ tab, n: look.wrote });
      const without = seen.filter((other) => textOf(other.look.entries[`own ${slot}`]) !== wanted);
      return without.length > 0
        ? [`write ${look.wrote} of tab ${tab} is not in ${without.map((other) => other.tab).join(', ')}`]
        : [];
    });
}

/**
 * Messages between tabs that were there all the while, each since the later of the two came: every one once. Between
 * others (those that slept) some may be missed.
 */
export function findLostMessages(seen: readonly Seen[], histories: readonly History[]): readonly string[] {
  const historyByTab = new Map(histories.map((history) => [history.tab, history]));
  const steady = seen.flatMap((one) => {
    const history = historyByTab.get(one.tab);
    return history && isSteadyTab(history) ? [{ ...one, history }] : [];
  });
  return steady.flatMap((to) =>
    steady
      .filter((from) => from !== to)
      .flatMap((from) => {
        const { first, last, missed } = to.look.heard[from.look.id] ?? { first: 0, last: 0, missed: 0 };
        const isNew = from.history.joinedAt > to.history.readyAt;
        const lost = missed + (from.look.sent - last) + (isNew && first > 0 ? first - 1 : 0);
        return lost > 0 ? [`tab ${to.tab} misses ${lost} of tab ${from.tab}`] : [];
      }),
  );
}

/** No message comes twice, and none after a later one, whoever slept. */
export function findDisorder(seen: readonly Seen[], histories: readonly History[]): readonly string[] {
  return [
    ...findOdd(seen, histories, { count: ({ repeated }) => repeated, words: 'came again' }),
    ...findOdd(seen, histories, { count: ({ late }) => late, words: 'came late' }),
  ];
}

/** Of what was missed in between of a steady tab, whoever missed it was told, be it that it slept itself. */
export function findSilentLosses(seen: readonly Seen[], histories: readonly History[]): readonly string[] {
  return findOdd(seen, histories.filter(isSteadyTab), {
    count: ({ missed, told }) => missed - told,
    words: 'are missing without a word',
  });
}

/** By what was heard of these senders. */
function findOdd(
  seen: readonly Seen[],
  histories: readonly History[],
  { count, words }: { readonly count: (heard: Heard) => number; readonly words: string },
): readonly string[] {
  const tabById = new Map(histories.map(({ id, tab }) => [id, tab]));
  return seen.flatMap(({ tab, look }) =>
    Object.entries(look.heard)
      .filter(([id, heard]) => tabById.has(id) && count(heard) > 0)
      .map(
        ([id, heard]) =>
          `at tab ${tab} ${count(heard)} messages of tab ${tabById.get(id)} ${words}: ${heard.oddities.join('; ')}`,
      ),
  );
}

const textOf = (value: unknown): string => JSON.stringify(value) ?? 'nothing';
