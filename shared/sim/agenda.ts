/** What is to happen in virtual time: a binary heap, earliest first; of two at one moment, the one planned first. */

export interface Agenda {
  /** The moment of the next happening; `Infinity` when there is none. */
  readonly nextAt: () => number;
  readonly add: (at: number, run: () => void) => void;
  /** Takes the next happening out and runs it. Harmless when there is none. */
  readonly step: () => void;
  readonly size: () => number;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

export function createAgenda(): Agenda {
  const heap: Happening[] = [];
  let order = 0;

  const rise = (happening: Happening): void => {
    let at = heap.length;
    heap.push(happening);
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = heap[parentAt]!;
      if (!isBefore(happening, parent)) break;
      heap[at] = parent;
      at = parentAt;
    }
    heap[at] = happening;
  };

  const sink = (happening: Happening): void => {
    let at = 0;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= heap.length) break;
      const right = heap[childAt + 1];
      if (right !== undefined && isBefore(right, heap[childAt]!)) childAt += 1;
      if (!isBefore(heap[childAt]!, happening)) break;
      heap[at] = heap[childAt]!;
      at = childAt;
    }
    heap[at] = happening;
  };

  return {
    nextAt: () => heap[0]?.at ?? Infinity,
    add: (at, run) => rise({ at, order: order++, run }),
    step: () => {
      const next = heap[0];
      const last = heap.pop();
      if (next === undefined || last === undefined) return;
      if (last !== next) sink(last);
      next.run();
    },
    size: () => heap.length,
  };
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
