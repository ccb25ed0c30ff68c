/** Nobody honest ever says two things under one version: two of its words would prove that it lies, and cost it its place. */
import { authorOf, contentOf, recordsIn, versionNameOf } from '#shared/mesh/equivocation.ts';
import { valueToText } from '#shared/base/content.ts';
import { nameOf, type MakeChecker } from './checker.ts';

export const everyVersionSaysOneThing: MakeChecker = (_world, complain) => {
  const contentByName = new Map<string, string>();
  return {
    name: 'versions',
    observer: {
      sent: (tab, _to, message) => {
        for (const record of recordsIn(message)) {
          if (authorOf(record) !== tab.id) continue;
          const name = versionNameOf(record);
          const content = valueToText(contentOf(record));
          const said = contentByName.get(name);
          if (said === undefined) contentByName.set(name, content);
          else if (said !== content)
            complain(`${nameOf(tab.id)} says ${content} of ${name}, and said ${said}`);
        }
      },
    },
  };
};
