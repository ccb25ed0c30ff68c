/** WebRTC is looked for once, when the library is loaded: so this has a file of its own, and Node has none. */
import { expect, test } from 'vitest';
import { joinMesh, MeshError } from '#client/index.ts';

test('where there is no WebRTC a join is refused, with a code', () => {
  const join = (): unknown => joinMesh('room', { signaling: 'ws://server.test' });
  expect(join).toThrow(MeshError);
  expect(join).toThrow(expect.objectContaining({ code: 'WEBRTC_MISSING' }));
});
