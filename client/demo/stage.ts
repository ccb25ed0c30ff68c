/** The stage: everyone's named cursors, live. */
import { colorAs } from './badge.ts';
import { readName, readPoint } from './check.ts';
import type { Point } from './check.ts';
import { html, setAttribute, setText, svg } from './dom.ts';
import { createFrame, createPace } from './pace.ts';
import type { PageMember, PageMesh } from './presence.ts';

/** Thirty moves a second look smooth; more only cost. */
const CURSOR_SEND_MS: number = 33;
/** A finger that is lifted leaves its cursor for a moment, so that a tap is seen. */
const TOUCH_LINGER_MS: number = 1500;
/** Cursors beyond this many would hide the stage. */
const CURSORS_MAX: number = 64;
/** From here on the name stands to the left of its cursor, for lack of room. */
const TURN_AT: number = 0.6;
/** From here on it stands above it. */
const RAISE_AT: number = 0.92;

interface DrawnCursor {
  readonly element: HTMLElement;
  readonly label: HTMLElement;
}

/** Fills `stage` with the layer of cursors, and shows this tab's pointer to the others. */
export function createStage(stage: HTMLElement, mesh: PageMesh): void {
  const layer = html('div', { class: 'cursors', 'aria-hidden': 'true' });
  const cursorById = new Map<string, DrawnCursor>();
  stage.append(layer);

  const draw = (): void => {
    const seen = new Set<string>();
    for (const member of mesh.members) {
      const at = readPoint(member.presence.cursor);
      if (member.self || at === undefined || seen.size >= CURSORS_MAX) continue;
      seen.add(member.id);
      const cursor = cursorById.get(member.id) ?? addCursor(layer, member.id);
      cursorById.set(member.id, cursor);
      drawCursor(cursor, member, at);
    }
    for (const [id, { element }] of cursorById) {
      if (seen.has(id)) continue;
      element.remove();
      cursorById.delete(id);
    }
  };
  mesh.members.subscribe(createFrame(draw));
  showPointer(stage, mesh);
}

function addCursor(layer: HTMLElement, id: string): DrawnCursor {
  const label = html('span', { class: 'cursor-name' });
  const arrow = svg('svg', { class: 'cursor-arrow', viewBox: '0 0 20 20' }, [
    svg('path', { d: 'M2 2L8 18L10.6 10.6L18 8Z' }),
  ]);
  const element = html('div', { class: 'cursor', 'data-testid': 'cursor', 'data-peer': id }, [arrow, label]);
  colorAs(element, id);
  layer.append(element);
  return { element, label };
}

/** Moved by a transform alone, in shares of the stage, which it covers: the browser need not lay anything out. */
function drawCursor({ element, label }: DrawnCursor, member: PageMember, at: Point): void {
  element.style.transform = `translate(${(at.x * 100).toFixed(2)}%, ${(at.y * 100).toFixed(2)}%)`;
  element.classList.toggle('turned', at.x > TURN_AT);
  element.classList.toggle('raised', at.y > RAISE_AT);
  setAttribute(element, 'data-status', member.status);
  setText(label, readName(member.presence.name, member.id));
}

/** Sends where the pointer is, as fractions of the stage, and null when it has left. */
function showPointer(stage: HTMLElement, mesh: PageMesh): void {
  let cursor: Point | null = null;
  let linger: ReturnType<typeof setTimeout> | undefined;
  const pace = createPace(CURSOR_SEND_MS, () => {
    if (mesh.status.value !== 'closed') mesh.presence.set({ cursor });
  });
  const move = (event: PointerEvent): void => {
    clearTimeout(linger);
    cursor = placeOn(stage, event);
    pace.request();
  };
  const leave = (event: PointerEvent): void => {
    clearTimeout(linger);
    const waitMs = event.pointerType === 'touch' ? TOUCH_LINGER_MS : 0;
    linger = setTimeout(() => {
      cursor = null;
      pace.request();
    }, waitMs);
  };
  stage.addEventListener('pointermove', move);
  stage.addEventListener('pointerdown', move);
  stage.addEventListener('pointerleave', leave);
  stage.addEventListener('pointercancel', leave);
}

/** Where on the stage an event happened, from 0 to 1 each way; four digits are finer than any screen needs. */
export function placeOn(stage: HTMLElement, event: MouseEvent): Point {
  const { left, top, width, height } = stage.getBoundingClientRect();
  return { x: share(event.clientX - left, width), y: share(event.clientY - top, height) };
}

function share(part: number, whole: number): number {
  if (whole <= 0) return 0;
  return Math.round(10_000 * Math.min(1, Math.max(0, part / whole))) / 10_000;
}
