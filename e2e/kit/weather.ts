/**
 * Bad weather for UDP packets: some are late, and so overtaken by others; some come twice; some arrive with another
 * byte in them. Which ones is drawn from a seed.
 */
import { createFraction } from './fraction.ts';

/** One direction of one way: hands on what becomes of a packet, when it does. */
export type Line = (packet: Buffer, send: (packet: Buffer) => void) => void;

export interface Weather {
  readonly addLine: () => Line;
  readonly counts: () => Readonly<Counts>;
}

export interface Forecast {
  readonly seed: number;
  /** The longest delay of a late packet; the others have none. */
  readonly lateMsMax: number;
  /** Shares of the packets, from 0 to 1. */
  readonly late: number;
  readonly doubled: number;
  readonly corrupted: number;
}

interface Counts {
  /** Packets that were handed on after one that had come later. */
  overtaken: number;
  doubled: number;
  corrupted: number;
}

export function createWeather({ seed, lateMsMax, late, doubled, corrupted }: Forecast): Weather {
  const fraction = createFraction(seed);
  const counts: Counts = { overtaken: 0, doubled: 0, corrupted: 0 };

  const pass = (packet: Buffer): Buffer => {
    if (!isEncrypted(packet) || fraction() >= corrupted) return packet;
    counts.corrupted += 1;
    const spoilt = Buffer.from(packet);
    const at = Math.floor(fraction() * spoilt.length);
    spoilt[at] = spoilt[at]! ^ (1 + Math.floor(fraction() * 255));
    return spoilt;
  };

  return {
    counts: () => counts,
    addLine: () => {
      let came = 0;
      let newestGone = 0;
      return (packet, send) => {
        const number = (came += 1);
        const copies = fraction() < doubled ? 2 : 1;
        counts.doubled += copies - 1;
        for (let copy = 0; copy < copies; copy++) {
          const handOn = (): void => {
            if (number < newestGone) counts.overtaken += 1;
            newestGone = Math.max(newestGone, number);
            send(pass(packet));
          };
          if (fraction() < late) setTimeout(handOn, fraction() * lateMsMax);
          else handOn();
        }
      };
    },
  };
}

/**
 * By its first byte (RFC 7983; RFC 9147, 4.1). What DTLS says before it has keys it does not check packet by packet: two
 * that are told other things there part for good.
 */
const isEncrypted = ([first = 0]: Buffer): boolean => first === 23 || (first >= 32 && first < 64);
