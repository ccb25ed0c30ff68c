/**
 * What must happen on one link in one order, though some of it must first be signed or verified. While nothing is
 * waited for it happens at once, within `push`.
 */
import { isolate } from '../isolate.ts';

export type Step = () => void;

export interface InOrderLimits {
  /** Steps that wait. */
  readonly stepsMax: number;
  /** What these hold together. */
  readonly bytesMax: number;
}

export interface InOrder {
  /**
   * Takes a step, or one to come; `bytes` is asked what it holds when it must wait. False: too much waits already, and
   * it was not taken. After the end nothing is taken any more, and nobody need know. One that fails to come is reported as an
   * uncaught error of the page, and those behind it go on.
   */
  readonly push: (step: Step | Promise<Step>, bytes: () => number) => boolean;
  /** Whether any step is still to be done. */
  readonly waits: () => boolean;
  /** The last step, when all before it are done. Again: harmless. */
  readonly end: (last: Step) => void;
  /** Does what is ready, leaves out what is still to come, and ends. */
  readonly flush: () => void;
  /** Leaves out everything but the last step, and ends. */
  readonly drop: () => void;
}

interface Slot {
  /** Undefined while it is still to come. */
  step: Step | undefined;
  readonly bytes: number;
}

const NOTHING: Step = () => {};

// oxlint-disable-next-line max-lines-per-function -- A factory: what it closes over is one queue.
export function createInOrder({ stepsMax, bytesMax }: InOrderLimits): InOrder {
  let slots: Slot[] = [];
  /** Slots before this one are done; they are cut off now and then, as cutting off each would cost the length. */
  let head = 0;
  let bytesWaiting = 0;
  let busy = false;
  let last: Step | undefined;
  let ended = false;

  const waiting = (): number => slots.length - head;

  /** Does what is ready at the head; a step may push others, which wait their turn. */
  const drain = (): void => {
    if (busy || ended) return;
    busy = true;
    for (let slot = slots[head]; slot?.step; slot = slots[head]) {
      head += 1;
      bytesWaiting -= slot.bytes;
      isolate(slot.step);
    }
    busy = false;
    if (head > 1_024 || (head > 0 && waiting() === 0)) {
      slots = slots.slice(head);
      head = 0;
    }
    if (last && waiting() === 0) finish();
  };

  const finish = (): void => {
    if (ended) return;
    ended = true;
    slots = [];
    head = 0;
    bytesWaiting = 0;
    if (last) isolate(last);
  };

  return {
    push: (step, bytes) => {
      if (ended || last) return true;
      if (!busy && waiting() === 0 && typeof step === 'function') {
        busy = true;
        try {
          step();
        } finally {
          busy = false;
          drain();
        }
        return true;
      }
      const slot: Slot = { step: typeof step === 'function' ? step : undefined, bytes: bytes() };
      if (waiting() >= stepsMax || bytesWaiting + slot.bytes > bytesMax) return false;
      slots.push(slot);
      bytesWaiting += slot.bytes;
      if (typeof step === 'function') return true;
      step
        .catch((error: unknown) => {
          isolate(() => {
            throw error;
          });
          return NOTHING;
        })
        .then((arrived) => {
          slot.step = arrived;
          drain();
        })
        .catch(() => {});
      return true;
    },
    waits: () => waiting() > 0,
    end: (step) => {
      if (last) return;
      last = step;
      if (ended) isolate(step);
      else drain();
    },
    flush: () => {
      const ready = slots.slice(head);
      slots = [];
      head = 0;
      for (const { step } of ready) if (step && !ended) isolate(step);
      finish();
    },
    drop: finish,
  };
}
