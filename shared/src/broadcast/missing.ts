/**
 * Heads that neighbors hold and we lack, with who said so: candidates for a graft. Plumtree's
 * `missing`, section 3.8. A volatile stream has one entry, which moves on to the newest head.
 */
import { createBoundedMap } from '../base/collections.ts';
import type { PeerId } from '../base/ids.ts';
import type { Instant } from '../base/time.ts';
import type { BroadcastConfig } from './config.ts';
import type { Head } from './messages.ts';
import { streamKey } from './streams.ts';

export interface MissingHead {
  readonly head: Head;
  /** When this head was first announced. */
  readonly heardAt: Instant;
  /** In the order in which they spoke; never empty. */
  readonly announcers: readonly PeerId[];
  /** Those of them who named it; that the others hold it is our guess. */
  readonly vouchers: ReadonlySet<PeerId>;
  /** Neighbors asked so far; an old timer names a smaller number. */
  readonly attempt: number;
}

/** Who holds a head: by its own word, or because it brought what comes after. */
export interface Announcer {
  readonly peer: PeerId;
  readonly by: 'word' | 'guess';
}

export interface Missing {
  /** Says `first` when the head is new here and wants a timer. */
  readonly note: (head: Head, announcer: Announcer, at: Instant) => 'first' | 'known';
  readonly get: (head: Head) => MissingHead | undefined;
  /** One more neighbor was asked. */
  readonly countAttempt: (entry: MissingHead) => MissingHead;
  /** The message came: forgets its head, and tells what was known of exactly this one. */
  readonly settle: (head: Head) => MissingHead | undefined;
  readonly remove: (head: Head) => void;
}

export function createMissing(config: BroadcastConfig): Missing {
  const entryByKey = createBoundedMap<string, MissingHead>(config.missingHeadsMax);

  const addAnnouncer = (entry: MissingHead, announcer: Announcer): void => {
    const { announcers } = entry;
    const isNew = !announcers.includes(announcer.peer);
    if (isNew && announcers.length >= config.announcersPerHeadMax) return;
    entryByKey.set(missingKey(entry.head), {
      ...entry,
      announcers: isNew ? [...announcers, announcer.peer] : announcers,
      vouchers: new Set([...entry.vouchers, ...vouchersOf(announcer)]),
    });
  };

  return {
    note: (head, announcer, at) => {
      const entry = entryByKey.get(missingKey(head));
      if (entry === undefined) {
        entryByKey.set(missingKey(head), {
          head,
          heardAt: at,
          announcers: [announcer.peer],
          vouchers: vouchersOf(announcer),
          attempt: 0,
        });
        return 'first';
      }
      if (entry.head.seq === head.seq) addAnnouncer(entry, announcer);
      if (entry.head.seq < head.seq) {
        entryByKey.set(missingKey(head), {
          ...entry,
          head,
          heardAt: at,
          announcers: [announcer.peer],
          vouchers: vouchersOf(announcer),
        });
      }
      return 'known';
    },
    get: (head) => entryByKey.get(missingKey(head)),
    countAttempt: (entry) => {
      const counted = { ...entry, attempt: entry.attempt + 1 };
      entryByKey.set(missingKey(entry.head), counted);
      return counted;
    },
    settle: (head) => {
      // Nearly always nothing is missing, and a name costs more to make than all else here.
      if (entryByKey.size === 0) return undefined;
      const entry = entryByKey.get(missingKey(head));
      if (entry === undefined || entry.head.seq > head.seq) return undefined;
      entryByKey.delete(missingKey(head));
      return entry.head.seq === head.seq ? entry : undefined;
    },
    remove: (head) => void entryByKey.delete(missingKey(head)),
  };
}

function vouchersOf({ peer, by }: Announcer): ReadonlySet<PeerId> {
  return new Set(by === 'word' ? [peer] : []);
}

function missingKey(head: Head): string {
  return head.lane === 'volatile' ? streamKey(head) : `${streamKey(head)}/${head.seq}`;
}
