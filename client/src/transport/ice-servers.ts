/**
 * The STUN and TURN servers that connections are given: named once, or asked of the application, whose TURN server may
 * give out credentials that expire.
 */
import { unlessAborted } from '../abort.ts';
import { MeshError } from '../errors.ts';
import type { RtcOptions } from '../link-types.ts';

/** What an application may take for its answer; a join waits for the first one no longer. As a member that is asked for a link. */
export const ICE_ANSWER_MS: number = 5_000;
/** How long an answer counts that does not say so. Guess: credentials are mostly given for an hour or a day. */
export const ICE_LIFE_MS: number = 1_800_000;
/** An answer counts no longer, for timers take no more than 24 days. */
const ICE_LIFE_MS_MAX = 86_400_000;
/** The share of its life after which an answer is renewed: what is left suffices for many retries. */
const RENEWED_AFTER = 0.75;
/** Nobody is asked more often than this, however short the lives of its answers. */
export const ICE_PAUSE_MS_MIN: number = 5_000;
/** The longest pause after failures; each doubles it. */
export const ICE_PAUSE_MS_MAX: number = 300_000;
/** Servers in one answer. Browsers warn at five. */
const ICE_SERVERS_MAX = 16;

/** Why there is no answer to be used: there was none in time; it threw or rejected; it is no list of servers. */
export type IceTrouble = 'timeout' | 'failed' | 'refused';

export type OnIceTrouble = (trouble: IceTrouble, error: MeshError | undefined) => void;

export interface IceServersFace {
  /** For the next connection: with the servers of the last good answer, or none. */
  readonly config: () => RTCConfiguration;
  /** Asks from now on, until `signal` aborts; resolves when the first answer is here, or will not be. */
  readonly begin: () => Promise<void>;
  /** Takes who is to be told of troubles: each time, and with an error at the first of a spell of them. */
  readonly watch: (onTrouble: OnIceTrouble) => void;
}

/** What is needed of the world. */
export interface IceWorld {
  /** Milliseconds that go on while a machine sleeps: credentials grow old meanwhile. */
  readonly wall: () => number;
  /** Returns a way to give it up. */
  readonly later: (run: () => void, ms: number) => () => void;
  /** What the browser says against servers, if anything. */
  readonly faultOf: (rtc: RTCConfiguration) => string | undefined;
  /** The mesh closes. */
  readonly signal: AbortSignal;
}

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is the last answer and the next question.
export function createIceServers(rtc: RtcOptions = {}, world: IceWorld): IceServersFace {
  const { iceServers: given, ...rest } = rtc;
  const source = typeof given === 'function' ? given : undefined;
  /** One question at a time. */
  let asking: Promise<void> | undefined;
  let config: RTCConfiguration =
    typeof given === 'function' || given === undefined ? rest : { ...rest, iceServers: given };
  let failures = 0;
  let dueAt = Infinity;
  let cancel: (() => void) | undefined;
  let onTrouble: OnIceTrouble | undefined;

  return {
    config: () => {
      // The machine may have slept through the timer.
      if (world.wall() >= dueAt) void renew();
      return config;
    },
    begin: async () => {
      world.signal.addEventListener('abort', () => cancel?.());
      if (source) await renew();
    },
    watch: (run) => {
      onTrouble = run;
    },
  };

  function renew(): Promise<void> {
    if (world.signal.aborted) return Promise.resolve();
    return (asking ??= ask().finally(() => {
      asking = undefined;
    }));
  }

  async function ask(): Promise<void> {
    let trouble: IceTrouble = 'failed';
    const patience = new AbortController();
    const stop = (): void => patience.abort();
    world.signal.addEventListener('abort', stop);
    const cancelTimeout = world.later(() => {
      trouble = 'timeout';
      patience.abort(new Error('There was no answer in time.'));
    }, ICE_ANSWER_MS);
    try {
      const { signal } = patience;
      const answer = await unlessAborted(call(signal), signal);
      trouble = 'refused';
      plan(take(answer) * RENEWED_AFTER);
      failures = 0;
    } catch (cause) {
      if (!world.signal.aborted) onFailure(trouble, cause);
    } finally {
      cancelTimeout();
      world.signal.removeEventListener('abort', stop);
    }
  }

  /** Not within `joinMesh`, and what the application throws is a rejection, too. */
  async function call(signal: AbortSignal): Promise<unknown> {
    await Promise.resolve();
    return source?.({ signal });
  }

  /** Uses an answer, and says how long it lives; throws where it cannot be used, and then nothing has changed. */
  function take(answer: unknown): number {
    const said: { readonly iceServers?: unknown; readonly ttlMs?: unknown } = Object(answer);
    const { iceServers, ttlMs = ICE_LIFE_MS } = Array.isArray(answer) ? { iceServers: answer } : said;
    if (!Array.isArray(iceServers) || iceServers.length > ICE_SERVERS_MAX)
      throw new Error(`A list of at most ${ICE_SERVERS_MAX} servers was expected.`);
    if (typeof ttlMs !== 'number' || !(ttlMs > 0)) throw new Error('ttlMs must be over 0.');
    // A copy, which the application cannot spoil later.
    const servers: RTCIceServer[] = structuredClone(iceServers);
    const next = { ...rest, iceServers: servers };
    const fault = world.faultOf(next);
    if (fault !== undefined) throw new Error(fault);
    config = next;
    return Math.min(ttlMs, ICE_LIFE_MS_MAX);
  }

  function plan(ms: number): void {
    if (world.signal.aborted) return;

    const pauseMs = Math.max(ms, ICE_PAUSE_MS_MIN);
    dueAt = world.wall() + pauseMs;
    cancel?.();
    cancel = world.later(() => void renew(), pauseMs);
  }

  function onFailure(trouble: IceTrouble, cause: unknown): void {
    plan(Math.min(ICE_PAUSE_MS_MIN * 2 ** failures, ICE_PAUSE_MS_MAX));
    const said = `No servers came of iceServers, so those of before are used, if any: ${String(cause)}`;
    onTrouble?.(trouble, failures === 0 ? new MeshError('ICE_SERVERS_MISSING', said) : undefined);
    failures += 1;
  }
}
