/** The notes on the stage: a shared map, drawn. Anyone may add, write, move and delete. */
import { NOTE_COLORS, readNote, readPoint } from './check.ts';
import type { Note, NoteColor, Point } from './check.ts';
import { byId, html } from './dom.ts';
import type { Errors } from './errors.ts';
import { createNote } from './note.ts';
import type { DrawnNote } from './note.ts';
import { createFrame } from './pace.ts';
import { freePlace } from './place.ts';
import type { PageMesh } from './presence.ts';
import { placeOn } from './stage.ts';

/** Notes drawn at once; a stage with more is no longer one. */
const NOTES_MAX: number = 100;

export interface NotesDeps {
  readonly stage: HTMLElement;
  readonly mesh: PageMesh;
  readonly errors: Errors;
}

export function createNotes({ stage, mesh, errors }: NotesDeps): void {
  const notes = mesh.map('notes');
  const layer = html('div', { class: 'notes' });
  const drawnByKey = new Map<string, DrawnNote>();
  const color = colorOf(mesh.id);
  stage.append(layer);

  const addDrawn = (key: string): DrawnNote => {
    const drawn = createNote({
      key,
      stage,
      write(patch) {
        // A note deleted meanwhile stays so: what was on its way to it is not sent.
        const now = readNote(notes.get(key));
        if (now !== undefined) errors.attempt(() => notes.set(key, { ...now, ...patch }));
      },
      remove() {
        errors.attempt(() => notes.delete(key));
        draw();
        byId('add-note').focus();
      },
    });
    drawnByKey.set(key, drawn);
    layer.append(drawn.element);
    return drawn;
  };

  const draw = (): void => {
    const seen = new Set<string>();
    for (const [key, value] of notes) {
      const note = readNote(value);
      if (note === undefined || seen.size >= NOTES_MAX) continue;
      seen.add(key);
      (drawnByKey.get(key) ?? addDrawn(key)).draw(note);
    }
    for (const [key, drawn] of drawnByKey) {
      if (seen.has(key)) continue;
      drawn.drop();
      drawn.element.remove();
      drawnByKey.delete(key);
    }
    stage.classList.toggle('has-notes', seen.size > 0);
  };

  const places = (): readonly Point[] =>
    [...notes]
      .slice(0, NOTES_MAX)
      .map(([, value]) => readPoint(value))
      .filter((point) => point !== undefined);

  const add = (at: Point): void => {
    const note: Note = { text: '', ...at, color };
    errors.attempt(() => {
      const key = notes.add(note);
      draw();
      drawnByKey.get(key)?.focus();
    });
  };

  byId('add-note').addEventListener('click', () => add(freePlace(places())));
  stage.addEventListener('dblclick', (event) => {
    if (event.target instanceof Element && event.target.closest('.note, .welcome') === null)
      add(placeOn(stage, event));
  });
  notes.subscribe(createFrame(draw));
}

/** A member's notes are all on one colour of paper. */
function colorOf(id: string): NoteColor {
  return NOTE_COLORS[Number.parseInt(id.slice(14, 16), 16) % NOTE_COLORS.length] ?? 'lemon';
}
