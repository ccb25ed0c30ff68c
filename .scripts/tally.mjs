/** Adds up the JSON reports of Vitest and Playwright: prints `N passed, N failed`, last. `--all`: of all that CI runs. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './install.mjs';

export const unitReport = join(root, '.reports', 'unit.json');
export const storyReport = join(root, '.reports', 'e2e.json');

/** What CI runs besides `npm test`. */
const moreReports = ['long', 'lab'].map((name) => join(root, '.reports', `${name}.json`));

const storiesOf = ({ stats, errors }) => ({
  passed: stats.expected,
  failed: stats.unexpected + stats.flaky + stats.skipped + errors.length,
});

/**
 * Passed and failed of both runners, and of what CI runs besides where `all` was to run; one whose report is missing, empty or broken
 * counts as one failure.
 */
export function tally({ all } = { all: false }) {
  const runs = [
    read(unitReport, (report) => {
      // A file that does not load has no tests to fail, and a skipped test was not run.
      const failed =
        report.numFailedTests +
        report.numPendingTests +
        report.testResults.filter((file) => file.status === 'failed' && file.assertionResults.length === 0)
          .length;
      // What fails outside all tests is one failure.
      return { passed: report.numPassedTests, failed: failed === 0 && !report.success ? 1 : failed };
    }),
    read(storyReport, storiesOf),
    ...(all ? moreReports.map((report) => read(report, storiesOf)) : []),
  ].map((run) => (run.passed + run.failed === 0 ? { passed: 0, failed: 1 } : run));
  return {
    passed: runs.reduce((sum, run) => sum + run.passed, 0),
    failed: runs.reduce((sum, run) => sum + run.failed, 0),
  };
}

/** Notes in Vitest's report that its run failed: of an error outside all tests the report itself says nothing. */
export function distrust(path) {
  try {
    writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), success: false }));
  } catch {
    // There is no report, or half of one: it counts as a failure anyhow.
  }
  return false;
}

function read(path, count) {
  try {
    const { passed, failed } = count(JSON.parse(readFileSync(path, 'utf8')));
    if (Number.isInteger(passed) && Number.isInteger(failed)) return { passed, failed };
  } catch {
    // Missing, or half written.
  }
  return { passed: 0, failed: 1 };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { passed, failed } = tally({ all: process.argv.includes('--all') });
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  process.exit(failed === 0 ? 0 : 1);
}
