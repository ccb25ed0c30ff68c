/** What the bench knows of a page: the contestant in it, and a meter around the platform's channels. */

/** What a lean page offers, the same for every library. */
export interface Contestant {
  readonly join: (place: Place, notes: Notes) => Joined;
}

export interface Place {
  readonly room: string;
  readonly signaling: string;
  /** Shown to everyone, and never changed. */
  readonly name: string;
}

export interface Notes {
  /** How many members are listed now, oneself included; may be told again and again. */
  readonly onListed: (count: number) => void;
  /** Another member's cursor was seen here. */
  readonly onCursor: (x: number) => void;
}

export interface Joined {
  readonly move: (cursor: { readonly x: number; readonly y: number }) => void;
}

/** What this page has sent since it loaded, and the connections it has. */
export interface Traffic {
  readonly linkFrames: number;
  readonly linkBytes: number;
  /** Both ways. */
  readonly serverBytes: number;
  readonly openLinks: number;
  readonly constructedLinks: number;
}

export interface Meter {
  readonly joinAt: (place: Place, atMs: number) => void;
  /** Resolves with the time at which `count` members were first listed since the last call of `forget`. */
  readonly whenListed: (count: number) => Promise<number>;
  readonly forget: () => void;
  /** Moves the cursor `count` times, one each `everyMs`; resolves with the time of each move. */
  readonly move: (count: number, everyMs: number) => Promise<number[]>;
  /** When each position was first seen here, by its number. */
  readonly seen: () => (number | null)[];
  readonly traffic: () => Traffic;
}

declare global {
  interface Window {
    contestant: Contestant | undefined;
    meter: Meter;
  }
}

/**
 * Runs before the page's own scripts. It is sent as text, so it stands alone.
 *
 * Times are wall time of the one machine, finer than `Date.now()`: each page compares its two clocks for a
 * while when it loads, and then reads the finer one.
 */
// oxlint-disable-next-line max-lines-per-function -- It is sent to the page as one text.
export function installMeter(): void {
  const wallAtZero = findWallAtZero();
  const now = (): number => wallAtZero + performance.now();
  const traffic = { linkFrames: 0, linkBytes: 0, serverBytes: 0 };
  const connections = wrapConnections();
  const countServer = (bytes: number): void => {
    traffic.serverBytes += bytes;
  };
  countSends(RTCDataChannel.prototype, (bytes) => {
    traffic.linkFrames += 1;
    traffic.linkBytes += bytes;
  });
  countSends(WebSocket.prototype, countServer);
  wrapSockets();
  closeShortcut();

  let listed = 0;
  let listedAt = new Map<number, number>();
  let waiting: { readonly count: number; readonly resolve: (at: number) => void }[] = [];
  const seen: (number | null)[] = [];
  let joined: Joined | undefined;

  const onListed = (count: number): void => {
    listed = count;
    if (!listedAt.has(count)) listedAt.set(count, now());
    for (const waiter of waiting) if (waiter.count === count) waiter.resolve(now());
    waiting = waiting.filter((waiter) => waiter.count !== count);
  };
  const onCursor = (x: number): void => {
    seen[x] ??= now();
  };

  window.meter = {
    joinAt: (place, atMs) => {
      setTimeout(() => {
        joined = window.contestant?.join(place, { onListed, onCursor });
      }, atMs - now());
    },
    whenListed: (count) => {
      const at = listedAt.get(count);
      return at === undefined
        ? new Promise((resolve) => waiting.push({ count, resolve }))
        : Promise.resolve(at);
    },
    forget: () => {
      listedAt = new Map([[listed, now()]]);
    },
    move: (count, everyMs) =>
      new Promise((resolve) => {
        const started = now();
        const movedAt: number[] = [];
        const step = (): void => {
          const x = movedAt.length;
          if (x === count) return resolve(movedAt);
          movedAt.push(now());
          joined?.move({ x, y: 300 });
          setTimeout(step, started + movedAt.length * everyMs - now());
        };
        step();
      }),
    seen: () => Array.from(seen, (at) => at ?? null),
    traffic: () => ({
      ...traffic,
      openLinks: connections.filter(({ connectionState }) => connectionState === 'connected').length,
      constructedLinks: connections.length,
    }),
  };

  /** Reads are late but never early, and the wall clock is cut to whole milliseconds: the greatest is the truest. */
  function findWallAtZero(): number {
    let found = 0;
    const until = performance.now() + 50;
    while (performance.now() < until) found = Math.max(found, Date.now() - performance.now());
    return found;
  }

  function bytesOf(data: unknown): number {
    if (typeof data === 'string') return data.length;
    if (data instanceof Blob) return data.size;
    return data instanceof ArrayBuffer || ArrayBuffer.isView(data) ? data.byteLength : 0;
  }

  function wrapConnections(): RTCPeerConnection[] {
    const constructed: RTCPeerConnection[] = [];
    window.RTCPeerConnection = new Proxy(window.RTCPeerConnection, {
      construct: (target, [configuration]: [RTCConfiguration?]) => {
        const connection = new target(configuration);
        constructed.push(connection);
        return connection;
      },
    });
    return constructed;
  }

  function countSends(prototype: { send: (data: never) => void }, count: (bytes: number) => void): void {
    prototype.send = new Proxy(prototype.send, {
      apply: (send, channel, [data]: [never]) => {
        count(bytesOf(data));
        return Reflect.apply(send, channel, [data]);
      },
    });
  }

  function wrapSockets(): void {
    window.WebSocket = new Proxy(window.WebSocket, {
      construct: (target, [url, protocols]: [string, string[]?]) => {
        const socket = new target(url, protocols ?? []);
        socket.addEventListener('message', ({ data }) => countServer(bytesOf(data)));
        return socket;
      },
    });
  }

  /** The tabs stand for tabs of different people: none of them may hear the others within the browser. */
  function closeShortcut(): void {
    window.BroadcastChannel = class extends EventTarget {
      readonly name: string = '';
      onmessage = null;
      onmessageerror = null;
      postMessage(): void {}
      close(): void {}
    };
  }
}
