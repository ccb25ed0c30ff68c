/** Shows the mesh: who holds a link to whom. A picture of the list, so it has a text and no buttons. */
import { byId, isStill, setAttribute, setText } from './dom.ts';
import type { Highlight } from './highlight.ts';
import { createLayout } from './layout.ts';
import { createPicture } from './picture.ts';
import { nameIn } from './presence.ts';
import type { PageMesh } from './presence.ts';
import { count, pictureWords } from './sentence.ts';

/** Nodes and links beyond these are only counted: drawing them would slow the page and show nothing. */
const NODES_MAX: number = 200;
const EDGES_MAX: number = 1000;

/** Returns what redraws the graph. */
export function createGraph(place: HTMLElement, mesh: PageMesh, highlight: Highlight): () => void {
  const picture = createPicture(highlight.point);
  const layout = createLayout({ still: isStill(), moved: () => picture.move(layout.placeOf) });
  let structure = '';

  highlight.subscribe(picture.light);
  place.append(picture.element);
  new ResizeObserver(() => {
    const { clientWidth: width, clientHeight: height } = place;
    if (width === 0 || height === 0) return;
    setAttribute(picture.element, 'viewBox', `0 0 ${width} ${height}`);
    layout.resize({ width, height });
  }).observe(place);

  return () => {
    const { nodes: allNodes, edges: allEdges } = mesh.graph();
    const nodes = allNodes.slice(0, NODES_MAX);
    const edges = allEdges.slice(0, EDGES_MAX);
    const looks = new Map(nodes.map((node) => [node.id, { ...node, name: nameIn(mesh, node.id) }]));
    const ends = new Map(
      edges.map((edge) => [edge.a < edge.b ? `${edge.a}-${edge.b}` : `${edge.b}-${edge.a}`, edge]),
    );
    const names = new Map([...looks].map(([id, { name }]) => [id, name]));

    picture.draw(looks, ends);
    setAttribute(picture.element, 'data-nodes', String(allNodes.length));
    setAttribute(picture.element, 'data-edges', String(allEdges.length));
    setAttribute(picture.element, 'aria-label', `The mesh as a drawing: ${pictureWords({ names, edges })}`);
    setText(byId('mesh-tally'), edges.length === 0 ? 'no link yet' : count(allEdges.length, 'link'));

    const next = [...looks.keys(), ...ends.keys()].toSorted().join();
    if (next === structure) return;
    structure = next;
    layout.update(nodes, edges);
    picture.move(layout.placeOf);
  };
}
