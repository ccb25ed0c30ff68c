/** Three notions of time, never mixed: an instant, a wall time, and a plain duration in milliseconds. */

/** Monotonic milliseconds of this tab. Every timeout reads it. */
export type Instant = number & { readonly brand: 'Instant' };

/** Calendar milliseconds since 1970. May jump; only the hybrid clock, clock comparison, the notice of a sleep and the greeters' hour read it. */
export type WallMillis = number & { readonly brand: 'WallMillis' };

/** What every `handle` is told about time. */
export interface Now {
  readonly instant: Instant;
  readonly wall: WallMillis;
}

export const instant = (ms: number): Instant => ms as Instant;
export const wallMillis = (ms: number): WallMillis => ms as WallMillis;
export const now = (instantMs: number, wallMs: number = instantMs): Now => ({
  instant: instant(instantMs),
  wall: wallMillis(wallMs),
});

/** The instant `ms` after `at`. */
export const after = (at: Instant, ms: number): Instant => (at + ms) as Instant;

/** Milliseconds from `from` to `to`; negative when `to` is earlier. */
export const elapsedMs = (from: Instant, to: Instant): number => to - from;
