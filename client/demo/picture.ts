/** The drawn pieces of the mesh: nodes, and the threads between them. */
import { badgePath } from './badge.ts';
import { setAttribute, setText, svg } from './dom.ts';
import type { LayoutEdge } from './layout.ts';

/** Above this many nodes only some wear their name. */
const NAMES_MAX: number = 16;
const NAME_LETTERS_MAX: number = 16;

export interface NodeLook {
  readonly name: string;
  readonly self: boolean;
  readonly status: 'alive' | 'suspect';
}

export type Place = { readonly x: number; readonly y: number } | undefined;

export interface Picture {
  readonly element: SVGSVGElement;
  /** Draws these nodes and threads and no others; what was drawn already stays the same element. */
  readonly draw: (nodes: ReadonlyMap<string, NodeLook>, edges: ReadonlyMap<string, LayoutEdge>) => void;
  /** Puts all where it belongs now. */
  readonly move: (placeOf: (id: string) => Place) => void;
  /** Sets off one node with its threads and the nodes at their ends, or none. */
  readonly light: (id: string | undefined) => void;
}

interface DrawnNode {
  readonly element: SVGGElement;
  readonly label: SVGTextElement;
}

interface DrawnEdge extends LayoutEdge {
  readonly element: SVGPathElement;
}

export function createPicture(pointed: (id: string | undefined) => void): Picture {
  const edgeLayer = svg('g', { class: 'edges' });
  const nodeLayer = svg('g', { class: 'nodes' });
  const element = svg('svg', { role: 'img', 'data-testid': 'graph' }, [edgeLayer, nodeLayer]);
  const nodeById = new Map<string, DrawnNode>();
  const edgeByEnds = new Map<string, DrawnEdge>();

  const draw: Picture['draw'] = (nodes, edges) => {
    prune(nodeById, nodes);
    prune(edgeByEnds, edges);
    for (const [id, look] of nodes) {
      const node = nodeById.get(id) ?? drawNode(nodeLayer, id, pointed);
      nodeById.set(id, node);
      wear(node, look);
    }
    for (const [ends, edge] of edges) {
      if (!edgeByEnds.has(ends)) edgeByEnds.set(ends, drawEdge(edgeLayer, edge, nodes));
    }
    element.classList.toggle('crowded', nodes.size > NAMES_MAX);
  };

  const move: Picture['move'] = (placeOf) => {
    for (const [id, node] of nodeById) {
      const at = placeOf(id);
      if (at !== undefined)
        node.element.setAttribute('transform', `translate(${at.x.toFixed(1)} ${at.y.toFixed(1)})`);
    }
    for (const edge of edgeByEnds.values())
      edge.element.setAttribute('d', thread(placeOf(edge.a), placeOf(edge.b)));
  };

  const light: Picture['light'] = (lit) => {
    const near = new Set<string>();
    for (const { a, b, element: line } of edgeByEnds.values()) {
      const touches = lit === a || lit === b;
      line.classList.toggle('lit', touches);
      if (touches) near.add(a).add(b);
    }
    element.classList.toggle('pointing', lit !== undefined && nodeById.has(lit));
    for (const [id, node] of nodeById) {
      node.element.classList.toggle('lit', id === lit);
      node.element.classList.toggle('near', near.has(id));
    }
  };

  return { element, draw, move, light };
}

/** Removes what is no longer there, from the map and from the page. */
function prune(
  drawn: Map<string, { readonly element: Element }>,
  wanted: ReadonlyMap<string, unknown>,
): void {
  for (const [key, { element }] of drawn) {
    if (wanted.has(key)) continue;
    element.remove();
    drawn.delete(key);
  }
}

function drawNode(layer: SVGGElement, id: string, pointed: (id: string | undefined) => void): DrawnNode {
  const label = svg('text', { class: 'node-name', y: '27', 'text-anchor': 'middle' });
  const ring = svg('circle', { class: 'node-ring', r: '16' });
  const element = svg('g', { class: 'node', 'data-peer': id }, [ring, badgePath(id), label]);
  element.addEventListener('pointerenter', () => pointed(id));
  element.addEventListener('pointerleave', () => pointed(undefined));
  layer.append(element);
  return { element, label };
}

function wear({ element, label }: DrawnNode, { name, self, status }: NodeLook): void {
  element.classList.toggle('self', self);
  setAttribute(element, 'data-status', status);
  setText(label, shortened(name));
}

/** A long name would run out of the picture; the list has it whole. */
function shortened(name: string): string {
  const letters = Array.from(name);
  return letters.length > NAME_LETTERS_MAX ? `${letters.slice(0, NAME_LETTERS_MAX - 1).join('')}…` : name;
}

function drawEdge(layer: SVGGElement, { a, b }: LayoutEdge, nodes: ReadonlyMap<string, NodeLook>): DrawnEdge {
  const mine = nodes.get(a)?.self === true || nodes.get(b)?.self === true;
  const element = svg('path', { class: mine ? 'edge mine' : 'edge' });
  layer.append(element);
  return { a, b, element };
}

/** A thread that sags a little, as gossamer does. */
function thread(from: Place, to: Place): string {
  if (from === undefined || to === undefined) return '';
  const sag = Math.min(16, Math.hypot(to.x - from.x, to.y - from.y) * 0.09);
  const middle = `${((from.x + to.x) / 2).toFixed(1)} ${((from.y + to.y) / 2 + sag).toFixed(1)}`;
  return `M${from.x.toFixed(1)} ${from.y.toFixed(1)}Q${middle} ${to.x.toFixed(1)} ${to.y.toFixed(1)}`;
}
