/**
 * The construction budget: how many connections a page may still build. Pure: each function takes a
 * budget and answers with a number, a yes or no, or the next budget.
 */
import { after, elapsedMs, instant, type Instant } from '../base/time.ts';
import type { Choice } from './attempts.ts';
import type { BudgetConfig } from './config.ts';

export interface Budget {
  /** Tokens at `countedAt`; they have grown since. */
  readonly tokens: number;
  readonly countedAt: Instant;
  /** When each was constructed, those of the last minute at least; at most `constructedPerMinuteMax`. */
  readonly constructedAt: readonly Instant[];
  /** Constructed and not yet closed. */
  readonly open: number;
  /** When each was closed, those not presumed collected at least; with `open` at most `uncollectedMax`. */
  readonly closedAt: readonly Instant[];
  /** Constructed in this life of the tab. */
  readonly total: number;
}

/** `below-minimum`: the link is one of the few without which a tab is not safe; it needs no token. */
export type Need = 'below-minimum' | 'extra';

/** Tokens that what others ask leaves to our own attempts, or whoever asks all the time would have all of them. */
const OWN_TOKENS = 3;

const MINUTE_MS = 60_000;

export function fullBudget(config: BudgetConfig): Budget {
  return {
    tokens: config.tokensMax,
    countedAt: instant(0),
    constructedAt: [],
    open: 0,
    closedAt: [],
    total: 0,
  };
}

/** Tokens there are at `at`. */
export function tokensAt(budget: Budget, at: Instant, config: BudgetConfig): number {
  const grown = Math.max(0, elapsedMs(budget.countedAt, at)) / config.tokenMs;
  return Math.min(config.tokensMax, budget.tokens + grown);
}

/** Whether one more may be constructed; `promised` are those already asked for and not yet built. */
export function canConstruct(
  budget: Budget,
  wanted: { readonly need: Need; readonly promised: number; readonly by: Choice },
  at: Instant,
  config: BudgetConfig,
): boolean {
  const lastMinute = since(budget.constructedAt, at, MINUTE_MS).length;
  const uncollected = budget.open + since(budget.closedAt, at, config.collectedAfterMs).length;
  return (
    lastMinute + wanted.promised < config.constructedPerMinuteMax &&
    uncollected + wanted.promised < config.uncollectedMax &&
    (wanted.need === 'below-minimum' ||
      tokensAt(budget, at, config) >= wanted.promised + 1 + kept(wanted.by, config))
  );
}

function kept(by: Choice, { tokensMax }: BudgetConfig): number {
  return by === 'ours' ? 0 : Math.min(OWN_TOKENS, tokensMax - 1);
}

/** The budget after one construction. */
export function afterConstruction(budget: Budget, need: Need, at: Instant, config: BudgetConfig): Budget {
  return {
    tokens: tokensAt(budget, at, config) - (need === 'extra' ? 1 : 0),
    countedAt: at,
    constructedAt: [...since(budget.constructedAt, at, MINUTE_MS), at],
    open: budget.open + 1,
    closedAt: since(budget.closedAt, at, config.collectedAfterMs),
    total: budget.total + 1,
  };
}

/** The budget after one constructed connection was closed, by whichever end. */
export function afterClosing(budget: Budget, at: Instant, config: BudgetConfig): Budget {
  return {
    ...budget,
    open: budget.open - 1,
    closedAt: [...since(budget.closedAt, at, config.collectedAfterMs), at],
  };
}

function since(instants: readonly Instant[], at: Instant, ms: number): readonly Instant[] {
  return instants.filter((then) => after(then, ms) > at);
}
