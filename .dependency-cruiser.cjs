/** Who may import whom. Each rule is a sentence of the architecture; `npm run boundaries` checks them. */
const layers = 'overlay|broadcast|routing|membership|reconcile|presence|state|greeters';

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'core-imports-only-core',
      comment: 'The core knows no platform and no package.',
      severity: 'error',
      from: { path: '^shared/src/', pathNot: '^shared/src/wire/' },
      to: { pathNot: '^shared/src/' },
    },
    {
      name: 'simulator-is-pure',
      comment: 'It runs the core and its bytes; its command line alone knows Node.',
      severity: 'error',
      from: { path: '^shared/sim/', pathNot: '^shared/sim/cli/' },
      to: { pathNot: '^shared/(src/(?!signaling/)|sim/(?!cli/))' },
    },
    {
      name: 'nothing-shipped-knows-the-simulator',
      severity: 'error',
      from: { path: '^(shared/src|client|signaling-server|e2e)/' },
      to: { path: '^shared/sim/' },
    },
    {
      name: 'wire-knows-two-files-of-lib0',
      comment: 'Not signaling either: that is a format of its own.',
      severity: 'error',
      from: { path: '^shared/src/wire/' },
      to: {
        pathNot: ['^shared/src/(?!signaling/)', 'node_modules/lib0/(encoding|decoding)\\.(js|d\\.ts)$'],
      },
    },
    {
      name: 'base-stands-alone',
      severity: 'error',
      from: { path: '^shared/src/base/' },
      to: { pathNot: '^shared/src/base/' },
    },
    {
      name: 'layers-never-meet',
      comment: 'Only mesh knows two layers at once.',
      severity: 'error',
      from: { path: `^shared/src/(${layers})/` },
      to: { path: `^shared/src/(${layers}|mesh|wire|signaling)/`, pathNot: '^shared/src/$1/' },
    },
    {
      name: 'mesh-does-not-know-bytes',
      severity: 'error',
      from: { path: '^shared/src/mesh/' },
      to: { path: '^shared/src/(wire|signaling)/' },
    },
    {
      name: 'wire-imports-types-of-layers-only',
      severity: 'error',
      from: { path: '^shared/src/wire/' },
      to: { path: `^shared/src/(${layers}|mesh)/`, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'signaling-knows-base-only',
      severity: 'error',
      from: { path: '^shared/src/signaling/' },
      to: { pathNot: '^shared/src/(signaling|base)/' },
    },
    {
      name: 'server-cannot-become-a-relay',
      comment:
        'The signaling server sees the signaling messages and the base, so it cannot know presence or state.',
      severity: 'error',
      from: { path: '^signaling-server/src/' },
      to: { path: '^(shared|client|e2e)/', pathNot: '^shared/src/(base|signaling)/' },
    },
    {
      name: 'simple-peer-in-one-file',
      severity: 'error',
      from: {
        path: '^(client|shared|signaling-server|e2e)/',
        pathNot: '^client/src/transport/simple-peer-transport\\.ts$',
      },
      to: { path: 'node_modules/simple-peer/' },
    },
    {
      name: 'ws-in-one-file',
      comment:
        'The bench also runs the server that y-webrtc needs, a story one that lies, and another speaks to a browser.',
      severity: 'error',
      from: {
        path: '^(client|shared|signaling-server|e2e)/',
        pathNot: [
          '^signaling-server/(src/server\\.ts$|test/)',
          '^e2e/(bench/servers|kit/(hostile-server|raw-wire))\\.ts$',
        ],
      },
      to: { path: 'node_modules/(@types/)?ws/' },
    },
    {
      name: 'nanoid-where-entry-ids-are-made',
      severity: 'error',
      from: { path: '^(client|shared|signaling-server|e2e)/', pathNot: '^client/src/data/map\\.ts$' },
      to: { path: 'node_modules/nanoid' },
    },
    {
      name: 'demo-uses-the-front-door',
      severity: 'error',
      from: { path: '^client/demo/', pathNot: 'vite\\.config\\.ts$' },
      to: { path: '^(client/src|shared|signaling-server|e2e)/', pathNot: '^client/src/index\\.ts$' },
    },
    {
      name: 'client-does-not-know-the-server',
      severity: 'error',
      from: { path: '^client/src/' },
      to: { path: '^(signaling-server|e2e|client/demo|shared/test)/' },
    },
    {
      name: 'stories-use-pages-only',
      severity: 'error',
      from: { path: '^e2e/' },
      to: { path: '^(client|shared|signaling-server)/', pathNot: '^client/src/index\\.ts$' },
    },
    {
      name: 'stories-take-types-alone-from-the-front-door',
      severity: 'error',
      from: { path: '^e2e/' },
      to: { path: '^client/src/index\\.ts$', dependencyTypesNot: ['type-only'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js', '.d.ts'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'types', 'default'],
    },
  },
};
