/** What a scenario is: a story told to a world, what is measured of it, and the rows of the table it fills. */

export interface ScenarioOptions {
  readonly nodes: number;
  readonly seed: number;
  /** One of the scenario's variants, its first by default: a level, a length, a way of the server. */
  readonly variant: string;
  /** The long form, where there is one. */
  readonly full: boolean;
  /** Told now and then what the run is at. */
  readonly progress: (at: string) => void;
}

/** A line of a plot; `x` rises. */
export interface Curve {
  /** What tells it from the other curves of the same run; empty where there are none. */
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
}

/** Curves that belong together, with what their axes count, in which unit. */
export interface Drawing {
  readonly x: string;
  readonly y: string;
  readonly curves: readonly Curve[];
}

export interface ScenarioResult {
  /** By name; units stand last in a name: `p99Ms`, `deliveredPct`, `idleBytesPerS`. */
  readonly metrics: Readonly<Record<string, number>>;
  /** By the title of the plot. */
  readonly curves: Readonly<Record<string, Drawing>>;
}

/** Of one curve. */
export const plot = (x: string, y: string, points: Curve['points']): Drawing => ({
  x,
  y,
  curves: [{ name: '', points }],
});

export interface Scenario {
  readonly name: string;
  /** One sentence. */
  readonly about: string;
  readonly nodesDefault: number;
  readonly variants: readonly string[];
  readonly run: (options: ScenarioOptions) => ScenarioResult;
  readonly rows: readonly Row[];
}

/** A part of a story that is also told alone; its figures bear its name: `broadcast p99Ms`. */
export interface Act {
  readonly scenario: string;
  readonly variant: string;
}

/** One figure of the table: the mean and the worst of its metric over the seeds, beside its target. */
export interface Row {
  /** The number of the target that it belongs to. */
  readonly id: string;
  readonly metric: string;
  /** The scenario and variant that it is a figure of, where a story has several acts. */
  readonly act?: Act;
  readonly nodes: number;
  readonly variant: string;
  readonly target: Target | undefined;
  /** Only with `--full`. */
  readonly fullOnly?: boolean;
  /** The same figure of another system, where one is known. */
  readonly anchor?: string;
}

/** Makes the rows of one place in the table: each a metric, with its target where it has one. */
export const rowsAt =
  (place: Omit<Row, 'metric' | 'target'>) =>
  (metric: string, target?: Target): Row => ({ ...place, metric, target });

/** Met when the worst seed meets it. */
export interface Target {
  readonly bound: number;
  readonly is: 'most' | 'least';
}

export const atMost = (bound: number): Target => ({ bound, is: 'most' });
export const atLeast = (bound: number): Target => ({ bound, is: 'least' });
