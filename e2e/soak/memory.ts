/** Whether tabs that stayed all the while hold more at the end than in the middle. Pure. */
import type { HeapUse } from '../kit/raw-chromium.ts';

/** When it is measured, by the share of the soak that has passed. */
export const MEASURED: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1];
/** When it is compared: both times under the same load. */
const MIDDLE: readonly number[] = [0.4, 0.45, 0.5];
const END: readonly number[] = [0.9, 0.95, 1];

/**
 * What a heap may have grown by from the middle to the end. The room itself does not grow, but what a tab remembers
 * of those that were there does, up to limits that ten minutes do not reach (4,096 departed): some 2 kB for each of
 * sixty newcomers. The rest is what one and the same heap differs by from one moment to another, with what is on its
 * way. A leak of each message's bytes, or of each connection, would be several times as much.
 */
const GROWTH_BYTES_MAX = 1_000_000;

/**
 * Connections that are not closed: ten links, sixteen parked ones, three attempts. These are limits of the library; a
 * connection that nobody closes does not go away.
 */
const CONNECTIONS_MAX = 10 + 16 + 3;

export interface Sample extends HeapUse {
  readonly tab: number;
  /** Of the soak that had passed. */
  readonly share: number;
}

export interface Growth {
  readonly tab: number;
  readonly middleBytes: number;
  readonly endBytes: number;
  readonly connections: number;
}

/** Of several moments the least counts: what is on its way is not held. Tabs that slept at all of one time are left out. */
export function growthOf(samples: readonly Sample[]): readonly Growth[] {
  return [...new Set(samples.map(({ tab }) => tab))].flatMap((tab) => {
    const own = samples.filter((sample) => sample.tab === tab);
    const middle = own.filter(({ share }) => MIDDLE.includes(share));
    const end = own.filter(({ share }) => END.includes(share));
    if (middle.length === 0 || end.length === 0) return [];
    return [
      {
        tab,
        middleBytes: Math.min(...middle.map(({ usedBytes }) => usedBytes)),
        endBytes: Math.min(...end.map(({ usedBytes }) => usedBytes)),
        connections: Math.max(...own.map(({ connections }) => connections)),
      },
    ];
  });
}

/**
 * A heap grows for its first minutes, as code is compiled and as the memories of what was heard fill (30 s of messages,
 * two minutes of signatures): before this the middle of a soak is no measure.
 */
const WARM_AFTER_MS = 180_000;

export const isWarm = (soakMs: number): boolean => soakMs * MIDDLE[0]! >= WARM_AFTER_MS;

export function findGrowth(growths: readonly Growth[]): readonly string[] {
  if (growths.length === 0) return ['nothing was measured'];
  return growths.flatMap(({ tab, middleBytes, endBytes, connections }) => [
    ...(endBytes - middleBytes > GROWTH_BYTES_MAX
      ? [`the heap of tab ${tab} grew from ${megabytes(middleBytes)} to ${megabytes(endBytes)}`]
      : []),
    ...(connections > CONNECTIONS_MAX ? [`tab ${tab} held ${connections} connections`] : []),
  ]);
}

/** How it went, for people. */
export const textOfSamples = (samples: readonly Sample[]): string =>
  [...new Set(samples.map(({ tab }) => tab))]
    .toSorted((a, b) => a - b)
    .map((tab) => {
      const own = samples.filter((sample) => sample.tab === tab);
      const line = own.map(
        ({ share, usedBytes }) => `${(usedBytes / 1_000_000).toFixed(1)} (${share * 100} %)`,
      );
      return `heap of tab ${tab} in MB: ${line.join(', ')}`;
    })
    .join('\n');

export const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(2)} MB`;
