/** Where the nodes of the drawing are: a d3 simulation that remembers them from one picture to the next. */
import { forceCollide, forceLink, forceManyBody, forceSimulation, forceX, forceY } from 'd3-force';
import type { Simulation, SimulationLinkDatum, SimulationNodeDatum } from 'd3-force';

export interface LayoutNode extends SimulationNodeDatum {
  readonly id: string;
  readonly self: boolean;
}

export interface LayoutEdge {
  readonly a: string;
  readonly b: string;
}

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Layout {
  /** Takes the nodes and edges there are now; known nodes stay where they are. */
  readonly update: (
    nodes: readonly { readonly id: string; readonly self: boolean }[],
    edges: readonly LayoutEdge[],
  ) => void;
  readonly resize: (size: Size) => void;
  /** Inside the picture, whatever the forces want. */
  readonly placeOf: (id: string) => { readonly x: number; readonly y: number } | undefined;
}

export interface LayoutConfig {
  /** No motion: each picture is settled before it is shown. */
  readonly still: boolean;
  readonly moved: () => void;
}

/** Room for a node and the name below it. */
const MARGIN_X: number = 52;
const MARGIN_TOP: number = 20;
const MARGIN_BOTTOM: number = 34;
/** A name is wide and low: the forces work on a picture squeezed this much from the sides, so that names have room. */
const SQUEEZE: number = 1.6;
const SETTLED_TICKS: number = 250;
/**
 * How fast the forces tire, and below what they rest: after 72 steps. d3's own figures are 0.0228 and 0.001, 260 steps;
 * made for hundreds of nodes, they stood 4, 12 or 24 no farther apart (measured), and every step is drawn.
 */
const TIRING: number = 0.05;
const REST: number = 0.01;
const STEPS_MAX: number = 72;
/** A step belongs to a frame of a usual screen. Who shows fewer frames makes more steps in each, or would move for long. */
const STEP_MS: number = 1000 / 60;

type Link = SimulationLinkDatum<LayoutNode>;

export function createLayout({ still, moved }: LayoutConfig): Layout {
  const nodeById = new Map<string, LayoutNode>();
  const simulation: Simulation<LayoutNode, Link> = forceSimulation<LayoutNode, Link>([]).velocityDecay(0.5);
  if (!still) simulation.alphaDecay(TIRING).alphaMin(REST);
  let steppedAt = performance.now();
  simulation.on('tick', () => {
    const now = performance.now();
    simulation.tick(clamp(Math.round((now - steppedAt) / STEP_MS) - 1, 0, STEPS_MAX));
    steppedAt = now;
    moved();
  });
  let size: Size = innerOf({ width: 320, height: 280 });
  let links: Link[] = [];

  const settle = (): void => {
    tune(simulation, links, size);
    if (still) {
      simulation.stop().alpha(1).tick(SETTLED_TICKS);
      moved();
      return;
    }
    if (simulation.alpha() < REST) steppedAt = performance.now();
    simulation.alpha(Math.max(simulation.alpha(), 0.4)).restart();
  };

  const update: Layout['update'] = (nodes, edges) => {
    const ids = new Set(nodes.map(({ id }) => id));
    for (const id of nodeById.keys()) if (!ids.has(id)) nodeById.delete(id);
    for (const { id, self } of nodes) {
      if (!nodeById.has(id)) nodeById.set(id, { id, self, ...(self ? centerOf(size) : edgeOf(size, id)) });
    }
    links = edges
      .filter(({ a, b }) => ids.has(a) && ids.has(b))
      .map(({ a, b }) => ({ source: a, target: b }));
    simulation.nodes([...nodeById.values()]);
    settle();
  };

  const resize = (outer: Size): void => {
    const next = innerOf(outer);
    if (next.width === size.width && next.height === size.height) return;
    shift([...nodeById.values()], size, next);
    size = next;
    settle();
  };

  const placeOf: Layout['placeOf'] = (id) => {
    const node = nodeById.get(id);
    if (node === undefined) return undefined;
    return {
      x: MARGIN_X + clamp(node.x ?? 0, 0, size.width) * SQUEEZE,
      y: MARGIN_TOP + clamp(node.y ?? 0, 0, size.height),
    };
  };

  return { update, resize, placeOf };
}

/** Forces in proportion to the room that each node has. */
function tune(simulation: Simulation<LayoutNode, Link>, links: Link[], size: Size): void {
  const { width, height } = size;
  const count = Math.max(1, simulation.nodes().length);
  const spacing = clamp(Math.sqrt((width * height) / count), 20, 110);
  const center = centerOf(size);
  const pull = 0.045;
  simulation
    .force(
      'link',
      forceLink<LayoutNode, Link>(links)
        .id(({ id }) => id)
        .distance(spacing * 0.85)
        .strength(0.12),
    )
    .force(
      'charge',
      forceManyBody<LayoutNode>()
        .strength(-spacing * 4.5)
        .distanceMax(spacing * 4),
    )
    .force('collide', forceCollide<LayoutNode>(Math.min(30, spacing * 0.55)))
    .force(
      'x',
      forceX<LayoutNode>(center.x).strength(({ self }) =>
        self ? 0.18 : (pull * height) / Math.max(width, height),
      ),
    )
    .force(
      'y',
      forceY<LayoutNode>(center.y).strength(({ self }) =>
        self ? 0.18 : (pull * width) / Math.max(width, height),
      ),
    )
    .force('frame', () => keepInside(simulation.nodes(), size));
}

/** Who is pushed over the edge of the picture would be drawn on top of who stands there. */
function keepInside(nodes: readonly LayoutNode[], { width, height }: Size): void {
  for (const node of nodes) {
    node.x = clamp(node.x ?? 0, 0, width);
    node.y = clamp(node.y ?? 0, 0, height);
  }
}

/** The room for the middles of the nodes, squeezed. */
function innerOf({ width, height }: Size): Size {
  return {
    width: Math.max(1, (width - 2 * MARGIN_X) / SQUEEZE),
    height: Math.max(1, height - MARGIN_TOP - MARGIN_BOTTOM),
  };
}

function centerOf({ width, height }: Size): { x: number; y: number } {
  return { x: width / 2, y: height / 2 };
}

/** A newcomer flies in from the edge; from where, its id decides, so that crowds do not come from one spot. */
function edgeOf(size: Size, id: string): { x: number; y: number } {
  const angle = (Number.parseInt(id.slice(-4), 16) || 0) * 0.001;
  const { x, y } = centerOf(size);
  return { x: x + Math.cos(angle) * size.width * 0.5, y: y + Math.sin(angle) * size.height * 0.5 };
}

/** Keeps the picture whole when its frame changes. */
function shift(nodes: readonly LayoutNode[], from: Size, to: Size): void {
  for (const node of nodes) {
    node.x = ((node.x ?? 0) * to.width) / from.width;
    node.y = ((node.y ?? 0) * to.height) / from.height;
  }
}

function clamp(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(most, value));
}
