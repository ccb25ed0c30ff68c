/** The little coloured shape that stands for a member, wherever it is shown. */
import { svg } from './dom.ts';
import { lookOf } from './names.ts';
import type { Shape } from './names.ts';

/** Drawn about the origin, at most 10 in each direction. */
const PATHS: Readonly<Record<Shape, string>> = {
  circle: 'M-8 0a8 8 0 1 0 16 0a8 8 0 1 0-16 0Z',
  square: 'M-7-7H7V7H-7Z',
  diamond: 'M0-9.5L9.5 0L0 9.5L-9.5 0Z',
  triangle: 'M0-8.5L9 7H-9Z',
  hexagon: 'M8.8 0L4.4 7.6H-4.4L-8.8 0L-4.4-7.6H4.4Z',
  star: 'M0-10L3 -3L10 0L3 3L0 10L-3 3L-10 0L-3-3Z',
};

/** The bare shape, for a drawing that exists already. */
export function badgePath(id: string): SVGPathElement {
  const path = svg('path', { class: 'badge-shape', d: PATHS[lookOf(id).shape] });
  colorAs(path, id);
  return path;
}

/** The shape as a small picture of its own; the name stands beside it, so it has no text. */
export function badge(id: string): SVGSVGElement {
  return svg('svg', { class: 'badge', viewBox: '-12 -12 24 24', 'aria-hidden': 'true' }, [badgePath(id)]);
}

/** Gives the element the member's colour, one for a light page and one for a dark; `page.css` picks. */
export function colorAs(element: HTMLElement | SVGElement, id: string): void {
  const { light, dark } = lookOf(id);
  element.classList.add('peer');
  element.style.setProperty('--peer-light', light);
  element.style.setProperty('--peer-dark', dark);
}
