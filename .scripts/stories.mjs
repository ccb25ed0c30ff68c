/** Which stories Playwright is to run. */

/** Stories that wait for what takes its time, such as a sleep of half a minute: `npm run e2e` has them, `npm test` has not. */
export const LONG = '@long';

/** What it is to be told besides `given`: where nothing else is said, the stories of `npm test`. */
export function storyArguments(given) {
  const says = (option) => given.some((word) => word === option || word.startsWith(`${option}=`));
  if (says('--config')) return given;
  // All stories in open rooms, and some of them in private ones too.
  const projects = says('--project') ? [] : ['--project=open', '--project=chosen'];
  return ['--config', 'e2e/playwright.config.ts', ...projects, ...given];
}
