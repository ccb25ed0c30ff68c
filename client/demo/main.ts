/** Joins the room that the address names, and shows it. */
import { joinMesh, readRoomLink } from '../src/index.ts';
import { badge } from './badge.ts';
import { createChat } from './chat.ts';
import { readRoom } from './check.ts';
import { createControls } from './controls.ts';
import { byId, html, setText } from './dom.ts';
import { createErrors } from './errors.ts';
import type { Errors } from './errors.ts';
import { createGraph } from './graph.ts';
import { createHeadline } from './headline.ts';
import { createHighlight } from './highlight.ts';
import { nameOf } from './names.ts';
import { createNotes } from './notes.ts';
import { createPace } from './pace.ts';
import { createPeople } from './people.ts';
import { createPings } from './pings.ts';
import type { PageMesh, Shown } from './presence.ts';
import { createStage } from './stage.ts';
import { createWelcome } from './welcome.ts';

declare global {
  interface Window {
    /** For the console and for tests. */
    mesh?: PageMesh;
  }
}

/** How often the words and the drawing follow a busy mesh; the cursors follow at once. */
const REDRAW_MS: number = 150;
const TICK_MS: number = 1000;

const errors: Errors = createErrors(byId('errors'));

// Where joining throws, this is what stays; the reason stands below it.
setText(byId('sentence'), 'This tab could not join the room.');
errors.attempt(() => {
  const link = readRoomLink();
  const mesh: PageMesh = joinMesh<Shown>(link?.room ?? readRoom(location.hash), {
    key: link?.key,
    presence: { name: '', cursor: null },
  });
  window.mesh = mesh;
  mesh.presence.set({ name: nameOf(mesh.id) });
  mesh.ready.catch(errors.caught);
  mesh.on('error', ({ code }) => errors.show(code));
  renewWithTheRoom();
  show(mesh, { isPrivate: link !== undefined });
});

function show(mesh: PageMesh, { isPrivate }: { readonly isPrivate: boolean }): void {
  const stage = byId('stage');
  setText(byId('room-kind'), isPrivate ? 'private room' : 'room');
  setText(byId('room'), mesh.room);
  byId('you').append('you are', badge(mesh.id), html('b', {}, [nameOf(mesh.id)]));

  const redraw = createPace(REDRAW_MS, () => {
    drawHeadline();
    drawPeople();
    drawGraph();
    drawWelcome();
  });
  const highlight = createHighlight();
  const pings = createPings(mesh, redraw.request);
  const chat = createChat(byId('chat'), mesh);
  const controls = createControls(byId('actions'), { mesh, isPrivate, changed: redraw.request });
  const drawHeadline = createHeadline(mesh, controls.isCut);
  const drawPeople = createPeople(byId('people'), {
    mesh,
    highlight,
    pinged: pings.rttById,
    writeTo: chat.writeTo,
  });
  const drawGraph = createGraph(byId('graph'), mesh, highlight);
  const drawWelcome = createWelcome(stage, mesh);
  createNotes({ stage, mesh, errors });
  createStage(stage, mesh);

  mesh.members.subscribe(redraw.request);
  mesh.status.subscribe(redraw.request);
  mesh.on('link:open', redraw.request);
  mesh.on('link:close', redraw.request);
  setInterval(() => {
    pings.tick();
    redraw.request();
  }, TICK_MS);
}

/** Another fragment is another room: the page joins it as any newcomer would. */
function renewWithTheRoom(): void {
  addEventListener('hashchange', () => location.reload());
}
