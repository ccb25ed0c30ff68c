/** How much may be asked of somebody: a burst, then a steady rate. */
import { elapsedMs, type Instant } from './time.ts';

export interface TokenBucketConfig {
  /** Tokens at the start, and the most it ever holds. */
  readonly burst: number;
  readonly perSecond: number;
}

export interface TokenBucket {
  /** Takes `cost` tokens if at least `kept` stay, and says true, or takes none and says false. */
  readonly take: (cost: number, at: Instant, kept?: number) => boolean;
}

/** What is held after so long without taking. */
export function filled(tokens: number, { burst, perSecond }: TokenBucketConfig, passedMs: number): number {
  return Math.min(burst, tokens + (passedMs * perSecond) / 1_000);
}

export function createTokenBucket(config: TokenBucketConfig, at: Instant): TokenBucket {
  let tokens = config.burst;
  let filledAt = at;

  // One closure, not two: a large room has thousands of buckets.
  return {
    take: (cost, now, kept = 0) => {
      const passedMs = elapsedMs(filledAt, now);
      // An earlier instant than the last adds nothing and takes nothing.
      if (passedMs > 0) {
        tokens = filled(tokens, config, passedMs);
        filledAt = now;
      }
      if (cost + kept > tokens) return false;
      tokens -= cost;
      return true;
    },
  };
}
