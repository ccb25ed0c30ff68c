/** What went over the wire, counted frame by frame. */
import type { PeerId } from '#shared/base/ids.ts';
import type { LinkMessage } from '#shared/mesh/messages.ts';
import type { ReconcileMessage, TableName } from '#shared/reconcile/messages.ts';
import type { World } from './world.ts';

export interface SentFrame {
  readonly from: PeerId;
  readonly to: PeerId;
  readonly message: ReconcileMessage;
  readonly bytes: number;
  readonly atMs: number;
}

export interface FrameCount {
  /** Bytes of all frames since the start or the last `clear`. */
  readonly bytes: () => number;
  /** The frames of reconciliation since then, in order; records travel in others. */
  readonly rounds: (table?: TableName) => readonly SentFrame[];
  readonly clear: () => void;
}

export function countFrames<Snapshot>(world: World<Snapshot>): FrameCount {
  let all = 0;
  let rounds: SentFrame[] = [];
  world.observe({
    sent: (tab, to, message, bytes) => {
      all += bytes;
      if (isOfRound(message)) rounds.push({ from: tab.id, to, message, bytes, atMs: world.timeMs() });
    },
  });
  return {
    bytes: () => all,
    rounds: (table) => rounds.filter(({ message }) => table === undefined || message.table === table),
    clear: () => {
      all = 0;
      rounds = [];
    },
  };
}

export const bytesOf = (frames: readonly SentFrame[]): number =>
  frames.reduce((sum, { bytes }) => sum + bytes, 0);

/** Round trips until all that was wanted had been asked for: ways there and back, records not waited for. */
export function roundTripsOf(frames: readonly SentFrame[]): number {
  const asking = frames.filter(({ message }) => message.kind !== 'roundDone');
  const turns = asking.filter(({ from }, at) => at === 0 || from !== asking[at - 1]!.from);
  return turns.length / 2;
}

const ROUND_KINDS: ReadonlySet<string> = new Set<ReconcileMessage['kind']>([
  'top',
  'middle',
  'leaves',
  'wantRecords',
  'roundDone',
]);

function isOfRound(message: LinkMessage): message is ReconcileMessage {
  return ROUND_KINDS.has(message.kind);
}
