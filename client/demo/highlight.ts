/** Which member the visitor looks at: the list and the drawing point at the same one. */

export interface Highlight {
  readonly point: (id: string | undefined) => void;
  readonly subscribe: (run: (id: string | undefined) => void) => void;
}

export function createHighlight(): Highlight {
  const runs: ((id: string | undefined) => void)[] = [];
  let pointed: string | undefined;
  return {
    point(id) {
      if (id === pointed) return;
      pointed = id;
      for (const run of runs) run(id);
    },
    subscribe(run) {
      runs.push(run);
    },
  };
}
