/** What the soak knows of a page: a member that moves, writes and speaks all the time, and notes what it sees. */
import type * as library from '../../client/src/index.ts';

export interface Visit {
  readonly room: string;
  readonly signaling: string;
  /** Of the tab, in the order in which they came. */
  readonly tab: number;
  /** Of the keys that it alone writes now. */
  readonly slot: number;
  /** From one move to the next; with each goes a write or a message. */
  readonly beatMs: number;
}

/** Something that was told of a member, by the wall clock that all tabs of a machine share. */
export interface Telling {
  readonly id: string;
  readonly at: number;
}

/** What was told since it was last asked for. */
export interface Tellings {
  readonly joined: readonly Telling[];
  readonly suspected: readonly Telling[];
  readonly left: readonly (Telling & { readonly reason: string })[];
  readonly misbehaved: readonly (Telling & { readonly reason: string })[];
  /** How long this page ran nothing, where it was over a second: `at` is when it ran again. */
  readonly stalls: readonly { readonly ms: number; readonly at: number }[];
  /** Presence that went back to what it was before. */
  readonly stalePresence: readonly (Telling & { readonly from: number; readonly to: number })[];
  /** Messages that were older than the mesh keeps any, when they were shown. */
  readonly staleMessages: readonly (Telling & { readonly saidAt: number })[];
  readonly errors: readonly string[];
}

/** What was heard of one sender, whose messages are numbered from 1. */
export interface Heard {
  readonly first: number;
  readonly last: number;
  /** Those in between that have not come. */
  readonly missed: number;
  /** Those that came after a later one. */
  readonly late: number;
  readonly repeated: number;
  /** Said by `message:gap`. */
  readonly told: number;
  /** What was missed or came again, the first few times, for whoever looks for the reason. */
  readonly oddities: readonly string[];
}

export interface Counts {
  readonly members: number;
  readonly links: number;
  /** That it ever held at once, by what it was told of each. */
  readonly linksMost: number;
  readonly constructed: number;
  readonly state: library.MeshStats['state'];
}

export interface Look extends Counts {
  readonly id: string;
  readonly roster: readonly string[];
  readonly entries: Readonly<Record<string, unknown>>;
  readonly heard: Readonly<Record<string, Heard>>;
  /** Its last message and its last write under its own key; 0: none. */
  readonly sent: number;
  readonly wrote: number;
  readonly refused: Readonly<Record<string, number>>;
}

export interface Visitor {
  readonly id: string;
  /** Milliseconds from joining to `ready`. */
  readonly readyMs: number;
  readonly tellings: () => Tellings;
  readonly counts: () => Counts;
  readonly look: () => Look;
  readonly mark: (value: number) => void;
  /** When the mark and all that are here were to be seen, and none of those that are gone; `null`: not in time. */
  readonly whenCaughtUp: (now: {
    readonly mark: number;
    readonly here: readonly string[];
    readonly gone: readonly string[];
  }) => Promise<number | null>;
  /** When the member was listed as alive. */
  readonly whenListed: (id: string) => Promise<number | null>;
  /** Moves, writes and speaks no more. */
  readonly rest: () => void;
}

type Hearing = { -readonly [K in Exclude<keyof Heard, 'oddities'>]: Heard[K] } & {
  readonly oddities: string[];
};

declare global {
  interface Window {
    visitor: Visitor;
  }
}

/** It is sent as text, so it stands alone. */
export async function visit({ room, signaling, tab, slot, beatMs }: Visit): Promise<string> {
  const STALL_MS = 1_000;
  /** All who pass a message on keep it for 30 seconds together; time on the way does not count, and has the rest. */
  const STALE_MS = 35_000;
  const SHARED_KEYS = 16;
  const PATIENCE_MS = 20_000;
  const ODDITIES_MAX = 4;

  const began = performance.now();
  const mesh = window.gossamer.joinMesh(room, { signaling, presence: { tab, n: 0, x: 0, y: 0 } });
  const map = mesh.map('soak');
  const topic = mesh.topic<{ readonly n: number; readonly at: number }>('soak');

  let told = nothingTold();
  const heardById = new Map<string, Hearing>();
  const holesById = new Map<string, Set<number>>();
  const presenceById = new Map<string, number>();
  const linked = new Set<string>();
  let linksMost = 0;
  let beats = 0;
  let sent = 0;
  let wrote = 0;

  mesh.on('link:open', ({ peer }) => {
    linked.add(peer);
    linksMost = Math.max(linksMost, linked.size);
  });
  mesh.on('link:close', ({ peer }) => linked.delete(peer));
  mesh.on('member:join', ({ member: { id } }) => told.joined.push({ id, at: Date.now() }));
  mesh.on('member:suspect', ({ member: { id } }) => told.suspected.push({ id, at: Date.now() }));
  mesh.on('member:leave', ({ member: { id }, reason }) => {
    told.left.push({ id, reason, at: Date.now() });
    presenceById.delete(id);
  });
  mesh.on('peer:misbehaved', ({ peer, reason }) =>
    told.misbehaved.push({ id: peer, reason, at: Date.now() }),
  );
  mesh.on('error', ({ code }) => told.errors.push(code));
  mesh.on('state:refused', ({ key, reason }) => told.errors.push(`${key}: ${reason}`));
  mesh.on('member:update', ({ member: { id, presence } }) => {
    const { n = 0 } = presence;
    const before = presenceById.get(id) ?? 0;
    if (n < before) told.stalePresence.push({ id, from: before, to: n, at: Date.now() });
    presenceById.set(id, n);
  });
  mesh.on('message:gap', ({ from, missed }) => {
    heardOf(from).told += missed;
  });
  topic.on(({ from, data: { n, at } }) => {
    if (Date.now() - at > STALE_MS) told.staleMessages.push({ id: from, saidAt: at, at: Date.now() });
    const heard = heardOf(from);
    const isOdd = heard.first > 0 && n !== heard.last + 1;
    if (isOdd && heard.oddities.length < ODDITIES_MAX)
      heard.oddities.push(`${n} after ${heard.last}, ${((Date.now() - at) / 1_000).toFixed(1)} s old`);
    if (heard.first === 0) heard.first = n;
    else if (n > heard.last) for (let hole = heard.last + 1; hole < n; hole++) holesOf(from).add(hole);
    else if (holesOf(from).delete(n)) heard.late += 1;
    else heard.repeated += 1;
    heard.missed = holesOf(from).size;
    heard.last = Math.max(heard.last, n);
  });

  let ranAt = Date.now();
  setInterval(() => {
    const ms = Date.now() - ranAt;
    if (ms > STALL_MS) told.stalls.push({ ms, at: Date.now() });
    ranAt = Date.now();
  }, 200);

  await mesh.ready;
  const readyMs = performance.now() - began;
  const beating = setInterval(() => {
    beats += 1;
    mesh.presence.set({ n: beats, x: (beats * 37) % 800, y: (beats * 17) % 600 });
    if (beats % 2 === 0) map.set(`own ${slot}`, { tab, n: (wrote = beats) });
    else void topic.send({ n: (sent += 1), at: Date.now() });
    if (beats % 3 === 0) map.set(`shared ${(beats + tab) % SHARED_KEYS}`, `${tab}: ${beats}`);
    if (beats % 5 === 0) map.delete(`shared ${(beats * 7 + tab) % SHARED_KEYS}`);
  }, beatMs);

  const counts = (): Counts => {
    const { links, state } = mesh.stats();
    return {
      members: mesh.members.size,
      links: links.open,
      linksMost,
      constructed: links.constructed,
      state,
    };
  };
  window.visitor = {
    id: mesh.id,
    readyMs,
    counts,
    tellings: () => {
      const since = told;
      told = nothingTold();
      return since;
    },
    look: () => ({
      ...counts(),
      id: mesh.id,
      roster: [...mesh.members].map(({ id }) => id).toSorted(),
      entries: Object.fromEntries([...map].toSorted(([a], [b]) => (a < b ? -1 : 1))),
      heard: Object.fromEntries(heardById),
      sent,
      wrote,
      refused: mesh.stats().refused,
    }),
    mark: (value) => map.set('mark', value),
    whenCaughtUp: ({ mark, here, gone }) =>
      when(
        () =>
          Number(map.get('mark') ?? 0) >= mark &&
          here.every((id) => mesh.members.get(id) !== undefined) &&
          gone.every((id) => mesh.members.get(id) === undefined),
      ),
    whenListed: (id) => when(() => mesh.members.get(id)?.status === 'alive'),
    rest: () => clearInterval(beating),
  };
  return mesh.id;

  function nothingTold() {
    return {
      joined: [] as Telling[],
      suspected: [] as Telling[],
      left: [] as (Telling & { reason: string })[],
      misbehaved: [] as (Telling & { reason: string })[],
      stalls: [] as { ms: number; at: number }[],
      stalePresence: [] as (Telling & { from: number; to: number })[],
      staleMessages: [] as (Telling & { saidAt: number })[],
      errors: [] as string[],
    };
  }

  function heardOf(id: string): Hearing {
    const heard = heardById.get(id) ?? {
      first: 0,
      last: 0,
      missed: 0,
      late: 0,
      repeated: 0,
      told: 0,
      oddities: [],
    };
    heardById.set(id, heard);
    return heard;
  }

  function holesOf(id: string): Set<number> {
    const holes = holesById.get(id) ?? new Set();
    holesById.set(id, holes);
    return holes;
  }

  async function when(isSo: () => boolean): Promise<number | null> {
    const until = performance.now() + PATIENCE_MS;
    while (!isSo()) {
      if (performance.now() > until) return null;
      await new Promise((resolve) => {
        setTimeout(resolve, 20);
      });
    }
    return Date.now();
  }
}
