import { describe, expect, it } from 'vitest';
import { instant } from '#shared/base/time.ts';
import {
  afterClosing,
  afterConstruction,
  canConstruct,
  fullBudget,
  tokensAt,
  type Budget,
  type Need,
} from '#shared/overlay/budget.ts';
import { defaultOverlayConfig } from '#shared/overlay/config.ts';

const config = defaultOverlayConfig.budget;

function construct(count: number, need: Need, atMs: number, from: Budget = fullBudget(config)): Budget {
  let budget = from;
  for (let at = 0; at < count; at++) budget = afterConstruction(budget, need, instant(atMs), config);
  return budget;
}

function close(count: number, atMs: number, from: Budget): Budget {
  let budget = from;
  for (let at = 0; at < count; at++) budget = afterClosing(budget, instant(atMs), config);
  return budget;
}

const may = (budget: Budget, need: Need, atMs: number, promised: number = 0): boolean =>
  canConstruct(budget, { need, promised, by: 'ours' }, instant(atMs), config);

describe('tokens', () => {
  it.each([
    { spent: 0, atMs: 0, tokens: 12 },
    { spent: 12, atMs: 0, tokens: 0 },
    { spent: 12, atMs: 4_000, tokens: 1 },
    { spent: 12, atMs: 10_000, tokens: 2.5 },
    { spent: 12, atMs: 1_000_000, tokens: 12 },
  ])('$spent spent at the start leave $tokens at $atMs ms', ({ spent, atMs, tokens }) => {
    expect(tokensAt(construct(spent, 'extra', 0), instant(atMs), config)).toBe(tokens);
  });

  it('are not needed below the minimum, and not taken there', () => {
    const budget = construct(50, 'below-minimum', 0);
    expect(tokensAt(budget, instant(0), config)).toBe(12);
    expect(may(construct(12, 'extra', 0), 'below-minimum', 0)).toBe(true);
    expect(may(construct(12, 'extra', 0), 'extra', 3_999)).toBe(false);
    expect(may(construct(12, 'extra', 0), 'extra', 4_000)).toBe(true);
  });

  it('are left to our own attempts: the last three are not for what others ask', () => {
    const asks = (budget: Budget, by: 'ours' | 'theirs'): boolean =>
      canConstruct(budget, { need: 'extra', promised: 0, by }, instant(0), config);
    expect(asks(construct(8, 'extra', 0), 'theirs')).toBe(true);
    expect(asks(construct(9, 'extra', 0), 'theirs')).toBe(false);
    expect(asks(construct(11, 'extra', 0), 'ours')).toBe(true);
  });

  it('that are promised to requests under way cannot be promised again', () => {
    const budget = construct(10, 'extra', 0);
    expect(may(budget, 'extra', 0, 1)).toBe(true);
    expect(may(budget, 'extra', 0, 2)).toBe(false);
  });
});

describe('the hard limits', () => {
  it('allow a hundred a minute, whatever the need', () => {
    const budget = construct(100, 'below-minimum', 1_000);
    expect(may(budget, 'below-minimum', 60_999)).toBe(false);
    expect(may(budget, 'below-minimum', 61_000)).toBe(true);
  });

  it('allow 250 not yet presumed collected, closed ones counting for half a minute', () => {
    let budget = construct(100, 'below-minimum', 0);
    budget = construct(100, 'below-minimum', 61_000, budget);
    budget = construct(50, 'below-minimum', 122_000, budget);
    expect(may(budget, 'below-minimum', 200_000)).toBe(false);
    budget = close(1, 200_000, budget);
    expect(may(budget, 'below-minimum', 229_999)).toBe(false);
    expect(may(budget, 'below-minimum', 230_000)).toBe(true);
    expect(budget.total).toBe(250);
  });

  it('keep both lists bounded', () => {
    let budget = fullBudget(config);
    for (let atMs = 0; atMs < 600_000; atMs += 1_000) {
      budget = close(1, atMs, construct(1, 'below-minimum', atMs, budget));
    }
    expect(budget.constructedAt.length).toBeLessThanOrEqual(60);
    expect(budget.closedAt.length).toBeLessThanOrEqual(30);
    expect(budget.open).toBe(0);
  });
});
