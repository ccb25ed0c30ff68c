/** How far a connection has come, and what kept it from more: read when somebody asks why there is none. */
import type { ChannelFault, ChannelReport, IceError } from './transport.ts';

/** Errors of STUN and TURN servers that are kept. */
const ICE_ERRORS_MAX = 8;
const ICE_URL_LENGTH_MAX = 256;

/**
 * - `described`: the other end's session description is here; `badly`: it, or a candidate, was none.
 * - `relayed`: either end has named an address that a TURN server lent it.
 * - `reached`: the two ends have reached each other; `opened`: the channel did open.
 */
type Step = 'described' | 'badly' | 'relayed' | 'reached' | 'opened';

export interface Progress {
  readonly note: (step: Step) => void;
  readonly has: (step: Step) => boolean;
  /** Looks through descriptions, of either end. */
  readonly noteDescriptions: (text: string) => void;
  readonly noteIceError: (error: { readonly errorCode: number; readonly url: string }) => void;
  readonly report: () => ChannelReport;
}

export function createProgress(): Progress {
  const steps = new Set<Step>();
  const iceErrors: IceError[] = [];

  const fault = (): ChannelFault => {
    if (steps.has('opened')) return 'not-proven';
    if (steps.has('badly')) return 'bad-description';
    if (!steps.has('described') || steps.has('reached')) return 'timed-out';
    return steps.has('relayed') ? 'ice-failed' : 'needs-turn';
  };

  return {
    note: (step) => void steps.add(step),
    has: (step) => steps.has(step),
    noteDescriptions: (text) => {
      if (/ typ relay\b/iu.test(text)) steps.add('relayed');
    },
    noteIceError: ({ errorCode: code, url }) => {
      // Each network interface tries, and each has the same to tell.
      const isNew = !iceErrors.some((known) => known.code === code && known.url === url);
      if (isNew && iceErrors.length < ICE_ERRORS_MAX)
        iceErrors.push(Object.freeze({ code, url: url.slice(0, ICE_URL_LENGTH_MAX) }));
    },
    report: () => ({ fault: fault(), iceErrors: Object.freeze([...iceErrors]) }),
  };
}
