/** What the letters of one link may cost, and what is told of those that cannot be opened. */
import { createBoundedMap } from '#shared/base/collections.ts';
import type { PeerId } from '#shared/base/ids.ts';
import { elapsedMs, type Instant } from '#shared/base/time.ts';
import { createTokenBucket, type TokenBucket, type TokenBucketConfig } from '#shared/base/token-bucket.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import type { Letter } from '../identity/letters.ts';

export interface LetterLimits {
  /** Letters that a neighbor may have us open, its own and those it carries. More lets it keep a core busy; less delays honest ones. */
  readonly letters: TokenBucketConfig;
  /** Letters in one name by one way that cannot be opened, after which no more of these are tried. An honest member writes none. */
  readonly badLetters: TokenBucketConfig;
  /** Names and ways whose bad letters are counted. More holds more memory; less lets who takes many names begin again sooner. */
  readonly originsMax: number;
}

type LetterRefusal = 'not-opened' | 'letter-quota';

export interface LetterOfficeHandlers {
  /** Refused without a word of whose fault it is. */
  readonly count: (problem: LetterRefusal) => void;
  /** Refused, a frame of so many bytes, and the neighbor is told of. */
  readonly refuse: (problem: LetterRefusal, bytes: number) => void;
}

/** How often a neighbor is told of whose letters cannot be opened. */
const TELLING_MS: number = 1_000;

export interface LetterOffice {
  readonly open: (letter: Letter) => Promise<LinkMessage | LetterRefusal>;
  /** Counts it. Told is, now and then, the neighbor that wrote one itself. */
  readonly refuse: (problem: LetterRefusal, bytes: number, origin: PeerId | undefined) => void;
}

export function createLetterOffice(
  {
    peer,
    limits,
    now,
  }: { readonly peer: PeerId; readonly limits: LetterLimits; readonly now: () => Instant },
  handlers: LetterOfficeHandlers,
): LetterOffice {
  const budget = createTokenBucket(limits.letters, now());
  /** By name and by who brought it to the neighbor: bad ones in the name of another cost none that come another way. */
  const badByWay = createBoundedMap<string, TokenBucket>(limits.originsMax);
  let toldAt: Instant | undefined;

  return {
    open: async ({ origin, before, open }) => {
      const way = `${origin} ${before}`;
      const bad = badByWay.get(way);
      if (bad && !bad.take(0, now(), 1)) return 'not-opened';
      if (!budget.take(1, now())) return 'letter-quota';
      const opened = await open();
      // Nobody has made that up.
      if (opened === 'late') return 'not-opened';
      if (opened) return opened;
      const charged = badByWay.get(way) ?? createTokenBucket(limits.badLetters, now());
      charged.take(1, now());
      badByWay.set(way, charged);
      return 'not-opened';
    },
    refuse: (problem, bytes, origin) => {
      const isDue = toldAt === undefined || elapsedMs(toldAt, now()) >= TELLING_MS;
      if (origin !== peer || !isDue) return handlers.count(problem);
      toldAt = now();
      handlers.refuse(problem, bytes);
    },
  };
}
